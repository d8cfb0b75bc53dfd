# Each target works as the first command on a fresh clone: all of them begin with setup.
#
# A distribution's own Python is preferred: built with profile-guided optimisation, it runs Konik a tenth to a quarter
# faster than one that was compiled without. PYTHON=... names another one, 3.11 or later.
PYTHON ?= $(firstword $(shell for p in /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11; do \
	"$$p" -c 'import ensurepip, venv' 2>/dev/null && echo "$$p"; done) python3.11)
V := .venv/bin
SETUP := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup proto lint types layers test unit slow quickstart scale crash chaos failovers steady bars sim soak mutations dist clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

setup: $(SETUP) ## Make .venv with everything in it
$(SETUP): pyproject.toml
	test -x $(V)/python || $(PYTHON) -m venv .venv
	$(V)/pip install -q --disable-pip-version-check -e '.[dev]'
	mkdir -p .mypy/konik
	for room in api statemachine cluster sdk bench; do ln -sfn ../../$$room .mypy/konik/$$room; done
	touch $@

proto: setup ## Generate api/pb from api/proto
	scripts/make_proto.sh

lint: setup ## ruff: lint and format
	$(V)/ruff check .
	$(V)/ruff format --check .

types: setup ## mypy, strict
	$(V)/mypy

layers: setup ## import-linter: who may import whom
	$(V)/lint-imports

test: lint types layers unit slow ## Everything that CI runs

unit: setup ## Tests within one process
	$(V)/pytest -q -n 2 tests/unit tests/engine tests/contract tests/scenarios tests/hazards tests/mutants \
		tests/linearisability tests/sim tests/house

slow: setup ## Tests with real processes
	$(V)/pytest -q -rs tests/processes tests/chaos

quickstart: setup ## Three nodes, a workflow, and the leader killed in the middle of it
	$(V)/python examples/quickstart/run.py

scale: setup ## 200,000 WfRuns whose data is kept
	$(V)/python tests/processes/scale.py --wf-runs 200000

crash: setup ## All nodes killed at once, again and again
	$(V)/pytest -q tests/processes/test_crash.py --rounds 10

chaos: setup ## Disturb three real nodes: MINUTES=5; SEED=1; WRITE=--write puts the table into docs/reliability.md
	PYTHONPATH=.:tests/processes $(V)/python tests/chaos/chaos.py --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED)) $(WRITE)

failovers: setup ## Measure five ways to lose the leader: TIMES=50; WRITE=--write puts the table there, too
	PYTHONPATH=.:tests/processes $(V)/python tests/chaos/failover.py --times $(or $(TIMES),50) $(WRITE)

steady: setup ## Count elections under full load: MINUTES=30; WRITE=--write puts the table there, too
	PYTHONPATH=.:tests/processes $(V)/python tests/chaos/steady.py --minutes $(or $(MINUTES),30) $(WRITE)

bars: setup ## Measure, compare with the bars, write docs/performance.md
	$(V)/python scripts/bars.py

sim: setup ## Simulate whole nodes: SEED=1 SEEDS=200 STEPS=20000
	PYTHONPATH=. $(V)/python tests/sim/run_nodes.py $(or $(SEED),1) $(or $(SEEDS),200) inf $(or $(STEPS),20000)

soak: setup ## Both simulations, each for as long as it is told: SECONDS=600
	$(V)/python tests/sim/run.py 1 1000000 $(or $(SECONDS),600)
	PYTHONPATH=. $(V)/python tests/sim/run_nodes.py 1 1000000 $(or $(SECONDS),600)

mutations: setup ## Break one rule after the other; write who noticed into docs/reliability.md
	PYTHONPATH=.:tests/sim $(V)/python scripts/mutations.py

dist: setup ## Build the wheel
	rm -rf build dist && $(V)/python -m build -q --wheel

clean: ## Remove what was made
	rm -rf .venv .mypy .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist *.egg-info
