# Swift comes from PATH: `make SWIFT=/path/to/swift build` takes another.
SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=

# Imports that the manifest does not declare are errors: that keeps the layers apart.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
# Swift's libraries go into the program, so that it starts fast and runs where no Swift is installed.
RELEASE_FLAGS := $(SWIFT_FLAGS) --configuration release --static-swift-stdlib

DEPS := $(or $(TANDEM_DEPS),.deps)
TANDEM := .build/release/tandem

.DEFAULT_GOAL := help
# Swift's builds lock .build, and use all cores by themselves.
.NOTPARALLEL:
# How many tests run at once. They start servers and programs and wait for them, most of the time without a core in use;
# all at once, they would wait for each other until some ran out of time.
TEST_WIDTH ?= 5

.PHONY: help deps build demo test soak torture bench format install clean

help: ## List these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

deps: ## Install what is missing to build and test (asks sudo where needed)
	@scripts/deps

build: deps ## Build the release program, .build/release/tandem
	$(SWIFT) build $(RELEASE_FLAGS) --product tandem

demo: build ## Sync a throw-away Postgres into a DuckDB file
	$(TANDEM) demo

test: deps ## Run all tests, against Postgres 15, 16 and 18
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TEST_WIDTH) AGAIN=$(AGAIN) scripts/test $(SWIFT) $(SWIFT_FLAGS)

# Random histories with faults, SEEDS of each kind on each server from SEED on, which is printed where something differs.
SEEDS ?= 170
SEED ?= 1
# How often something is killed, in each of four ways.
KILLS ?= 100

soak: deps ## Run long simulations of changes and faults, and read for a minute what is being written
	TANDEM_SEED=$(SEED) TANDEM_SEEDS=$(SEEDS) TANDEM_KILLS=$(KILLS) TANDEM_READER_SECONDS=60 \
		PATIENCE=7200 scripts/test $(SWIFT) $(SWIFT_FLAGS) --filter "SimulationTests|KillTests|ReaderTests"

torture: build ## Run Postgres' own regression suite beside a sync, and compare (WAY=wal2json, INTO=postgres, PART=1/3)
	scripts/torture

bench: build ## Measure speed and memory beside other programs
	scripts/bench

format: ## Format all Swift sources in place
	$(SWIFT) format -i -r -p Sources Tests Package.swift

# Builds nothing, so that `sudo make install` leaves no files of root's in .build.
install: ## Install the built program under PREFIX (/usr/local)
	@test -x $(TANDEM) || { echo "Nothing is built yet: run make build first." >&2; exit 1; }
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/lib/tandem"
	install -m 755 $(TANDEM) "$(DESTDIR)$(PREFIX)/bin/tandem"
	@# Without its symbols it takes three fifths of the room.
	@if command -v strip > /dev/null; then strip "$(DESTDIR)$(PREFIX)/bin/tandem"; fi
	install -m 755 "$(DEPS)"/lib/*.so "$(DESTDIR)$(PREFIX)/lib/tandem"
	install -d "$(DESTDIR)$(PREFIX)/share/bash-completion/completions"
	install -d "$(DESTDIR)$(PREFIX)/share/zsh/site-functions"
	install -d "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	$(TANDEM) --generate-completion-script bash > "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tandem"
	$(TANDEM) --generate-completion-script zsh > "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tandem"
	$(TANDEM) --generate-completion-script fish > "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/tandem.fish"

clean: ## Remove what was built, and keep what deps fetched
	rm -rf .build
