"""A network that was taken down is gone: the next one of its name is in nobody's way."""

import pytest
from machines import NODES
from network import Network
from permission import permitted_or_skipped
from small_disks import NotPermitted

TIMES = 10


def test_networks_of_one_name_follow_each_other_at_once() -> None:
    for _ in permitted_or_skipped(lambda: Network(NODES)):
        pass
    for number in range(TIMES):
        try:
            with Network(NODES):
                pass
        except NotPermitted as refusal:
            pytest.fail(f"after {number} others: {refusal}")
