# Each target does its own set-up: the first run makes .venv and installs what the lock files say, later runs do not.

venv := .venv
bin := $(venv)/bin

.PHONY: help run test check bench bench-web bench-spc memory manual lock clean
.DELETE_ON_ERROR:

help:
	@echo "make run      serve examples/spc, control charts, on http://127.0.0.1:8000 with two workers"
	@echo "              BIND=127.0.0.1:8001 OPS_BIND=127.0.0.1:9902: elsewhere; EXAMPLE=django_site: a Django site"
	@echo "make test     run all tests"
	@echo "make check    what CI runs: format, lint, types, layers, manual, tests"
	@echo "make bench    measure this server beside others; writes bench/RESULTS.md"
	@echo "make bench-web  measure penstock.web beside Django, Flask, Bottle, Falcon; writes bench/web/RESULTS.md"
	@echo "make bench-spc  measure the site of examples/spc against its bars"
	@echo "make memory   measure what workers share of one import"
	@echo "make manual   write docs/manual.md and docs/penstock.1 anew from the options"
	@echo "make lock     write requirements/*.txt anew from requirements/*.in"
	@echo "make clean    remove what these targets made"

run: $(venv)/.ready-examples
	@scripts/run-example

test: $(venv)/.ready-test
	@$(bin)/python -m pytest --numprocesses=3 --dist=worksteal $(PYTEST_ARGUMENTS)

check: $(venv)/.ready-test
	@PATH="$(CURDIR)/$(bin):$$PATH" scripts/check $(steps)

bench: $(venv)/.ready-test $(venv)/.ready-bench
	@$(bin)/python -m bench $(BENCH)

bench-web: $(venv)/.ready-test $(venv)/.ready-bench
	@$(bin)/python -m bench.web $(BENCH)

bench-spc: $(venv)/.ready-test | programs
	@$(bin)/python -m bench.spc $(BENCH)

memory: $(venv)/.ready-memory
	@$(bin)/python bench/memory.py

manual: $(venv)/.ready-test
	@$(bin)/python scripts/manual.py

lock: $(venv)/.ready-lock
	@scripts/lock $(bin)/python

clean:
	rm -rf $(venv) .cache .run build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(bin)/python:
	@python=$$(scripts/find-python) && echo "making $(venv) with $$($$python --version)" && $$python -m venv $(venv)

# Some of the measured servers are C: they need a compiler and libev's headers.
$(venv)/.ready-bench: | programs
.PHONY: programs
programs:
	@scripts/install-programs

# One stamp for each set of packages; --no-deps on the package itself: the lock files hold all there is.
$(venv)/.ready-%: requirements/%.txt pyproject.toml | $(bin)/python
	@echo "installing requirements/$*.txt into $(venv)"
	@scripts/install $(bin)/python $*
	@touch $@
