# Each target alone is enough: the environment is built on first use. `make PYTHON=python3.12 test` picks a Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# With it every process that a test starts, and pytest for its own files, compiles what it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-slow test-postgres coverage lint types imports check bench wheel constraints pictures clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(VENV)/.demo: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint=constraints.txt --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint=constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo ## Do the whole job on a sample course; nothing leaves this machine
	$(BIN)/notify demo

# The quick tests, the same in each run: Hypothesis draws new examples in the slow ones only.
QUICK := -m "not slow" --hypothesis-profile=ci --numprocesses auto --maxprocesses 4 --dist worksteal

test: $(VENV)/.dev ## Run the tests (they bring their own PostgreSQL)
	$(BIN)/python -m pytest $(QUICK)

# The storms go alone: they measure time.
PARALLEL := tests/audit tests/calendar tests/cli tests/due tests/manual

test-slow: $(VENV)/.dev ## Run the tests at the size of the promise, which take minutes
	$(BIN)/python -m pytest -m slow --numprocesses auto --maxprocesses 4 $(PARALLEL)
	$(BIN)/python -m pytest -m slow $(PARALLEL:%=--ignore=%)

# What asks the database: everything else is the same whatever its version.
ASKING := tests/calendar/test_calendar_life.py tests/doctor tests/due tests/log tests/manual tests/platform tests/sending
# Of these, what asks the same statements again with other values, draws terminals or measures time.
AGAIN := tests/due/test_announced_sweeps.py tests/log/test_upcoming_log.py tests/manual/test_own_group.py tests/sending/test_pace.py \
	tests/due/test_quiet_hours.py::test_each_message_goes_out_when_it_was_announced_and_not_at_night

test-postgres: $(VENV)/.dev ## Run what asks the database on another PostgreSQL: POSTGRES=/usr/lib/postgresql/15/bin
	TEST_POSTGRES=$(POSTGRES) $(BIN)/python -m pytest $(QUICK) $(ASKING) $(AGAIN:%=--deselect=%)

coverage: $(VENV)/.dev ## Measure which branches the tests run
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(QUICK)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort=cover

lint: $(VENV)/.dev ## Check style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev ## Check types
	$(BIN)/mypy

imports: $(VENV)/.dev ## Check that the layers import downwards only
	$(BIN)/lint-imports

check: lint types imports test ## All of the above

bench: $(VENV)/.dev ## Measure speed against local fakes, as ratios; `make bench present` measures that figure alone
	$(BIN)/python -m bench $(FIGURES)

# What stands behind bench on the command line are figures, not targets.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
FIGURES := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(eval $(FIGURES):;@:)
endif

wheel: $(VENV)/.dev ## Build what a release is made of, into dist/
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

constraints: ## Renew constraints.txt: the newest versions that pyproject.toml allows
	rm -rf build/constraints
	$(PYTHON) -m venv build/constraints
	build/constraints/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	{ sed -n '/^#/p' constraints.txt; build/constraints/bin/pip freeze --exclude-editable; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

pictures: $(VENV)/.dev ## Take pictures of every email, of the page and of the terminal in the README (needs Chromium)
	$(BIN)/python -m bench.pictures pictures

clean: ## Remove what the targets made
	rm -rf $(VENV) .notify-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
