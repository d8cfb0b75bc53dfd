"""The log on disk: an LMDB directory that holds entries, term, vote and commit index in one synced transaction each.

`bootstrap` makes it, once; `LmdbJournal.open` finds it again and refuses what is not this node's, is in use, or is
damaged. It also fills pysyncobj's journal contract, as far as that only asks: whatever there would change the log is
barred, since the log changes through `write`, `cut` and `reset` alone.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import lmdb
import pysyncobj.journal

from konik.cluster import identity as identities
from konik.cluster import journal_layout as layout
from konik.cluster.disk import Stored
from konik.cluster.files import sync_directory
from konik.cluster.frame import barred
from konik.cluster.identity import DirectoryLock, Identity, NotBootstrapped, WrongDirectory
from konik.cluster.journal_layout import Extent, Write
from konik.cluster.journal_records import FOUNDERS, IDENTITY, LOG, PEER, CorruptLog, seal, unseal
from konik.cluster.journal_writer import Cut, Fatal, Limits, Meeting, Post, Statistics, Writer
from konik.cluster.raft.membership import Membership, unpack
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow

DEFAULT_LIMITS = Limits()

FOUNDING_BYTES = 1 << 20
"""More than `LmdbJournal.found` writes: a map that is full must not keep a cluster from being recovered."""

LINEAGE_TERMS = 1 << 20
"""A cluster that goes on with the state of another one begins so many terms above all that is known of that.

The other one may have gone on, for as many entries as it likes and some terms more. Ids that the machine gives are made
of term and index: none of those that it gave may be given again.
"""

_NOTHING = Entry(0, 0, b"")
"""What lies before the first entry of a cluster."""


def bootstrap(
    path: str,
    identity: Identity,
    founders: Membership,
    base: Entry = _NOTHING,
    *,
    term: int = 0,
    before: Callable[[], None] = lambda: None,
) -> None:
    """Make the log of a node that has none, marked with `identity`; durable when this returns.

    It is empty behind `base`, which is committed, and begins in `term`. `founders` is the list of members until the log
    has another one.
    What else makes up the node is made or looked for in `before`, while no other process can do the same; if that
    raises, there is no log.

    Raises WrongDirectory if there is one already.
    """
    assert term >= base.term, f"a log behind an entry of term {base.term} cannot begin in term {term}"
    os.makedirs(path, mode=0o700, exist_ok=True)
    lock = DirectoryLock(path)
    try:
        with _environment(path, DEFAULT_LIMITS.map_bytes) as environment, environment.begin(write=True) as transaction:
            if transaction.get(IDENTITY) is not None:
                raise WrongDirectory(f"{path} was made before: start the node without --bootstrap or --join")
            before()
            transaction.put(IDENTITY, seal(IDENTITY, identities.pack(identity)))
            transaction.put(FOUNDERS, seal(FOUNDERS, founders.pack()))
            layout.begin(transaction, base, Vow(term, None, base.index))
        sync_directory(path)
        sync_directory(os.path.dirname(os.path.abspath(path)))
    finally:
        lock.release()


def is_bootstrapped(path: str) -> bool:
    """Whether there is the log of a node. Not to be asked while one is running on it.

    What cannot be read counts as one: the node itself says what is wrong with it.
    """
    if not os.path.exists(os.path.join(path, "data.mdb")):
        return False
    try:
        with _environment(path, DEFAULT_LIMITS.map_bytes) as environment, environment.begin() as transaction:
            return transaction.get(IDENTITY) is not None
    except lmdb.Error:
        return True


class LmdbJournal(pysyncobj.journal.Journal):  # type: ignore[misc]  # pysyncobj has no types
    """A `disk.Journal` on an LMDB directory."""

    def __init__(
        self, path: str, lock: DirectoryLock, environment: lmdb.Environment, post: Post, fatal: Fatal, limits: Limits
    ) -> None:
        """For `open` alone."""
        self._path, self._lock, self._environment = path, lock, environment
        self._post, self._fatal, self._limits = post, fatal, limits
        self._extent: Extent | None = None
        self._writer: Writer | None = None
        with environment.begin() as transaction:
            self.identity = _read_identity(transaction, path)
            self.founders = _read_founders(transaction)
            self._directories = _read_directories(transaction)
            self._vow = layout.read_vow(transaction)
        self._first = 0
        self._last = _NOTHING

    @classmethod
    def open(
        cls, path: str, node: str, cluster: bytes | None, post: Post, fatal: Fatal, limits: Limits = DEFAULT_LIMITS
    ) -> "LmdbJournal":
        """The log of `node`, and of `cluster` if one is named.

        `post` runs a callback on the loop and may be called from any thread. `fatal` is called on the writing thread,
        and should end the process: the disk has failed, nobody knows what it holds.
        Raises a DirectoryRefused that says what to do, or CorruptLog.
        """
        if not os.path.exists(os.path.join(path, "data.mdb")):
            raise _not_bootstrapped(path)
        lock = DirectoryLock(path)
        environment = None
        try:
            environment = _environment(path, limits.map_bytes)
            journal = cls(path, lock, environment, post, fatal, limits)
            identities.check(journal.identity, path, cluster, node)
            return journal
        except BaseException:
            if environment is not None:
                environment.close()
            lock.release()
            raise

    # the log

    def load(self) -> Stored:
        """What is stored. Raises CorruptLog unless every record is as it was written, and follows the one before."""
        with self._environment.begin() as transaction:
            self._vow, entries, self._extent = layout.read_entries(transaction, _records(transaction, LOG), self._path)
        self._first, self._last = entries[0].index, entries[-1]
        return Stored(self._vow, entries)

    def reset(self, base: Entry) -> Stored:
        """Before `start`: the log becomes this one entry, and the commit index its own. Durable when this returns."""
        assert self._writer is None and self._extent is not None, "a log is reset after load and before start"
        self._vow = Vow(self._vow.term, self._vow.vote, base.index)
        with self._environment.begin(write=True) as transaction:
            self._extent = layout.begin_anew(transaction, self._extent, base, self._vow)
        self._first, self._last = base.index, base
        return Stored(self._vow, [base])

    def found(self, identity: Identity, founders: Membership, last: Entry) -> None:
        """After `load`, and instead of `start`: the log is that of a new cluster, which goes on behind `last`.

        All its entries are committed, `last` behind them, too. The old cluster, its members' directories and whatever
        was promised in it are forgotten. Durable when this returns. Raises lmdb.Error, and nothing has changed.
        """
        assert self._writer is None and self._extent is not None, "a log begins another cluster after load"
        self._environment.set_mapsize(self._environment.info()["map_size"] + FOUNDING_BYTES)
        with self._environment.begin(write=True) as transaction:
            for peer in self._directories:
                transaction.delete(PEER + peer.encode())
            transaction.put(IDENTITY, seal(IDENTITY, identities.pack(identity)))
            transaction.put(FOUNDERS, seal(FOUNDERS, founders.pack()))
            layout.write(transaction, self._extent, Write(0, Vow(last.term, None, last.index), [last], reset=False))

    def start(self, synced: Callable[[int], None], trouble: Callable[[str | None], None]) -> None:
        """As in `disk.Journal`."""
        assert self._writer is None and self._extent is not None, "a log is started once, after load"
        self._writer = Writer(self._environment, self._extent, self._limits, self._post, synced, trouble, self._fatal)
        self._writer.start()

    def write(self, number: int, vow: Vow, entries: Sequence[Entry], reset: bool = False) -> None:
        """As in `disk.Journal`."""
        self._running.ask(Write(number, vow, entries, reset))
        self._vow = vow
        if entries:
            self._last = entries[-1]
            self._first = entries[0].index if reset else self._first

    def cut(self, index: int) -> None:
        """As in `disk.Journal`."""
        self._running.ask(Cut(index))
        self._first = max(self._first, index)

    def close(self) -> None:
        """Returns when what was asked for is synced, unless the disk is full."""
        if self._writer is not None:
            self._writer.close()
        self._environment.close()
        self._lock.release()

    @property
    def statistics(self) -> Statistics:
        """Of the syncs since `start`."""
        return self._running.statistics

    @property
    def _running(self) -> Writer:
        assert self._writer is not None, "the log is not started"
        return self._writer

    # which founders this node has met

    @property
    def directories(self) -> Mapping[str, bytes]:
        """The directory id of each, as first met."""
        return self._directories

    def record_directory(self, peer: str, directory: bytes) -> None:
        """Know `peer` by this directory from now on."""
        self._directories[peer] = directory
        self._running.ask(Meeting(peer, directory))

    # pysyncobj's contract

    def __len__(self) -> int:
        return self._last.index - self._first + 1

    def __getitem__(self, place: int) -> tuple[bytes, int, int]:
        if place != -1:
            raise IndexError("only the last entry is known here, the core holds the log")
        return self._last.data, self._last.index, self._last.term

    def getCurrentTerm(self) -> int:
        return self._vow.term

    def getVotedForNodeId(self) -> str | None:
        return self._vow.vote

    def getRaftCommitIndex(self) -> int:
        return self._vow.commit

    def _destroy(self) -> None:
        self.close()

    add = barred("add", "the core appends, write stores")
    clear = barred("clear", "the log begins anew by the start-up rule alone")
    deleteEntriesFrom = barred("deleteEntriesFrom", "the core truncates at a conflict, write stores")
    deleteEntriesTo = barred("deleteEntriesTo", "cut does that after a checkpoint")
    setRaftCommitIndex = barred("setRaftCommitIndex", "it is part of the vow")
    setCurrentTerm = barred("setCurrentTerm", "it is part of the vow")


def _environment(path: str, map_bytes: int) -> lmdb.Environment:
    return lmdb.open(path, map_size=map_bytes, mode=0o600, sync=True, metasync=True, max_dbs=0)


def _records(transaction: lmdb.Transaction, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    with transaction.cursor() as cursor:
        cursor.set_range(prefix)
        for key, record in cursor:
            if not bytes(key).startswith(prefix):
                return
            yield bytes(key), bytes(record)


def _read_identity(transaction: lmdb.Transaction, path: str) -> Identity:
    record = transaction.get(IDENTITY)
    if record is None:
        raise _not_bootstrapped(path)
    return identities.unpack(unseal(IDENTITY, bytes(record)))


def _read_founders(transaction: lmdb.Transaction) -> Membership:
    record = transaction.get(FOUNDERS)
    if record is None:
        raise CorruptLog("there is no record of the members that the log began with")
    return unpack(unseal(FOUNDERS, bytes(record)))


def _read_directories(transaction: lmdb.Transaction) -> dict[str, bytes]:
    return {key[len(PEER) :].decode(): unseal(key, record) for key, record in _records(transaction, PEER)}


def _not_bootstrapped(path: str) -> NotBootstrapped:
    return NotBootstrapped(
        f"{path} holds no log. If the cluster is new, make it with `konik server --bootstrap`. If this node is new, or "
        "its disk was emptied or exchanged: start it with --join and take it in with `konik member add`, for it no "
        "longer knows what it promised"
    )
