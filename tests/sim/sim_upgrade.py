"""A cluster of whole nodes that is upgraded one by one, while calls, tasks and faults go on.

The later release knows one version more and behaves differently once that is in force: its RunWf counts the WfRuns that
it starts. Its request has one field more, a weight, which all callers send all the time and the later release adds up.
One node may be taken back before the last has been upgraded, and afterwards one may be tried with the old release,
which must refuse to go on. The order and the moments have a chance of their own, made of the seed.
"""

from collections.abc import Container
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from google.protobuf.message import Message
from sim_faults import Cause, stop
from sim_node import Node
from sim_nodes import Nodes
from sim_world import Violation

from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.statemachine import keys, version
from konik.statemachine.registry import METHODS
from konik.statemachine.rejection import Rejection
from konik.statemachine.version import KNOWN, THIS, Release, UnknownVersion
from konik.statemachine.view import Readable
from tests.contract.later_contract import with_field

LATER: Final = KNOWN + 1
STARTED: Final = keys.META + b"started"
WEIGHED: Final = keys.META + b"weighed"
WEIGHT: Final = 3
REQUEST: Final[type[Any]] = with_field(RunWfRequest, "konik.v1.RunWfRequest", "weight")
LOOK_SECONDS = 0.05
ALMOST_SECONDS = 1.0
"""For so long all members but one have the later release, and that one has had it."""


def later_release() -> Release:
    """Made anew for each life, so that it has whatever a mutant has planted into METHODS."""
    before = METHODS["RunWf"]

    def run_wf(context: Any, request: Any) -> Any:
        if behaves_differently(context.txn):
            context.txn.put(STARTED, keys.long(started(context.txn) + 1))
        if request.weight:  # which nobody has to ask the version for
            context.txn.put(WEIGHED, keys.long(weighed(context.txn) + request.weight))
        return before.run(context, RunWfRequest.FromString(request.SerializeToString()))

    methods = {**METHODS, "RunWf": replace(before, request=REQUEST, run=run_wf)}
    return Release(LATER, methods, {"konik.v1.RunWfRequest.weight": LATER})


def behaves_differently(state: Readable) -> bool:
    return version.in_force(state) >= LATER


def started(state: Readable) -> int:
    return int.from_bytes(state.get(STARTED) or b"", "big")


def weighed(state: Readable) -> int:
    return int.from_bytes(state.get(WEIGHED) or b"", "big")


class UpgradedNode(Node):
    """It ends when its release does not know the version in force."""

    cluster: "Upgrade"

    def start(self) -> None:
        try:
            super().start()
        except UnknownVersion as error:
            self.time.dead = True
            self.journal.crash()
            self.store.close()
            self.cluster.refused(self, error)

    def fail(self, error: BaseException) -> None:
        if not isinstance(error, UnknownVersion):
            super().fail(error)
        self.time.dead = True
        process = self.process

        def end() -> None:
            if self.process == process and self.services is not None:
                self.crash()
                self.cluster.refused(self, error)

        self.cluster.world.after(0.0, end)

    def after_entry(self, index: int, term: int, commands: int) -> None:
        self.cluster.applied(self, index)
        super().after_entry(index, term, commands)


class Step(NamedTuple):
    """Of an upgrade: after a pause that release is installed on that node, and its process is replaced."""

    node: Node
    release: Release
    pause: float


class Upgrade(Nodes):
    """From this release to a later one. Each round of a life ends with the upgrade done, if the last has not."""

    node_class = UpgradedNode

    def __init__(self, seed: int, directory: Path, left_out: Container[Cause] = ()) -> None:
        super().__init__(seed, directory, left_out)
        self.compares_states = True
        self._chance = chance = Random(f"{seed}/upgrade")
        self._later = later_release()
        self._steps = _steps(chance.sample(self.nodes, len(self.nodes)), self._later, chance)
        self._stepped: Node | None = None
        self.raised_at: int | None = None
        """The entry that has raised the version."""

    def encoded(self, request: Message) -> bytes:
        """As callers send it who know the later release, whatever the nodes have."""
        raw = super().encoded(request)
        if not isinstance(request, RunWfRequest):
            return raw
        later = REQUEST.FromString(raw)
        later.weight = WEIGHT
        return super().encoded(later)

    # what the operator does

    def _suffer(self) -> None:
        super()._suffer()
        if self.raised_at is not None and self._chance.random() < 0.5:
            self._steps.append(Step(self._chance.choice(self.nodes), THIS, self._chance.random()))
        self._look()

    def _look(self) -> None:
        """Goes on with the next step when the last one is over."""
        if self._is_known() and self._steps:
            self.world.after(self._steps[0].pause, self._step)
        elif self._steps:
            self.world.after(LOOK_SECONDS, self._look)

    def _step(self) -> None:
        node, release, _ = self._steps.pop(0)
        if release is THIS and self.raised_at is None and self._may_rise():
            self._look()
            return
        self._stepped, node.installed = node, release
        self.counts["nodes taken back"] += self.raised_at is None and release is THIS
        self.world.note(node.name, "gets a release that knows version", release.known)
        self._restart(node)
        self._look()

    def _is_known(self) -> bool:
        """Whether what was installed last runs, and no process believes that another one knows more than it does."""
        last = self._stepped
        if last is not None and (last.services is None or last.release is not last.installed):
            return False
        knows = {node.name: node.release.known for node in self.nodes}
        hellos = [hello for node in self.running() for hello in node.hellos.items()]
        return all(peer.machine_version <= knows[name] for name, peer in hellos)

    def _may_rise(self) -> bool:
        """Whether all members have the later release, since who lacks it is not one at the moment. Then the version may
        be rising already, and nobody can be taken back."""
        return all(node.installed is self._later for node in self.nodes if node not in self.joining)

    def _restart(self, node: Node) -> None:
        """If it is down it comes back by itself."""
        seconds = self._chance.choice((0.01, 0.3)) * self._chance.random()
        if node.is_awake and self._chance.random() < 0.5:
            stop(self, node, seconds)
        elif node.services is not None:
            self.crash(node, seconds)

    # what must come of it

    def applied(self, node: Node, index: int) -> None:
        """The version rises once, at the same entry everywhere, when all have the code for it."""
        assert node.services is not None
        now = node.services.machine.version
        if now > node.release.known:
            raise Violation(f"{node.name} applies entry {index} by version {now}, it knows {node.release.known}")
        if now == LATER and self.raised_at is None:
            self.raised_at = index
            self.counts["risen under faults"] += self.is_faulty
            members = [other for other in self.nodes if other not in self.joining]
            if old := [other.name for other in members if other.release.known < LATER]:
                raise Violation(f"the version rises at entry {index}, and {old} do not know it")
        if (now == LATER) != (self.raised_at is not None and index >= self.raised_at):
            raise Violation(f"{node.name} has version {now} behind entry {index}, it rose at {self.raised_at}")

    def refused(self, node: Node, error: BaseException) -> None:
        """Its release does not know what is in force: that is right of an old one. It gets the later one again."""
        self.world.note(node.name, "refuses", error)
        if self.raised_at is None or node.release.known == LATER:
            raise Violation(f"{node.name} with version {node.release.known} ends: {error}")
        self.counts["old releases refused"] += 1
        node.installed = self._later
        self.world.after(LOOK_SECONDS, node.start)

    def turned_away(self, newcomer: Node, rejection: Rejection) -> None:
        """The operator installs the later release where that is what is missing.

        Where it is installed already, the leader has not heard the new process yet.
        """
        if "install a later release" in rejection.message and newcomer.release.known < LATER:
            if self.raised_at is None:
                raise Violation(f"{newcomer.name}, which knows {newcomer.release.known}, is turned away: {rejection}")
            self.counts["old releases turned away"] += 1
            newcomer.installed = self._later
            self._restart(newcomer)

    def _is_done(self) -> bool:
        services = [node.services for node in self.nodes if node.services is not None]
        versions = {it.machine.version for it in services}
        if self._steps or len(services) < len(self.nodes) or versions != {LATER}:
            return False
        if not super()._is_done():
            return False
        count, weight = started(self.nodes[0].store), weighed(self.nodes[0].store)
        if weight != count * WEIGHT:
            raise Violation(f"{count} WfRuns began with the version in force, and weigh {weight}")
        self.counts["WfRuns that the later release has counted"] = count
        return True

    def _unfinished(self) -> str:
        knows = {node.name: (node.release.known, node.installed.known) for node in self.nodes}
        return f"{super()._unfinished()}; raised at {self.raised_at}, steps left {len(self._steps)}, known {knows}"


def _steps(order: list[Node], later: Release, chance: Random) -> list[Step]:
    """One node after the other; in half of all upgrades one goes back before the last has been upgraded."""
    pause = chance.choice((0.1, 0.4, 1.0))
    steps = [Step(node, later, chance.random() * pause) for node in order]
    if chance.random() < 0.5:
        back = chance.randrange(len(order) - 1)
        steps.insert(chance.randrange(back + 1, len(order)), Step(order[back], THIS, chance.random() * pause))
        steps.append(Step(order[back], later, ALMOST_SECONDS))
    return steps
