# make demo and make test are all that a fresh machine needs: Python 3.10 or later with pip and venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --max-worker-restart 0

.PHONY: demo test test-slow lint format docs wheel clean

demo: $(INSTALLED)
	$(BIN)/genconvit demo

test: lint
	$(PYTEST) -m "not slow and not alone"
	$(BIN)/python -m pytest -m "alone and not slow" tests

test-slow: $(INSTALLED) docs
	$(PYTEST) -m "slow and not alone"
	$(BIN)/python -m pytest -m "alone and slow" tests

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

wheel: $(INSTALLED)
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) dist site .mypy_cache .ruff_cache .pytest_cache
