"""pysyncobj 0.3.17 unpickles what peers send. Konik: msgpack, and every name of pickle in the library barred."""

import gzip
import io
import os
import pickle
from pathlib import Path

import pytest

from tests.hazards.lab import Lab, Library


class Evil:
    """Unpickled, it makes a directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


class Barred:
    dumps = staticmethod(lambda value: b"")
    loads = staticmethod(lambda raw: None)


def test_two_messages_run_foreign_code_though_one_name_of_pickle_is_barred(
    replica: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica.library.syncobj, "pickle", Barred)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(pickle.dumps(Evil(tmp_path / "ran")))
    for part in ((packed.getvalue(), True, False), (b"", False, True)):
        replica.hear("B", "append_entries", term=9, commit_index=1, serialized=part)
    assert (tmp_path / "ran").is_dir()


def test_an_entry_runs_foreign_code_when_it_is_applied(replica: Lab, tmp_path: Path) -> None:
    entry = (b"\0" + pickle.dumps(Evil(tmp_path / "ran")), 2, 1)
    append = {"term": 1, "commit_index": 2, "entries": [entry], "prevLogIdx": 1, "prevLogTerm": 0}
    replica.hear("B", "append_entries", **append)
    with pytest.raises(KeyError):
        replica.tick()
    assert (tmp_path / "ran").is_dir()


@pytest.mark.parametrize("name", ["syncobj", "serializer", "tcp_connection"])
def test_pickle_has_a_name_in_this_module(library: Library, name: str) -> None:
    assert library.module(name).pickle is library.pickle
