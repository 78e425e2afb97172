# Headrace. `make` alone lists what can be made. ARGS="…" is handed to pytest and to the benchmarks.
.DEFAULT_GOAL := help
.PHONY: help setup dev test test-long bench demo check fix schema openapi lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv with all that running needs: .venv/bin/headrace (PYTHON=… names an interpreter)
	@tools/setup.sh run

dev: ## The same, with all that tests and checks need
	@tools/setup.sh dev

test: dev ## Run the tests of every commit, the checks among them (five minutes)
	.venv/bin/python -m pytest -n 3 $(ARGS)

test-long: dev ## Run the tests that take long: soak, faults, large tables
	.venv/bin/python -m pytest -m long --timeout=3600 $(ARGS)

bench: setup ## Measure, and print what was measured
	.venv/bin/python -m benchmarks $(ARGS)

demo: setup ## Start a server with the examples in it (ONCE=1: run them once, then stop)
	.venv/bin/headrace demo examples $(if $(ONCE),--once)

check: dev ## Format, lint, types, floors, sizes, SQL and documents only
	.venv/bin/python -m pytest -q tests/house tests/docs $(ARGS)

fix: dev ## Mend what the linter and the formatter can mend by themselves
	.venv/bin/ruff check --fix-only . && .venv/bin/ruff format .

schema: setup ## Write db/schema.sql from the migrations
	.venv/bin/python tools/dump_schema.py

openapi: setup ## Write the OpenAPI description from the routes
	.venv/bin/python tools/dump_openapi.py

lock: setup ## Write locks/ from pyproject.toml (UPGRADE=1: take the newest versions)
	@UPGRADE=$(UPGRADE) tools/lock.sh

clean: ## Remove .venv and everything else that was made
	rm -rf .venv build dist .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
