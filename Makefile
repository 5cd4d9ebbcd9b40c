# Two commands are enough: `make serve` and `make test`. Both make .venv from a lock that pins versions and hashes.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: serve test lint format bench mutants docs lock clean

serve: .venv/.serve
	$(BIN)/testamur serve --demo --ready-file ready.json

test: .venv/.dev lint
	$(BIN)/pytest

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.dev
	$(BIN)/python -m bench

mutants: .venv/.dev
	$(BIN)/python -m tests.mutants

docs: .venv/.dev
	$(BIN)/python -m tools.docs

lock: .venv/.dev
	$(BIN)/python -m tools.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build

.venv/bin/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or later is needed, this is " + sys.version'
	$(PYTHON) -m venv .venv

.venv/.serve: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

.venv/.dev: requirements-dev.lock .venv/.serve
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@
