# make demo | test | test-spark | check | format | bench | docs | lock | clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
SERVE ?= 1
PORT ?= 8321
FULL ?= 0
ONLY ?=
# In two processes where there are two processors; each takes from the other what is left.
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 2 --dist worksteal

# The sample workspace that `make demo` builds anew.
DEMO := demo

.PHONY: demo test test-spark check format bench docs lock clean

demo: $(VENV)/demo.installed
	rm -rf $(DEMO)
	$(BIN)/leadfit --workspace $(DEMO) init --sample --benchmark benchmark.html
ifneq ($(SERVE),0)
	$(BIN)/leadfit --workspace $(DEMO) serve --port $(PORT)
endif

test: $(VENV)/dev.installed
	$(PYTEST)

# Spark takes 0.5 GB and Java 17: a set of its own, without which its tests are skipped.
test-spark: $(VENV)/dev.installed $(VENV)/spark.installed
	$(BIN)/python -m pytest tests/contract/test_spark.py

check: $(VENV)/dev.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(PYTEST) tests/structure tests/docs
	$(BIN)/sphinx-build -b html -W --keep-going -q docs docs/_build

format: $(VENV)/dev.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The peers of learn_peers are a set of their own, and so is Spark; without it their benchmark is skipped.
bench: $(VENV)/dev.installed $(if $(filter learn_peers,$(ONLY)),$(VENV)/bench.installed) $(if $(filter resolve_spark,$(ONLY)),$(VENV)/spark.installed)
	$(BIN)/python benchmarks/run.py $(if $(filter 1,$(FULL)),--full) $(if $(ONLY),--only $(ONLY))

docs: $(VENV)/dev.installed
	$(BIN)/sphinx-build -b html -W --keep-going docs docs/_build

lock:
	requirements/compile.sh

clean:
	rm -rf $(VENV) $(DEMO) docs/_build benchmark.html

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Leadfit needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(if $(UV),$(UV) venv --quiet --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV))

# A set is installed from its lock file, hashes checked; then the package itself, in place.
$(VENV)/%.installed: requirements/%.lock pyproject.toml | $(VENV)/bin/python
ifneq ($(UV),)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $<
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@
