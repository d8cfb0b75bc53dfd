"""What Konik touches of pysyncobj, and what it bars: the seams between the library's frame and a protocol of its own.

Pinned to pysyncobj 0.3.17. Every private name that is used stands in one table with its reason and is looked for at
start; every way around consensus that a base class offers is a `barred` method; what the library knows as pickle
raises.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NoReturn

import pysyncobj
import pysyncobj.pickle
import pysyncobj.serializer
import pysyncobj.syncobj
import pysyncobj.tcp_connection
import pysyncobj.version

PYSYNCOBJ_VERSION = "0.3.17"

PRIVATE: Mapping[str, str] = MappingProxyType(
    {
        "raftLog": "our journal takes the place of the one that the constructor makes; getStatus asks for its length",
        "otherNodes": "shown by getStatus",
        "raftState": "shown by getStatus",
        "raftLeader": "shown by getStatus",
        "raftNextIndex": "shown by getStatus",
        "raftMatchIndex": "shown by getStatus",
        "leaderCommitIndex": "shown by getStatus",
        "onNodeConnected": "keeps the book of connections that hasQuorum and getStatus read",
        "onNodeDisconnected": "the same",
    }
)
"""Private attributes of SyncObj that `Replica` reads or sets, without their prefix, and why."""


BARRED: Mapping[str, str] = MappingProxyType(
    {
        "_applyCommand": "propose through the driver",
        "_checkCommandsToApply": "propose through the driver",
        "_onTick": "the driver takes turns",
        "_autoTickThread": "the driver takes turns",
        "doTick": "the driver takes turns",
        "addOnTickCallback": "the driver calls back",
        "removeOnTickCallback": "the driver calls back",
        "addNodeToCluster": "members change by log entries",
        "removeNodeFromCluster": "members change by log entries",
        "_addNodeToCluster": "members change by log entries",
        "_removeNodeFromCluster": "members change by log entries",
        "setCodeVersion": "the version in force is part of the replicated state",
        "_setCodeVersion": "the version in force is part of the replicated state",
        "forceLogCompaction": "the store makes checkpoints",
        "_forceLogCompaction": "the store makes checkpoints",
        "destroy_synchronous": "stop the driver, then close transport and journal",
        "_doDestroy": "stop the driver, then close transport and journal",
        "_SyncObj__onMessageReceived": "messages go to the driver",
        "_SyncObj__sendAppendEntries": "the core says what is sent",
        "_SyncObj__sendNextNodeIdx": "the core says what is sent",
        "_SyncObj__onBecomeLeader": "the core elects",
        "_SyncObj__setCurrentTerm": "the core elects",
        "_SyncObj__setState": "the core elects",
        "_SyncObj__applyLogEntries": "the driver hands up what is committed",
        "_SyncObj__doApplyCommand": "the driver hands up what is committed",
        "_SyncObj__deleteEntriesFrom": "the core truncates",
        "_SyncObj__deleteEntriesTo": "a checkpoint cuts",
        "_SyncObj__changeCluster": "members change by log entries",
        "_SyncObj__doChangeCluster": "members change by log entries",
        "_SyncObj__updateClusterConfiguration": "members change by log entries",
        "_SyncObj__loadDumpFile": "the store finds the state again",
        "_SyncObj__tryLogCompaction": "the store makes checkpoints",
    }
)
"""Methods of SyncObj that run its own protocol, or are ways around ours, and what to use instead."""


class Barred(Exception):
    """Somebody called a method of pysyncobj that would go around Konik's consensus."""


def barred(name: str, instead: str) -> Any:
    """A method that raises Barred, for a class body."""

    def method(*_: object, **__: object) -> NoReturn:
        raise Barred(f"{name} would go around consensus: {instead}")

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Raises Barred: {instead}."
    return method


def raise_bars(replica: type[pysyncobj.SyncObj]) -> None:
    """Put a bar in the place of each method that `BARRED` names, so that the library itself meets it too."""
    for name, instead in BARRED.items():
        setattr(replica, name, barred(name, instead))


class NoPickle:
    """Stands where pysyncobj's modules expect pickle. Bytes from a peer or a disk must never become code."""

    dump = staticmethod(barred("pickle.dump", "nothing is pickled"))
    dumps = staticmethod(barred("pickle.dumps", "nothing is pickled"))
    load = staticmethod(barred("pickle.load", "nothing is unpickled"))
    loads = staticmethod(barred("pickle.loads", "nothing is unpickled"))
    to_bytes = staticmethod(barred("pickle.to_bytes", "nothing is pickled"))


PICKLING_MODULES = (pysyncobj.syncobj, pysyncobj.serializer, pysyncobj.tcp_connection)
"""Those modules of the library that know a module by the name `pickle`."""


def bar_pickle() -> None:
    """Take pickle away from the library, for the whole process."""
    for module in PICKLING_MODULES:
        module.pickle = NoPickle


def check_library(replica: pysyncobj.SyncObj) -> None:
    """Raise RuntimeError unless this is the pysyncobj that `Replica` was written for."""
    if pysyncobj.version.VERSION != PYSYNCOBJ_VERSION:
        raise RuntimeError(f"pysyncobj {pysyncobj.version.VERSION} is installed, Konik needs {PYSYNCOBJ_VERSION}")
    missing = [name for name in PRIVATE if not hasattr(replica, private(name))]
    if missing:
        raise RuntimeError(
            f"pysyncobj {PYSYNCOBJ_VERSION} should have the attributes {missing}: is it a changed build?"
        )


def private(name: str) -> str:
    """The attribute behind a private name of SyncObj."""
    return f"_SyncObj__{name}"
