"""Cluster time: where it starts, how it follows the wall clock, that it never goes back."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from konik.cluster.clock import LeaderClock, LoopScheduler, SystemClock


class Hands:
    """Two clocks that a test sets."""

    def __init__(self, monotonic: float, wall: float) -> None:
        self.monotonic, self.wall = monotonic, wall

    def leader_clock(self, last_entry_ms: int) -> LeaderClock:
        return LeaderClock(last_entry_ms, lambda: self.monotonic, lambda: self.wall)


def test_it_starts_at_the_wall_clock_when_that_is_ahead_of_the_last_entry() -> None:
    assert Hands(5.0, 2000.0).leader_clock(1_000_000).now_ms() == 2_000_000


def test_it_starts_at_the_last_entry_when_the_wall_clock_is_behind() -> None:
    assert Hands(5.0, 900.0).leader_clock(1_000_000).now_ms() == 1_000_000


def test_it_goes_on_with_the_monotonic_clock() -> None:
    hands = Hands(5.0, 2000.0)
    clock = hands.leader_clock(0)
    hands.monotonic, hands.wall = 15.0, 2010.0
    assert clock.now_ms() == 2_010_000


def test_a_wall_clock_that_jumps_ahead_is_followed_at_a_tenth_of_real_time() -> None:
    hands = Hands(0.0, 2000.0)
    clock = hands.leader_clock(0)
    hands.monotonic, hands.wall = 10.0, 2010.0 + 3600
    assert clock.now_ms() == 2_011_000


def test_a_wall_clock_that_jumps_back_slows_it_by_a_tenth() -> None:
    hands = Hands(0.0, 2000.0)
    clock = hands.leader_clock(0)
    hands.monotonic, hands.wall = 10.0, 2010.0 - 3600
    assert clock.now_ms() == 2_009_000


def test_it_meets_the_wall_clock_and_stays_with_it() -> None:
    hands = Hands(0.0, 2000.0)
    clock = hands.leader_clock(0)
    for second in range(1, 61):
        hands.monotonic, hands.wall = float(second), 2000.0 + second + 2
        clock.now_ms()
    assert clock.now_ms() == 2_062_000


@given(
    last_entry_ms=st.integers(0, 10**13),
    steps=st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 10**10)), max_size=20),
)
def test_it_never_goes_back_and_never_before_the_last_entry(
    last_entry_ms: int, steps: list[tuple[float, float]]
) -> None:
    hands = Hands(0.0, 1e9)
    clock = hands.leader_clock(last_entry_ms)
    shown = last_entry_ms
    for elapsed, wall in steps:
        hands.monotonic += elapsed
        hands.wall = wall
        now = clock.now_ms()
        assert now >= shown
        shown = now


def test_work_on_a_loop_happens_soon_and_at_its_time_unless_cancelled() -> None:
    async def main() -> list[str]:
        clock = SystemClock()
        scheduler = LoopScheduler(asyncio.get_running_loop(), clock)
        done, happened = asyncio.Event(), list[str]()
        scheduler.call_at(clock.monotonic() + 0.02, done.set)
        scheduler.call_at(clock.monotonic() + 0.001, lambda: happened.append("cancelled")).cancel()
        scheduler.call_at(clock.monotonic() - 1, lambda: happened.append("late"))
        scheduler.call_soon(lambda: happened.append("soon"))
        await done.wait()
        return happened

    assert sorted(asyncio.run(main())) == ["late", "soon"]
