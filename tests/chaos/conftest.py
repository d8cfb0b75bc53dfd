"""Lets the tests of this folder import what stands beside them, and what they share with those of real processes."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "processes")]
