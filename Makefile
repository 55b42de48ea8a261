# lifeworth from a bare checkout. It takes Python, make and a C compiler; `make` alone lists the targets.
#
# How it works: each environment has two files that make compares by age. `bin/python` says that the environment
# exists; a stamp beside it says that the packages in it are those of pyproject.toml and the pins. So everything is
# installed once, and again only after one of these files has changed.
#
# Packages come from wherever pip is configured to look: no address is written here or in the pins.

VENV := .venv
PEERS := .venv-peers
PYTHON := $(VENV)/bin/python

RUNTIME_STAMP := $(VENV)/runtime.stamp
DEV_STAMP := $(VENV)/dev.stamp
PEERS_STAMP := $(PEERS)/peers.stamp

PINS := constraints.txt
PEERS_PINS := benchmarks/constraints.txt

# Run by each Python that might do: a version manager's shim may carry the name and fail, a system Python may lack the
# venv module, and one newer than the pins would have to compile numba's compiler.
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 14))

# Options of one's own: make test PYTEST_ARGS="-k frequency -x"
PYTEST_ARGS ?=
# Of `make soak`.
KILLS ?= 300
# Two processes: the size of the smallest machine that CI runs on; the tests of a file share one, and what they set up.
PYTEST := $(PYTHON) -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder

# Errors only: a line for each package of each index that was asked helps nobody.
PIP_INSTALL := -m pip install --quiet --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help setup demo test test-slow test-browser soak lint format bench pins clean clean-all

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

setup: $(DEV_STAMP) ## make .venv, with the tools of developers

demo: $(RUNTIME_STAMP) ## two nights of a scheduled run on real data: settings and orders in out/demo, report in out/demo/current
	"$(VENV)/bin/lifeworth" demo --out out/demo

test: $(DEV_STAMP) ## every test but the slow ones, the examples in docstrings included
	$(PYTEST) -m "not slow and not browser" $(PYTEST_ARGS)

test-slow: $(DEV_STAMP) ## the statistical and long tests
	$(PYTEST) -m slow $(PYTEST_ARGS)

test-browser: $(DEV_STAMP) ## the report in Chromium, which has to be installed: every language, desktop and phone
	$(PYTEST) -m browser $(PYTEST_ARGS)

soak: $(DEV_STAMP) ## kill scheduled runs at random moments, KILLS of them, and see that readers never notice
	LIFEWORTH_KILLS=$(KILLS) "$(PYTHON)" -m pytest -m slow --log-cli-level=INFO tests/pipelines/runs/test_kills.py $(PYTEST_ARGS)

lint: $(DEV_STAMP) ## style, format, types, and the arrows between the rooms
	"$(VENV)/bin/ruff" check .
	"$(VENV)/bin/ruff" format --check .
	"$(VENV)/bin/mypy"
	"$(VENV)/bin/lint-imports"

format: $(DEV_STAMP) ## put the code into the format that lint expects
	"$(VENV)/bin/ruff" check --fix .
	"$(VENV)/bin/ruff" format .

bench: $(RUNTIME_STAMP) $(PEERS_STAMP) ## lifeworth and its peers on the same work
	"$(PYTHON)" benchmarks/run.py

# ---- environments ------------------------------------------------------------------------------------------------

# --build-constraint: the build of lifeworth itself uses the pinned setuptools too.
$(RUNTIME_STAMP): pyproject.toml $(PINS) $(PYTHON)
	@echo "Installing what lifeworth needs into $(VENV) (a few minutes the first time)"
	@"$(PYTHON)" $(PIP_INSTALL) --constraint $(PINS) --build-constraint $(PINS) --editable .
	@touch "$@"

$(DEV_STAMP): $(RUNTIME_STAMP)
	@echo "Installing the tools of developers into $(VENV)"
	@"$(PYTHON)" $(PIP_INSTALL) --constraint $(PINS) --group dev
	@touch "$@"

$(PEERS_STAMP): pyproject.toml $(PEERS_PINS) $(PEERS)/bin/python
	@echo "Installing the peers of the benchmark into $(PEERS)"
	@"$(PEERS)/bin/python" $(PIP_INSTALL) --constraint $(PEERS_PINS) --group peers
	@touch "$@"

# One recipe for both environments. Each starts with the pinned pip, as an older one knows no dependency groups.
# uv gives the Python alone: packages come through pip, whose configuration is the user's, and uv does not read it.
$(VENV)/bin/python $(PEERS)/bin/python:
	@env="$(@:/bin/python=)"; \
	rm -rf "$$env"; \
	for python in python3 python3.13 python3.12; do \
	    if "$$python" -c '$(SUITABLE)' >/dev/null 2>&1; then \
	        echo "Making $$env with $$python, $$("$$python" --version)"; \
	        "$$python" -m venv "$$env" || exit 1; \
	        break; \
	    fi; \
	done; \
	if [ ! -x "$@" ] && command -v uv >/dev/null 2>&1; then \
	    echo "Making $$env with uv"; \
	    uv venv --quiet --python 3.13 "$$env" && "$@" -m ensurepip >/dev/null || rm -rf "$$env"; \
	fi; \
	if [ ! -x "$@" ]; then \
	    echo "lifeworth needs Python 3.12, 3.13 or 3.14 with its venv module; of python3, python3.13, python3.12" >&2; \
	    echo "and uv, none gave one. Install one of them, then run make again, for example:" >&2; \
	    echo "  Debian, Ubuntu   apt-get install python3 python3-venv" >&2; \
	    echo "  Fedora           dnf install python3.13" >&2; \
	    echo "  macOS            brew install python@3.13" >&2; \
	    echo "  anywhere         install uv, which brings a Python of its own" >&2; \
	    exit 1; \
	fi; \
	"$@" $(PIP_INSTALL) --constraint $(PINS) pip

# ---- pins --------------------------------------------------------------------------------------------------------

# Pins that are there stay as they are: `make pins UPGRADE=--upgrade` moves all of them to the newest.
UPGRADE ?=
# The pins hold for every platform and every Python from 3.12 on, and name no address.
COMPILE := "$(VENV)/bin/uv" pip compile --quiet --universal --python-version 3.12 --no-annotate \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make pins" $(UPGRADE)

pins: $(DEV_STAMP) ## write the pins anew from the dependencies in pyproject.toml
	"$(PYTHON)" $(PIP_INSTALL) uv
	$(COMPILE) pyproject.toml --all-extras --group dev --output-file $(PINS) >/dev/null
	$(COMPILE) --group peers --output-file $(PEERS_PINS) >/dev/null

# ---- the broom ---------------------------------------------------------------------------------------------------

clean: ## remove caches, builds and out/demo
	rm -rf build dist out/demo lifeworth.egg-info .coverage
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -path "./.venv*" -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean ## clean, and remove the environments
	rm -rf "$(VENV)" "$(PEERS)"
