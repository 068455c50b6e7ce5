# `make demo` and `make test` set up everything they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# pip would compile every module for a minute; those that are imported are compiled then, and kept.
INSTALL := $(BIN)/pip install --quiet --no-compile --constraint constraints.txt
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo run test check lint types format bench clean help

help:
	@echo "make demo    the bot and a Discord-like page on this machine, no token needed"
	@echo "make test    every test"
	@echo "make check   ruff, ruff format, mypy, every test: what CI runs"
	@echo "make run     the bot on Discord; ATELIER_DISCORD_TOKEN must be set"
	@echo "make bench   the benchmarks in tests/bench, as tables"

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Atelier needs Python 3.11 or newer: make PYTHON=python3.12 demo"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) torch==2.13.0
	$(INSTALL) --editable '.[dev]'
	@touch $@

demo: $(STAMP)
	$(BIN)/python -m bot demo

run: $(STAMP)
	$(BIN)/python -m bot run

# One thread a process: tests run on every core as it is.
test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

check: lint types test

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python -m tests.bench

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

# What the playground offers a newcomer to try; drawn and spoken, needs espeak-ng and ffmpeg.
SAMPLES := bot/playground/samples
.PHONY: samples
samples: $(STAMP)
	rm -rf build/samples && $(BIN)/python -m core.pocket.concepts build/samples
	for name in xyz kar; do $(BIN)/python -m zipfile -c $(SAMPLES)/$$name.zip build/samples/$$name/*.png; done
	espeak-ng -v en-us -s 150 --stdout "a photo of x y z temple in car forest" \
		| ffmpeg -loglevel error -y -i - -c:a libopus -b:a 32k -ar 48000 -ac 1 $(SAMPLES)/say.ogg
