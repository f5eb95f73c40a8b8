# The verbs of the project. `make setup`, `make demo` and `make test` each work alone on a fresh
# machine: they create .venv, install the locked dependencies, compile the kernels, and run.
# `make PYTHON=python3.12 setup` says which Python .venv is made with.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
ENVIRONMENT = .ci/environment $(PYTHON) $(VENV) $(if $(filter file,$(origin PYTHON)),any,asked)
SOURCES = rollup circuits sequencer tests benchmarks examples

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help environment setup demo test soundness fuzz faults check format bench bench-peers bench-growth bench-resident bench-peaks bench-restart bench-gas load golden lock clean contracts contracts-tools

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(INSTALLED): requirements.lock pyproject.toml
	@$(ENVIRONMENT)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ # last, so that an installation that was interrupted is taken up again

environment: # before .installed is looked at, since it goes with an environment that is made anew
	@$(ENVIRONMENT)

setup: environment $(INSTALLED) ## Create .venv, install the locked dependencies, compile the kernels once
	@$(BIN)/crypsis prover warm

demo: setup ## Orders in, proofs out, a new root on L1: the whole rollup on a seeded market
	@$(BIN)/crypsis demo $(ARGS)

test: setup ## Every test, on every core, up to four (ARGS=tests/unit/rollup runs a part)
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

soundness: setup ## Every known lie, the whole kill matrix, a forged cell in every column, two worlds told apart (an hour on two cores; SEED=N runs one again)
	@$(BIN)/python -m tests.soundness.run $(ARGS)

fuzz: setup ## Strange bytes for every reader, FUZZ_SECONDS long (an hour; SEED=N again); what is new stays in tests/corpus
	@$(BIN)/python -m tests.fuzz.engine $(ARGS)

faults: setup ## Kills, power cuts, disks, L1s, provers and clients that fail, 1,000 lives (half an hour; SEED=N again)
	@$(BIN)/python -m tests.faults.run $(ARGS)

check: $(INSTALLED) ## Format, lint, types and import contracts
	@$(BIN)/ruff format --quiet --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports

contracts-tools: $(INSTALLED) ## The pinned compiler and a node of an EVM chain, into .venv (needs npm)
	@mkdir -p $(VENV)/node && cp rollup/l1/evm/package.json rollup/l1/evm/package-lock.json $(VENV)/node/
	@cd $(VENV)/node && npm ci --ignore-scripts --no-audit --no-fund --silent

contracts: contracts-tools ## Compile the contracts of L1 (ARGS=--check compares with what the repository has)
	@$(BIN)/python -m rollup.l1.evm.generate $(ARGS)
	@for each in layout refusals field_constants begin_fields interpreter kernels query_constants query_kernels pinned; do \
		$(BIN)/python -m circuits.evm.$$each $(ARGS) || exit 1; done
	@$(BIN)/python -m rollup.l1.evm.compiler $(ARGS)

format: $(INSTALLED) ## Format and mend what ruff can mend
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

bench: setup ## Measure this machine, then this commit beside ec87584 (ARGS=--beside: that alone, 5 minutes; --heavy)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-peers: setup ## Poseidon proofs beside Plonky3's, in one run (needs cargo, else skips)
	@$(BIN)/python -m benchmarks.peers $(ARGS)

bench-growth: setup ## Measure how cost grows with trades and with the book; a table and a chart (minutes)
	@$(BIN)/python -m benchmarks.growth --chart docs/growth.svg $(ARGS)

bench-resident: setup ## A batch in a prover that stays up beside one in a process of its own, and its memory
	@$(BIN)/python -m benchmarks.resident $(ARGS)

bench-peaks: setup ## The most memory of a proof, by class, set and --memory (ARGS="--shape-class S"; a quarter of an hour)
	@$(BIN)/python -m benchmarks.peaks $(ARGS)

bench-restart: setup ## How long a venue takes to start again after 10, 100 and 1,000 batches (minutes)
	@$(BIN)/python -m benchmarks.restart $(ARGS)

bench-gas: setup ## What verifying a proof of the set l1 costs on an EVM, by transaction; proves a batch of S and M (minutes; ARGS="--shape-class S")
	@$(BIN)/python -m benchmarks.gas $(ARGS)

load: setup ## Orders a CPU-second beside an older sequencer, and over HTTP at a devnet on loopback (minutes)
	@$(BIN)/python -m benchmarks.load $(ARGS)

golden: $(INSTALLED) ## Write what is pinned: the verification keys of the circuit. The diff is the review
	@for class in S M R; do $(BIN)/crypsis prover keygen --shape-class $$class \
		-o circuits/keys/$$(echo $$class | tr SMR smr).json || exit 1; done
	@$(BIN)/crypsis prover keygen --private-exits -o circuits/keys/x.json

lock: $(INSTALLED) ## Write requirements.lock from what .venv holds
	@{ head -1 requirements.lock; $(BIN)/python -m pip freeze --all --exclude-editable | grep -viE '^(pip|crypsis)(==| @)' | sed "s/^pyrevm==.*/& ; python_version < '3.13'/"; } > requirements.new
	@mv requirements.new requirements.lock

clean: ## Remove build products and artefacts, keep .venv
	@rm -rf build dist target *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
