"""A node that kills itself at a chosen point: `crashing_server.py POINT --config …`, otherwise `konik server`.

The points are where a checkpoint becomes durable and where the log is cut after it. The production code has no hooks:
its methods are wrapped here, in this process alone.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Never
from unittest.mock import patch

from konik.cluster import journal_layout as layout
from konik.cluster.journal import DEFAULT_LIMITS, LmdbJournal
from konik.cluster.journal_writer import Writer
from konik.cluster.store.image import Checkpoint, Image
from konik.sdk.cli.main import main

CUT_ENTRIES_MAX = 20
"""So that a cut takes several steps."""


COMMAND = (sys.executable, __file__)
"""To be followed by the name of a point and the flags of `konik server`."""


def die() -> Never:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL was survived")


def is_checkpoint(checkpoint: Checkpoint) -> bool:
    """Not the empty state with which a directory begins."""
    return checkpoint.index > 0


def before_a_checkpoint_commits() -> None:
    write = Image.write

    def dying(self: Image, checkpoint: Checkpoint, pairs: Any, pause: Any = lambda: None) -> None:
        write(self, checkpoint, pairs, die if is_checkpoint(checkpoint) else pause)  # it pauses between two writes

    patch.object(Image, "write", dying).start()


def after_a_checkpoint_has_committed() -> None:
    write = Image.write

    def dying(self: Image, checkpoint: Checkpoint, *arguments: Any) -> None:
        write(self, checkpoint, *arguments)
        if is_checkpoint(checkpoint):
            die()

    patch.object(Image, "write", dying).start()


def before_the_log_is_cut() -> None:
    patch.object(LmdbJournal, "cut", lambda self, index: die()).start()


def before_a_step_of_the_cut_commits() -> None:
    cut = layout.cut

    def dying(transaction: Any, extent: layout.Extent, *arguments: Any) -> layout.Extent:
        left = cut(transaction, extent, *arguments)
        if left.first > extent.first:
            die()
        return left

    patch.object(layout, "cut", dying).start()


def after_a_step_of_the_cut(*, is_last: bool) -> None:
    transact = Writer._transact

    def dying(self: Writer, operations: Any) -> None:
        first = self._extent.first
        transact(self, operations)
        if self._extent.first > first and self._may_cut() is not is_last:
            die()

    patch.object(Writer, "_transact", dying).start()


POINTS: dict[str, Callable[[], None]] = {
    "before-a-checkpoint-commits": before_a_checkpoint_commits,
    "after-a-checkpoint-has-committed": after_a_checkpoint_has_committed,
    "before-the-log-is-cut": before_the_log_is_cut,
    "before-a-step-of-the-cut-commits": before_a_step_of_the_cut_commits,
    "between-two-steps-of-the-cut": lambda: after_a_step_of_the_cut(is_last=False),
    "after-the-last-step-of-the-cut": lambda: after_a_step_of_the_cut(is_last=True),
}

if __name__ == "__main__":
    object.__setattr__(DEFAULT_LIMITS, "cut_entries_max", CUT_ENTRIES_MAX)
    POINTS[sys.argv.pop(1)]()
    sys.argv.insert(1, "server")
    main()
