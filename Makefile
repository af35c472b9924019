# Two commands do everything: `make demo` and `make test`. Both need only Python 3.11+, make and a network.
PYTHON ?= python3
BIN := .venv/bin
WORK ?= build

.PHONY: all demo demo-live demo-console test check lint types contracts unit docs bench lock clean
all: test

# The environment is rebuilt when the lock changes; every file in it is verified against its hash.
.venv/ready: requirements/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Tallystick needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3.11.")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/ready
	$(BIN)/python -m tallystick demo --out $(WORK)/demo

# Two nodes, two switches and their calls; with Debian's kamailio and sip-tester, or by HTTP.
demo-live: .venv/ready
	$(BIN)/python -m tallystick node demo --out $(WORK)/demo-live

# Two countries to sign in to, until Ctrl-C; what was done there is kept.
demo-console: .venv/ready
	$(BIN)/python -m tallystick console demo --out $(WORK)/demo/parties

test: lint types contracts unit docs

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell src docs spec tests bench examples README.md CHANGELOG.md

types: .venv/ready
	$(BIN)/mypy

contracts: .venv/ready
	$(BIN)/lint-imports

unit: .venv/ready
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

docs: .venv/ready
	$(BIN)/sphinx-build --fail-on-warning --quiet -b html docs $(WORK)/docs

bench: .venv/ready
	$(BIN)/python bench/pairing.py --sizes 1e6

lock: .venv/ready
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate --quiet --group dev pyproject.toml -o requirements/lock.txt

clean:
	rm -rf build .venv
