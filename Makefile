# Every target works from a bare checkout, in any folder, and again at once the second time.
# Needs only make and Python 3.11 or newer with venv; everything else is installed into .venv.

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/installed
# A virtual environment holds its own address: one that was moved or copied is made again.
HERE := $(CURDIR)
INSTALLED_HERE := $(shell test -x $(PY) && cat $(STAMP) 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help install demo test check bench bench-peers docs clean moved

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## Make .venv with the pinned packages and the neurashed command in it

demo: $(STAMP)  ## Train two small networks on digits, show what they learn together, write a report
	@$(VENV)/bin/neurashed demo

test: $(STAMP)  ## Run the whole test suite, examples in the docs included
	@$(PY) -m pytest --numprocesses=2 $(PYTEST_OPTIONS)

check: $(STAMP)  ## Lint, format, types, import contracts, examples in the docs
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m basedpyright --pythonpath $(PY)
	$(VENV)/bin/lint-imports
	$(PY) -m pytest --quiet README.md docs

bench: $(STAMP)  ## Time and memory against the loop and against the peers that are installed
	@$(PY) benchmarks/run.py $(BENCH_OPTIONS)

bench-peers: $(STAMP)  ## The same, after installing each peer in its own environment
	@$(PY) benchmarks/install_peers.py
	@$(PY) benchmarks/run.py $(BENCH_OPTIONS)

docs: $(STAMP)  ## Run the examples in the docs and say where to read
	@$(PY) -m pytest --quiet README.md docs
	@echo "Start at $(HERE)/README.md; the pages are in $(HERE)/docs"

clean:  ## Remove .venv and every cache
	rm -rf $(VENV) .venv-peers .pytest_cache .ruff_cache .hypothesis .import_linter_cache

ifneq ($(INSTALLED_HERE),$(HERE))
$(STAMP): moved
endif
moved:

$(STAMP): pyproject.toml constraints.txt .ci/make-venv
	@.ci/make-venv "$(PYTHON)" $(VENV)
	@echo "Installing Neurashed and its pinned packages into $(VENV) (once, about two minutes) ..."
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check --no-input \
		--constraint constraints.txt --editable ".[dev]"
	@printf '%s\n' "$(HERE)" > $@
