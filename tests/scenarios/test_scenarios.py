"""Each file beside this one tells a behaviour of the Raft core, and is played again here.

KONIK_REWRITE=1 writes what the cores do now into the files: a change of behaviour is then reviewed as a diff.
"""

import os
from pathlib import Path

import pytest

from tests.scenarios.script import play

SCENARIOS = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_cores_do_what_the_scenario_says(path: Path) -> None:
    told = path.read_text()
    played = play(told)
    if os.environ.get("KONIK_REWRITE"):
        path.write_text(played)
    else:
        assert played == told
