"""The scenarios are good for something: for every rule there is a core that breaks it, and the scenario tells."""

from pathlib import Path

import pytest

from tests.scenarios.mutants import MUTANTS, Mutant
from tests.scenarios.planting import planted

HERE = Path(__file__).parent


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.rule.replace(" ", "_"))
def test_a_core_that_breaks_this_rule_is_caught(mutant: Mutant) -> None:
    told = (HERE / f"{mutant.scenario}.txt").read_text()
    with planted(mutant) as script:
        assert script.play(told) != told, f"{mutant.scenario} cannot tell whether {mutant.rule}"


def test_every_scenario_catches_a_mutant() -> None:
    assert {path.stem for path in HERE.glob("*.txt")} == {mutant.scenario for mutant in MUTANTS}


def test_every_rule_has_its_own_name() -> None:
    rules = [mutant.rule for mutant in MUTANTS]
    assert len(rules) == len(set(rules))
