# LiveShelf's commands. Each sets up what it needs in .venv of this clone; none but `test` (as root) ever calls apt.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
ARGS ?=

.PHONY: help demo test check format lint types reference pictures bench nightly soak lock clean apt

help: ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/.installed-demo ## a whole store: simulated shelves, broker, database, orders, pages in your browser
	@$(BIN)/liveshelf demo $(ARGS)

test: $(VENV)/.installed-dev apt ## every test: real broker, real database
	@$(BIN)/pytest -q -n $(WORKERS) $(ARGS)

check: $(VENV)/.installed-dev ## format, lint, types, import rules, fast tests: under a minute
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest -q -n $(WORKERS) tests/unit tests/house

format: $(VENV)/.installed-dev ## rewrite the code in the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

reference: $(VENV)/.installed-dev ## write docs/reference anew from the types: the wire and the HTTP API
	@$(BIN)/python -m liveshelf.reference && $(BIN)/python -m cloud.openapi > docs/reference/openapi.json

pictures: $(VENV)/.installed-dev ## take the README's pictures anew from a running demo; needs Chromium
	@$(BIN)/python docs/pictures/take.py

bench: $(VENV)/.installed-dev ## measured figures, each beside its reference
	@$(BIN)/liveshelf bench --quick $(ARGS)

nightly: $(VENV)/.installed-dev apt ## every test with many more random cases: up to an hour
	@HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -q -n $(WORKERS) --timeout 3000 $(ARGS)

soak: $(VENV)/.installed-demo ## an hour of a whole store, nothing lost
	@$(BIN)/liveshelf demo --headless --for 3600 --speed 5 --json $(ARGS)

lock: $(VENV)/.installed-dev ## compile the hash-pinned requirements anew
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/pip install -q uv
	@compile="$(BIN)/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --upgrade"; \
	say='--custom-compile-command "make lock"'; \
	eval $$compile $$say requirements/build.in -o requirements/build.txt && \
	eval $$compile $$say --extra demo pyproject.toml -o requirements/demo.txt && \
	eval $$compile $$say --extra gateway --extra web pyproject.toml -o requirements/server.txt && \
	eval $$compile $$say --extra demo --group dev pyproject.toml -o requirements/dev.txt

clean: ## forget the environment and what tools left behind
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build

# As root, install the programs some tests need; otherwise say how, and those tests skip.
apt:
	@bash .ci/programs

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "LiveShelf needs Python 3.11 or newer: $(PYTHON) is $$($(PYTHON) --version). Name another: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "Python's venv is missing. On Debian: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-demo: requirements/demo.txt pyproject.toml | $(BIN)/python
	@echo "installing LiveShelf into $(VENV) …"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/demo.txt
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt requirements/demo.txt pyproject.toml | $(BIN)/python
	@echo "installing LiveShelf and its tests into $(VENV) …"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.installed-demo
