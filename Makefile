# perfplug, from a bare checkout on Debian or Ubuntu: gcc, make and Python >= 3.10 are all it takes.
#   make demo     the example service under load, judged
#   make test     everything that can fail
#   make lint     what reads the source without running it
#   make matrix   unit and plugin tests on every Python found
#   make bench    perfplug itself, measured against other tools
PYTHON ?= python3
export PYTHON
VENV := .venv
BIN := $(VENV)/bin
CORE_SOURCES := setup.py $(wildcard csrc/*.c csrc/*.h)

all: core

# Names no file: runs each time, and says nothing when nothing is missing.
setup-%:
	@.ci/system-packages $*

$(BIN)/python:
	@.ci/system-packages build
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(BIN)/python
	@.ci/system-packages build
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip 'setuptools>=77'
	PERFPLUG_WERROR=1 $(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[dev]'
	@touch $@

build/core.built: $(CORE_SOURCES) $(VENV)/installed
	PERFPLUG_WERROR=1 $(BIN)/python setup.py --quiet build_ext --inplace
	@mkdir -p build && touch $@

setup: $(VENV)/installed
core: build/core.built

test: core setup-test lint test-c
	.ci/sanitized tests/unit/test_core_histogram.py tests/unit/test_core_run.py
	$(BIN)/pytest

test-c: core
	$(MAKE) --no-print-directory -C tests/c

lint: core setup-lint
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHON=$(BIN)/python .ci/lint

demo: core
	$(BIN)/python docs/examples/demo.py

bench: core setup-bench
	$(BIN)/pip install --quiet --disable-pip-version-check '.[bench]'
	$(BIN)/python tests/bench/run.py

matrix:
	@.ci/system-packages build
	@.ci/matrix

clean:
	rm -rf build dist $(VENV) *.egg-info perfplug/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find perfplug tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: all setup core test test-c lint demo bench matrix clean
