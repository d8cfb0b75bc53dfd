"""What only the leader does: time goes on for timers, addresses are told, lost processes are forgotten."""

from typing import Any

import pytest
from hand_clock import HandClock

from konik.api.pb.internal_pb2 import ConfigureCluster, ForgetNode, LoseNode, RaiseVersion
from konik.cluster.clock import LeaderClock
from konik.cluster.duties import CHECK_SECONDS, NODE_LOSS_SECONDS, Duties
from konik.cluster.network import Peer
from konik.statemachine import cluster_config, keys, version
from konik.statemachine.version import KNOWN

NONCES = {name: name.encode() * 16 for name in ("a", "b", "c")}


class View(dict[bytes, bytes]):
    def scan(self, start: bytes, stop: bytes) -> Any:
        yield from sorted((key, value) for key, value in self.items() if start <= key < stop)


class Machine:
    due_ms: int | None = None

    def next_due_ms(self) -> int | None:
        return self.due_ms


class Pump:
    def __init__(self) -> None:
        self.machine = Machine()


class Proposer:
    def __init__(self, clock: HandClock, machine: Machine) -> None:
        self.leader_clock: LeaderClock | None = LeaderClock(0, clock.monotonic, clock.wall)
        self.machine = machine
        self.ticks = 0
        self.takes_entries = True
        self.submitted: list[tuple[str, bytes]] = []

    def submit_own(self, method: str, request: bytes) -> None:
        self.submitted.append((method, request))

    def tick(self) -> None:
        self.ticks += 1
        if self.takes_entries:
            self.machine.due_ms = None


class World:
    def __init__(self, clock: HandClock) -> None:
        self.clock, self.view, self.pump, self.proposer = clock, View(), Pump(), Proposer(clock, Machine())
        self.pump.machine = self.proposer.machine
        self.submitted = self.proposer.submitted
        self.processes: dict[str, bytes | None] = dict(NONCES)
        self.versions: dict[str, int] = {}
        self.looks = self.names = 0
        self.list_is_committed = True
        self.members = ConfigureCluster()
        self.members.members.add(node="a", host="localhost", port=1)
        self.duties = Duties(
            lambda: self.members,
            self.view,  # type: ignore[arg-type]  # read only
            self.pump,  # type: ignore[arg-type]  # only its machine is asked
            self.proposer,  # type: ignore[arg-type]  # only its clock and tick are used
            clock,
            clock,
            lambda: {
                node: nonce and Peer(nonce, self.versions.get(node, KNOWN)) for node, nonce in self.processes.items()
            },
            self,  # type: ignore[arg-type]  # for what it asks of the members
        )

    def name_founders(self) -> None:
        self.names += 1

    def give_votes(self) -> None:
        self.looks += 1

    def is_settled(self) -> bool:
        return self.list_is_committed

    def session(self, node: str, nonce: bytes) -> None:
        self.view[keys.SESSION + keys.text(node) + nonce] = keys.long(1)

    def forgotten(self) -> list[tuple[str, bytes]]:
        requests = [ForgetNode.FromString(raw) for method, raw in self.submitted if method == "konik.ForgetNode"]
        return [(request.node, request.nonce) for request in requests]

    def lost(self) -> list[tuple[str, bytes]]:
        requests = [LoseNode.FromString(raw) for method, raw in self.submitted if method == "konik.LoseNode"]
        return [(request.node, request.nonce) for request in requests]

    def now_ms(self) -> int:
        assert self.proposer.leader_clock is not None
        return self.proposer.leader_clock.now_ms()


@pytest.fixture
def world(clock: HandClock) -> World:
    return World(clock)


def test_a_new_leader_tells_the_members_addresses_unless_they_are_known(world: World) -> None:
    world.duties.lead()
    assert [method for method, _ in world.submitted] == ["konik.ConfigureCluster"]
    world.view[cluster_config.KEY] = world.submitted.pop()[1]
    world.duties.follow()
    world.duties.lead()
    assert world.submitted == []


def test_time_goes_on_when_a_timer_is_due_and_not_before(world: World, clock: HandClock) -> None:
    world.pump.machine.due_ms = world.now_ms() + 2_000
    world.duties.lead()
    clock.advance(1.9)
    assert world.proposer.ticks == 0
    clock.advance(0.2)
    assert world.proposer.ticks == 1


def test_a_timer_that_is_due_earlier_than_the_one_waited_for_is_not_late(world: World, clock: HandClock) -> None:
    world.pump.machine.due_ms = world.now_ms() + 10_000
    world.duties.lead()
    world.pump.machine.due_ms = world.now_ms() + 1_000
    world.duties.applied()
    clock.advance(1.1)
    assert world.proposer.ticks == 1


def test_a_timer_whose_entry_the_log_does_not_take_is_tried_again(world: World, clock: HandClock) -> None:
    world.proposer.takes_entries = False
    world.pump.machine.due_ms = world.now_ms() + 100
    world.duties.lead()
    clock.advance(0.1 + CHECK_SECONDS)
    world.proposer.takes_entries = True
    before = world.proposer.ticks
    clock.advance(2 * CHECK_SECONDS)
    assert world.proposer.ticks == before + 1


def test_a_process_that_was_replaced_is_forgotten_once(world: World, clock: HandClock) -> None:
    world.session("b", b"o" * 16)
    world.session("b", NONCES["b"])
    world.duties.lead()
    clock.advance(CHECK_SECONDS * 4)
    assert world.forgotten() == [("b", b"o" * 16)]


def test_a_process_of_a_node_that_is_no_member_any_more_is_forgotten_at_once(world: World) -> None:
    for node in ("a", "b", "c"):
        world.session(node, NONCES[node])
    del world.processes["b"], world.processes["c"]
    world.duties.lead()
    assert world.forgotten() == [("b", NONCES["b"]), ("c", NONCES["c"])]


def test_a_node_out_of_reach_is_lost_after_a_while_and_not_before(world: World, clock: HandClock) -> None:
    world.session("b", NONCES["b"])
    world.processes["b"] = None
    world.duties.lead()
    clock.advance(NODE_LOSS_SECONDS - 2 * CHECK_SECONDS)
    assert world.lost() == []
    clock.advance(NODE_LOSS_SECONDS)
    assert world.lost() == [("b", NONCES["b"])], "once"
    assert world.forgotten() == [], "it may live: the results that it waits for are kept"


def test_a_node_that_comes_back_in_time_is_kept(world: World, clock: HandClock) -> None:
    world.session("b", NONCES["b"])
    world.processes["b"] = None
    world.duties.lead()
    clock.advance(NODE_LOSS_SECONDS / 2)
    world.processes["b"] = NONCES["b"]
    clock.advance(NODE_LOSS_SECONDS)
    assert world.lost() == []


def test_a_node_that_goes_again_is_lost_again(world: World, clock: HandClock) -> None:
    world.session("b", NONCES["b"])
    world.duties.lead()
    for _ in range(2):
        world.processes["b"] = None
        clock.advance(NODE_LOSS_SECONDS + 2 * CHECK_SECONDS)
        world.processes["b"] = NONCES["b"]
        clock.advance(2 * CHECK_SECONDS)
    assert world.lost() == [("b", NONCES["b"])] * 2


def raised(world: World) -> list[int]:
    return [RaiseVersion.FromString(raw).version for method, raw in world.submitted if method == "konik.RaiseVersion"]


def test_the_machines_version_rises_once_the_last_member_has_the_code_for_it(world: World, clock: HandClock) -> None:
    world.versions = {node: KNOWN + 2 for node in NONCES} | {"b": KNOWN}
    world.duties.lead()
    clock.advance(2 * CHECK_SECONDS)
    assert raised(world) == []
    world.versions["b"] = KNOWN + 1
    clock.advance(3 * CHECK_SECONDS)
    assert raised(world) == [KNOWN + 1], "to what all have, and said once"


def test_the_version_does_not_rise_while_a_member_is_away(world: World, clock: HandClock) -> None:
    world.versions = {node: KNOWN + 1 for node in NONCES}
    world.processes["b"] = None
    world.duties.lead()
    clock.advance(2 * CHECK_SECONDS)
    assert raised(world) == []
    world.processes["b"] = NONCES["b"]
    clock.advance(CHECK_SECONDS)
    assert raised(world) == [KNOWN + 1]


def test_a_version_that_is_in_force_is_not_raised_again(world: World, clock: HandClock) -> None:
    world.versions = {node: KNOWN + 1 for node in NONCES}
    world.view[version.KEY] = keys.number(KNOWN + 1)
    world.duties.lead()
    clock.advance(2 * CHECK_SECONDS)
    assert raised(world) == []


def test_a_follower_does_none_of_it(world: World, clock: HandClock) -> None:
    world.session("b", b"o" * 16)
    world.pump.machine.due_ms = 0
    world.duties.lead()
    world.submitted.clear()
    world.duties.follow()
    world.proposer.ticks = 0
    clock.advance(NODE_LOSS_SECONDS * 2)
    assert world.submitted == [] and world.proposer.ticks == 0


def test_who_was_removed_is_forgotten_once_that_is_committed(world: World, clock: HandClock) -> None:
    """A list that is given up leaves nothing behind: what was submitted would go to the next leader."""
    world.session("d", b"d" * 16)
    world.list_is_committed = False
    world.duties.lead()
    clock.advance(1.0)
    assert world.forgotten() == []
    world.list_is_committed = True
    clock.advance(1.0)
    assert world.forgotten() == [("d", b"d" * 16)]


def test_members_are_looked_after_for_as_long_as_this_node_leads(world: World, clock: HandClock) -> None:
    assert world.looks == world.names == 0
    world.duties.lead()
    clock.advance(1.0)
    looks = world.looks
    assert looks == world.names > 1
    world.duties.follow()
    clock.advance(1.0)
    assert world.looks == world.names == looks
