"""Checkpoints that somebody waits for: they begin as soon as they can, and nobody waits for one that has come."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from konik.cluster.fresh_checkpoints import FreshCheckpoints


@dataclass
class World:
    """Store and pump in all that is asked of them."""

    durable: int = 5
    applied: int = 5
    applied_term: int = 2
    frozen: object = None
    is_between_entries: bool = True
    started: list[tuple[int, int]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        world: Any = self
        self.fresh = FreshCheckpoints(world, world, self.start)

    @property
    def checkpoint(self) -> Any:
        @dataclass
        class Checkpoint:
            index: int

        return Checkpoint(self.durable)

    def start(self, index: int, term: int) -> None:
        self.started.append((index, term))
        self.frozen = index

    def end(self) -> None:
        assert isinstance(self.frozen, int), "no checkpoint is on its way"
        self.durable, self.frozen = self.frozen, None
        self.fresh.look()

    def ask(self, name: str) -> int:
        return self.fresh.when_taken(lambda: self.heard.append(name))


@pytest.fixture
def world() -> World:
    return World()


def test_nothing_is_done_if_the_last_checkpoint_has_everything(world: World) -> None:
    world.ask("a")
    assert world.heard == ["a"] and world.started == []


def test_a_checkpoint_of_what_is_applied_is_taken_and_heard_of_when_it_is_durable(world: World) -> None:
    world.applied = 9
    world.ask("a")
    assert world.started == [(9, 2)] and world.heard == []
    world.end()
    assert world.heard == ["a"] and world.started == [(9, 2)]


def test_none_begins_in_the_middle_of_an_entry(world: World) -> None:
    world.applied, world.is_between_entries = 9, False
    world.ask("a")
    assert world.started == []
    world.applied, world.is_between_entries = 10, True
    world.fresh.look()
    assert world.started == [(10, 2)]


def test_one_that_was_on_its_way_before_is_not_enough(world: World) -> None:
    world.applied = 9
    world.start(8, 2)
    world.ask("a")
    assert world.started == [(8, 2)]
    world.end()
    assert world.heard == [] and world.started == [(8, 2), (9, 2)]
    world.end()
    assert world.heard == ["a"]


def test_one_that_is_on_its_way_is_shared_by_all_for_whom_it_is_enough(world: World) -> None:
    world.applied = 9
    world.ask("a")
    world.ask("b")
    world.applied = 10
    world.ask("c")
    world.end()
    assert world.heard == ["a", "b"] and world.started == [(9, 2), (10, 2)]


def test_a_state_that_was_installed_is_as_good(world: World) -> None:
    world.applied, world.is_between_entries = 9, False
    world.ask("a")
    world.durable = world.applied = 20
    world.fresh.look()
    assert world.heard == ["a"] and world.started == []


def test_what_is_forgotten_is_neither_heard_of_nor_begun(world: World) -> None:
    world.applied, world.is_between_entries = 9, False
    world.fresh.forget(world.ask("a"))
    world.is_between_entries = True
    world.fresh.look()
    assert world.heard == [] and world.started == []
