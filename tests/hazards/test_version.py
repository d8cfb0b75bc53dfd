"""These tests speak of one release. When it is mended, or another one is pinned, each of them must be looked at."""

from tests.hazards.lab import Library


def test_the_pinned_release_is_installed(library: Library) -> None:
    assert library.module("version").VERSION == "0.3.17"
