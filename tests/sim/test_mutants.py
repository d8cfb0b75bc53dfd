"""The simulations are good for something: whatever rule is broken, they see what comes of it."""

import pytest
from sim_mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.rule.replace(" ", "_"))
def test_a_broken_rule_is_noticed(mutant: Mutant) -> None:
    assert mutant.seen(mutant.first_seed) is not None


def test_every_rule_has_its_own_name() -> None:
    assert len({mutant.rule for mutant in MUTANTS}) == len(MUTANTS)
