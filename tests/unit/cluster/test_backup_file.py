"""The file of a backup: whatever has happened to it is noticed before anything of it is believed."""

import hashlib
import io
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.cluster_pb2 import BackupDescription
from konik.cluster import backup_file
from konik.cluster.backup_file import BackupRefused

COPY = bytes(range(256)) * 8
DESCRIPTION = BackupDescription(
    cluster_id="old",
    node="n1",
    index=7,
    term=3,
    time_ms=1_700_000_000_000,
    machine_version=1,
    version="0.1",
    size=len(COPY),
    checksum=hashlib.blake2b(COPY, digest_size=16).digest(),
)
WHOLE = backup_file.head(DESCRIPTION) + COPY
HEAD_BYTES = len(WHOLE) - len(COPY)


def named(content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = "a.backup"
    return file


def read(content: bytes) -> tuple[BackupDescription, bytes]:
    file = named(content)
    description = backup_file.read_head(file)
    backup_file.verify(file, description)
    return description, b"".join(backup_file.read_copy(file, description))


def test_what_was_written_is_read() -> None:
    assert read(WHOLE) == (DESCRIPTION, COPY)


def test_a_copy_that_is_longer_than_a_chunk_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_file, "CHUNK_BYTES", 100)
    assert read(WHOLE) == (DESCRIPTION, COPY)


@given(place=st.integers(0, len(WHOLE) - 1), flipped=st.integers(1, 255))
def test_a_file_with_any_other_byte_is_refused(place: int, flipped: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[place] ^= flipped
    with pytest.raises(BackupRefused):
        read(bytes(damaged))


@pytest.mark.parametrize("place", range(HEAD_BYTES))
def test_no_byte_of_the_description_can_be_another_one(place: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[place] ^= 1
    with pytest.raises(BackupRefused):
        read(bytes(damaged))


@given(length=st.integers(0, len(WHOLE) - 1))
def test_a_file_that_was_cut_short_anywhere_is_refused(length: int) -> None:
    with pytest.raises(BackupRefused):
        read(WHOLE[:length])


@given(more=st.binary(min_size=1, max_size=100))
def test_a_file_with_something_behind_its_end_is_refused(more: bytes) -> None:
    with pytest.raises(BackupRefused, match="damaged"):
        read(WHOLE + more)


def test_each_refusal_says_what_to_do() -> None:
    later = backup_file.MAGIC + pack(">II", backup_file.FORMAT + 1, 0)
    for content, advice in [
        (b"", "name a file that `konik backup` has written"),
        (b"something else entirely", "name a file that `konik backup` has written"),
        (WHOLE[:20], "copy it again from where it is whole"),
        (WHOLE[:-1], "copy it again from where it is whole"),
        (WHOLE[:-1] + b"?", "copy it again from where it is whole"),
        (later, "restore it with the release that has taken it"),
    ]:
        with pytest.raises(BackupRefused, match=advice):
            read(content)


def test_a_file_that_claims_a_long_description_is_not_read_into_memory() -> None:
    front = backup_file.MAGIC + pack(">II", backup_file.FORMAT, 2**32 - 1)
    file = named(front + WHOLE)
    with pytest.raises(BackupRefused, match="damaged"):
        backup_file.read_head(file)
    assert file.tell() == len(front)
