import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hand_clock import HandClock  # noqa: E402


@pytest.fixture
def clock() -> HandClock:
    return HandClock()
