"""What a leader does about the members: names founders, takes in who asks for it, gives votes to learners, removes.

Each change is an entry of the log of its own, and the next one waits until it is committed. So `add` and `remove` are
asked again and again, at whichever node leads, until they say that it is done.
"""

from collections.abc import Callable

import structlog

from konik.cluster.clock import Clock
from konik.cluster.driver import Driver
from konik.cluster.network import Hello, Peer
from konik.cluster.raft import quorum
from konik.cluster.raft.membership import Member, Membership
from konik.cluster.raft.progress import Mode
from konik.statemachine.rejection import failed_precondition

ASKS_SECONDS = 5.0
"""A node that asks to be taken in does so again and again; one that has stopped asking is not taken in any more."""

SILENT_SECONDS = 1.0
"""Who has not been heard for longer does not answer."""

BEHIND_ENTRIES_MAX = 64
"""A learner with so many entries to go has caught up: less than comes while its vote is written into the log."""

log = structlog.get_logger()


class Members:
    """The members as a leader sees them. Only `applied` is of use elsewhere, in case this node comes to lead."""

    def __init__(
        self,
        me: str,
        driver: Callable[[], Driver],
        peer: Callable[[str], Peer | None],
        ahead: Callable[[str], Hello | None],
        met: Callable[[str], bytes | None],
        version: Callable[[], int],
        clock: Clock,
    ) -> None:
        """`peer(name)` is the member at the other end of a connection, `ahead(name)` who is there without being one by
        this node's list; None without one. `met(name)` is the data directory with which this node has met a founder,
        its own if it is one. `version()` is that of the machine that is in force."""
        self._me, self._driver, self._clock = me, driver, clock
        self._peer, self._ahead, self._met, self._version = peer, ahead, met, version
        self._applicants: dict[str, tuple[Hello, float]] = {}

    def applied(self, hello: Hello) -> None:
        """A node of this cluster, but no member of it, wants to be heard."""
        self._applicants[hello.node] = hello, self._clock.monotonic()

    def add(self, name: str) -> bool:
        """Takes in the node of that name that asks for it, in the place of an earlier one; True: it has a vote now.

        Raises Rejection: FAILED_PRECONDITION.
        """
        core = self._driver().core
        member, applicant = core.membership.get(name), self._applicant(name)
        if member is not None and (applicant is None or member.directory == applicant.directory.hex()):
            if applicant is None and name != self._me and not self._is_there(member):
                raise failed_precondition(
                    f"{name} is a member and does not answer; if its disk was lost, start it with --join and ask again"
                )
            return member.votes and self.is_settled()
        if applicant is None:
            raise failed_precondition(
                f"no node {name} asks to be taken in: start it with --join, its configuration naming the members"
            )
        if applicant.founder and (member is not None or applicant.directory != self._met(name)):
            raise failed_precondition(
                f"{name} was founded anew, and others would not hear it: empty its data directory, start it with --join"
            )
        if member is not None and self._is_there(member):
            raise failed_precondition(
                f"{name} answers, and another node of that name asks to be taken in: stop the one that is to go"
            )
        if applicant.machine_version < self._version():
            raise failed_precondition(
                f"version {self._version()} of the machine is in force, {name} knows {applicant.machine_version}: "
                "install a later release there first"
            )
        newcomer = Member(name, False, applicant.directory.hex(), applicant.peer_address, applicant.client_address)
        self._begin(core.membership.including(newcomer))
        return False

    def remove(self, name: str) -> bool:
        """Removes the member; True: it is none. Raises Rejection: FAILED_PRECONDITION."""
        membership = self._driver().core.membership
        if membership.get(name) is None:
            return self.is_settled()
        if name == self._me:
            raise failed_precondition(f"{name} leads: have another one lead first, with `konik leader transfer`")
        self._begin(membership.excluding(name))
        return False

    def name_founders(self) -> None:
        """Writes into the list with which directories they were met: from then on no node takes others for them."""
        membership = listed = self._driver().core.membership
        for founder in membership.unnamed:
            if (directory := self._met(founder.name)) is not None:
                listed = listed.including(founder._replace(directory=directory.hex()))
        if listed != membership:
            self._change(listed)

    def give_votes(self) -> None:
        """To a learner that has caught up."""
        core = self._driver().core
        for member in core.membership.members:
            if not member.votes and self._answers(member.name) and self._has_caught_up(member.name):
                self._change(core.membership.including(member._replace(votes=True)))
                return

    def _begin(self, membership: Membership) -> None:
        """A change that an operator wants. It must not stop the cluster."""
        voters = membership.voters
        others = [name for name in voters if name != self._me]
        silent = [name for name in others if not self._answers(name)]
        behind = [name for name in others if name not in silent and not self._has_caught_up(name)]
        if len(voters) - len(silent) - len(behind) < quorum.needed(len(voters)):
            trouble = [f"{name} does not answer" for name in silent] + [f"{name} is behind" for name in behind]
            raise failed_precondition(f"the others could not go on: {', '.join(trouble)}")
        self._change(membership)

    def _change(self, membership: Membership) -> None:
        """Begins, unless another change is under way."""
        if self._driver().change(membership) is not None:
            log.info("the members change", to=str(membership))

    def is_settled(self) -> bool:
        """Whether the list of members is committed."""
        core = self._driver().core
        return core.commit >= core.membership_since

    def _applicant(self, name: str) -> Hello | None:
        """Who asks: by being refused again and again, or being heard without being a member."""
        hello, asked = self._applicants.get(name, (None, 0.0))
        return self._ahead(name) or (hello if self._clock.monotonic() - asked <= ASKS_SECONDS else None)

    def _is_there(self, member: Member) -> bool:
        """A learner that copies has acknowledged nothing yet."""
        return self._answers(member.name) if member.votes else self._is_heard(member.name)

    def _answers(self, name: str) -> bool:
        """Whether a member does. One that was never heard in this term is taken for silent."""
        place = self._driver().core.progress.get(name)
        return place is not None and place.match > 0 and self._is_heard(name)

    def _is_heard(self, name: str) -> bool:
        """It was, lately, or the term has just begun."""
        place = self._driver().core.progress.get(name)
        if place is None or self._peer(name) is None:
            return False
        return self._clock.monotonic() - place.heard <= SILENT_SECONDS

    def _has_caught_up(self, name: str) -> bool:
        core = self._driver().core
        place = core.progress[name]
        return place.mode is Mode.REPLICATE and core.log.last - place.match <= BEHIND_ENTRIES_MAX
