"""The way of a command from the node that received it into the log, and of its result back.

The node that receives a command gives it a number and waits for the result, which comes from its own pump when it
applies the entry. Until then the command is sent again, under the same number, whenever the leader or the way to it
has changed; the machine runs a number once. While nobody leads the callers are held: a change of leader is a pause.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from konik.cluster import entries, peer_frames
from konik.cluster.clock import Clock, LeaderClock, Scheduler, Timer
from konik.statemachine.entry import ClientId, Command, CommandId, Entry, Process, Result, Step, refused
from konik.statemachine.rejection import Code

BATCH_COMMANDS_MAX = 1_000
BATCH_BYTES_MAX = 4 << 20
ENTRIES_IN_FLIGHT_MAX = 2
"""Entries proposed and not yet applied here: what comes meanwhile goes together into the next one."""
INBOX_COMMANDS_MAX = 20_000
INBOX_BYTES_MAX = 128 << 20
FORWARD_SECONDS = 0.008
FORWARDED_AT_ONCE_MAX = 16
"""So long lies between two frames to the leader where more calls than that are waiting: a frame costs both sides more
than a command in it, and a leader with that much to do does not wait for any single one."""
CALLS_MAX = 100_000
CALL_BYTES_MAX = 256 << 20
"""Held here for callers: what comes above it is refused at once, so that a cluster without a leader fills no memory."""
BUSY_PAUSE_SECONDS = 0.05
RETRY_SECONDS = 0.02
"""When the log takes no entry (its disk is full, leadership is being handed over) it is tried again after this."""
HOLD_SECONDS_MAX = 15.0
"""How long a command that was never sent waits for a leader, or for room."""
ANSWER_SECONDS_MAX = 60.0
"""How long the caller of one that was sent waits for its result. It may still be applied later."""
SWEEP_SECONDS = 0.25

NO_ANSWER = "the command was sent, and its result is not known yet; it may still take effect"
NO_LEADER = "no leader could be reached; try again"
QUEUE_FULL = "more calls wait than can be taken; try again"

Done = Callable[[Result], None]


@dataclass(slots=True)
class Call:
    """A command that this node has received and whose result it waits for."""

    command: Command
    done: Done | None  # None once the caller has been answered or has gone
    given_up_unsent: float  # monotonic time
    given_up_sent: float
    sendings: int = 0
    """How often it was proposed or passed on and not refused: above 0 it may be in a log, and may be applied."""

    @property
    def sent(self) -> bool:
        return self.sendings > 0

    @property
    def until(self) -> float:
        return self.given_up_sent if self.sent else self.given_up_unsent

    @property
    def is_missed(self) -> bool:
        """Whether anybody would notice if it never ran. The node's own commands have no caller, and are needed."""
        return self.done is not None or self.given_up_unsent == inf


@dataclass(slots=True)
class ProposerStatistics:
    """Of this process so far."""

    proposals: int = 0
    commands: int = 0
    forwarded: int = 0
    resent: int = 0
    commit_seconds: float = 0.0
    """From proposing an entry to having applied it, summed over entries."""


class Proposer:
    """Belongs to one node; `route` says where commands go now."""

    def __init__(
        self,
        process: Process,
        clock: Clock,
        scheduler: Scheduler,
        propose: Callable[[bytes], int | None],
        send: Callable[[str, tuple[object, ...]], bool],
        version: Callable[[], int],
        trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`propose` gives None while this replica takes no entries, and `trouble` says why it cannot write its log, if
        it cannot. `version` is that of the machine's behaviour in force."""
        self._node, self._nonce = process
        self._clock, self._scheduler = clock, scheduler
        self._propose, self._send, self._version, self._trouble = propose, send, version, trouble
        self._number = 0
        self._calls: dict[int, Call] = {}
        self._calls_bytes = 0
        self._unsent: deque[Call] = deque()
        self._inbox: deque[tuple[Command, CommandId]] = deque()
        self._inbox_bytes = 0
        self._in_flight: deque[tuple[int, float]] = deque()  # (index, when proposed)
        self._leader: str | None = None
        self._leader_clock: LeaderClock | None = None
        self._paused = False
        self._flushing = self._retrying = False
        self._forward_at = 0.0
        self._sweeper: Timer | None = None
        self.statistics = ProposerStatistics()
        self.before_flush: Callable[[], None] = lambda: None

    @property
    def waiting(self) -> int:
        """Commands received here whose result is not known yet."""
        return len(self._calls)

    @property
    def inbox(self) -> int:
        """Commands that wait here, at the leader, for the next entry."""
        return len(self._inbox)

    @property
    def leader_clock(self) -> LeaderClock | None:
        return self._leader_clock

    # -- commands come in -----------------------------------------------------------------------------------------

    def submit(
        self,
        method: str,
        tenant: str,
        principal: str,
        client_id: ClientId | None,
        request: bytes,
        done: Done,
        hold_seconds: float = HOLD_SECONDS_MAX,
    ) -> int:
        """Takes a caller's command and returns its number. `done` hears the result, or why there is none, once.

        What is above the bounds is refused at once, and has number 0.
        """
        if len(self._calls) >= CALLS_MAX or self._calls_bytes + len(request) > CALL_BYTES_MAX:
            done(refused(Code.RESOURCE_EXHAUSTED, QUEUE_FULL))
            return 0
        now = self._clock.monotonic()
        command = Command(method, tenant, principal, self._next_id(), client_id, request)
        self._enqueue(Call(command, done, now + min(hold_seconds, HOLD_SECONDS_MAX), now + ANSWER_SECONDS_MAX))
        if self._sweeper is None:
            self._sweeper = self._scheduler.call_at(now + SWEEP_SECONDS, self._sweep)
        return command.id.number

    def submit_own(self, method: str, request: bytes, done: Done | None = None) -> None:
        """Takes a command of the node's own, which is never given up. `done` hears the result."""
        command = Command(method, "", self._node, self._next_id(), None, request)
        self._enqueue(Call(command, done, inf, inf))

    def _next_id(self) -> CommandId:
        self._number += 1
        return CommandId(self._node, self._nonce, self._number)

    def _enqueue(self, call: Call) -> None:
        self._calls[call.command.id.number] = call
        self._calls_bytes += len(call.command.request)
        self._unsent.append(call)
        self.flush_soon()

    def _drop(self, number: int) -> Call | None:
        """The call is over: it is answered, or was never sent and nobody waits for it."""
        call = self._calls.pop(number, None)
        if call is not None:
            self._calls_bytes -= len(call.command.request)
        return call

    def abandon(self, number: int) -> None:
        """The caller has gone. What was never sent is dropped; what was sent may have happened and stays."""
        call = self._calls.get(number)
        if call is None:
            return
        call.done = None
        if not call.sent:
            self._drop(number)

    def received(self, peer: str, floor: CommandId, forwarded: tuple[Command, ...]) -> None:
        """A follower has passed on commands.

        It knows of an election before the winner has applied what it needs to begin. What comes until then waits here,
        since nothing would make the follower send it again.
        """
        if self._leader not in (self._node, None):
            return  # it will learn who leads, and send them again
        size = sum(len(command.request) for command in forwarded)
        if len(self._inbox) + len(forwarded) > INBOX_COMMANDS_MAX or self._inbox_bytes + size > INBOX_BYTES_MAX:
            self._send(peer, peer_frames.busy(floor.nonce, [command.id.number for command in forwarded]))
            return
        self._inbox.extend((command, floor) for command in forwarded)
        self._inbox_bytes += size
        self.flush_soon()

    # -- results come out -----------------------------------------------------------------------------------------

    def step(self, step: Step) -> None:
        """The pump has applied a step; if it is one of ours, its caller is answered."""
        id = step.id
        if id is None or id.node != self._node or id.nonce != self._nonce or step.result is None:
            return
        call = self._drop(id.number)
        if call is not None and call.done is not None:
            call.done(step.result)

    def applied(self, index: int) -> None:
        """The pump has applied entry `index`."""
        while self._in_flight and self._in_flight[0][0] <= index:
            _, proposed_at = self._in_flight.popleft()
            self.statistics.commit_seconds += self._clock.monotonic() - proposed_at
        if self._inbox or self._unsent:
            self.flush_soon()

    # -- the leader changes ---------------------------------------------------------------------------------------

    def lead(self, leader_clock: LeaderClock) -> None:
        """This node leads, and has applied everything of earlier terms."""
        assert self._leader is None, f"{self._node} begins to lead while it follows {self._leader}"
        self._leader, self._leader_clock = self._node, leader_clock
        self._in_flight.clear()
        self.resend()

    def follow(self, leader: str | None) -> None:
        """Another node leads, or nobody does. What waited here for an entry is its senders' to send again."""
        self._inbox.clear()
        self._inbox_bytes = 0
        self._leader, self._leader_clock = leader, None
        self.resend()

    def resend(self) -> None:
        """The way to the leader is new: everything unanswered is sent again, in its order."""
        self._paused = False
        self.statistics.resent += sum(call.sent for call in self._calls.values())
        self._unsent = deque(self._calls.values())
        self.flush_soon()

    def busy(self, nonce: bytes, numbers: Sequence[int]) -> None:
        """The leader has not taken these commands that were sent to it: they are sent again after a pause."""
        if nonce != self._nonce:
            return
        unsent = {call.command.id.number for call in self._unsent}
        for number in reversed(numbers):
            call = self._calls.get(number)
            if call is None:
                continue
            call.sendings -= 1
            if not call.sent and not call.is_missed:
                self._drop(number)
            elif number not in unsent:
                self._unsent.appendleft(call)
        if not self._paused:
            self._paused = True
            self._scheduler.call_at(self._clock.monotonic() + BUSY_PAUSE_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._paused = False
        self.flush_soon()

    # -- sending --------------------------------------------------------------------------------------------------

    def flush_soon(self) -> None:
        """Sends what waits at the end of this turn of the loop, so that a turn makes one batch."""
        if self._flushing:
            return
        self._flushing = True
        follows = self._leader not in (self._node, None)
        if follows and len(self._calls) > FORWARDED_AT_ONCE_MAX and self._clock.monotonic() < self._forward_at:
            self._scheduler.call_at(self._forward_at, self.flush)
        else:
            self._scheduler.call_soon(self.flush)

    def flush(self) -> None:
        self._flushing = self._may_send()
        if not self._flushing:
            return
        self.before_flush()  # what it submits leaves with the rest
        self._flushing = False
        if self._leader == self._node:
            self._take_own()
            while self._inbox and len(self._in_flight) < ENTRIES_IN_FLIGHT_MAX:
                if not self._propose_batch():
                    self._retry_soon()
                    break
        elif self._leader is not None:
            self._forward(self._leader)

    def _may_send(self) -> bool:
        """Whether a batch could leave now; if not, whatever changes that flushes."""
        if self._leader is None or self._paused:
            return False
        return self._leader != self._node or len(self._in_flight) < ENTRIES_IN_FLIGHT_MAX

    def _retry_soon(self) -> None:
        """Nobody says when the log takes entries again."""
        if not self._retrying:
            self._retrying = True
            self._scheduler.call_at(self._clock.monotonic() + RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        self._retrying = False
        self.flush()

    def tick(self) -> None:
        """Proposes an entry without commands, so that time goes on in the log."""
        if self._leader_clock is not None and not self._in_flight:
            self._propose_entry([], [])

    def _floor(self) -> CommandId:
        lowest = next(iter(self._calls), self._number + 1)
        return CommandId(self._node, self._nonce, lowest)

    def _take_own(self) -> None:
        floor = self._floor()
        while self._unsent and len(self._inbox) < INBOX_COMMANDS_MAX and self._inbox_bytes < INBOX_BYTES_MAX:
            call = self._unsent.popleft()
            if call.command.id.number in self._calls:
                self._inbox.append((call.command, floor))
                self._inbox_bytes += len(call.command.request)

    def _propose_batch(self) -> bool:
        """Proposes what is at the head of the queue. False: entries are not taken now."""
        commands: list[Command] = []
        floors: dict[tuple[str, bytes], CommandId] = {}
        taken, size = 0, 0
        for command, floor in self._inbox:
            if commands and (len(commands) == BATCH_COMMANDS_MAX or size + len(command.request) > BATCH_BYTES_MAX):
                break
            taken, size = taken + 1, size + len(command.request)
            if not self._given_up(command.id):
                commands.append(command)
                floors[floor.node, floor.nonce] = floor
        if commands and not self._propose_entry(list(floors.values()), commands):
            return False
        for _ in range(taken):
            self._inbox.popleft()
        self._inbox_bytes -= size
        self.statistics.commands += len(commands)
        for command in commands:
            if command.id.node == self._node and command.id.number in self._calls:
                self._calls[command.id.number].sendings += 1
        return True

    def _given_up(self, id: CommandId) -> bool:
        """Whether a command of this node's own was given up before it was proposed: it must not be run any more."""
        return id.node == self._node and id.nonce == self._nonce and id.number not in self._calls

    def _propose_entry(self, floors: list[CommandId], commands: list[Command]) -> bool:
        if self._leader_clock is None:
            raise AssertionError("only the leader proposes")
        entry = Entry(self._version(), self._leader_clock.now_ms(), tuple(floors), tuple(commands))
        index = self._propose(entries.pack(entry))
        if index is None:
            return False
        self._in_flight.append((index, self._clock.monotonic()))
        self.statistics.proposals += 1
        return True

    def _forward(self, leader: str) -> None:
        floor = self._floor()
        self._forward_at = self._clock.monotonic() + FORWARD_SECONDS
        while self._unsent:
            batch: list[Call] = []
            size = 0
            while self._unsent and len(batch) < BATCH_COMMANDS_MAX and size < BATCH_BYTES_MAX:
                call = self._unsent.popleft()
                if call.command.id.number in self._calls:
                    batch.append(call)
                    size += len(call.command.request)
            if not batch:
                return
            if not self._send(leader, peer_frames.commands(floor, [call.command for call in batch])):
                self._unsent.extendleft(reversed(batch))
                return
            for call in batch:
                call.sendings += 1
            self.statistics.forwarded += len(batch)

    # -- giving up ------------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Answers the callers that have waited long enough. A command that was never sent is dropped with that."""
        now = self._clock.monotonic()
        for number, call in [(number, call) for number, call in self._calls.items() if call.until <= now]:
            if not call.sent:
                self._drop(number)
            if call.done is not None:
                call.done(self._why(call))
                call.done = None
        if len(self._unsent) > len(self._calls):
            self._unsent = deque(call for call in self._unsent if call.command.id.number in self._calls)
        self._sweeper = self._scheduler.call_at(now + SWEEP_SECONDS, self._sweep) if self._calls else None

    def _why(self, call: Call) -> Result:
        if call.sent:
            return refused(Code.DEADLINE_EXCEEDED, NO_ANSWER)
        if self._leader is None:
            return refused(Code.UNAVAILABLE, NO_LEADER)
        trouble = self._trouble()
        if trouble is not None:
            return refused(Code.UNAVAILABLE, f"the leader cannot write its log: {trouble}")
        return refused(Code.RESOURCE_EXHAUSTED, QUEUE_FULL)
