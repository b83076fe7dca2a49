# Every target sets the environment up by itself on a bare checkout.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python
DEMO_OUT ?= out/demo

.PHONY: help demo test check bench clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -c constraints.txt "torch" "setuptools"
	$(VENV)/bin/pip install --quiet -c constraints.txt -e ".[dev]"
	@touch $(READY)

demo: $(READY) ## finish the clips in samples/: sound, mark, credentials, report
	$(VENV)/bin/foleymark keys init --if-missing
	$(VENV)/bin/foleymark run samples -o $(DEMO_OUT) -c samples/batch.yaml
	@echo "Open $(DEMO_OUT)/report.html"

# one thread each: the tests already keep all cores busy side by side
test: $(READY) ## run the tests
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n auto --maxprocesses 4 --dist loadfile

check: $(READY) ## lint, format and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(READY) ## the end-to-end benchmark on samples/
	$(RUN) -m benchmarks.end_to_end --clips samples

clean: ## remove what the targets made
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
