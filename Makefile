# Copyright (c) edgecloud.nic contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `make help` lists the targets. Everything they need is installed into .venv, .nox and .build, all git-ignored.

# The tools need Python 3.11 or newer; where python3 is older, or cannot start, another one on the path will do.
PYTHON ?= $(firstword $(foreach name,python3 python3.11 python3.12 python3.13 python3.14,$(shell \
	$(name) -c 'import ensurepip, sys, venv; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
SHELL := bash
.DEFAULT_GOAL := help

BIN := .venv/bin
NOX := $(BIN)/nox
COLLECTIONS := $(CURDIR)/.build/collections
SELF := $(COLLECTIONS)/ansible_collections/edgecloud/nic

REQUIREMENTS := tests/requirements
LOCK := $(BIN)/uv pip compile --quiet --upgrade --no-header --no-annotate

BROWSER_PACKAGES := chromium chromium-driver fonts-dejavu-core

# For what runs straight from the development environment. nox sessions set up their own.
WITH_COLLECTION := PATH="$(CURDIR)/$(BIN):$$PATH" ANSIBLE_COLLECTIONS_PATH=$(COLLECTIONS) PYTHONPATH=$(COLLECTIONS)

##@ Use

demo: setup ## Show the collection at work on the simulator
	$(WITH_COLLECTION) bash tests/demo/run.sh

simulator: setup ## Start the simulator of both clouds on port 8089
	$(WITH_COLLECTION) python -m ansible_collections.edgecloud.nic.tests.simulator \
		--port 8089 --estate tests/simulator/estates/demo.yml

##@ Check

# Three at a time, since none keeps both cores busy, each with its output in one piece; the totals of the unit tests, which
# take longest, are the last word.
test: setup ## Run every check but integration, distribution, matrix, campaign and benchmark
	@status=0; \
	$(MAKE) --jobs=3 --keep-going --output-sync=target unit sanity lint smoke docs-check docs build browser || status=1; \
	tail -n 3 .build/unit.log; \
	exit $$status

lint: setup ## Check format, style, types, YAML, licences and ansible-lint's production profile
	CI=true $(NOX) -e lint extra-checks license-check ansible-lint

# More at a time than there are cores: many of them wait for something. They leave the sanity tests, which do one thing after
# the other and would end last, a little more of the time.
unit: setup ## Run the unit tests
	@mkdir -p .build; set -o pipefail; nice -n 3 $(NOX) -e unit 2>&1 | tee .build/unit.log

coverage: setup ## Run the unit tests and show which lines of plugins/ they do not reach
	$(NOX) -e unit -- --cov

# The matrix runs them with every ansible-core, and with two those of modules once more, with a process for each module.
integration: setup ## Run the integration tests against the simulator (7 minutes)
	$(NOX) -e integration-2.19

# Debian's browser is installed where there is none yet and a way to do it; without one, the tests say so and are skipped.
browser: setup ## Check the HTML report in headless Chromium
	@if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then \
		apt="$$([ $$(id -u) = 0 ] || echo sudo --non-interactive) apt-get --quiet=2 -o DPkg::Lock::Timeout=120"; \
		{ $$apt update && $$apt install --yes --no-install-recommends $(BROWSER_PACKAGES); } >/dev/null \
			|| echo "No Chromium here, and apt-get cannot install it."; \
	fi
	$(WITH_COLLECTION) pytest --quiet -rs tests/browser

smoke: setup ## Try the oldest and the newest ansible-core: ad hoc, a loop, the role
	$(NOX) -e smoke-2.18 smoke-2.21

# The matrix tries the tests themselves as well, which takes as long again; ruff and mypy read them here.
sanity: setup ## Run ansible-test's sanity tests on what users install
	$(NOX) -e sanity-2.19 -- --exclude tests/

docs-check: setup ## Check the documentation of the collection and the changelog
	$(NOX) -e docs-check changelog

docs: setup ## Build the docsite into .build/docs/html; a warning is an error
	$(NOX) -e docs

build: setup ## Build the collection into .build/artifact and check it
	$(NOX) -e build

distribution: setup ## Use the artifact as an execution environment has it, and run the event rulebook
	$(NOX) -e artifact rulebook

matrix: setup ## Run the tests with every supported ansible-core and Python (hours)
	$(NOX) -e matrix

campaign: setup ## Hunt at random for what is wrong; ONLY="histories=20 answers" plays parts of it, from SEED=N on
	$(WITH_COLLECTION) python -m ansible_collections.edgecloud.nic.tests.campaign $(if $(SEED),--seed $(SEED)) $(ONLY)

soak: setup ## Look for what grows in long runs; SMALL=1 does far less of it, ONLY=loop one run
	$(WITH_COLLECTION) python -m ansible_collections.edgecloud.nic.tests.campaign.soak $(if $(SMALL),--small) $(ONLY)

# Hours: each mutant is tried by all quick tests of what it is in, one after the other.
mutants: setup ## Change what decides, and see whether a unit test notices; ONLY=plan.py tries one file
	$(NOX) -e mutants -- $(ONLY)

bench: setup ## Measure speed and memory on the simulator; ONLY=C runs chosen rows
	$(WITH_COLLECTION) python -m ansible_collections.edgecloud.nic.tests.benchmark $(ONLY)

##@ Change

format: setup ## Format the code
	$(NOX) -e formatters

lock: setup ## Update the pinned tools and libraries to their newest releases
	$(LOCK) --python-version 3.11 --no-deps $(REQUIREMENTS)/integration.in --output-file tests/integration/requirements.txt
	$(LOCK) --python-version 3.9 --universal --no-deps $(REQUIREMENTS)/units.in --output-file tests/unit/requirements.txt
	$(LOCK) --python-version 3.11 $(REQUIREMENTS)/dev.in --output-file $(REQUIREMENTS)/dev.txt
	$(LOCK) --python-version 3.11 $(REQUIREMENTS)/importer.in --output-file $(REQUIREMENTS)/importer.txt
	$(LOCK) --python-version 3.11 $(REQUIREMENTS)/rulebook.in --output-file $(REQUIREMENTS)/rulebook.txt
	$(LOCK) --python-version 3.11 $(REQUIREMENTS)/mutants.in --output-file $(REQUIREMENTS)/mutants.txt

release: setup ## Move the fragments of changes into the changelog, under the version in galaxy.yml
	$(WITH_COLLECTION) antsibull-changelog release

setup: .venv/ready $(SELF) ## Install the development environment

clean: ## Remove everything that was installed or built
	rm -rf .venv .nox .build tests/output .mypy_cache .ruff_cache .hypothesis .ansible

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv comes from the same pins, and installs the rest in seconds.
.venv/ready: $(REQUIREMENTS)/dev.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed, and none is on the path; name one with PYTHON=..."; exit 1; }
	rm -rf .venv .nox
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint $< uv
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --requirement $<
	touch $@

# Ansible finds a collection by its path, and a checkout may lie anywhere.
$(SELF):
	mkdir -p $(@D)
	ln -s $(CURDIR) $@

.PHONY: bench browser build campaign clean demo distribution docs docs-check format help integration lint lock matrix mutants release sanity setup simulator smoke soak test unit
