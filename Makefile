# Every target makes what it needs; `make demo` and `make test` start from a bare clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the shipped thresholds were fitted on; any annotated file with stances at the rates of real news will do.
CALIBRATE ?=

.PHONY: demo test lint types model report clean

demo: $(VENV)/base  ## Install the base and print the stances of the worked example
	$(BIN)/entity-stance classify seeds/kyiv-visit.txt

test: $(VENV)/dev  ## Install what tests need and run them all
	$(BIN)/pytest

lint: $(VENV)/dev  ## Style, docstrings, annotations and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/dev  ## mypy, strict
	$(BIN)/mypy

model: $(VENV)/dev  ## Train the shipped model again, into runs/default
	$(BIN)/entity-stance train seeds/ --out runs/first --epochs 8 --keep-weights
	$(BIN)/entity-stance train seeds/ --base runs/first --out runs/default --epochs 2 \
		--encoder-rate 4e-5 --head-rate 1e-4 $(addprefix --calibrate ,$(CALIBRATE))

report: $(VENV)/dev  ## Evaluate the shipped model on the test split of the seeds
	$(BIN)/entity-stance evaluate default seeds/ --split test --report reports/seeds-test

clean:  ## Remove everything that is made
	rm -rf $(VENV) build dist runs reports *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/pip:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/base: $(VENV)/pip pyproject.toml
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/dev: $(VENV)/pip pyproject.toml
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/base
