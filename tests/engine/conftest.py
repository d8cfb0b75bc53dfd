import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from workshop import Cluster  # noqa: E402


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()
