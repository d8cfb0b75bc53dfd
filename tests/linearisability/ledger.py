"""A ledger: an object that several clients change and read at once, so that its history can be checked.

It is the external events under one WfRunId: PutExternalEvent writes a guid once, ListExternalEvents reads all,
DeleteWfRun strikes everything. What is found in it after a disaster counts from then on.
"""

from collections.abc import Hashable

Entries = frozenset[str]


class Ledger:
    """What it would be without concurrency."""

    initial: Entries = frozenset()

    def step(self, state: Entries, input: Hashable) -> tuple[Hashable, Entries]:
        match input:
            case ("write", str(guid)):
                return ("exists", state) if guid in state else ("written", state | {guid})
            case "strike":
                return "struck", self.initial
            case ("found", frozenset() as left):
                return "found", left
            case "read":
                return tuple(sorted(state)), state
        raise AssertionError(f"a ledger does not know {input}")
