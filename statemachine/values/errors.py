"""The three ways in which something about values can be wrong."""


class EvaluationError(Exception):
    """A value could not be computed while a WfRun ran; the message becomes that of a VAR_SUB_ERROR failure."""


class InvalidValue(Exception):
    """A value or a definition was refused where it entered; the message becomes that of INVALID_ARGUMENT."""


class MalformedJson(InvalidValue):
    """A text declared to be a JSON object or list is not one."""

    def __init__(self, what: str, summary: str, reason: str) -> None:
        super().__init__(f"{what}: {summary}: {reason}")
        self.summary = summary
        """Without the place and the reason: `Error deserializing JSON Obj` or `Error deserializing JSON Arr`."""


class NotBuilt(Exception):
    """A request uses a part of the contract that this server does not have."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what
