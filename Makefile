# Everything a user or developer types; `make` alone lists it.
# Settings: HOST and PORT for serve, PYTHON for setup.

HOST ?= 127.0.0.1
PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOP := $(VENV)/.develop
FRONTEND := $(VENV)/.frontend
BROWSER := $(VENV)/.browser
BUILT := build/.built
FRONTEND_SOURCES := $(wildcard frontend/package-lock.json frontend/*.mjs frontend/src/* frontend/src/*/*)
FACTS := $(shell find ontology data queries kg/build kg/model rlreason -type f -not -name '*.pyc')

.DEFAULT_GOAL := help
.PHONY: help setup build serve test check bench bench-growth bench-serving certify mutants soak soak-durability fuzz screenshots wheel clean distclean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-15s %s\n", $$1, $$2 }'

setup: $(DEVELOP) $(FRONTEND) $(BROWSER) $(BUILT) ## make .venv and all that tests need; quick when done before

build: $(INSTALLED) ## validate the files, reason, publish build/current
	$(BIN)/kg build

serve: $(INSTALLED) $(FRONTEND) $(BUILT) ## serve http://127.0.0.1:8000/ (HOST=, PORT=)
	$(BIN)/python server.py --host $(HOST) --port $(PORT)

test: setup ## run all tests, on two cores
	$(BIN)/pytest -n 2

check: $(DEVELOP) $(FRONTEND) ## lint, format, types; the front end's too where Node is
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if [ -d frontend/node_modules ]; then cd frontend && npm run check && npm test; \
	else echo "frontend: not checked, Node is not installed."; fi

bench: setup ## run the benchmarks, side by side; minutes
	$(BIN)/pip install --quiet -e '.[bench]' -c constraints.txt
	@for script in benchmarks/*/run.sh; do if [ -x $$script ]; then echo "== $$script"; $$script || exit 1; fi; done

certify: setup ## certify the proofs of 300 generated ontologies; a minute or two
	$(BIN)/python -m tests.rlreason.certified 300

mutants: setup ## change the core line by line and list what no test notices; half an hour
	$(BIN)/pip install --quiet -e '.[bench]' -c constraints.txt
	$(BIN)/python -m tests.mutants

soak: setup ## run the server under load for a long while
	$(BIN)/python -m benchmarks.serving.soak

soak-durability: setup ## 200 rounds of kill -9 while writing: nothing acknowledged is lost
	$(BIN)/python -m tests.sparqlhost.store.durability 200

bench-growth: setup ## what 1, 10 and 100 documents cost, and the exponents; half an hour
	$(BIN)/python -m benchmarks.growth.measure 1 10 100

bench-serving: setup ## requests a second, rows, latencies, beside other servers
	$(BIN)/pip install --quiet -e '.[bench]' -c constraints.txt
	benchmarks/serving/run.sh

fuzz: setup ## throw generated requests at the server
	$(BIN)/python -m tests.security.fuzz

wheel: $(INSTALLED) $(FRONTEND) ## the package that `pip install` takes, in dist/
	$(BIN)/pip wheel --quiet --no-deps -w dist .

screenshots: setup ## draw the gallery of pages into screenshots/
	$(BIN)/python -m tests.browser.screenshots

clean: ## remove builds and caches
	rm -rf build dist screenshots .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find kg rlreason sparqlhost tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv and node_modules too
	rm -rf $(VENV) frontend/node_modules kg/pages/static/dist *.egg-info

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or later is needed; \`$(PYTHON)\` is not. Install it, or run: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@[ -x $(BIN)/python ] && $(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv $(VENV) 2>/dev/null \
	  || { rm -rf $(VENV); [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get install -y -q python3-venv >/dev/null \
	       && $(PYTHON) -m venv $(VENV); } \
	  || { echo "Python cannot make a virtual environment. Install the package python3-venv, then run make setup again." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e . -c constraints.txt
	@touch $@

$(DEVELOP): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $@

$(FRONTEND): $(INSTALLED) $(FRONTEND_SOURCES)
	@if [ ! -f frontend/package.json ]; then :; \
	elif command -v npm >/dev/null; then cd frontend && npm ci --no-audit --no-fund --loglevel=error && npm run build --silent; \
	else echo "Node is not installed: pages work, but without editor, drawings and live search."; fi
	@touch $@

$(BROWSER): $(DEVELOP)
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  { apt-get update -q >/dev/null; apt-get install -y -q chromium >/dev/null; } \
	    || echo "Chromium could not be installed: browser tests will be skipped."; \
	else echo "Chromium is not installed: browser tests will be skipped."; fi
	@touch $@

$(BUILT): $(INSTALLED) $(FACTS)
	$(BIN)/kg build
	@touch $@
