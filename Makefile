# make app    start the app on http://localhost:8501 (makes .venv at the first call)
# make test   run every test
# make audit  audit data, heatmaps and refusals of the bundle (DATA=folder of labelled images)
# make bench  measure speed and memory, write benchmarks/results and the README's figures
# make docs   build the documentation into build/site, without a network
# make check  formatting, lint, types, import direction and the fast tests
# Only Python 3.11 or newer and a package index are needed.

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
DATA ?= ../shared/data
TEST_PROCESSES ?= 2
# The first interpreter that is new enough; `make PYTHON=/path/to/python app` names one.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

SETUP_STAMP := $(VENV)/.requirements-installed
DEV_STAMP := $(VENV)/.requirements-dev-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
LOCK_OPTIONS := -q --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"

.PHONY: help setup setup-dev app audit audit-dependencies lock test coverage lint check docs bench clean

help:
	@sed -n 's/^# //p' Makefile | head -n 7

setup: $(SETUP_STAMP)

setup-dev: $(DEV_STAMP)

$(BIN)/python:
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "LeukApp needs Python 3.11 or newer; install it, or name one with: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	"$(PYTHON)" -m venv $(VENV)

# The lock names every package, so nothing is left to resolve: a newer release of one moves nothing.
$(SETUP_STAMP): requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps -e .
	@touch $@

$(DEV_STAMP): requirements-dev.lock $(SETUP_STAMP)
	$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

app: setup
	$(BIN)/streamlit run app.py --server.port $(PORT)

audit: setup
	$(BIN)/python -m leukapp audit --all --data $(DATA)

# Pins every package with its hashes; run it after a change of requirements*.txt.
lock:
	"$(PYTHON)" -m venv .lock-venv
	.lock-venv/bin/python -m pip install -q uv==0.13.9
	.lock-venv/bin/uv pip compile $(LOCK_OPTIONS) requirements.txt -o requirements.lock
	.lock-venv/bin/uv pip compile $(LOCK_OPTIONS) requirements-dev.txt -o requirements-dev.lock
	.lock-venv/bin/uv pip compile $(LOCK_OPTIONS) requirements.txt requirements-cluster.txt -o requirements-cluster.lock
	rm -rf .lock-venv

audit-dependencies: setup-dev
	$(BIN)/python scripts/audit_dependencies.py

# About a quarter of an hour, on a machine that does nothing else.
bench: setup-dev
	$(BIN)/python benchmarks/run.py --json --out benchmarks/results/compact.json
	$(BIN)/python benchmarks/run.py --json --preset paper --out benchmarks/results/paper.json
	$(BIN)/python benchmarks/quote.py

# Two processes, since browser tests mostly wait; a file's tests stay together and share what they
# start. `make TEST_PROCESSES=4 test` takes more. Branch coverage of leukapp, without what browser tests
# run in processes of their own, must reach the floor in pyproject.toml; `make coverage` lists what is missed.
test: setup-dev
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --cov --cov-report=

coverage: test
	$(BIN)/coverage report --skip-covered

lint: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(BIN)/python -m pytest -m "not keras and not browser and not real_data"

docs: setup-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) build dist leukapp.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
