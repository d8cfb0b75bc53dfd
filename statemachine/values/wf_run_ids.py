"""WfRunIds from their text form, which `keys.wf_run_text` makes: the ancestors' ids and the own one, joined by `_`."""

from konik.api.pb.ids_pb2 import WfRunId
from konik.statemachine.limits import WF_RUN_ID_ANCESTORS_MAX


def parse_wf_run_id(text: str) -> WfRunId | None:
    """The id that a text stands for, its parts unchecked; None if it has more ancestors than can be stored."""
    parts = text.split("_", WF_RUN_ID_ANCESTORS_MAX + 1)
    if len(parts) > WF_RUN_ID_ANCESTORS_MAX + 1:
        return None
    wf_run_id = WfRunId()
    at = wf_run_id
    for part in reversed(parts[1:]):
        at.id = part
        at = at.parent_wf_run_id
    at.id = parts[0]
    return wf_run_id


def ancestors(wf_run_id: WfRunId) -> int:
    """How many there are."""
    count = 0
    while wf_run_id.HasField("parent_wf_run_id"):
        wf_run_id = wf_run_id.parent_wf_run_id
        count += 1
    return count
