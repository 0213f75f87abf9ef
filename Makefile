# Every target sets up .venv first, when it is missing or the pinned packages changed.
# Needs make and Python 3.11 or newer. Another interpreter: make PYTHON=/path/to/python3.13

PYTHON ?=
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := check
.PHONY: check format lint types test docs build bench recall demo fix clean

check: format lint types test ## everything a change must pass; the tests include the docs check
	@echo "All checks passed."

format: $(READY) ## is the code formatted?
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run 'make fix'." >&2; exit 1; }

lint: $(READY)
	@$(BIN)/ruff check --quiet .

types: $(READY)
	@$(BIN)/mypy -p domicile --no-error-summary
	@$(BIN)/mypy functions/aws --no-error-summary
	@$(BIN)/mypy functions/azure --no-error-summary --ignore-missing-imports --allow-untyped-decorators
	@$(BIN)/mypy -m functions.bundle -m bench.cold_start -m bench.cost -m bench.cost_azure -m bench.scale --no-error-summary
	@cd pulumi && ../$(BIN)/mypy --config-file ../pyproject.toml --no-error-summary \
		--allow-subclassing-any --allow-untyped-decorators *.py

test: $(READY) ## all tests
	@$(BIN)/pytest -q -n auto --dist loadfile

docs: $(READY) ## do the documents still tell the truth?
	@$(BIN)/pytest -q tests/test_docs.py

build: $(READY) ## the functions, packed for Lambda and for Azure into build/aws and build/azure/functions.zip
	@$(BIN)/python functions/bundle.py

bench: $(READY) ## how long the functions take to start
	@$(BIN)/python -m bench.cold_start

recall: $(READY) ## how much of what is planted in the tests is found, by channel
	@PYTHONPATH=tests:. $(BIN)/python tests/recall.py

demo: $(READY) ## an invented company on this machine, scanned as it changes; no cloud account needed
	@$(BIN)/domicile demo

fix: $(READY) ## format, and renew the generated blocks of the documents
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/python docs/blocks.py

clean:
	@rm -rf .venv build dist shared/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.txt pyproject.toml
	@found=; for candidate in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			found="$$candidate"; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "domicile needs Python 3.11 or newer; none was found. Name one: make PYTHON=/path/to/python3.13" >&2; \
		exit 1; \
	fi; \
	echo "Setting up .venv with $$("$$found" --version), once; this takes about a minute ..." >&2; \
	"$$found" -m venv --clear .venv || { \
		echo "Python could not make a virtual environment; Debian and Ubuntu keep that in the package python3-venv." >&2; \
		exit 1; \
	}
	@$(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check --requirement requirements.txt
	@$(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
