# Everything runs from a bare checkout: each target first makes .venv what it needs (Python 3.11+, git and make are enough).
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -p no:cacheprovider
FAST := $(foreach suite,unit contract properties house surface journeys,$(if $(wildcard tests/$(suite)/test_*.py),tests/$(suite)))
LONG := $(foreach suite,faults real,$(if $(wildcard tests/$(suite)/test_*.py),tests/$(suite)))

.DEFAULT_GOAL := help
.PHONY: help demo test check prove bench lock base dev rivals

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: base ## The sample company's month: front office to ledger and database, without network, in build/demo-home
	@$(BIN)/counterfoil demo sample --home build/demo-home
	@printf '\n%s\n' '`counterfoil` is in $(BIN); `. $(BIN)/activate` puts it on your path.'

test: dev ## The fast suites, on SQLite and PostgreSQL (COVERAGE=1: with the coverage gate, in nearly twice the time)
	@$(PYTEST) -n $(JOBS) --dist worksteal $(if $(COVERAGE),--cov --cov-report=) $(FAST)
	@$(if $(COVERAGE),$(BIN)/coverage report --skip-covered --skip-empty)

check: dev ## Style, types, floors, dependencies, the house's own rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(PYTEST) tests/house

prove: dev ## The long suites: real kills, real data (COUNTERFOIL_REQUIRE=shared,postgres,tryton,vendure forbids them to skip)
	@$(if $(LONG),$(PYTEST) -n $(JOBS) --dist loadscope --timeout 1800 $(LONG),echo "There are no long suites yet: no test in tests/faults, none in tests/real.")

bench: rivals ## Records a second and memory of each step, into build/bench.json
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.reconciling

lock: dev ## Write requirements/*.txt again from pyproject.toml
	@PATH="$(CURDIR)/.venv/.uv/bin:$$PATH" sh requirements/lock.sh

base dev:
	@$(PYTHON) .ci/setup $@

rivals:
	@$(PYTHON) .ci/setup bench
