# make demo · make test · make check · make bench · make clean      Needs Python 3.11+; everything else is installed here.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := $(shell find core backends isograd examples -name '*.py' -o -name py.typed)
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test check bench clean

demo: .venv/installed
	$(BIN)/isograd compare digits_mlp

test: .venv/installed
	$(BIN)/pytest

check: .venv/installed build/typing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd build/typing && ../../$(BIN)/mypy --config-file ../../pyproject.toml -p isograd -p isograd_jax
	$(BIN)/pytest

bench: .venv/installed
	$(BIN)/python benchmarks/run.py

# The packages that isograd needs, then isograd itself, not editable: tests see what a user gets.
.venv/packages: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "isograd needs Python 3.11 or newer; make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv
	$(INSTALL) ".[dev]"
	touch $@

.venv/installed: .venv/packages $(SOURCES)
	rm -rf build/lib
	$(INSTALL) --no-deps --force-reinstall .
	touch $@

# Type checkers see the rooms under the names they are imported by.
build/typing: .venv/packages $(SOURCES)
	rm -rf $@ && mkdir -p $@/isograd
	cd $@/isograd && ln -s ../../../isograd/* . && ln -s ../../../core ../../../backends ../../../examples .
	cd $@ && ln -s ../../examples/jax_engine/isograd_jax .

clean:
	rm -rf .venv build runs *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
