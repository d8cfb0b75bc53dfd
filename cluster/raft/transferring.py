"""Handing leadership over (thesis §3.10): hold proposals, let what is in flight commit, tell the successor, once."""

from konik.cluster.raft.messages import TimeoutNow
from konik.cluster.raft.progress import Progress
from konik.cluster.raft.roles import Leader, Transfer
from konik.cluster.raft.state import State


def start(state: State, target: str | None) -> bool:
    leader = state.role
    if not isinstance(leader, Leader) or leader.transfer or not _heirs(state, leader, target):
        return False
    leader.transfer = Transfer(target, state.now + state.settings.transfer)
    return True


def expire(state: State, leader: Leader) -> None:
    if leader.transfer and state.now >= leader.transfer.deadline:
        leader.transfer = None


def hand_over(state: State, leader: Leader) -> None:
    transfer = leader.transfer
    if not transfer or transfer.told or state.commit != state.log.last:
        return
    for peer, progress in _heirs(state, leader, transfer.target).items():
        if progress.match == state.log.last:
            leader.transfer = transfer._replace(told=True)
            state.outbox.send(peer, TimeoutNow(state.term))
            return


def _heirs(state: State, leader: Leader, target: str | None) -> dict[str, Progress]:
    """Who may be asked: alive, with a vote, and the one wanted if one is."""
    lately, progress = state.now - state.settings.min_timeout, leader.progress
    return {peer: progress[peer] for peer in state.electors if progress[peer].heard > lately and target in (None, peer)}
