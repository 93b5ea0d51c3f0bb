# Every target makes what it needs; `make demo` and `make test` start from a bare clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the shipped thresholds were fitted on; any annotated file with stances at the rates of real news will do.
CALIBRATE ?=

# A folder with the public files that seeds/standoff/sources.toml names; they are downloaded where it is not given.
PUBLIC ?=
# What of real text could be joined with its annotations, if anything.
STANDOFF = $$(ls -d seeds/standoff/hydrated 2>/dev/null)
# Public texts whose sentences the teacher labels for the student, if they can be had.
TEXTS := runs/reuters.jsonl
UNLABELLED = $$(ls $(TEXTS) 2>/dev/null | sed 's/^/--unlabelled /')

.PHONY: demo test lint types model report bench resilience capacity guard clean

demo: $(VENV)/base  ## Install the base and print the stances of the worked example
	$(BIN)/entity-stance classify seeds/kyiv-visit.txt

test: $(VENV)/dev  ## Install what tests need and run them all
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/dev  ## Style, docstrings, annotations and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/dev  ## mypy, strict
	$(BIN)/mypy

model: $(VENV)/teacher  ## Train the shipped model again, into runs/default: first a teacher, then the student
	$(BIN)/entity-stance seeds hydrate $(addprefix --from ,$(PUBLIC)) || echo "going on without real text"
	$(BIN)/entity-stance seeds texts reuters $(addprefix --from ,$(PUBLIC)) --out $(TEXTS) || echo "nothing to label"
	$(BIN)/entity-stance train seeds/ $(STANDOFF) --base sentence-transformers/all-mpnet-base-v2 --out runs/teacher \
		--keep-weights --epochs 3 --encoder-rate 3e-5 --head-rate 3e-4 --encoder-dropout 0
	$(BIN)/entity-stance train seeds/ $(STANDOFF) --teacher runs/teacher $(UNLABELLED) --out runs/default \
		--epochs 4 --encoder-rate 1.5e-4 --head-rate 5e-4 --encoder-dropout 0 $(addprefix --calibrate ,$(CALIBRATE))

report: $(VENV)/dev  ## Evaluate the shipped model on the test split of the seeds
	$(BIN)/entity-stance evaluate default seeds/ --split test --report reports/seeds-test

bench: $(VENV)/dev  ## Compare speed with the limits and the rivals, into reports/speed; wants an idle machine
	$(BIN)/pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks

resilience: $(VENV)/dev  ## Try what goes wrong, against LitServe too, into reports/resilience; wants an idle machine
	$(BIN)/pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks.resilience

capacity: $(VENV)/dev  ## Measure what a core reads, and write docs/capacity.md; wants an idle machine
	$(BIN)/python -m benchmarks.capacity --page docs/capacity.md

guard: $(VENV)/dev  ## Fail if the speed, against the bare runtime, has fallen by more than a fifth
	$(BIN)/python -m benchmarks guard

$(VENV)/teacher: $(VENV)/dev
	$(BIN)/pip install --quiet --editable '.[teacher]'
	touch $@

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
