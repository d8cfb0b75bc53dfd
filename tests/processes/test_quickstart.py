"""The quickstart that a newcomer runs does what it promises: a run survives the death of the leader."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "quickstart" / "run.py"
SECONDS_MAX = 90.0


def test_the_quickstart_ends_well() -> None:
    ran = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
