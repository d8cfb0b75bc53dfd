"""What a leader owes its peers, said once per Ready, so that all that came in one turn of the loop leaves together.

It must never send a peer a commit index in a Heartbeat or Commit above what that peer has acknowledged: those compare
nothing, so the peer could not know whether it holds the same entries.
"""

from konik.cluster.raft import reading, transferring
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.messages import Append, Commit, Heartbeat
from konik.cluster.raft.progress import Mode, Progress
from konik.cluster.raft.roles import Leader
from konik.cluster.raft.state import State


def speak(state: State, leader: Leader) -> None:
    """Heartbeats that are due, then what is new for each peer, then the word to a successor.

    Heartbeats go first: the answer to one that was sent behind an Append would make that count as lost.
    """
    if state.now >= leader.heartbeat_due:
        send_heartbeats(state, leader)
    window = state.settings.window_bytes
    for peer, progress in leader.progress.items():
        find_base(state, leader, progress)
        while progress.may_send(state.log.last, window):
            send_append(state, leader, peer, progress)
        announce(state, peer, progress)
    transferring.hand_over(state, leader)


def send_heartbeats(state: State, leader: Leader) -> None:
    """One round: all carry the same number, so that it serves every read that waits."""
    leader.number += 1
    leader.heartbeat_due = state.now + state.settings.heartbeat
    for peer, progress in leader.progress.items():
        state.outbox.send(peer, Heartbeat(state.term, leader.number, min(state.commit, progress.match)))
    reading.serve(state, leader)


def find_base(state: State, leader: Leader, progress: Progress) -> None:
    """The log was cut past the peer's place. It may hold that all the same: a refusal of the base will tell."""
    base = state.log.base
    if progress.next <= base and progress.mode is not Mode.SNAPSHOT and not progress.asked:
        progress.probe(base + 1, leader.number + 1)


def send_append(state: State, leader: Leader, peer: str, progress: Progress) -> None:
    settings, log = state.settings, state.log
    prev = progress.next - 1
    term = log.term_at(prev)
    if term is None:
        raise BrokenInvariant(f"{peer} is at {prev}, the log goes from {log.base} to {log.last}")
    limit = settings.batch_bytes if progress.has_room(settings.window_bytes) else 0
    entries, size = log.batch(progress.next, limit)
    leader.number += 1
    state.outbox.send(peer, Append(state.term, leader.number, prev, term, state.commit, entries))
    progress.told = max(progress.told, min(state.commit, prev + len(entries)))
    progress.sent(leader.number, len(entries), size)


def announce(state: State, peer: str, progress: Progress) -> None:
    known = min(state.commit, progress.match)
    if progress.told < known:
        progress.told = known
        state.outbox.send(peer, Commit(state.term, known))
