"""The data directory of one node of a new cluster, made from a backup.

The same file on each node of that cluster makes equal states, and logs that begin with the same single entry: the last
one that is applied in the backup. What counts is the log, which is made last, in one synced transaction. A restore that
was interrupted anywhere before leaves a directory that was never made: no node starts on it, and it can be restored
into again.
"""

import os
import secrets
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from konik.api.pb.cluster_pb2 import BackupDescription
from konik.cluster import backup_file
from konik.cluster.backup_file import BackupRefused
from konik.cluster.config import Config, ConfigurationError
from konik.cluster.files import sync_directory
from konik.cluster.identity import DirectoryRefused, Identity, WrongDirectory
from konik.cluster.journal import LINEAGE_TERMS, bootstrap
from konik.cluster.node import LOG_DIRECTORY, RESTORED_DIRECTORY, STATE_DIRECTORY, founders
from konik.cluster.raft.messages import Entry
from konik.cluster.store.errors import StoreError
from konik.cluster.store.hash import MODULUS, pair_hash
from konik.cluster.store.image import MAP_BYTES, MEMBERS, PAGE_BYTES, Checkpoint, Image
from konik.cluster.store.snapshot import DATA_FILE
from konik.cluster.store.store import Store
from konik.statemachine import cluster_config, version


def restore_data_directory(
    config: Config, path: Path, new_id: Callable[[int], bytes] = secrets.token_bytes
) -> BackupDescription:
    """Make the data directory that `config` names from the backup in the file `path`; durable when this returns.

    The members are those of the configuration.
    Raises BackupRefused, with nothing changed; DirectoryRefused, ConfigurationError, UnknownVersion and OSError.
    """
    with path.open("rb") as file:
        description = backup_file.read_head(file)
        _check(description, config)
        backup_file.verify(file, description)
        config.data_dir.mkdir(parents=True, exist_ok=True)
        identity = Identity(config.cluster_bytes, config.node, new_id(16))
        last = Entry(description.index, description.term, b"")
        place = partial(_place_state, config, file, description)
        try:
            log, term = str(config.data_dir / LOG_DIRECTORY), description.term + LINEAGE_TERMS
            bootstrap(log, identity, founders(config), last, term=term, before=place)
        except WrongDirectory:
            raise WrongDirectory(
                f"{config.data_dir} was made before, and a backup makes a new node: name another data_dir, or move "
                "this one away if nobody needs what is in it"
            ) from None
    sync_directory(config.data_dir.absolute().parent)
    return description


def _check(description: BackupDescription, config: Config) -> None:
    if description.cluster_id == config.cluster_id:
        raise ConfigurationError(
            f"the backup is of cluster {config.cluster_id!r}, and so is this node by its configuration: nodes of the "
            "old cluster that still run, or are started by mistake, could meet the new ones. Choose another "
            "cluster_id, the same on all nodes of the new cluster"
        )
    version.check(description.machine_version, version.THIS.known, "the backup")


def _place_state(config: Config, file: BinaryIO, description: BackupDescription) -> None:
    """The state under its name, whole and durable. Leaves nothing behind if it raises."""
    state, unfinished = config.data_dir / STATE_DIRECTORY, config.data_dir / RESTORED_DIRECTORY
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    try:
        _copy(file, description, unfinished / DATA_FILE)
        made = _adopt(unfinished, file, description, config)
        if not state.exists():
            sync_directory(unfinished)
            os.rename(unfinished, state)
        elif _checkpoint_in(state) != made:
            raise DirectoryRefused(
                f"{state} is a state without a log, and not what an earlier restore of this file has left: name "
                "another data_dir, or move this one away if nobody needs what is in it"
            )
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    sync_directory(config.data_dir)


def _copy(file: BinaryIO, description: BackupDescription, to: Path) -> None:
    with to.open("xb") as copy:
        for chunk in backup_file.read_copy(file, description):
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())


def _adopt(directory: Path, file: BinaryIO, description: BackupDescription, config: Config) -> Checkpoint:
    """Read every record of the copied state, then mark it as that of the new node, synced.

    The members' addresses are left out: the first leader tells those of the new cluster, and until then no worker may
    be sent to the old one.
    """
    try:
        image = Image(directory, MAP_BYTES)
        try:
            found = image.checkpoint()
            if found is None or (found.index, found.term) != (description.index, description.term):
                raise BackupRefused(f"the state in {file.name} is not that of its description: take another backup")
            if Store(image).recount() != found.hash:
                raise BackupRefused(f"the state in {file.name} has a wrong hash: take another backup, of another node")
            members = image.get(cluster_config.KEY)
            left_out = 0 if members is None else pair_hash(cluster_config.KEY, members)
            made = Checkpoint(
                config.cluster_bytes,
                config.node,
                found.index,
                found.term,
                (found.hash - left_out) % MODULUS,
                {MEMBERS: founders(config).pack()},
            )
            image.make_room(16 * PAGE_BYTES)
            image.write(made, {cluster_config.KEY: None})
            return made
        finally:
            image.close()
    except StoreError as error:
        raise BackupRefused(
            f"the state in {file.name} was damaged before it was copied ({error}): take another backup, of another node"
        ) from error


def _checkpoint_in(state: Path) -> Checkpoint | None:
    image = Image(state, MAP_BYTES)
    try:
        return image.checkpoint()
    finally:
        image.close()
