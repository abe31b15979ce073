# Every target sets up what it needs. `make demo` and `make test` are the two to know.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo setup test check fix long interop bench bench-phi lock docs clean
.DEFAULT_GOAL := setup

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/pip || sh tools/venv.sh $(PYTHON) $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q gateway  # else each role that may not write here compiles all of it at every start
	touch $(STAMP)

setup: $(STAMP)  ## .venv with the pinned requirements and `sealgate` in it

demo: $(STAMP)  ## the main job on loopback, shown side by side; ONCE=1 proves it without a person
	$(BIN)/python -m tools.demo $(if $(ONCE),--once)

test: $(STAMP)  ## everything CI runs
	sh tools/peers.sh
	$(MAKE) check
	$(BIN)/python -m compileall -q gateway tests/support  # once, and not in each of the processes that tests start
	$(BIN)/python -m pytest -n $${SEALGATE_TEST_PROCESSES:-2} --dist loadfile --no-loadscope-reorder -m "not long"

check: $(STAMP)  ## lint, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(STAMP)  ## formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

long: $(STAMP)  ## what is too long for CI
	$(BIN)/python -m pytest -m "long"
	$(BIN)/python -m pytest -m "hypothesis and not long" --hypothesis-profile=drawn

interop: $(STAMP)  ## docs/interop.md: what opens what; on Debian also needs default-jdk-headless libbcpkix-java libbcmail-java
	sh tools/peers.sh
	$(BIN)/python -m pytest tests/interop -m "long or not long" --interop docs/interop.md

bench: $(STAMP)  ## speed as ratios against peers in the same run
	$(BIN)/python -m bench

bench-phi: $(STAMP) .venv-peers/ready  ## the detector's figures on every set at hand, beside Presidio's in the same run
	$(BIN)/python -m bench.phi --peer .venv-peers/bin/python

.venv-peers/ready: requirements/peers.txt
	sh tools/venv.sh $(PYTHON) .venv-peers
	.venv-peers/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/peers.txt
	touch $@

docs: $(STAMP)  ## the generated references and docs/promises.md
	$(BIN)/python -m tools.reference
	$(BIN)/python -m tools.promises

lock:  ## remake the pinned requirements from the .in files
	cd requirements && ../$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --allow-unsafe --strip-extras -o runtime.txt runtime.in
	cd requirements && ../$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --allow-unsafe --strip-extras -o dev.txt dev.in
	cd requirements && ../$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --allow-unsafe --strip-extras -o peers.txt peers.in

clean:
	rm -rf demo-data .mypy_cache .ruff_cache .hypothesis
