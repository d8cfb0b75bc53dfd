"""A node whose clock is off stands back; one whose peers' clocks are off does not."""

import pytest
from hand_clock import HandClock

from konik.cluster.clock_offsets import TELL_SECONDS, ClockOffsets


class World:
    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.told = 0
        self.verdicts: list[bool] = []
        self.peers: tuple[str, ...] = ("b", "c")
        self.offsets = ClockOffsets(clock, clock, self.send, lambda: self.peers, self.verdicts.append)

    def send(self, peer: str, frame: tuple[object, ...]) -> bool:
        self.told += 1
        return True

    def hear(self, peer: str, ahead_s: float) -> None:
        self.offsets.received(peer, int((self.clock.wall() + ahead_s) * 1000))


@pytest.fixture
def world(clock: HandClock) -> World:
    return World(clock)


def test_the_time_is_told_again_and_again(world: World, clock: HandClock) -> None:
    world.offsets.start()
    clock.advance(TELL_SECONDS * 2.5)
    assert world.told == 6


def test_nobody_is_told_after_the_stop(world: World, clock: HandClock) -> None:
    world.offsets.start()
    world.offsets.stop()
    clock.advance(TELL_SECONDS * 2.5)
    assert world.told == 2


def test_small_differences_are_nothing(world: World, clock: HandClock) -> None:
    world.offsets.start()
    for _ in range(3):
        world.hear("b", 0.3)
        world.hear("c", -0.4)
        clock.advance(TELL_SECONDS)
    assert world.verdicts == []


def test_a_clock_that_is_off_from_both_others_is_off_until_it_is_set_right(world: World, clock: HandClock) -> None:
    world.offsets.start()
    for _ in range(3):
        world.hear("b", 10.0)
        world.hear("c", 10.1)
        clock.advance(TELL_SECONDS)
    assert world.verdicts == [True]
    clock.wall_ahead += 10
    world.hear("b", 0.0)
    world.hear("c", 0.1)
    clock.advance(TELL_SECONDS)
    assert world.verdicts == [True, False]


def test_frames_that_were_held_up_on_the_way_say_nothing_of_the_clock(world: World, clock: HandClock) -> None:
    """A network that is whole again, or a process that goes on, brings what was sent meanwhile all at once."""
    world.offsets.start()
    for late in (8.0, 6.0, 4.0, 2.0):
        world.hear("b", -late)
        world.hear("c", -late)
    clock.advance(TELL_SECONDS)
    world.hear("b", 0.0)
    world.hear("c", 0.0)
    clock.advance(TELL_SECONDS)
    assert world.verdicts == []


def test_of_frames_that_come_together_the_latest_counts(world: World, clock: HandClock) -> None:
    world.offsets.start()
    for _ in range(3):
        for late in (4.0, 2.0, 0.1):
            world.hear("b", -late)
            world.hear("c", -late)
        clock.advance(TELL_SECONDS)
    assert world.verdicts == []


def test_who_is_no_member_any_more_has_no_say(world: World, clock: HandClock) -> None:
    world.offsets.start()
    for _ in range(3):
        world.hear("b", 0.0)
        world.hear("c", 10.0)
        clock.advance(TELL_SECONDS)
    assert world.verdicts == [True]
    world.peers = ("b",)
    clock.advance(TELL_SECONDS)
    assert world.verdicts == [True, False]
