"""How the parts of a node hear of each other: offices, connections, lost processes, replaced states."""

from types import SimpleNamespace
from typing import Any

import pytest
from hand_clock import HandClock

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.internal_pb2 import ForgetNode, LoseNode, OfferTickets
from konik.api.pb.task_requests_pb2 import PollTaskRequest
from konik.cluster import entries, peer_frames
from konik.cluster.network import Peer
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Entry as LogEntry
from konik.cluster.raft.roles import Role
from konik.cluster.services import SILENT_SECONDS_MAX, Services, SessionEnded
from konik.cluster.store.errors import CorruptState, StoreError
from konik.statemachine.entry import Command, CommandId, Entry, Process
from konik.statemachine.version import KNOWN

ME, OTHER = Process("a", b"a" * 16), Process("b", b"b" * 16)
TERM = 3


class View(dict[bytes, bytes]):
    def put(self, key: bytes, value: bytes) -> None:
        self[key] = value

    def delete(self, key: bytes) -> None:
        self.pop(key, None)

    def write(self, changes: Any) -> None:
        for key, value in changes.items():
            if value is None:
                self.delete(key)
            else:
                self.put(key, value)

    def scan(self, start: bytes, stop: bytes) -> Any:
        yield from sorted((key, value) for key, value in self.items() if start <= key < stop)

    def first(self, start: bytes, stop: bytes) -> Any:
        return next(self.scan(start, stop), None)

    def mark(self) -> Any:
        raise AssertionError("no test applies that many entries")


class FakeDriver:
    """A driver of which a test says what its core has come to; what is proposed is committed by `World.commit`."""

    def __init__(self, log: list[bytes], frames: list[tuple[str, Any]]) -> None:
        self.core = SimpleNamespace(
            role=Role.FOLLOWER,
            term=0,
            leader=None,
            commit=0,
            progress={},
            handicap=False,
            membership=Membership.of("a", "b"),
            membership_since=0,
            peers=("b",),
        )
        self.trouble: str | None = None
        self.connected = True
        self.asked: list[object] = []
        self._log, self._frames = log, frames

    def start(self) -> None:
        """Nothing runs by itself."""

    def propose(self, data: bytes) -> int:
        self._log.append(data)
        return len(self._log)

    def send(self, peer: str, frame: tuple[object, ...]) -> bool:
        if self.connected:
            self._frames.append((peer, frame))
        return self.connected

    def read(self, token: object) -> bool:
        self.asked.append(token)
        return True

    def transfer(self) -> bool:
        return True


class World:
    def __init__(self, clock: HandClock) -> None:
        self.clock, self.view = clock, View()
        self.log: list[bytes] = []
        self.frames: list[tuple[str, Any]] = []
        self.fatal: list[BaseException] = []
        self.driver = FakeDriver(self.log, self.frames)
        self.hellos: dict[str, Peer] = {"b": Peer(OTHER.nonce, KNOWN)}
        self.services = Services(
            ME,
            self.view,
            (0, 0),
            clock,
            clock,
            make_driver=lambda services: self.driver,  # type: ignore[arg-type, return-value]  # in all that is used
            peer=self.hellos.get,
            ahead=lambda name: None,
            met=lambda name: None,
            client_address=lambda member: ("localhost", 1),
            on_membership=lambda membership, since: None,
            after_entry=lambda index, term, commands: None,
            fatal=self.fatal.append,
        )

    def become(self, role: Role, leader: str | None, term: int = TERM) -> None:
        self.driver.core.role, self.driver.core.leader, self.driver.core.term = role, leader, term
        self.services.on_change()

    def lead(self) -> None:
        self.become(Role.LEADER, "a")
        self.log.append(b"")
        self.commit()

    def follow(self, leader: str = "b") -> None:
        self.become(Role.FOLLOWER, leader)

    def commit(self) -> None:
        """All that was proposed is committed and applied, and what comes of it at once."""
        while len(self.log) > self.services.pump.applied:
            first = self.services.pump.applied
            self.services.pump.feed([LogEntry(first + n + 1, TERM, data) for n, data in enumerate(self.log[first:])])
            if self.services.pump.applied == first:
                raise self.fatal[-1]
            self.clock.advance(0.01)

    def others_command(self, method: str, request: Any) -> None:
        """A command that another node has proposed is committed."""
        command = Command(
            method, "", "b", CommandId("b", OTHER.nonce, len(self.log)), None, request.SerializeToString()
        )
        self.log.append(entries.pack(Entry(KNOWN, 1, (), (command,))))
        self.commit()

    def commands(self) -> list[Command]:
        unpacked = [entries.unpack(data) for data in self.log if data]
        return [command for entry in unpacked for command in entry.commands]

    def methods(self) -> list[str]:
        return [command.method for command in self.commands()]


@pytest.fixture
def world(clock: HandClock) -> World:
    return World(clock)


def heard(clock: HandClock, match: int = 1) -> Any:
    return SimpleNamespace(match=match, heard=clock.monotonic())


def ask(world: World) -> None:
    request = PollTaskRequest(client_id="w")
    request.task_def_id.name = "work"
    world.services.polls.open("default", lambda: None).ask(request)


def test_a_leader_begins_its_duties_once_its_own_first_entry_is_applied(world: World) -> None:
    world.become(Role.LEADER, "a")
    world.services.proposer.submit_own("konik.M", b"")
    world.clock.advance()
    assert world.log == []
    world.log.append(b"")
    world.commit()
    assert "konik.ConfigureCluster" in world.methods() and "konik.M" in world.methods()


def test_a_term_that_is_over_before_its_first_entry_is_applied_begins_nothing(world: World) -> None:
    world.become(Role.LEADER, "a")
    world.become(Role.FOLLOWER, None, TERM + 1)
    world.log.append(b"")
    world.commit()
    assert len(world.log) == 1 and world.services.proposer.leader_clock is None


def test_clients_are_told_where_another_node_leads_and_of_no_leader_else(world: World) -> None:
    assert world.services.leader_elsewhere is None
    world.follow("b")
    assert world.services.leader_elsewhere == "localhost:1"
    world.become(Role.FOLLOWER, None)
    assert world.services.leader_elsewhere is None
    world.lead()
    assert world.services.leader_elsewhere is None


def test_commands_go_out_again_when_the_connection_to_the_leader_is_new(world: World) -> None:
    world.follow()
    world.services.proposer.submit_own("konik.M", b"")
    world.clock.advance()
    world.services.on_connection("b", False)
    world.services.on_connection("b", True)
    world.clock.advance()
    assert [frame[0] for peer, frame in world.frames] == [peer_frames.COMMANDS] * 2


def test_a_peer_that_has_not_answered_this_leader_is_out_of_reach_whatever_its_connection_says(world: World) -> None:
    world.follow()
    world.others_command("konik.OfferTickets", OfferTickets(node="b", nonce=OTHER.nonce))
    world.hellos["b"] = Peer(b"x" * 16, KNOWN)  # left from an earlier process
    world.driver.core.progress = {"b": heard(world.clock, match=0)}
    world.become(Role.FOLLOWER, None)
    world.lead()
    world.clock.advance(1.0)
    assert "konik.ForgetNode" not in world.methods()


def test_a_peer_whose_connection_stands_and_that_is_silent_is_lost(world: World) -> None:
    world.lead()
    world.driver.core.progress = {"b": heard(world.clock)}
    world.log.append(entries.pack(Entry(KNOWN, world.services.now_ms, (CommandId("b", OTHER.nonce, 1),), ())))
    world.commit()
    for _ in range(10):
        world.driver.core.progress = {"b": heard(world.clock)}
        world.clock.advance(SILENT_SECONDS_MAX)
        world.commit()
    assert "konik.LoseNode" not in world.methods()
    world.clock.advance(SILENT_SECONDS_MAX + world.services.duties.node_loss_seconds + 1.0)
    world.commit()
    assert "konik.LoseNode" in world.methods()


def test_a_node_that_was_lost_hands_in_its_tickets_again(world: World) -> None:
    world.follow()
    ask(world)
    world.others_command("konik.LoseNode", LoseNode(node=ME.node, nonce=ME.nonce))
    world.clock.advance(0.01)
    sent = [command.method for peer, frame in world.frames if frame[0] == peer_frames.COMMANDS for command in frame[2]]
    assert sent == ["konik.WithdrawTickets"]
    assert world.fatal == []


def test_the_loss_of_another_node_is_nothing_to_this_one(world: World) -> None:
    world.follow()
    ask(world)
    world.others_command("konik.LoseNode", LoseNode(node="b", nonce=OTHER.nonce))
    sent = [command.method for peer, frame in world.frames if frame[0] == peer_frames.COMMANDS for command in frame[2]]
    assert sent == ["konik.OfferTickets"]


def test_a_process_that_was_forgotten_by_mistake_must_start_anew(world: World) -> None:
    world.follow()
    world.others_command("konik.ForgetNode", ForgetNode(node=ME.node, nonce=ME.nonce))
    assert [type(error) for error in world.fatal] == [SessionEnded]


def test_an_installed_state_in_which_this_process_has_ended_is_as_fatal(world: World) -> None:
    world.follow()
    other = World(world.clock)
    other.others_command("konik.ForgetNode", ForgetNode(node=ME.node, nonce=ME.nonce))
    world.view.update(other.view)
    world.services.pump.installed(5, TERM)
    world.services.on_installed(5, TERM)
    assert [type(error) for error in world.fatal] == [SessionEnded]


@pytest.mark.parametrize("read", ["authorise", "query"])
def test_a_replica_whose_damage_is_met_by_a_reader_stops(world: World, monkeypatch: Any, read: str) -> None:
    def get(key: bytes) -> bytes:
        raise CorruptState(f"the record of {key!r} is damaged")

    monkeypatch.setattr(world.view, "get", get)
    reads = {
        "authorise": lambda: world.services.authorise("GetWfRun", "default", "anonymous"),
        "query": lambda: world.services.query("GetWfRun", "default", "anonymous", WfRunId(id="r").SerializeToString()),
    }
    with pytest.raises(StoreError):
        reads[read]()
    assert [type(error) for error in world.fatal] == [CorruptState]


def test_a_node_that_is_to_stop_stands_back(world: World) -> None:
    world.lead()
    assert world.services.prepare_to_stop()
    assert world.driver.core.handicap and world.services.stopping
