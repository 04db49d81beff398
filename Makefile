# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A newcomer needs `make demo` and `make test`. Everything is done by scripts, so that .ci/run does the same.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test chaos bench setup format lint sanity integration molecule docs build locks ci clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: ## the whole story on the lab: a server dies, its identity moves, clients follow, it moves back
	@tests/utils/setup.sh test
	@source tests/utils/environment.sh && PATH="$$PWD/.venv/bin:$$PATH" .venv/bin/python tests/demo/demo.py $(ARGS)

test: ## every test that this machine can run, and what was skipped and why
	@tests/utils/setup.sh test
	@tests/utils/test.sh $(ARGS)

chaos: ## a death at every boundary of every run, outages of the other machines, whole processes killed: JSON in build/chaos/; goes on where it was stopped
	@tests/utils/setup.sh test
	@source tests/utils/environment.sh && LAB_PWSH=none .venv/bin/python -W ignore tests/chaos/all_parts.py $(ARGS)

bench: ## what a failover, a plan, a module call, thousands of flushed clients, changed DNS records and a long journal cost: JSON in build/bench/
	@tests/utils/setup.sh test
	@mkdir -p build/bench
	@source tests/utils/environment.sh && use_powershell && for name in failover plan module_call flush_clients protocol journal; do \
	    .venv/bin/python tests/bench/$$name.py >build/bench/$$name.json && cat build/bench/$$name.json || exit 1; done
	@if [ -x /usr/sbin/named ] && command -v nsupdate >/dev/null; then .venv/bin/python tests/bench/update_dns.py --fetch && \
	    tests/utils/real_servers.sh --command .venv/bin/python tests/bench/update_dns.py >build/bench/update_dns.json && cat build/bench/update_dns.json; \
	    else echo "update_dns was not measured: BIND and its nsupdate are not installed (tests/utils/real_servers.sh --install)"; fi

setup: ## the development environment in .venv, the tested ansible-cores and the importer in .cache
	@tests/utils/setup.sh all

format: ## lays the Python code out
	@.venv/bin/ruff check --quiet --fix . || true
	@.venv/bin/ruff format .

lint: ## ruff, yamllint, mypy, shellcheck, licences, changelog, ansible-lint
	@tests/utils/lint.sh

sanity: ## ansible-test sanity on every tested ansible-core
	@for core in 2.16 2.18 2.20 2.21; do tests/utils/sanity.sh $$core || exit 1; done

integration: ## ansible-test integration
	@tests/utils/integration.sh venv $(ARGS)

molecule: ## every molecule scenario
	@tests/utils/molecule.sh

docs: ## the documentation site in build/docs/html
	@tests/utils/docs.sh

build: ## the collection's archive in build/, installed elsewhere, verified and imported
	@tests/utils/build.sh

locks: ## requirements/*.txt from requirements/*.in; ARGS=--upgrade takes newer versions
	@tests/utils/locks.sh $(ARGS)

ci: ## all of the checks
	@.ci/run

clean: ## removes what the scripts made, except the environments
	@rm -rf build .cache/lab .cache/tree .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output
