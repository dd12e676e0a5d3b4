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
PIP := $(BIN)/pip -qq --disable-pip-version-check
SOURCES := $(wildcard csrc/*.c)
HEADERS := $(wildcard csrc/*.h)
TIDIED := $(SOURCES:csrc/%.c=build/tidy/%)

core: build/core.built
setup: $(VENV)/dev.installed

# Names no file: looks each time, and says nothing when nothing is missing.
system-%:
	@.ci/system-packages $*

$(BIN)/python:
	@.ci/system-packages build
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip 'setuptools>=77'

# The extra of that name, and perfplug itself as it stands in this checkout.
$(VENV)/%.installed: pyproject.toml | $(BIN)/python
	$(PIP) install --no-build-isolation --editable '.[$*]'
	@touch $@

build/core.built: setup.py $(SOURCES) $(HEADERS) | $(BIN)/python
	$(BIN)/python setup.py --quiet build_ext --inplace
	@mkdir -p build && touch $@

demo: $(VENV)/demo.installed core
	$(BIN)/python docs/examples/demo.py

# One after another under -j too; the last line is pytest's.
test: system-test
	@for part in test-c lint test-asan test-python; do $(MAKE) --no-print-directory $$part || exit; done

test-python: $(VENV)/dev.installed core
	$(BIN)/pytest

test-asan: $(VENV)/dev.installed core
	.ci/sanitized tests/unit/test_core_histogram.py tests/unit/test_core_resampling.py tests/unit/test_core_run.py tests/live/test_modes_transport.py

test-c: system-build
	$(MAKE) --no-print-directory -C tests/c

lint: $(VENV)/dev.installed core system-lint
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/lint
	@$(MAKE) --no-print-directory -j$$(nproc) tidy

tidy: $(TIDIED)
build/tidy/%: csrc/%.c $(HEADERS) .clang-tidy | $(BIN)/python
	@mkdir -p $(@D)
	@PYTHON=$(BIN)/python .ci/tidy $<
	@touch $@

bench: system-bench $(VENV)/bench.installed core
	$(BIN)/python -m tests.bench

matrix: system-build
	@.ci/matrix

clean:
	rm -rf build dist $(VENV) *.egg-info perfplug/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find perfplug tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: core setup demo test test-python test-asan test-c lint tidy bench matrix clean
