"""The retry policy, walked through by hand."""

import random
from itertools import islice

import grpc
import pytest

from konik.sdk.errors import InvalidArgument, ResourceExhausted, Unavailable
from konik.sdk.failover import (
    BACKOFF_FIRST_S,
    BACKOFF_MAX_S,
    DISTRUST_S,
    Failure,
    Pause,
    Servers,
    Try,
    attempts,
    backoffs,
)

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def failure(at: float, code: grpc.StatusCode = UNAVAILABLE, retry_after_s: float | None = None) -> Failure:
    return Failure(code, "said so", at, retry_after_s)


def plan(order: list[str], timeout_s: float = 30.0, *, repeatable: bool = True):
    return attempts("RunWf", order, 100.0, timeout_s, random.Random(1), repeatable=repeatable)


def test_every_server_is_asked_once_before_the_first_pause() -> None:
    policy = plan(["a", "b", "c"])
    asked = [next(policy), policy.send(failure(100.1)), policy.send(failure(100.2))]
    assert [step.server for step in asked] == ["a", "b", "c"]
    assert isinstance(policy.send(failure(100.3)), Pause)
    assert policy.send(None) == Try("a", pytest.approx(20.0))


def test_pauses_grow_from_lap_to_lap_up_to_a_limit() -> None:
    waits = list(islice(backoffs(random.Random(3)), 12))
    assert BACKOFF_FIRST_S / 2 <= waits[0] <= BACKOFF_FIRST_S
    assert waits[3] > waits[0]
    assert all(BACKOFF_MAX_S / 2 <= wait <= BACKOFF_MAX_S for wait in waits[6:])


def test_callers_who_failed_together_do_not_come_back_together() -> None:
    fifth = [list(islice(backoffs(random.Random(seed)), 5))[-1] for seed in range(100)]
    step = BACKOFF_FIRST_S * 2**4
    assert step / 2 <= min(fifth) < 0.6 * step and 0.9 * step < max(fifth) <= step


def test_a_try_gets_what_is_left_of_the_deadline() -> None:
    policy = plan(["a", "b"], timeout_s=5.0)
    assert next(policy) == Try("a", 5.0)
    assert policy.send(failure(103.0)) == Try("b", 2.0)


def test_a_silent_server_is_left_before_the_deadline() -> None:
    policy = plan(["a", "b"], timeout_s=60.0)
    assert next(policy) == Try("a", 20.0)
    assert policy.send(failure(120.0, grpc.StatusCode.DEADLINE_EXCEEDED)) == Try("b", 20.0)


def test_after_the_deadline_the_last_failure_is_raised() -> None:
    policy = plan(["a"], timeout_s=1.0)
    next(policy)
    with pytest.raises(Unavailable, match="RunWf: UNAVAILABLE: said so"):
        policy.send(failure(101.0))


def test_a_pause_that_would_pass_the_deadline_is_not_begun() -> None:
    policy = plan(["a"], timeout_s=1.0)
    next(policy)
    with pytest.raises(ResourceExhausted):
        policy.send(failure(100.6, grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after_s=0.5))


def test_a_named_delay_is_kept_exactly_and_the_same_server_asked_again() -> None:
    policy = plan(["a", "b"])
    next(policy)
    assert policy.send(failure(100.1, grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after_s=1.5)) == Pause(1.5)
    assert policy.send(None) == Try("a", 20.0)


def test_an_exhausted_resource_without_a_delay_is_permanent() -> None:
    policy = plan(["a", "b"])
    next(policy)
    with pytest.raises(ResourceExhausted):
        policy.send(failure(100.1, grpc.StatusCode.RESOURCE_EXHAUSTED))


def test_a_refusal_is_not_repeated() -> None:
    policy = plan(["a", "b"])
    next(policy)
    with pytest.raises(InvalidArgument):
        policy.send(failure(100.1, grpc.StatusCode.INVALID_ARGUMENT))


def test_a_command_without_an_id_is_not_repeated() -> None:
    policy = plan(["a", "b"], repeatable=False)
    next(policy)
    with pytest.raises(Unavailable):
        policy.send(failure(100.1))


def test_calls_begin_at_the_server_that_answered_last() -> None:
    servers = Servers(["a", "b", "c"])
    servers.answered("b")
    assert servers.order() == ["b", "c", "a"]
    assert servers.order(first="c") == ["c", "a", "b"]


def test_calls_begin_at_the_leader_unless_it_failed_just_now() -> None:
    servers = Servers(["a", "b", "c"])
    servers.leads("c", 5.0)
    assert servers.order() == ["c", "a", "b"]
    servers.failed("c", 6.0)
    servers.answered("a")
    servers.leads("c", 6.0 + DISTRUST_S - 0.1)
    assert servers.order() == ["a", "b", "c"]
    servers.leads("c", 6.0 + DISTRUST_S)
    assert servers.order() == ["c", "a", "b"]


def test_a_preferred_server_that_is_not_listed_is_asked_first_and_not_taken_up() -> None:
    servers = Servers(["a", "b"])
    assert servers.order(first="x") == ["x", "a", "b"]
    servers.answered("x")
    assert servers.order() == ["a", "b"]


def test_servers_are_listed_once_and_may_not_be_none() -> None:
    servers = Servers(["a", "a"])
    servers.add(["a", "b"])
    assert servers.addresses == ("a", "b")
    with pytest.raises(ValueError, match="no server given"):
        Servers([])
