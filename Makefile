# `make table3` and `make test` set everything up by themselves, once, in .venv.
PYTHON ?= python3
BIN := .venv/bin
SHELL := bash
.SHELLFLAGS := -o pipefail -c
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help install table3 tables claims report seeds photos all bench-gpu bench-memory rehearse test test-full test-unit test-dag chaos fuzz docs lint format clean

help: ## what there is to make
	@grep -E '^[a-z0-9-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

install: $(BIN)/.installed ## the environment, in .venv

$(BIN)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

table3: install ## train, evaluate and print Table 3 of the selected profile, each row when it is there
	@snakemake --cores all results/table3.csv 2>&1 | larvseg print --follow results/table3.csv
	@larvseg print results/table3.csv

TABLES := table1 table2 table3 table4 table5 table6

tables: install ## make and print Tables 1 to 6
	snakemake --cores all tables
	@for table in $(TABLES); do larvseg print results/$$table.csv && echo || exit 1; done

report: install ## figures and the page with everything, reports/index.html
	snakemake --cores all report
	@echo "$(CURDIR)/reports/index.html"

all: install ## every table and figure, and the report
	snakemake --cores all all

claims: install ## what the paper claims, and whether it holds
	snakemake --cores all results/claims.csv
	@larvseg print results/claims.csv

seeds: install ## all of it with three seeds, which decide the claims
	snakemake --config seeds=3 --cores all all
	@larvseg print results/claims.csv

PHOTOS := results/photos

photos: install ## photographs (MSRC v2) on a frozen network: five seeds, tables, figures and a page, in a quarter of an hour
	@snakemake --config profile=photos --cores all all 2>&1 | larvseg print --follow $(PHOTOS)/table3.csv
	@for table in table3 table5 claims; do larvseg print $(PHOTOS)/$$table.csv && echo || exit 1; done
	@cat $(PHOTOS)/logs/fetch/msrc.log # the terms of the photographs
	@echo "$(CURDIR)/reports/photos/index.html"

bench-gpu: install ## steps a second of the paper profile on a GPU, in each precision: at most six minutes
	larvseg bench --gpu

bench-memory: install ## the memory of each stage with up to a million images, docs/memory.csv and its figure: half an hour
	larvseg bench --memory --into docs

rehearse: install ## every rule of the paper profile, on small archives of the official form
	larvseg rehearse

test: lint test-unit test-dag ## everything that is checked: style, unit tests, the whole DAG on the smoke profile

test-full: lint ## that, and every case of the slow tests
	OMP_NUM_THREADS=1 pytest --numprocesses 2 --ignore tests/workflow
	pytest --numprocesses 2 --dist loadfile tests/workflow

test-unit: install ## the unit tests: some six minutes
	OMP_NUM_THREADS=1 pytest --numprocesses 2 --ignore tests/workflow -m "not full"

test-dag: install ## the whole DAG on the smoke profile
	pytest --numprocesses 2 --dist loadfile tests/workflow -m "not full"

chaos: install ## a thousand faults while the DAG runs, by a seed, and what becomes of them: up to an hour
	python -m tests.chaos

fuzz: install ## a hundred thousand damaged and hostile inputs for everything that reads files: a quarter of an hour
	python -m tests.fuzz

docs: install ## the documentation as a site, site/index.html
	mkdocs build --strict
	@echo "$(CURDIR)/site/index.html"

lint: install ## the style of the code
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

format: install ## lay out the code
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow

clean: ## delete everything that was made, except .venv
	rm -rf work data/smoke data/mini data/photos data/paper .snakemake site
	find results reports -mindepth 1 ! -name README.md -delete
