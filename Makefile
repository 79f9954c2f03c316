# The whole chain, and the chores. `make help` tells what there is.
#
#   make demo                              the whole chain on synthetic telemetry
#   make qat hls csim report CHANNEL=S-1   the four stages on a recorded channel
#   make csim QUANT=w6a8 ARGS="csim.windows=50"

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# Overrides of the configuration; see `hw-trigger config`.
CHANNEL ?=
MODEL ?=
QUANT ?=
ARGS ?=
SYNTH ?=
WAVE ?=
NETLIST ?=
OVERRIDES := $(if $(CHANNEL),channel=$(CHANNEL)) $(if $(MODEL),model=$(MODEL)) $(if $(QUANT),quant=$(QUANT)) $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help install demo data qat hls csim rtl rtlsim synth report evaluate fleet firmware serve run test test-long bench results clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12
	@echo "Variables: CHANNEL, MODEL, QUANT, ARGS (further overrides), SYNTH=1 (make hls: vendor synthesis),"
	@echo "  WAVE=file.vcd (make rtlsim), NETLIST=1 (make synth)"

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

install: $(VENV)/.installed ## make the virtual environment

demo: install ## the whole chain on synthetic telemetry, a minute, no network
	$(BIN)/hw-trigger run --config-name demo $(OVERRIDES)

data: install ## list channels with their facts
	$(BIN)/hw-trigger data $(OVERRIDES)

qat: install ## train; writes models/<run>
	$(BIN)/hw-trigger qat $(OVERRIDES)

hls: install ## write the HLS project, hls_projects/<run>; SYNTH=1 synthesizes it
	$(BIN)/hw-trigger hls $(if $(SYNTH),--synth) $(OVERRIDES)

csim: install ## prove the firmware bit-exact
	$(BIN)/hw-trigger csim $(OVERRIDES)

rtl: install ## write the trigger as Verilog, rtl_projects/<run>
	$(BIN)/hw-trigger rtl $(OVERRIDES)

rtlsim: install ## simulate the Verilog cycle by cycle, bit-exact; WAVE=file.vcd writes the first windows
	$(BIN)/hw-trigger rtlsim $(if $(WAVE),--wave $(WAVE)) $(OVERRIDES)

synth: install ## synthesize the Verilog with Yosys; NETLIST=1 simulates the netlist too
	$(BIN)/hw-trigger synth $(if $(NETLIST),--netlist) $(OVERRIDES)

report: install ## write reports/<run>
	$(BIN)/hw-trigger report $(OVERRIDES)

evaluate: install ## compare detectors on all channels, or CHANNEL=SMAP; reports/evaluate-<name>
	$(BIN)/hw-trigger evaluate $(CHANNEL) $(OVERRIDES)

fleet: install ## train networks for all channels, or CHANNEL=SMAP, and evaluate them
	$(BIN)/hw-trigger fleet $(CHANNEL) $(OVERRIDES)

firmware: install ## one HLS project for all channels of a fleet with shared formats, proved for each
	$(BIN)/hw-trigger firmware $(CHANNEL) $(OVERRIDES)

serve: install ## serve the bundles of models/ over HTTP; ARGS="serve.port=9000"
	$(BIN)/hw-trigger serve $(OVERRIDES)

run: install ## qat, hls, csim and report
	$(BIN)/hw-trigger run $(OVERRIDES)

test: install ## lint, types and the fast tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

test-long: install ## the tests that take minutes
	$(BIN)/python -m pytest -m long

bench: install ## benchmarks: ratios measured in one run
	$(BIN)/python -m pytest benchmarks --benchmark-only -s

results: install ## the README's table: five real channels, three presets (6 minutes; needs HW_TRIGGER_DATA)
	$(BIN)/python benchmarks/real_channels.py

clean: ## remove outputs, keep the environment
	rm -rf models/*/ models/.[!.]*/ reports/*/ hls_projects/*/ rtl_projects/*/ build
