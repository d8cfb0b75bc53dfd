"""The checker says yes to histories that make sense and no to those that do not; and says why."""

import itertools
from math import inf
from random import Random

import pytest

from tests.linearisability.checker import Operation, Outcome, check
from tests.linearisability.ledger import Ledger


def operation(who, called, returned, input, output=None):
    return Operation(who, called, returned, input, output)


def write(who, called, returned, guid, output="written"):
    return operation(who, called, returned, ("write", guid), output)


def read(who, called, returned, *guids):
    return operation(who, called, returned, "read", guids)


def strike(who, called, returned):
    return operation(who, called, returned, "strike", "struck")


GOOD = {
    "nothing at all": [],
    "one call after the other": [write("a", 0, 1, "x"), read("b", 2, 3, "x"), strike("a", 4, 5), read("b", 6, 7)],
    "a read beside a write sees it": [write("a", 0, 3, "x"), read("b", 1, 2, "x")],
    "a read beside a write does not see it yet": [write("a", 0, 3, "x"), read("b", 1, 2)],
    "two reads beside a write see it come": [write("a", 0, 9, "x"), read("b", 1, 2), read("b", 3, 4, "x")],
    "of two who write the same one is first": [write("a", 0, 2, "x"), write("b", 0, 2, "x", "exists")],
    "a call that never returned may have happened": [write("a", 0, inf, "x", None), read("b", 5, 6, "x")],
    "a call that never returned may happen late": [
        write("a", 0, inf, "x", None),
        read("b", 5, 6),
        read("b", 7, 8, "x"),
    ],
    "a call that never returned may never have happened": [write("a", 0, inf, "x", None), read("b", 5, 6)],
    "calls that touch in time may be either way round": [write("a", 0, 1, "x"), read("b", 1, 2)],
}

BAD = {
    "a write is not there for those who ask later": [write("a", 0, 1, "x"), read("b", 2, 3)],
    "a read sees what nobody wrote": [read("b", 2, 3, "x")],
    "a read sees what is written later": [read("b", 0, 1, "x"), write("a", 2, 3, "x")],
    "what was seen is gone again": [write("a", 0, 9, "x"), read("b", 1, 2, "x"), read("c", 3, 4)],
    "two write the same, both first": [write("a", 0, 2, "x"), write("b", 0, 2, "x")],
    "two see two writes in different orders": [
        write("a", 0, 9, "x"),
        write("b", 0, 9, "y"),
        read("c", 1, 2, "x"),
        read("d", 3, 4, "y"),
    ],
    "what was struck is there": [write("a", 0, 1, "x"), strike("a", 2, 3), read("b", 4, 5, "x")],
    "a call that never returned has happened twice": [
        write("a", 0, inf, "x", None),
        read("b", 1, 2, "x"),
        strike("b", 3, 4),
        read("b", 5, 6, "x"),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_this_makes_sense(name):
    verdict = check(Ledger(), GOOD[name])
    assert verdict.outcome is Outcome.LINEARISABLE, str(verdict)


@pytest.mark.parametrize("name", BAD)
def test_this_does_not(name):
    assert check(Ledger(), BAD[name]).outcome is Outcome.VIOLATED


def test_a_violation_is_told_by_what_makes_sense_and_what_cannot_follow():
    told = str(check(Ledger(), [write("ann", 0, 1, "x"), read("bob", 2, 3), read("cyd", 2.5, 3.5)]))
    assert told.splitlines() == [
        "violated; in this order the calls make sense:",
        "  0.000-1.000 ann: ('write', 'x') -> written",
        "then the state is frozenset({'x'}), and none of these can be next:",
        "  2.000-3.000 bob: read -> ()",
        "  2.500-3.500 cyd: read -> ()",
    ]


def test_a_search_that_takes_too_long_is_given_up():
    beside_each_other = [write(f"w{n}", 0, 100, f"g{n}") for n in range(12)]
    impossible = [read("r", 50, 60, "unheard-of")]
    assert check(Ledger(), beside_each_other + impossible, steps_max=1_000).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("seed", range(300))
def test_it_agrees_with_trying_every_order(seed):
    history = drawn(Random(seed))
    assert (check(Ledger(), history).outcome is Outcome.LINEARISABLE) == some_order_explains(history)


def test_both_answers_are_common_among_the_histories_that_were_drawn():
    explained = sum(some_order_explains(drawn(Random(seed))) for seed in range(300))
    assert 60 <= explained <= 240


def drawn(random):
    """A history of up to six calls: true to some order, but for a lie now and then."""
    ledger, state, moments = Ledger(), frozenset(), sorted(random.random() * 10 for _ in range(random.randint(1, 6)))
    history = []
    for number, moment in enumerate(moments):
        input = random.choice([("write", random.choice("xy")), "strike", "read", "read"])
        output, state = ledger.step(state, input)
        if random.random() < 0.15:
            output = random.choice(["written", "exists", (), ("x",), ("x", "y")])
        returned = inf if random.random() < 0.1 else moment + 3 * random.random()
        history.append(operation(f"client-{number}", moment - 3 * random.random(), returned, input, output))
    return history


def some_order_explains(history):
    """By trying them all, with and without the calls that never returned."""
    known, unknown = [[each for each in history if each.is_known == is_known] for is_known in (True, False)]
    return any(
        explains(order)
        for count in range(len(unknown) + 1)
        for chosen in itertools.combinations(unknown, count)
        for order in itertools.permutations([*known, *chosen])
    )


def explains(order):
    ledger, state = Ledger(), frozenset()
    for place, each in enumerate(order):
        if any(later.returned < each.called for later in order[place + 1 :]):
            return False
        output, state = ledger.step(state, each.input)
        if each.is_known and output != each.output:
            return False
    return True
