"""Rules of a rolling upgrade, one broken in each."""

from collections.abc import Callable

import pytest
import sim_upgrade

from konik.cluster.duties import Duties
from konik.cluster.network import Peer
from konik.statemachine import version
from konik.statemachine.requests import Requests

Patch = pytest.MonkeyPatch
Processes = dict[str, Peer | None]


def see_other_processes(patch: Patch, seen: Callable[[Duties, Processes], Processes]) -> None:
    """The leader raises the version by what it is made to see."""
    honest = Duties._raise_version
    patch.setattr(Duties, "_raise_version", lambda self, processes: honest(self, seen(self, dict(processes))))


def with_version(processes: Processes, version: int) -> Processes:
    return {node: peer and peer._replace(machine_version=version) for node, peer in processes.items()}


def versions(processes: Processes) -> list[int]:
    return sorted(0 if peer is None else peer.machine_version for peer in processes.values())


def raise_the_version_at_once(patch: Patch) -> None:
    see_other_processes(patch, lambda _, processes: with_version(processes, max(versions(processes))))


def raise_the_version_with_a_majority(patch: Patch) -> None:
    see_other_processes(patch, lambda _, processes: with_version(processes, versions(processes)[len(processes) // 2]))


def raise_the_version_without_those_who_are_away(patch: Patch) -> None:
    see_other_processes(patch, lambda _, processes: {node: peer for node, peer in processes.items() if peer})


def believe_what_an_earlier_process_knew(patch: Patch) -> None:
    def seen(self: Duties, processes: Processes) -> Processes:
        known: dict[str, int] = self.__dict__.setdefault("known", {})
        for node, peer in processes.items():
            if peer is not None:
                known[node] = max(known.get(node, 0), peer.machine_version)
                processes[node] = peer._replace(machine_version=known[node])
        return processes

    see_other_processes(patch, seen)


def behave_differently_before_the_version_is_raised(patch: Patch) -> None:
    patch.setattr(sim_upgrade, "behaves_differently", lambda state: True)


def see_later_fields_at_once(patch: Patch) -> None:
    patch.setattr(Requests, "read", lambda self, method, raw, state: method.request.FromString(raw))


def apply_what_is_not_known(patch: Patch) -> None:
    patch.setattr(version, "check", lambda version, known, of_what: None)
