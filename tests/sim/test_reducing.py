"""What fails is told by the few faults that it takes."""

import ast
from collections.abc import Callable, Collection

import pytest
import run_nodes
from reducing import reduced
from sim_faults import WEATHER
from sim_nodes import Failure

from konik.cluster.polls import Polls


@pytest.mark.parametrize(
    ("fails", "needed"),
    [
        (lambda causes: True, set()),
        (lambda causes: 17 in causes, {17}),
        (lambda causes: {3, 40, 41} <= set(causes), {3, 40, 41}),
        (lambda causes: sum(causes) >= 50 and 1 in causes, None),
        (lambda causes: len(causes) >= 50, set(range(50))),
    ],
)
def test_none_of_what_is_left_can_be_left_out(
    fails: Callable[[Collection[int]], bool], needed: set[int] | None
) -> None:
    left = reduced(range(50), fails)
    assert fails(left)
    assert needed is None or set(left) == needed
    assert not any(fails([cause for cause in left if cause != one]) for one in left)


def test_a_failing_seed_is_reduced_to_the_faults_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Polls, "lost", lambda self: None)
    seed, failure = first_failure()
    told = list(run_nodes.explained(failure, seed))
    took = next(line for line in told if line.startswith("it takes"))
    causes = ast.literal_eval(took.removeprefix("it takes ").split(": ")[0])
    happened = [line for line in told if "(fault " in line]
    assert len(happened) <= len(causes) <= 5 < len(WEATHER) + failure.cluster.faults.number
    with pytest.raises(Failure):
        run_nodes.lived(seed, causes)


def first_failure() -> tuple[int, Failure]:
    for seed in range(30):
        try:
            run_nodes.lived(seed)
        except Failure as failure:
            return seed, failure
    pytest.fail("nothing was seen in 30 seeds")
