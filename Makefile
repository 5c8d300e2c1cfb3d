# make demo · make test · make test-slow · make test-processors · make check · make bench · make clean
# Needs Python 3.11+; everything else is installed here.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := isograd_pytest.py $(shell find core backends isograd examples -name '*.py' -o -name py.typed -o -name 'digits.*')
INSTALL := rm -rf build/lib && $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt
PYTEST := $(BIN)/pytest -n auto --maxprocesses 8 --dist worksteal

.PHONY: demo test test-slow test-processors check bench clean
.NOTPARALLEL:

demo: .venv/all .venv/installed
	$(BIN)/isograd compare digits_mlp

test: .venv/dev .venv/installed
	$(PYTEST)

# What takes longer: experiments on real data, every planted fault, torch.compile, other BLAS kernels.
test-slow: .venv/dev .venv/installed
	$(PYTEST) -m slow

# The first tier once for each kind of processor that this one can stand in for, and on two threads: six times as long.
test-processors: .venv/dev .venv/installed
	$(BIN)/python parity_tests/processors.py

check: .venv/dev .venv/installed build/typing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd build/typing && ../../$(BIN)/mypy --config-file ../../pyproject.toml -p isograd -p isograd_jax -m original -m port -m compared -m recorded
	$(PYTEST)

bench: .venv/dev .venv/installed
	$(BIN)/python benchmarks/run.py

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "isograd needs Python 3.11 or newer; make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv

# The packages that isograd can use; then those that its development needs as well.
.venv/all: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) ".[all]"
	touch $@

.venv/dev: .venv/all
	$(INSTALL) ".[dev]"
	touch $@

# isograd itself, not editable: tests see what a user gets.
.venv/installed: .venv/all $(SOURCES)
	$(INSTALL) --no-deps --force-reinstall .
	touch $@

# Type checkers see the rooms under the names they are imported by.
build/typing: .venv/dev $(SOURCES)
	rm -rf $@ && mkdir -p $@/isograd
	cd $@/isograd && ln -s ../../../isograd/* . && ln -s ../../../core ../../../backends ../../../examples .
	cd $@ && ln -s ../../examples/jax_engine/isograd_jax ../../examples/porting/*.py .

clean:
	rm -rf .venv build runs *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
