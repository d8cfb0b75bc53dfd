"""Tests that need what not every machine permits: they are skipped there, but for those who rely on them."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

import pytest
from small_disks import NotPermitted

REQUIRED = "KONIK_CHAOS_REQUIRED"
"""Whoever sets it takes it for a failure if a test cannot be run."""

Made = TypeVar("Made")


def permitted_or_skipped(make: Callable[[], AbstractContextManager[Made]]) -> Iterator[Made]:
    """What is made, for as long as the test takes that asks for it."""
    with ExitStack() as stack:
        try:
            made = stack.enter_context(make())
        except NotPermitted as refusal:
            if REQUIRED in os.environ:
                pytest.fail(f"{REQUIRED} is set, but this machine does not permit it: {refusal}")
            pytest.skip(f"not permitted on this machine: {refusal}")
        yield made
