# `make guide` builds the guide with its experiment, `make test` runs the tests that are
# fast, `make test-slow` all others: a browser, trainings, kills, whole sites.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PYTEST := $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: guide test test-slow lint format constraints clean

guide: $(INSTALLED)
	$(BIN)/moocmap check
	$(BIN)/moocmap experiment run digits --results build/results
	$(BIN)/moocmap build

test: $(INSTALLED)
	$(PYTEST) -m "not slow"

test-slow: $(INSTALLED)
	$(PYTEST) -m slow

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/moocmap check

format: $(INSTALLED)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5))' || { \
	  echo "moocmap needs Python 3.11.5 or newer; found: $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv
	$(BIN)/uv pip install --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[experiments,jax,dev]'
	@touch $@

# Renews every pin by name to the newest versions that go together.
constraints:
	$(PYTHON) -m venv build/newest
	build/newest/bin/python -m pip install --quiet uv
	build/newest/bin/uv pip install --python build/newest/bin/python --editable '.[experiments,jax,dev]'
	{ head -n 1 constraints.txt; build/newest/bin/uv pip freeze --python build/newest/bin/python --exclude-editable; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

clean:
	rm -rf build .venv
