"""Linearisable reads that cost no log entry (thesis §6.4).

A read must never be served before a majority, asked after the read arrived, has shown that it still follows this
leader.
"""

from collections.abc import Hashable

from konik.cluster.raft import quorum
from konik.cluster.raft.roles import Leader, Read
from konik.cluster.raft.state import State


def ask(state: State, token: Hashable) -> bool:
    leader = state.role
    if not isinstance(leader, Leader):
        return False
    # Before an entry of the own term is committed the commit index may be behind what an earlier leader acknowledged.
    leader.reads.append(Read(token, leader.number + 1, max(state.commit, leader.first)))
    leader.heartbeat_due = state.now
    return True


def serve(state: State, leader: Leader) -> None:
    if not leader.reads:
        return
    echoed = [peer.echoed for peer in leader.voting]
    echoed.append(leader.number)
    reached = quorum.reached(echoed)
    while leader.reads and leader.reads[0].round <= reached and leader.reads[0].commit <= state.commit:
        read = leader.reads.popleft()
        state.outbox.reads.append((read.token, read.commit))
