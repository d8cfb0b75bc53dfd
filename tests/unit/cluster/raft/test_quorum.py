"""What a majority is."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.cluster.raft import quorum


@pytest.mark.parametrize(("members", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_a_majority_is_more_than_half(members: int, needed: int) -> None:
    assert quorum.needed(members) == needed


@pytest.mark.parametrize("members", range(1, 8))
def test_any_two_majorities_share_a_member(members: int) -> None:
    majorities = list(combinations(range(members), quorum.needed(members)))
    assert all(set(one) & set(other) for one in majorities for other in majorities)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=7))
def test_a_majority_has_reached_this_value_and_none_has_reached_more(values: list[int]) -> None:
    reached, needed = quorum.reached(values), quorum.needed(len(values))
    assert sum(value >= reached for value in values) >= needed
    assert sum(value > reached for value in values) < needed
