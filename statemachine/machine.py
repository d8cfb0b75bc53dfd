"""The replicated state machine: entries of the log in, results and effects out. The same log gives the same bytes.

No clock, no randomness, no I/O: time comes with the entries, ids from their indexes, and the state is a view that the
caller provides. A command that fails changes nothing.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from konik.api.pb.internal_pb2 import Timer
from konik.statemachine import commands, dedup, entry_time, genesis, keys, nodes, queries, term, timers, version
from konik.statemachine.context import Context, Plans, Reader
from konik.statemachine.entry import Command, Entry, Result, Step, ok, refused
from konik.statemachine.registry import Method
from konik.statemachine.rejection import Code, Rejection
from konik.statemachine.requests import Requests
from konik.statemachine.run import advance
from konik.statemachine.run import run as runs
from konik.statemachine.tasks import queue
from konik.statemachine.tasks import task as tasks
from konik.statemachine.tasks.delivery import Delivery
from konik.statemachine.view import View

_INTERNAL = "An unexpected internal error occurred; the log of the server has the details."

# These strike one replica, not all: it must stop before the entry counts as applied.
_OF_THIS_REPLICA_ALONE = (MemoryError, RecursionError, OSError, AssertionError, version.UnknownVersion)

for _package in (commands, queries, nodes):
    for _module in sorted(module.name for module in pkgutil.iter_modules(_package.__path__)):
        importlib.import_module(f"{_package.__name__}.{_module}")


class Machine:
    """Applies entries to a view, and answers queries from it.

    `report` is told of unexpected exceptions inside a command; what it does with them must not reach the state.
    `fatal` names further exceptions that strike one replica alone, such as those of its storage.
    """

    def __init__(
        self,
        view: View,
        report: Callable[[Command | None, Exception], None],
        fatal: tuple[type[Exception], ...] = (),
        release: version.Release = version.THIS,
    ) -> None:
        """Raises UnknownVersion if the state is a later release's."""
        version.check(version.in_force(view), release.known, "the state")
        self._known, self._methods = release.known, release.methods
        self._read = Requests(release.fields).read
        self._view = view
        self._plans = Plans()
        self._report = report
        self._fatal = fatal

    @property
    def time_ms(self) -> int:
        """Entry time: that of the last entry applied, in milliseconds since the epoch."""
        return entry_time.now_ms(self._view)

    @property
    def term(self) -> int:
        """The Raft term of the last leader whose first entry is applied."""
        return term.current(self._view)

    @property
    def version(self) -> int:
        """The behaviour in force; every entry carries that which its leader knew."""
        return version.in_force(self._view)

    def next_due_ms(self) -> int | None:
        """When the next timer is due, in entry time."""
        found = timers.first(self._view)
        return None if found is None else timers.due_of(found[0])

    def begin_term(self, raft_term: int) -> None:
        """A leader has begun its term: tickets of earlier terms are void."""
        context = self._context("", "", self.time_ms, 0, 0)
        if raft_term <= term.current(context.txn):
            raise AssertionError(f"term {raft_term} begins after term {term.current(context.txn)}")
        context.txn.put(term.KEY, keys.long(raft_term))
        queue.drop_all(context)
        context.commit()

    def apply(self, index: int, entry: Entry) -> Iterator[Step]:
        """Applies one entry, a step at a time: the caller may do other work between steps, but no other entry.

        First the timers fire that are due at the entry's time, then the commands run in their order.
        """
        version.check(entry.version, self._known, f"entry {index}")
        if self._view.get(entry_time.KEY) is None:
            genesis.write(self._view, entry.time_ms)
        now_ms = self.time_ms
        if entry.time_ms < now_ms:
            raise AssertionError(f"time runs back at entry {index}: from {now_ms} to {entry.time_ms}")
        self._view.put(entry_time.KEY, keys.long(entry.time_ms))
        for floor in entry.floors:
            dedup.raise_floor(self._view, floor)
        ids = _Counter()
        yield from self._fire(index, entry.time_ms, ids)
        for command in entry.commands:
            yield self._run(index, ids, entry.time_ms, command)

    def replaced(self) -> None:
        """The view holds another state than before. Raises UnknownVersion if it is a later release's."""
        version.check(self.version, self._known, "the state that was received")
        self._plans.forget_all()

    def query(self, method: str, tenant: str, principal: str, request: bytes) -> Result:
        """Answers from the state as it is now."""
        try:
            reader = Reader(self._view, self._plans, tenant, principal, self.time_ms)
            registered = self._method(method)
            return ok(registered.run(reader, self._read(registered, request, self._view)).SerializeToString())
        except Rejection as rejection:
            return refused(rejection.code, rejection.message)

    def undelivered(self, node: str, nonce: bytes) -> list[Delivery]:
        """What is assigned to tickets of that process and not known to be delivered.

        For a node whose state was replaced: it has not seen the entries that assigned them.
        """
        context = self._context("", "", self.time_ms, 0, 0)
        found = []
        for queued in queue.undelivered(context, node, nonce):
            context.enter(queued.attempt.tenant)
            task = tasks.find(context, queued.attempt.task_run_id)
            if task is not None and task.is_running(queued.attempt.attempt_number):
                found.append(queue.delivery(task, queued))
        return found

    def _context(self, tenant: str, principal: str, now_ms: int, index: int, counter: int) -> Context:
        return Context(self._view, self._plans, tenant, principal, now_ms, index, counter, self._known)

    def _fire(self, index: int, until_ms: int, ids: "_Counter") -> Iterator[Step]:
        while (found := timers.first(self._view, until_ms)) is not None:
            key, timer = found
            context = self._context(timer.tenant, "", timers.due_of(key), index, ids.used)
            try:
                context.txn.delete(key)
                timers.fire(context, timer)
                context.commit()
            except Exception as error:
                self._strike(None, error)
                self._give_up(key, timer, error, index, ids)
                yield Step(None, None, ())
                continue
            ids.used = context.counter
            yield Step(None, None, tuple(context.deliveries))

    def _give_up(self, key: bytes, timer: Timer, error: Exception, index: int, ids: "_Counter") -> None:
        """Nobody tries again what a timer could not do: its WfRun ends, rather than wait for ever."""
        context = self._context(timer.tenant, "", timers.due_of(key), index, ids.used)
        try:
            wf_run_id = timers.wf_run_of(timer)
            run = None if wf_run_id is None else runs.find(context, wf_run_id)
            if run is not None:
                advance.abort(run, error.message if isinstance(error, Rejection) else _INTERNAL)
            context.commit()
        except Exception as again:
            self._strike(None, again)
        self._view.delete(key)

    def _run(self, index: int, ids: "_Counter", now_ms: int, command: Command) -> Step:
        known = dedup.recall(self._view, command, now_ms)
        if known is not None:
            return Step(command.id, known, ())
        context = self._context(command.tenant, command.principal, now_ms, index, ids.used)
        try:
            registered = self._method(command.method)
            response = registered.run(context, self._read(registered, command.request, self._view))
            result = ok(response.SerializeToString(deterministic=True))
            context.commit()
        except Rejection as rejection:
            context.roll_back()
            result = refused(rejection.code, rejection.message)
        except Exception as error:
            context.roll_back()
            self._strike(command, error)
            result = refused(Code.INTERNAL, _INTERNAL)
        ids.used = context.counter
        self._remember(command, result, now_ms)
        return Step(command.id, result, tuple(context.deliveries), context.lost)

    def _method(self, name: str) -> Method:
        registered = self._methods.get(name)
        if registered is None or registered.since > version.FIRST and registered.since > self.version:
            raise Rejection(Code.UNIMPLEMENTED, f"{name} is not implemented by this server yet")
        return registered

    def _remember(self, command: Command, result: Result, now_ms: int) -> None:
        dedup.remember(self._view, command, result)
        if command.client_id is not None:
            dedup.expire_client_ids(self._view, command.tenant, now_ms)

    def _strike(self, command: Command | None, error: Exception) -> None:
        """An exception that every replica meets alike becomes a result; one of this replica alone stops it."""
        if isinstance(error, (*_OF_THIS_REPLICA_ALONE, *self._fatal)):
            raise error
        if not isinstance(error, Rejection):
            self._report(command, error)


@dataclass(slots=True)
class _Counter:
    """How many numbers the commands of one entry have used for ids and places; a failed one's are not used again."""

    used: int = 0
