"""Becoming leader: pre-vote, vote, and what a voter answers (Raft §5.2, §5.4.1; thesis §9.6).

A vote must never leave before it is durable. A pre-vote must never change anything: not the term of the one who asks,
nor of the one who answers.
"""

from konik.cluster.raft import leading, quorum
from konik.cluster.raft.messages import RequestVote, TimeoutNow, VoteAnswer
from konik.cluster.raft.roles import Candidate, Follower, Leader
from konik.cluster.raft.state import State


def tick(state: State, role: Follower | Candidate) -> None:
    if state.now < role.deadline:
        return
    if state.is_voter:
        campaign(state, pre=True)
    else:
        state.follow(None)


def campaign(state: State, pre: bool) -> None:
    """Ask every peer; `pre`: whether it would vote for us, before a term is spent on the question."""
    if not pre:
        state.enter(state.term + 1, state.me)
    deadline = state.campaign_at(state.settings.min_timeout, state.settings.max_timeout)
    state.role = candidate = Candidate(pre, deadline, {state.me: True})
    request = RequestVote(state.term + pre, pre, state.log.last, state.log.last_term)
    for peer in state.electors:
        state.outbox.send(peer, request)
    count(state, candidate)


def count(state: State, candidate: Candidate) -> None:
    needed = quorum.needed(len(state.electors) + 1)
    granted = sum(candidate.votes.values())
    if granted >= needed:
        if candidate.pre:
            campaign(state, pre=False)
        else:
            leading.take_office(state)
    elif len(candidate.votes) - granted >= needed:
        # refused: whoever was in the way will be settled soon. (Unanswered, it waits a full timeout: with a slow disk,
        # asking again sooner would raise terms for ever.)
        state.follow(None, state.campaign_at(state.settings.retry_min, state.settings.retry_max))


def on_request_vote(state: State, sender: str, request: RequestVote) -> None:
    log = state.log
    current = (request.last_term, request.last_index) >= (log.last_term, log.last)
    if request.pre:
        granted = current and request.term > state.term and not has_live_leader(state)
        # a refusal names a term that the one who asks has entered, else it would count as outdated
        term = request.term if granted else max(state.term, request.term - 1)
        state.outbox.send(sender, VoteAnswer(term, True, granted))
        return
    granted = current and state.vote in (None, sender) and state.leader_of_term is None
    if granted and state.vote is None:
        state.enter(state.term, sender)
        state.follow(None)
    state.outbox.send(sender, VoteAnswer(state.term, False, granted))


def has_live_leader(state: State) -> bool:
    """Whether there is a leader that an election would only disturb."""
    role = state.role
    if isinstance(role, Follower):
        heard_lately = state.now < role.heard + state.settings.min_timeout
        return role.leader is not None and role.connected and heard_lately
    return isinstance(role, Leader)


def on_vote_answer(state: State, sender: str, answer: VoteAnswer) -> None:
    """An answer to another question than the one asked now counts nothing."""
    candidate = state.role
    if not isinstance(candidate, Candidate) or answer.pre is not candidate.pre or sender not in state.electors:
        return
    if answer.term == state.term + (answer.pre and answer.granted):
        candidate.votes[sender] = answer.granted
        count(state, candidate)


def on_timeout_now(state: State, sender: str, order: TimeoutNow) -> None:
    """No pre-vote: it would be refused for the sake of the leader that hands over."""
    if isinstance(state.role, Follower) and state.role.leader == sender and state.is_voter:
        campaign(state, pre=False)


def on_connection(state: State, follower: Follower, up: bool) -> None:
    """The connection to the leader came up or was lost (reset, refused): lost, most likely its process is gone."""
    follower.connected = up
    if up or not state.is_voter:
        return
    settings = state.settings
    rank = sum(elector < state.me for elector in state.electors if elector != follower.leader)
    wait = settings.leader_gone + rank * settings.leader_gone_rank
    follower.deadline = min(follower.deadline, state.campaign_at(wait, wait))
