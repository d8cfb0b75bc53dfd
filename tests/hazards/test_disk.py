"""What pysyncobj 0.3.17 promises before the disk has it. Konik: messages wait for the sync of what they promise."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hazards.lab import Lab, Library, command


class Syncs:
    """How often anything was asked to reach the disk."""

    def __init__(self, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        for owner, name in (
            (library.journal.FileJournal, "flush"),
            (library.journal.ResizableFile, "flush"),
            (os, "fsync"),
            (os, "fdatasync"),
        ):
            monkeypatch.setattr(owner, name, self._counting(getattr(owner, name)))

    def _counting(self, sync: Callable[..., object]) -> Callable[..., object]:
        def counting(*arguments: object) -> object:
            self.count += 1
            return sync(*arguments)

        return counting


@pytest.fixture
def syncs(library: Library, monkeypatch: pytest.MonkeyPatch) -> Syncs:
    return Syncs(library, monkeypatch)


def on_disk(library: Library, folder: Path, others: tuple[str, ...] = ("B", "C")) -> Lab:
    return Lab(library, others=others, journalFile=str(folder / "journal"))


def test_a_single_node_acknowledges_what_no_sync_has_seen(library: Library, tmp_path: Path, syncs: Syncs) -> None:
    lab = on_disk(library, tmp_path, others=())
    lab.elect()
    lab.put("x")
    lab.tick(3)
    assert lab.answers == [("x", 0)]
    assert syncs.count == 0


def test_a_follower_acknowledges_entries_that_no_sync_has_seen(library: Library, tmp_path: Path, syncs: Syncs) -> None:
    lab = on_disk(library, tmp_path)
    entry = (command(library, "x"), 2, 1)
    lab.hear("B", "append_entries", term=1, commit_index=1, entries=[entry], prevLogIdx=1, prevLogTerm=0)
    ((_, answer),) = lab.taken()
    assert (answer["success"], answer["next_node_idx"]) == (True, 3)
    assert syncs.count == 0


def test_a_vote_is_given_though_no_sync_has_seen_it(library: Library, tmp_path: Path, syncs: Syncs) -> None:
    lab = on_disk(library, tmp_path)
    lab.hear("B", "request_vote", term=5, last_log_term=0, last_log_index=1)
    assert [message["type"] for _, message in lab.taken()] == ["response_vote"]
    assert syncs.count == 0


def test_a_leader_counts_itself_before_any_sync(library: Library, tmp_path: Path, syncs: Syncs) -> None:
    lab = on_disk(library, tmp_path)
    lab.elect()
    lab.tick()
    lab.acknowledge("B", lab.last)
    lab.tick()
    assert lab.replica.raftCommitIndex == lab.last == 2
    assert syncs.count == 0


def test_the_journal_is_a_mapped_file_without_checksums(library: Library, tmp_path: Path) -> None:
    lab = on_disk(library, tmp_path, others=())
    lab.elect()
    lab.put("silver")
    lab.tick(3)
    lab.replica.destroy()
    lab.tick()
    path = tmp_path / "journal"
    path.write_bytes(path.read_bytes().replace(b"silver", b"gilded"))
    entries = [entry for entry, _, _ in library.journal.FileJournal(str(path))[:]]
    assert any(b"gilded" in entry for entry in entries), "the changed entry is taken for good"


def test_the_end_of_the_journal_is_kept_in_32_bits(library: Library, tmp_path: Path) -> None:
    journal = library.journal.FileJournal(str(tmp_path / "journal"))
    with pytest.raises(struct.error):
        journal._FileJournal__setLastRecordOffset(1 << 32)


def test_a_cut_forgets_all_entries_before_it_writes_again_those_that_stay(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = library.journal.FileJournal(str(path))
    for index in range(1, 11):
        journal.add(b"x", index, 1)

    class PowerCut(Exception):
        pass

    def fail(*_entry: object) -> None:
        raise PowerCut

    journal.add = fail
    with pytest.raises(PowerCut):
        journal.deleteEntriesTo(1)
    assert len(library.journal.FileJournal(str(path))) == 0, "nine entries should have stayed"
