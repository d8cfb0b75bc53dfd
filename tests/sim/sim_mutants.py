"""One rule broken in each: the simulation must see the disaster, within so many seeds."""

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sim_disk
import sim_mutants_of_disasters as of_disasters
import sim_mutants_of_upgrades as of_upgrades
from sim_cluster import Cluster
from sim_node import Node as SimNode
from sim_nodes import Nodes
from sim_promises import Promises
from sim_recovery import Recovery
from sim_restoration import Restoration
from sim_upgrade import Upgrade
from sim_world import Violation

from konik.cluster import driver as driver_module
from konik.cluster import journal_layout
from konik.cluster import services as services_module
from konik.cluster.clock import LeaderClock
from konik.cluster.driver import Driver
from konik.cluster.journal_layout import Extent, Transaction, Write
from konik.cluster.journal_records import CorruptLog, entry_index
from konik.cluster.polls import Polls
from konik.cluster.proposer import Proposer
from konik.cluster.raft import leading, quorum, reading
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.roles import Leader
from konik.cluster.raft.state import State
from konik.cluster.reads import Reads
from konik.cluster.services import Services
from konik.cluster.store import image
from konik.cluster.store.sealed import SEAL_BYTES
from konik.statemachine import dedup, keys
from konik.statemachine.entry import CommandId
from konik.statemachine.registry import METHODS
from konik.statemachine.tasks import queue

SECONDS = 6.0
SEEDS_MAX = 40
"""In which a mutant must be seen."""

Patch = pytest.MonkeyPatch


class Seen(NamedTuple):
    """How many seeds it took, and what was seen in the last."""

    seeds: int
    what: str


class Mutant(NamedTuple):
    rule: str
    """The rule that is broken."""
    live: Callable[[int, Path], None]
    """A life from a seed."""
    plant: Callable[[Patch], None]
    first_seed: int = 0
    """Another one than 0 for what is rare: finding it again is to take seconds, not minutes."""

    def seen(self, first_seed: int, seeds_max: int = SEEDS_MAX) -> Seen | None:
        """Lives with the defect until a promise is broken."""
        with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as directory:
            self.plant(patch)
            for seeds in range(1, seeds_max + 1):
                try:
                    self.live(first_seed + seeds - 1, Path(directory) / str(seeds))
                except (Violation, BrokenInvariant, AssertionError) as error:
                    return Seen(seeds, str(error))
        return None


def replicas(seed: int, directory: Path) -> None:
    Cluster(seed).live(SECONDS)


def nodes(seed: int, directory: Path) -> None:
    Nodes(seed, directory).live(SECONDS)


def upgrades(seed: int, directory: Path) -> None:
    Upgrade(seed, directory).live(SECONDS)


def recoveries(seed: int, directory: Path) -> None:
    Recovery(seed, directory).live(SECONDS)


def restorations(seed: int, directory: Path) -> None:
    Restoration(seed, directory).live(SECONDS)


# Rules of the core and of the shell around it.


def believe_what_the_old_directory_acknowledged(patch: Patch) -> None:
    def take_up_list(state: State, leader: Leader, before: Membership) -> None:
        known = dict(leader.progress)
        honest(state, leader, before)
        leader.progress = {peer: known.get(peer, place) for peer, place in leader.progress.items()}
        leader.voting = tuple(leader.progress[peer] for peer in state.electors)

    honest = leading.take_up_list
    patch.setattr(leading, "take_up_list", take_up_list)


def take_who_joins_for_the_founder(patch: Patch) -> None:
    """A node that has lost its disk is back at once, and knows nothing of what it has promised."""

    def lose_disk(self: SimNode, identity: bytes) -> None:
        founders, own, met = self.founders, self.identity, self.met
        honest(self, identity)
        self.founders, self.identity, self.met = founders, own, met

    honest = SimNode.lose_disk
    patch.setattr(SimNode, "lose_disk", lose_disk)


def release_before_the_sync(patch: Patch) -> None:
    def release(self: Driver) -> None:
        while self._held:
            _, peer, frame = self._held.popleft()
            self._network.send(peer, frame)

    patch.setattr(Driver, "_release", release)


def believe_a_write_before_it_is_synced(patch: Patch) -> None:
    def write(self: sim_disk.SimJournal, number: int, *rest: object) -> None:
        honest(self, number, *rest)
        self._time.call_soon(lambda: self._synced(number))

    honest = sim_disk.SimJournal.write
    patch.setattr(sim_disk.SimJournal, "write", write)


def forget_the_vote(patch: Patch) -> None:
    def write(transaction: Transaction, extent: Extent, asked: Write) -> Extent:
        return honest(transaction, extent, asked._replace(vow=asked.vow._replace(vote=None)))

    honest = journal_layout.write
    patch.setattr(journal_layout, "write", write)


def believe_what_the_log_returns(patch: Patch) -> None:
    def unseal_entry(key: bytes, record: bytes, previous_sum: int | None) -> tuple[Entry, int]:
        try:
            return honest(key, record, previous_sum)
        except CorruptLog:
            term, own = int.from_bytes(record[:8], "big"), int.from_bytes(record[12:16], "big")
            return Entry(entry_index(key), term, record[16:]), own

    honest = journal_layout.unseal_entry
    patch.setattr(journal_layout, "unseal_entry", unseal_entry)


def believe_what_the_state_returns(patch: Patch) -> None:
    patch.setattr(image, "unseal", lambda key, record: record[:-SEAL_BYTES])


def keep_any_log_at_start(patch: Patch) -> None:
    patch.setattr(driver_module, "recover", lambda stored, index, term: (stored, False))


def forget_the_reset_of_the_log(patch: Patch) -> None:
    honest = sim_disk.SimJournal.write
    patch.setattr(
        sim_disk.SimJournal,
        "write",
        lambda self, number, vow, entries, reset=False: honest(self, number, vow, entries if not reset else ()),
    )


def say_nothing_of_the_installed_copy(patch: Patch) -> None:
    patch.setattr(Driver, "_tell_of_replaced_state", lambda self: None)


def keep_copies_of_a_lost_connection(patch: Patch) -> None:
    patch.setattr(Driver, "_note_connection", lambda self, peer, up: self.core.connected(peer, up))


def cut_the_log_without_a_checkpoint(patch: Patch) -> None:
    honest = journal_layout.cut
    patch.setattr(journal_layout, "cut", lambda on, extent, to, most: honest(on, extent, to + 5 if to else 0, most))


def commit_older_terms_by_counting(patch: Patch) -> None:
    def advance(state: State, leader: Leader) -> None:
        held = [peer.match for peer in leader.progress.values()]
        index = quorum.reached([*held, state.writes.durable])
        if index > state.commit:
            state.commit_to(index)
            reading.serve(state, leader)

    patch.setattr(leading, "advance", advance)


# Rules of the services and of the state machine.


def drop_what_comes_before_the_office_begins(patch: Patch) -> None:
    honest = Proposer.received
    patch.setattr(Proposer, "received", lambda self, *rest: self._leader == self._node and honest(self, *rest))


def send_nothing_again_on_a_new_connection(patch: Patch) -> None:
    patch.setattr(Services, "on_connection", lambda self, peer, up: None)


def wait_for_nothing_below_the_next_number(patch: Patch) -> None:
    patch.setattr(Proposer, "_floor", lambda self: CommandId(self._node, self._nonce, self._number + 1))


def run_what_has_run(patch: Patch) -> None:
    patch.setattr(dedup, "recall", lambda view, command, now_ms: None)


def read_at_once(patch: Patch) -> None:
    patch.setattr(Reads, "when_current", lambda self, then: then())


def read_at_once_when_only_histories_tell(patch: Patch) -> None:
    read_at_once(patch)
    patch.setattr(Promises, "read", lambda self, *rest: None)


def run_what_has_run_when_only_histories_tell(patch: Patch) -> None:
    run_what_has_run(patch)
    patch.setattr(Promises, "answered", lambda self, *rest: None)


def take_the_time_of_the_wall_alone(patch: Patch) -> None:
    patch.setattr(services_module, "LeaderClock", lambda last_ms, *clocks: LeaderClock(0, *clocks))


def end_the_session_of_a_node_out_of_reach(patch: Patch) -> None:
    honest = METHODS["konik.LoseNode"]

    def lose(context: Any, request: Any) -> Any:
        dedup.end_session(context.txn, request.node, request.nonce)
        return honest.run(context, request)

    patch.setitem(METHODS, "konik.LoseNode", dataclasses.replace(honest, run=lose))


def hand_in_nothing_again_in_a_new_term(patch: Patch) -> None:
    patch.setattr(Polls, "term_began", lambda self: None)


def hand_in_nothing_again_after_a_loss(patch: Patch) -> None:
    patch.setattr(Polls, "lost", lambda self: None)


def hand_in_again_without_withdrawing(patch: Patch) -> None:
    patch.setattr(Polls, "lost", Polls.term_began)


def notice_no_snapshot(patch: Patch) -> None:
    patch.setattr(Polls, "installed", lambda self, undelivered: None)


def deliver_to_any_process_of_the_node(patch: Patch) -> None:
    honest = Polls.deliver
    patch.setattr(Polls, "deliver", lambda self, delivery: honest(self, delivery._replace(nonce=self._nonce)))


def tell_of_no_delivery(patch: Patch) -> None:
    patch.setattr(Polls, "delivered", lambda self, delivery: None)


def give_nothing_back(patch: Patch) -> None:
    patch.setattr(Polls, "give_back", lambda self, deliveries: None)


def keep_tickets_across_terms(patch: Patch) -> None:
    patch.setattr(queue, "drop_all", lambda context: None)


def lose_a_table_in_a_copy(patch: Patch, table: bytes) -> None:
    honest = Services.on_installed

    def on_installed(self: Services, index: int, term: int) -> None:
        for key, _ in list(self._state.scan(table, keys.after(table))):
            self._state.delete(key)
        honest(self, index, term)

    patch.setattr(Services, "on_installed", on_installed)


def lose_timers_in_a_copy(patch: Patch) -> None:
    lose_a_table_in_a_copy(patch, keys.TIMER)


def forget_request_ids_in_a_copy(patch: Patch) -> None:
    lose_a_table_in_a_copy(patch, keys.CLIENT_RESULT)


MUTANTS = (
    Mutant("nothing that a write must precede leaves before that write is synced", replicas, release_before_the_sync),
    Mutant("a write counts once it is synced", replicas, believe_a_write_before_it_is_synced),
    Mutant("a vote outlives a crash", replicas, forget_the_vote),
    Mutant("an entry that is not what was written is refused", replicas, believe_what_the_log_returns),
    Mutant("a value of the state that is not what was written is refused", nodes, believe_what_the_state_returns),
    Mutant("at the start a log that does not reach the checkpoint begins anew", replicas, keep_any_log_at_start),
    Mutant("a log that begins anew does so on the disk, too", replicas, forget_the_reset_of_the_log),
    Mutant("what an installed copy has is known to the core", replicas, say_nothing_of_the_installed_copy),
    Mutant("a copy of the state ends with its connection", replicas, keep_copies_of_a_lost_connection, 650),
    Mutant("the log is cut no further than the checkpoint", replicas, cut_the_log_without_a_checkpoint),
    Mutant(
        "only an entry of the own term is committed by counting",
        replicas,
        commit_older_terms_by_counting,
        1895,
    ),
    Mutant("nothing is known of a new directory", nodes, believe_what_the_old_directory_acknowledged),
    Mutant(
        "a lost disk's vote leaves the list before its new directory gets one", nodes, take_who_joins_for_the_founder
    ),
    Mutant("commands that come before a leader has begun are kept", nodes, drop_what_comes_before_the_office_begins),
    Mutant("what was on its way on a broken connection is sent again", nodes, send_nothing_again_on_a_new_connection),
    Mutant("results are kept for as long as their caller waits", nodes, wait_for_nothing_below_the_next_number),
    Mutant("a command that has run is answered with its result", nodes, run_what_has_run),
    Mutant("a command runs once (told by histories alone)", nodes, run_what_has_run_when_only_histories_tell),
    Mutant("a read waits until the leader is confirmed and its entries are applied", nodes, read_at_once),
    Mutant("a read is current (told by histories alone)", nodes, read_at_once_when_only_histories_tell),
    Mutant("time in the log never runs back", nodes, take_the_time_of_the_wall_alone),
    Mutant("a node out of reach keeps its session", nodes, end_the_session_of_a_node_out_of_reach),
    Mutant("requests of workers are handed in again in each term", nodes, hand_in_nothing_again_in_a_new_term),
    Mutant("a node that was called lost hands in its requests again", nodes, hand_in_nothing_again_after_a_loss),
    Mutant("before that, all its older requests are withdrawn", nodes, hand_in_again_without_withdrawing, 100),
    Mutant("after an installed copy, what it assigns to this node is delivered", nodes, notice_no_snapshot),
    Mutant("a task goes to the very process that it was assigned to", nodes, deliver_to_any_process_of_the_node),
    Mutant("what was written to a worker is said in the log", nodes, tell_of_no_delivery),
    Mutant("a task that was not written to its worker goes to another one", nodes, give_nothing_back),
    Mutant("requests of workers of an earlier term are void", nodes, keep_tickets_across_terms, 20),
    Mutant("a copy of the state has all timers", nodes, lose_timers_in_a_copy),
    Mutant("a copy of the state has all request ids", nodes, forget_request_ids_in_a_copy),
    Mutant(
        "the version does not rise while only some have the code for it",
        upgrades,
        of_upgrades.raise_the_version_at_once,
    ),
    Mutant("a majority that has the code is not enough", upgrades, of_upgrades.raise_the_version_with_a_majority),
    Mutant("nor are all but those who are away", upgrades, of_upgrades.raise_the_version_without_those_who_are_away),
    Mutant(
        "what a member's earlier process knew does not count",
        upgrades,
        of_upgrades.believe_what_an_earlier_process_knew,
        50,
    ),
    Mutant(
        "a release behaves as before until its version is in force",
        upgrades,
        of_upgrades.behave_differently_before_the_version_is_raised,
    ),
    Mutant(
        "a later field counts for nothing until its version is in force", upgrades, of_upgrades.see_later_fields_at_once
    ),
    Mutant("a replica stops at a version that it does not know", upgrades, of_upgrades.apply_what_is_not_known),
    Mutant("whatever the node that is left had received counts", recoveries, of_disasters.forget_the_last_entry),
    Mutant("the node that is left is the only member", recoveries, of_disasters.keep_the_old_members),
    Mutant("its log begins the new cluster after its state", recoveries, of_disasters.mark_the_state_last),
    Mutant(
        "a backup has what was acknowledged elsewhere", restorations, of_disasters.back_up_without_a_look_at_the_leader
    ),
    Mutant("a backup begins with a checkpoint", restorations, of_disasters.back_up_the_last_checkpoint),
)
