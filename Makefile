# make run    the demo, or the real thing once a burndeck.toml or an admin key is there
# make test   the test suite        make lint   ruff, mypy, import rules
# make bench  the benchmarks        make clean  everything that make made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready
DEV_READY := $(VENV)/.ready-dev
# Without compiled files every start reads all sources again and looks several times too slow.
unexport PYTHONDONTWRITEBYTECODE
ARGS ?=

.PHONY: run test scenarios labs lint format bench pictures build clean help

help:
	@sed -n 's/^# //p' Makefile

run: $(RUN_READY)
	@$(BIN)/python -m console.launch $(ARGS)

test: $(DEV_READY)
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not bench and not scenarios and not labs" $(ARGS)

scenarios: $(DEV_READY)
	$(BIN)/python -m pytest -n auto -m scenarios tests/e2e tests/console/runs $(ARGS)

labs: $(DEV_READY)
	$(BIN)/python -m pytest -n auto -m labs tests/labs $(ARGS)

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV_READY)
	$(BIN)/python -m tests.bench $(ARGS)

pictures: $(DEV_READY)
	$(BIN)/python -m tests.pictures

build: $(DEV_READY)
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

$(VENV)/bin/python:
	@$(PYTHON) .ci/venv.py $(VENV)

$(RUN_READY): pyproject.toml | $(VENV)/bin/python
	@echo "Setting up burndeck (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python -m compileall -q agent console fixtures
	@touch $@

$(DEV_READY): pyproject.toml | $(VENV)/bin/python
	@echo "Setting up burndeck and its tests (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(BIN)/python -m compileall -q agent console fixtures
	@touch $@ $(RUN_READY)

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
