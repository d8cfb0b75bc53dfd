"""A follower's work: take over the leader's log, answer its signs of life (Raft §5.3).

It must never truncate what matches, nor commit what no message of this leader has compared.
"""

from konik.cluster.raft import log as raft_log
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.log import Log
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Append, AppendAnswer, Commit, Heartbeat, HeartbeatAnswer
from konik.cluster.raft.roles import Follower, Leader
from konik.cluster.raft.state import State


def hear(state: State, leader: str) -> None:
    """`leader` spoke in this term: follow it, and put the election off."""
    role = state.role
    if isinstance(role, Follower) and role.leader == leader:
        role.heard, role.connected = state.now, True
        role.deadline = state.campaign_at(state.settings.min_timeout, state.settings.max_timeout)
    else:
        state.acknowledge_leader(leader)
        state.follow(leader)


def on_append(state: State, sender: str, append: Append) -> None:
    hear(state, sender)
    log = state.log
    # At or below the commit index the logs are equal: what is committed is in every later leader's log (Raft §5.4).
    if append.prev_index > state.commit and log.term_at(append.prev_index) != append.prev_term:
        place = log.last + 1 if append.prev_index > log.last else state.commit + 1
        state.outbox.send(sender, AppendAnswer(state.term, append.number, False, place))
        return
    if news := log.news(append.entries):
        state.replace(news)
    compared = append.prev_index + len(append.entries)
    state.commit_to(min(append.commit, compared))
    state.outbox.send(sender, AppendAnswer(state.term, append.number, True, max(compared, state.commit)))


def on_heartbeat(state: State, sender: str, heartbeat: Heartbeat) -> None:
    hear(state, sender)
    state.commit_to(heartbeat.commit)
    state.outbox.send(sender, HeartbeatAnswer(state.term, heartbeat.number))


def on_commit(state: State, sender: str, commit: Commit) -> None:
    hear(state, sender)
    state.commit_to(commit.commit)


def installed(state: State, index: int, term: int, membership: Membership) -> None:
    """The state was replaced by a checkpoint at (`index`, `term`): the log follows by the start-up rule."""
    log = state.log
    entries, replaced = raft_log.recover(log.slice(log.base, log.last), index, term)
    if replaced:
        if index <= state.commit or isinstance(state.role, Leader):
            raise BrokenInvariant(f"a checkpoint at {index} of term {term} contradicts what is committed here")
        state.log = Log(entries)
        state.writes.restart(index)
    state.begin_lists_at(index, membership, replaced)
    if term > state.term:
        state.rise(term)
    state.commit_to(index)
    state.applied = index
    state.writes.vow_changed = True
