# `make` lists what there is. Time per step is printed, and again as a table at the end.

SHELL := bash
.SHELLFLAGS := --noprofile --norc -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo check test e2e soak bench

step := scripts/step.sh
export PATH := $(CURDIR)/.tools/bin:$(PATH)

# Large sample files that some tests read; without them these tests are skipped, and named.
SHMOO_SHARED_DATA ?= $(realpath ../shared/data)
ifneq ($(strip $(SHMOO_SHARED_DATA)),)
export SHMOO_SHARED_DATA
else
unexport SHMOO_SHARED_DATA
endif

# Where scripts/static.sh puts the binary that needs nothing of the machine.
static-binary := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/static/shmoo

# Cases per property in `make soak`; the tests' own default is 256.
SOAK_CASES ?= 20000

# cargo-nextest runs the tests of all binaries side by side; without it cargo runs them one binary after the other.
nextest := $(shell cargo nextest --version > /dev/null 2>&1 && echo yes)
ifeq ($(nextest),yes)
test-units := cargo nextest run --workspace --lib --bins
test-integration := cargo nextest run --workspace --test '*'
test-flow := cargo nextest run --locked --test integration --no-capture -E 'test(/::e2e::/)'
else
test-units := cargo test --workspace --lib --bins
test-integration := cargo test --workspace --test '*'
test-flow := cargo test --locked --test integration e2e:: -- --nocapture
endif

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ## run the generator's regression on the real tools, from a clean clone to the report
	@scripts/demo.sh

define check-steps
	@$(step) format cargo fmt --all --check
	@$(step) lints cargo clippy --workspace --all-targets --locked -- -D warnings
	@$(step) unit-tests $(test-units) --locked
endef

check: ## format, lints, unit tests: before each push
	@$(step) --start
	$(check-steps)
	@$(step) --summary

test: ## everything: installs what is missing, then `check`, integration tests, documents, dependencies
	@$(step) --start
	@$(step) set-up scripts/setup.sh test
	$(check-steps)
	@$(step) workflows scripts/lint-workflows.sh
	@$(step) static-binary scripts/static.sh
	@SHMOO_STATIC_BINARY=$(static-binary) $(step) integration-tests $(test-integration) --locked
	@$(step) doc-tests cargo test --workspace --doc --locked
	@RUSTDOCFLAGS='-D warnings' $(step) documents cargo doc --workspace --no-deps --locked
	@$(step) fetch cargo fetch --locked
	@$(step) dependencies cargo deny --offline check --hide-inclusion-graph bans licenses sources
	@$(step) --summary

e2e: ## a pull request from plan to comment, on this machine: shows the comment, and says where the report is
	@scripts/setup.sh test
	@$(test-flow)

soak: ## property tests with SOAK_CASES cases each, for a night
	@$(step) --start
	@PROPTEST_CASES=$(SOAK_CASES) $(step) soak-units $(test-units) --locked
	@PROPTEST_CASES=$(SOAK_CASES) $(step) soak-integration $(test-integration) --locked
	@$(step) --summary

bench: ## measure against peers: every script of scripts/bench
	@scripts=(scripts/bench/*.sh); \
	if [[ ! -e "$${scripts[0]}" ]]; then echo "make bench: there is no script in scripts/bench" >&2; exit 1; fi; \
	$(step) --start; \
	for script in "$${scripts[@]}"; do $(step) "$$(basename "$$script" .sh)" "$$script"; done; \
	$(step) --summary
