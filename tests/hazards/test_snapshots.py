"""How pysyncobj 0.3.17 keeps and copies its state. Konik: own store, the start-up rule, a copy only after a refusal."""

from pathlib import Path
from typing import Any

import pytest

from tests.hazards.lab import NOOP, Lab, Library, command, journal_of


def started_with_dump(library: Library, folder: Path, first: int, last: int, dumped: int) -> Lab:
    """A replica whose journal holds `first` to `last`, and whose dump is of the state at `dumped`."""
    dump = folder / "dump"
    dump.write_text("x")
    journal = journal_of(library, {index: command(library, f"c{index}") for index in range(first, last + 1)}, term=3)
    kept = tuple((command(library, f"c{index}"), index, 3) for index in (dumped, dumped - 1))
    return Lab(
        library,
        journal=journal,
        fullDumpFile=str(dump),
        serializer=lambda _file, _data: None,
        deserializer=lambda _file: (*kept, []),
    )


def test_a_restart_drops_acknowledged_entries_behind_the_dump(library: Library, tmp_path: Path) -> None:
    lab = started_with_dump(library, tmp_path, first=50, last=150, dumped=100)
    assert lab.last == 150
    lab.tick()
    assert lab.last == 100


def test_a_dump_that_cannot_be_read_is_logged_and_passed_over(library: Library, tmp_path: Path) -> None:
    def fail(_file: str) -> Any:
        raise OSError("the disk is gone")

    dump = tmp_path / "dump"
    dump.write_text("x")
    lab = Lab(library, fullDumpFile=str(dump), serializer=lambda _file, _data: None, deserializer=fail)
    lab.tick()
    assert (lab.last, lab.replica.raftLastApplied) == (1, 1), "it goes on, empty"


def test_a_follower_below_the_log_makes_the_leader_send_the_same_message_again_and_again(library: Library) -> None:
    lab = Lab(library, journal=journal_of(library, {100: NOOP}, term=3))
    lab.set("raftLastApplied", 100)
    lab.elect()
    lab.taken()
    lab.acknowledge("B", 1, reset=True, success=False)
    lab.clock_step = 0.000_01
    lab.call("sendAppendEntries")
    messages = [message for peer, message in lab.taken() if peer == "B"]
    assert len(messages) > 1000
    assert all(message == messages[0] for message in messages)


def test_a_failed_install_is_acknowledged(replica: Lab) -> None:
    for part in ((b"no gzip", True, False), (b"", False, True)):
        replica.hear("B", "append_entries", term=9, commit_index=1, serialized=part)
    ((_, answer),) = replica.taken()
    assert answer["success"]


def test_the_state_is_pickled_whole_within_the_tick(alone: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in range(20):
        alone.put(str(value))
    alone.tick(3)
    pickled: list[object] = []
    monkeypatch.setattr(alone.library.pickle, "dump", lambda data, _file: pickled.append(data))
    alone.replica.forceLogCompaction()
    alone.tick()
    assert len(pickled) == 1, "a tick that is as long as the state is large"
