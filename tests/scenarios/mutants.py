"""Raft cores with one rule broken each, as data: what the source says, what it says instead, and who must notice.

A mutant whose text is no longer in the source is an error: then the rule has moved, and the mutant must follow it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from types import CodeType, ModuleType
from typing import NamedTuple

CORE = "konik.cluster.raft"
PLAYERS = ("tests.scenarios.world", "tests.scenarios.script")
"""They hold names of the core, so that they are imported anew with it."""


class Mutant(NamedTuple):
    rule: str
    """The rule that is broken."""
    scenario: str
    """The file that shows what comes of it."""
    module: str
    sound: str
    broken: str


@contextmanager
def planted(mutant: Mutant) -> Iterator[ModuleType]:
    """The module `script`, over a core with the defect; afterwards all is as it was."""
    import_module(PLAYERS[-1])
    kept = {name: module for name, module in sys.modules.items() if name.startswith(CORE) or name in PLAYERS}
    for name in kept:
        del sys.modules[name]
    try:
        _import_broken(mutant, kept)
        yield import_module(PLAYERS[-1])
    finally:
        for name in [name for name in sys.modules if name.startswith(CORE) or name in PLAYERS]:
            del sys.modules[name]
        sys.modules.update(kept)
        for name, module in kept.items():
            parent, _, child = name.rpartition(".")
            setattr(sys.modules[parent], child, module)


class _BrokenLoader(SourceFileLoader):
    def __init__(self, name: str, path: str, mutant: Mutant) -> None:
        super().__init__(name, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        source, mutant = self.get_data(self.path).decode(), self._mutant
        if source.count(mutant.sound) != 1:
            raise LookupError(f"{mutant.module}.py has {source.count(mutant.sound)} times: {mutant.sound}")
        return compile(source.replace(mutant.sound, mutant.broken), self.path, "exec")


def _import_broken(mutant: Mutant, kept: dict[str, ModuleType]) -> None:
    """Import the one module from its changed source; the others find it in place when they are imported."""
    name = f"{CORE}.{mutant.module}"
    path = str(kept[name].__file__)
    spec = spec_from_file_location(name, path, loader=_BrokenLoader(name, path, mutant))
    assert spec is not None and spec.loader is not None
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    package = import_module(CORE)
    setattr(package, mutant.module, module)


MUTANTS: tuple[Mutant, ...] = (
    # -- what may leave before the sync ---------------------------------------------------------------------------
    Mutant(
        "a vote waits for the sync",
        "acknowledge_after_sync",
        "outbox",
        "early = kind in BEFORE_SYNC or",
        'early = kind in BEFORE_SYNC or kind.__name__ == "VoteAnswer" or',
    ),
    Mutant(
        "a vote that leaves is remembered",
        "vote_lost_in_a_crash",
        "outbox",
        "early = kind in BEFORE_SYNC or",
        'early = kind in BEFORE_SYNC or kind.__name__ == "VoteAnswer" or',
    ),
    Mutant(
        "a request for votes waits for the sync",
        "acknowledge_after_sync",
        "outbox",
        "early = kind in BEFORE_SYNC or",
        'early = kind in BEFORE_SYNC or kind.__name__ == "RequestVote" or',
    ),
    Mutant(
        "an acknowledgement waits for the sync",
        "acknowledge_after_sync",
        "outbox",
        "early = kind in BEFORE_SYNC or",
        'early = kind in BEFORE_SYNC or kind.__name__ == "AppendAnswer" or',
    ),
    Mutant(
        "an Append does not wait for the sync",
        "acknowledge_after_sync",
        "outbox",
        "frozenset({Append, Heartbeat",
        "frozenset({Heartbeat",
    ),
    Mutant(
        "a sign of life does not wait for the sync",
        "acknowledge_after_sync",
        "outbox",
        "TimeoutNow, HeartbeatAnswer})",
        "TimeoutNow})",
    ),
    Mutant(
        "a leader counts itself after its own sync",
        "acknowledge_after_sync",
        "leading",
        "held.append(state.writes.durable)",
        "held.append(state.log.last)",
    ),
    Mutant(
        "a member that is alone waits for its own sync",
        "alone",
        "leading",
        "    state.log.append(Entry(index, state.term, data))\n",
        "    state.log.append(Entry(index, state.term, data))\n    state.commit_to(index)\n",
    ),
    Mutant(
        "a write whose entries were replaced vouches for nothing",
        "truncated_writes_are_not_durable",
        "writes",
        "deque((number, min(last, end)) for number, last in self._under_way)",
        "deque(self._under_way)",
    ),
    Mutant(
        "the vote is written",
        "vote_once",
        "core",
        "Vow(state.term, state.vote, state.commit)",
        "Vow(state.term, None, state.commit)",
    ),
    # -- the log of a follower ------------------------------------------------------------------------------------
    Mutant(
        "entries that match are skipped",
        "duplicates_do_not_truncate",
        "log",
        "if entry.index > self.base and self.term_at(entry.index) != entry.term:",
        "if entry.index > self.base:",
    ),
    Mutant(
        "truncation begins at the first conflict",
        "truncate_at_the_first_conflict",
        "log",
        "                return entries[place:]",
        "                return entries",
    ),
    Mutant(
        "what is committed is never truncated",
        "never_truncate_what_is_committed",
        "state",
        "if first <= self.commit:",
        "if first < self.commit:",
    ),
    Mutant(
        "an Append commits only what it compared",
        "commit_only_what_was_compared",
        "following",
        "state.commit_to(min(append.commit, compared))",
        "state.commit_to(min(append.commit, log.last))",
    ),
    Mutant(
        "a heartbeat tells only what its receiver has acknowledged",
        "commit_only_what_was_compared",
        "replicating",
        "Heartbeat(state.term, leader.number, min(state.commit, progress.match))",
        "Heartbeat(state.term, leader.number, state.commit)",
    ),
    Mutant(
        "nothing is committed that the log lacks",
        "commit_beyond_the_log",
        "state",
        "        if index > self.log.last:\n            raise",
        "        if index > self.log.last:\n            index = self.log.last\n        if False:\n            raise",
    ),
    Mutant(
        "a conflict is answered with the place to go on",
        "conflict_in_two_trips",
        "following",
        "else state.commit + 1",
        "else append.prev_index",
    ),
    Mutant(
        "a log that is too short says where it ends",
        "conflict_in_two_trips",
        "following",
        "place = log.last + 1 if",
        "place = append.prev_index if",
    ),
    Mutant(
        "the start-up rule compares the terms",
        "start_up_rule",
        "log",
        "and stored[index - stored[0].index].term == term",
        "",
    ),
    Mutant(
        "a log that ends before the checkpoint is replaced",
        "start_up_rule",
        "log",
        "if stored and stored[-1].index >= index and",
        "if stored and stored[-1].index < index or",
    ),
    Mutant(
        "a log that begins behind the checkpoint is refused",
        "start_up_rule",
        "log",
        "if stored and stored[0].index > index:",
        "if stored and stored[0].index > index + 9:",
    ),
    Mutant(
        "the term of a checkpoint has been",
        "start_up_rule",
        "state",
        "if log.last_term > self.term:",
        "if False:",
    ),
    Mutant(
        "a log that begins anew does so on the disk, too",
        "install",
        "writes",
        "        self.reset = True\n",
        "",
    ),
    Mutant(
        "what is committed behind a copy is applied again",
        "install",
        "following",
        "    state.applied = index\n",
        "    state.applied = max(state.applied, index)\n",
    ),
    Mutant(
        "a copy does not contradict what is committed",
        "install",
        "following",
        "if index <= state.commit or isinstance(state.role, Leader):",
        "if isinstance(state.role, Leader):",
    ),
    Mutant(
        "a leader holds all that is committed",
        "install",
        "following",
        "if index <= state.commit or isinstance(state.role, Leader):",
        "if index <= state.commit:",
    ),
    # -- what a leader commits ------------------------------------------------------------------------------------
    Mutant(
        "only entries of the own term are committed by counting",
        "commit_of_an_older_term",
        "leading",
        "if index > state.commit and state.log.term_at(index) == state.term:",
        "if index > state.commit:",
    ),
    Mutant(
        "what a peer acknowledges is in the leader's log",
        "acknowledged_beyond_the_log",
        "leading",
        "if answer.index > state.log.last:",
        "if False:",
    ),
    Mutant(
        "a commit is announced at once",
        "announce_commit",
        "replicating",
        "    if progress.told < known:",
        "    if False:",
    ),
    Mutant(
        "a commit is announced as far as it was acknowledged",
        "announce_commit",
        "replicating",
        "    known = min(state.commit, progress.match)",
        "    known = state.commit",
    ),
    Mutant(
        "an Append carries the news of a commit",
        "announce_commit",
        "replicating",
        "    progress.told = max(progress.told, min(state.commit, prev + len(entries)))\n",
        "",
    ),
    # -- answers, late and lost -----------------------------------------------------------------------------------
    Mutant(
        "an answer across terms refuses nothing",
        "outdated_senders",
        "core",
        "Append: lambda term, _: AppendAnswer(term, 0, False, 0)",
        "Append: lambda term, append: AppendAnswer(term, append.number, False, 0)",
    ),
    Mutant(
        "an answer across terms confirms no round",
        "outdated_senders",
        "core",
        "Heartbeat: lambda term, _: HeartbeatAnswer(term, 0)",
        "Heartbeat: lambda term, heartbeat: HeartbeatAnswer(term, heartbeat.number)",
    ),
    Mutant(
        "an outdated sender is told the term",
        "outdated_senders",
        "core",
        "            if answer := OUTDATED.get(type(message)):\n                state.outbox",
        "            if False:\n                state.outbox",
    ),
    Mutant(
        "an answer of an older term counts nothing",
        "answers_across_terms",
        "core",
        "        if message.term < state.term:",
        "        if message.term < state.term and type(message) in OUTDATED:",
    ),
    Mutant(
        "an old refusal is old news",
        "old_refusals",
        "progress",
        "if number < self.since or",
        "if",
    ),
    Mutant(
        "the first refusals of a term are told from those of the last",
        "answers_across_terms",
        "leading",
        "progress = {peer: Progress(first, 1, state.now)",
        "progress = {peer: Progress(first, 0, state.now)",
    ),
    Mutant(
        "match never goes back",
        "match_never_goes_back",
        "progress",
        "self.match = max(self.match, index)",
        "self.match = index",
    ),
    Mutant(
        "next never falls behind match",
        "match_never_goes_back",
        "progress",
        "self.next = max(self.next, self.match + 1)",
        "self.next = index + 1",
    ),
    Mutant(
        "a lost Append is asked for",
        "lost_append",
        "progress",
        "self.nudge = bool(self.flight) and self.flight[0].number < number",
        "self.nudge = False",
    ),
    Mutant(
        "a heartbeat that left before an Append says nothing about it",
        "lost_append",
        "progress",
        "self.nudge = bool(self.flight) and self.flight[0].number < number",
        "self.nudge = bool(self.flight)",
    ),
    Mutant(
        "asking is possible while the window is full",
        "lost_append",
        "progress",
        "return self.nudge or (self.next <= last and self.has_room(window_bytes))",
        "return self.next <= last and self.has_room(window_bytes)",
    ),
    Mutant(
        "what asks is empty while the window is full",
        "lost_append",
        "replicating",
        "settings.batch_bytes if progress.has_room(settings.window_bytes) else 0",
        "settings.batch_bytes",
    ),
    Mutant(
        "a lost probe is sent again",
        "lost_probe",
        "progress",
        "        if self.asked < number:\n            self.asked = 0\n",
        "",
    ),
    Mutant(
        "a probe is sent again only when a later heartbeat came back",
        "lost_probe",
        "progress",
        "        if self.asked < number:\n            self.asked = 0\n",
        "        self.asked = 0\n",
    ),
    Mutant(
        "what was on its way on a lost connection is sent again",
        "connection_lost",
        "leading",
        "        peer.asked = 0 if up else leader.number\n",
        "        peer.accepted(peer.next - 1, 0)\n",
    ),
    Mutant(
        "nothing is sent while the connection is down",
        "connection_lost",
        "leading",
        "        peer.asked = 0 if up else leader.number\n",
        "",
    ),
    Mutant(
        "a peer that has acknowledged nothing is probed where it was",
        "connection_lost",
        "leading",
        "peer.match + 1 if peer.match else peer.next",
        "peer.match + 1",
    ),
    # -- bounds ---------------------------------------------------------------------------------------------------
    Mutant(
        "a window bounds what is unanswered",
        "window_of_bytes",
        "progress",
        "        return self.flight_bytes < window_bytes",
        "        return True",
    ),
    Mutant(
        "an acknowledgement makes room",
        "window_of_bytes",
        "progress",
        "            self.flight_bytes -= self.flight.popleft().bytes",
        "            self.flight.popleft()",
    ),
    Mutant(
        "there is one probe at a time",
        "window_of_bytes",
        "leading",
        "    state.role = Leader(first, progress, state.now)\n",
        "    state.role = Leader(first, progress, state.now)\n"
        "    for peer in progress.values():\n"
        "        peer.accepted(0, 0)\n",
    ),
    Mutant(
        "the log in memory is bounded",
        "log_is_bounded",
        "leading",
        " or state.log.bytes >= state.settings.log_bytes",
        "",
    ),
    # -- copies of the state --------------------------------------------------------------------------------------
    Mutant(
        "a peer below the log gets a copy of the state",
        "snapshot",
        "progress",
        "            self.mode = Mode.SNAPSHOT",
        "            self.mode = Mode.PROBE",
    ),
    Mutant(
        "a copy is asked for once",
        "snapshot",
        "leading",
        "if peer.mode is Mode.SNAPSHOT and before is not Mode.SNAPSHOT:",
        "if peer.mode is Mode.SNAPSHOT:",
    ),
    Mutant(
        "the log is kept for a copy on its way",
        "snapshot",
        "core",
        "            index = min(index, leading.pinned(state.role, index))",
        "            pass",
    ),
    Mutant(
        "nothing is kept for a copy that has arrived",
        "snapshot",
        "leading",
        "    peer.pin = None\n",
        "",
    ),
    Mutant(
        "a copy needs the refusal of the log's first entry",
        "no_needless_snapshot",
        "progress",
        "if self.mode is Mode.PROBE and self.next <= base + 1 and place <= base:",
        "if self.mode is Mode.PROBE and place <= base:",
    ),
    Mutant(
        "a peer behind the cut log is asked for its first entry",
        "no_needless_snapshot",
        "replicating",
        "        progress.probe(base + 1, leader.number + 1)",
        "        progress.mode = Mode.SNAPSHOT",
    ),
    Mutant(
        "a copy that failed is followed by another one",
        "snapshot_failed",
        "leading",
        "        peer.probe(max(known, index or 0) + 1, leader.number + 1)\n",
        "        return\n",
    ),
    Mutant(
        "a copy that failed is not followed at once",
        "snapshot_failed",
        "leading",
        "        peer.asked = leader.number if index is None else 0\n",
        "",
    ),
    Mutant(
        "entries make a copy needless",
        "snapshot_overtaken",
        "progress",
        "if self.mode is Mode.PROBE or self.match >= base:",
        "if self.mode is Mode.PROBE:",
    ),
    Mutant(
        "what becomes of a needless copy changes nothing",
        "snapshot_overtaken",
        "leading",
        "    peer.pin = None\n    if peer.mode is Mode.SNAPSHOT:",
        "    peer.pin = None\n    if True:",
    ),
    Mutant(
        "a copy pins the log up to a bound",
        "pinned_log_is_bounded",
        "core",
        " and state.log.bytes < state.settings.pin_bytes",
        "",
    ),
    # -- elections ------------------------------------------------------------------------------------------------
    Mutant(
        "a vote counts once for each member",
        "one_vote_per_member",
        "election",
        "        candidate.votes[sender] = answer.granted",
        "        candidate.votes[sender + str(len(candidate.votes))] = answer.granted",
    ),
    Mutant(
        "who is no member is not heard",
        "one_vote_per_member",
        "core",
        "        if sender not in state.peers:\n            return\n",
        "",
    ),
    Mutant(
        "a pre-vote is no vote",
        "one_vote_per_member",
        "election",
        " or answer.pre is not candidate.pre",
        "",
    ),
    Mutant(
        "there is one vote in a term",
        "vote_once",
        "election",
        "    granted = current and state.vote in (None, sender) and state.leader_of_term is None\n",
        "    state.vote = None\n    granted = current\n",
    ),
    Mutant(
        "a log that is behind gets no vote",
        "vote_once",
        "election",
        "current = (request.last_term, request.last_index) >= (log.last_term, log.last)",
        "current = True",
    ),
    Mutant(
        "terms come before lengths",
        "vote_once",
        "election",
        "current = (request.last_term, request.last_index) >= (log.last_term, log.last)",
        "current = (request.last_index, request.last_term) >= (log.last, log.last_term)",
    ),
    Mutant(
        "a pre-vote raises no term",
        "pre_vote",
        "core",
        "        return not message.pre",
        "        return True",
    ),
    Mutant(
        "elections begin with a pre-vote",
        "pre_vote",
        "election",
        "        campaign(state, pre=True)",
        "        campaign(state, pre=False)",
    ),
    Mutant(
        "a live leader is not disturbed",
        "pre_vote",
        "election",
        " and not has_live_leader(state)",
        "",
    ),
    Mutant(
        "a leader that leads is alive",
        "pre_vote",
        "election",
        "    return isinstance(role, Leader)",
        "    return False",
    ),
    Mutant(
        "a leader not heard for the minimum timeout is not alive",
        "pre_vote_granted",
        "election",
        "and role.connected and heard_lately",
        "and role.connected",
    ),
    Mutant(
        "a leader whose connection is gone is not alive",
        "pre_vote_granted",
        "election",
        "and role.connected and heard_lately",
        "and heard_lately",
    ),
    Mutant(
        "a pre-vote needs a log that is not behind",
        "pre_vote_granted",
        "election",
        "granted = current and request.term > state.term",
        "granted = request.term > state.term",
    ),
    Mutant(
        "a pre-candidate grants pre-votes",
        "pre_vote_granted",
        "election",
        "    return isinstance(role, Leader)",
        "    return True",
    ),
    Mutant(
        "a refused pre-vote tells a higher term",
        "pre_vote_in_an_older_term",
        "election",
        "max(state.term, request.term - 1)",
        "request.term - 1",
    ),
    Mutant(
        "a refused pre-vote counts in the asker's term",
        "pre_vote_in_an_older_term",
        "election",
        "max(state.term, request.term - 1)",
        "state.term",
    ),
    Mutant(
        "a leader without a majority steps down",
        "check_quorum",
        "leading",
        "if state.now >= quorum.reached(heard) + state.settings.min_timeout:",
        "if False:",
    ),
    Mutant(
        "a majority is enough to stay",
        "check_quorum",
        "leading",
        "quorum.reached(heard) +",
        "min(heard) +",
    ),
    Mutant(
        "a leader that steps down waits before it campaigns",
        "check_quorum",
        "leading",
        "        state.follow(None)",
        "        state.follow(None, state.now)",
    ),
    Mutant(
        "a reset connection brings the election forward",
        "dead_leader",
        "election",
        "follower.deadline = min(follower.deadline, state.campaign_at(wait, wait))",
        "pass",
    ),
    Mutant(
        "a reset connection never puts an election off",
        "dead_leader",
        "election",
        "follower.deadline = min(follower.deadline, state.campaign_at(wait, wait))",
        "follower.deadline = max(follower.deadline, state.campaign_at(wait, wait))",
    ),
    Mutant(
        "members campaign one after the other",
        "dead_leader",
        "election",
        "settings.leader_gone + rank * settings.leader_gone_rank",
        "settings.leader_gone",
    ),
    Mutant(
        "only the connection to the leader matters",
        "dead_leader",
        "core",
        "elif isinstance(role, Follower) and peer == role.leader:",
        "elif isinstance(role, Follower) and role.leader:",
    ),
    Mutant(
        "a refused election is tried again soon",
        "retry",
        "election",
        "state.follow(None, state.campaign_at(state.settings.retry_min, state.settings.retry_max))",
        "state.follow(None)",
    ),
    Mutant(
        "an unanswered election waits for a full timeout",
        "retry",
        "election",
        "    deadline = state.campaign_at(state.settings.min_timeout, state.settings.max_timeout)",
        "    deadline = state.campaign_at(state.settings.retry_min, state.settings.retry_max)",
    ),
    Mutant(
        "a higher term alone does not put an election off",
        "a_higher_term_does_not_put_elections_off",
        "state",
        "self.follow(None, None if isinstance(self.role, Leader) else self.role.deadline)",
        "self.follow(None)",
    ),
    Mutant(
        "a vote given puts an election off",
        "a_higher_term_does_not_put_elections_off",
        "election",
        "        state.enter(state.term, sender)\n        state.follow(None)\n",
        "        state.enter(state.term, sender)\n",
    ),
    Mutant(
        "a term has one leader",
        "two_leaders_in_a_term",
        "state",
        "if self.leader_of_term not in (None, leader):",
        "if False:",
    ),
    Mutant(
        "a leader knows that it leads its term",
        "two_leaders_in_a_term",
        "leading",
        "    state.acknowledge_leader(state.me)\n",
        "",
    ),
    Mutant(
        "a clock that is off is a handicap",
        "handicap",
        "state",
        "self.settings.max_timeout if self.handicap else 0.0",
        "0.0",
    ),
    Mutant(
        "a handicap is no veto",
        "handicap",
        "state",
        "self.settings.max_timeout if self.handicap else 0.0",
        "1e9 if self.handicap else 0.0",
    ),
    Mutant(
        "a leader can give up its office",
        "resign",
        "core",
        "            self._state.follow(None)\n",
        "            pass\n",
    ),
    Mutant(
        "peers are walked in the order of their ids",
        "order_of_ids",
        "state",
        "self.members = tuple(sorted(members))",
        "self.members = tuple(members)",
    ),
    # -- reads ----------------------------------------------------------------------------------------------------
    Mutant(
        "a read waits for a round of heartbeats",
        "linearisable_reads",
        "reading",
        "leader.reads[0].round <= reached and ",
        "",
    ),
    Mutant(
        "the round begins after the read came",
        "linearisable_reads",
        "reading",
        "Read(token, leader.number + 1,",
        "Read(token, leader.number,",
    ),
    Mutant(
        "a read makes a round begin at once",
        "linearisable_reads",
        "reading",
        "    leader.heartbeat_due = state.now\n",
        "",
    ),
    Mutant(
        "a deposed leader serves no read",
        "deposed_leader",
        "state",
        "            self.outbox.reads += [(read.token, None) for read in self.role.reads]\n",
        "            self.outbox.reads += [(read.token, read.commit) for read in self.role.reads]\n",
    ),
    Mutant(
        "a new leader serves no read before its own entry is committed",
        "reads_of_a_new_leader",
        "reading",
        "max(state.commit, leader.first)",
        "state.commit",
    ),
    # -- transfer -------------------------------------------------------------------------------------------------
    Mutant(
        "proposals wait during a transfer",
        "transfer",
        "leading",
        " or role.transfer or",
        " or",
    ),
    Mutant(
        "what is in flight commits first",
        "transfer",
        "transferring",
        " or state.commit != state.log.last",
        "",
    ),
    Mutant(
        "the successor has everything",
        "transfer",
        "transferring",
        "        if progress.match == state.log.last:",
        "        if True:",
    ),
    Mutant(
        "the successor is told once",
        "transfer",
        "transferring",
        "            leader.transfer = transfer._replace(told=True)\n",
        "",
    ),
    Mutant(
        "the successor does not ask",
        "transfer",
        "election",
        "        campaign(state, pre=False)\n\n\ndef on_connection",
        "        campaign(state, pre=True)\n\n\ndef on_connection",
    ),
    Mutant(
        "a transfer is given up in time",
        "transfer_given_up",
        "transferring",
        "        leader.transfer = None",
        "        pass",
    ),
    Mutant(
        "there is one transfer at a time",
        "transfer_given_up",
        "transferring",
        " or leader.transfer or",
        " or",
    ),
    Mutant(
        "the chosen successor is told and no other",
        "transfer_given_up",
        "transferring",
        " and target in (None, peer)",
        "",
    ),
    Mutant(
        "a successor is alive",
        "transfer_given_up",
        "transferring",
        "if p.heard > lately and",
        "if",
    ),
    Mutant(
        "only the leader makes a follower campaign",
        "timeout_now",
        "election",
        " and state.role.leader == sender:",
        ":",
    ),
)
