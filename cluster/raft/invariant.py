"""The one exception of the core: what must never be true is true."""


class BrokenInvariant(Exception):
    """This replica must stop: going on could lose or change what was acknowledged.

    Never caught and survived. It means a defect, a damaged disk, or a peer that does not follow the protocol.
    """
