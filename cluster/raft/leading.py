"""A leader's work on what it hears: take proposals, commit, keep or give up its office (Raft §5.3, §5.4.2).

It must never count an entry as held by a replica, itself included, before that replica has synced it.
"""

from konik.cluster.raft import quorum, reading, transferring
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import AppendAnswer, HeartbeatAnswer
from konik.cluster.raft.progress import Mode, Progress
from konik.cluster.raft.roles import Leader
from konik.cluster.raft.state import State


def take_office(state: State) -> None:
    """Begin with an entry of the own term: only with it may what older terms left be committed (Raft §5.4.2, §8)."""
    state.acknowledge_leader(state.me)
    first = state.log.last + 1
    progress = {peer: Progress(first, 1, state.now) for peer in state.peers}
    state.role = Leader(first, progress, tuple(progress[peer] for peer in state.electors), state.now)
    state.append(b"")


def take_up_list(state: State, leader: Leader, before: Membership) -> None:
    """Another list of members is in force. Who is new, or has another directory, begins as any peer of a new leader."""
    known, since = leader.progress, leader.number + 1
    progress: dict[str, Progress] = {}
    for peer in state.peers:
        was, now = before.get(peer), state.membership.get(peer)
        stays = was is not None and now is not None and now.is_still(was)
        progress[peer] = known[peer] if stays else Progress(state.log.last, since, state.now, since)
    leader.progress = progress
    leader.voting = tuple(leader.progress[peer] for peer in state.electors)


def propose(state: State, data: bytes) -> int | None:
    role = state.role
    if not isinstance(role, Leader) or role.transfer or state.log.bytes >= state.settings.log_bytes:
        return None
    return state.append(data).index


def on_append_answer(state: State, sender: str, answer: AppendAnswer) -> None:
    leader = state.role
    if not isinstance(leader, Leader):
        return
    peer = leader.progress.get(sender)
    if peer is None or answer.number < peer.born:
        return
    peer.heard = state.now
    if answer.ok:
        if answer.index > state.log.last:
            raise BrokenInvariant(f"{sender} acknowledges entry {answer.index}, the log ends at {state.log.last}")
        peer.accepted(answer.index, state.log.base)
        advance(state, leader)
        return
    before = peer.mode
    peer.refused(answer.number, answer.index, state.log.base, leader.number + 1)
    if peer.mode is Mode.SNAPSHOT and before is not Mode.SNAPSHOT:
        state.outbox.snapshots.append(sender)


def on_heartbeat_answer(state: State, sender: str, answer: HeartbeatAnswer) -> None:
    leader = state.role
    if not isinstance(leader, Leader):
        return
    peer = leader.progress.get(sender)
    if peer is None or answer.number < peer.born:
        return
    peer.heard = state.now
    peer.alive(answer.number)
    reading.serve(state, leader)


def advance(state: State, leader: Leader) -> None:
    """Commit what is durable on a majority, if that is an entry of this term (Raft §5.4.2, figure 8)."""
    held = [peer.match for peer in leader.voting]
    held.append(state.writes.durable)
    index = quorum.reached(held)
    if index > state.commit and state.log.term_at(index) == state.term:
        state.commit_to(index)
        reading.serve(state, leader)


def tick(state: State, leader: Leader) -> None:
    """Whoever has not heard from a majority leads nobody, and must not hold clients back (thesis §6.2)."""
    transferring.expire(state, leader)
    heard = [peer.heard for peer in leader.voting]
    heard.append(state.now)
    if state.now >= quorum.reached(heard) + state.settings.min_timeout:
        state.follow(None)


def on_connection(leader: Leader, peer: Progress, up: bool) -> None:
    """The connection came up, or was lost and with it whatever was on its way: nothing is sent into the void."""
    if peer.mode is not Mode.SNAPSHOT:
        peer.probe(peer.match + 1 if peer.match else peer.next, leader.number + 1)
        peer.asked = 0 if up else leader.number


def snapshot_started(peer: Progress, index: int) -> None:
    if peer.mode is Mode.SNAPSHOT:
        peer.pin = index


def snapshot_done(state: State, leader: Leader, peer: Progress, index: int | None) -> None:
    """Go on behind the copy; a failed one is asked for anew, but not before the peer has shown a sign of life."""
    peer.pin = None
    if peer.mode is Mode.SNAPSHOT:
        known = max(peer.match, state.log.base)
        peer.probe(max(known, index or 0) + 1, leader.number + 1)
        peer.asked = leader.number if index is None else 0


def pinned(leader: Leader, index: int) -> int:
    """How far, up to `index`, the log may be cut without making a running snapshot useless."""
    return min((peer.pin for peer in leader.progress.values() if peer.pin is not None), default=index)
