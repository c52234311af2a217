# Every command sets up what it needs, without root, and does no set-up work the second time.
#
#   make report   report on the synthetic county; prints its path (another study: make report STUDY=data/my_county)
#   make test     the whole test suite (a part: make test ARGS="tests/test_fonts.py -x")
#   make lab      JupyterLab on the notebooks
#   make bench    benchmarks against named peers, in an environment of their own
#   make lint     style of code and notebooks, checked
#   make lock     lock files and environment.yml anew from pyproject.toml (newer versions: make lock ARGS=--upgrade)
#   make clean    removes environments and caches; reports stay

STUDY ?= data/demo_county
ARGS ?=

# The environment's own Python once there is one, so that a changed default does not make it anew.
ifeq ($(origin PYTHON), undefined)
PYTHON := $(firstword $(wildcard .venv/bin/python) python3)
endif
BOOTSTRAP := @$(PYTHON) -I -S .ci/bootstrap.py

.PHONY: report test lab bench lint lock clean

report:
	$(BOOTSTRAP) dev
	@.venv/bin/coopeval report $(STUDY) $(ARGS)

test:
	$(BOOTSTRAP) dev
	@.venv/bin/pytest -n 2 --dist loadfile $(ARGS)

lab:
	$(BOOTSTRAP) dev
	@.venv/bin/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks $(ARGS)

bench:
	$(BOOTSTRAP) bench
	@.venv-bench/bin/python benchmarks $(ARGS)

lint:
	$(BOOTSTRAP) dev
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

lock:
	$(BOOTSTRAP) lock $(ARGS)

clean:
	rm -rf .venv .venv-bench .pytest_cache .ruff_cache .hypothesis src/*.egg-info
	find src tests notebooks benchmarks \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
