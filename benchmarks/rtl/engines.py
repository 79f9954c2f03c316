"""One LSTM layer at the sizes of others' designs: cycles simulated with Verilator, resources synthesized with Yosys.

    python -m benchmarks.rtl.engines                # the table, half an hour on two cores (mostly the fully parallel ones)
    python -m benchmarks.rtl.engines --no-synthesis # cycles only, a few minutes

The first five rows are the configurations of the project's prototype (``design.md``, section 5: cycles a step 272, 32, 48, 260,
80 and DSP48E2 7, 67, 131, 67, 259), the last two the size of hls4ml's recorded LSTM (6 inputs, 20 units, 20 steps, 18 bits: 353
cycles, 17.6 a step, 2498 DSP). Weights are random, 8 bits; states 8 bits. Every design is compared with the golden model, code
for code.
"""

from __future__ import annotations

import argparse
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.rtl.design import Design, design
from hw_trigger.rtl.plan import input_product
from hw_trigger.rtl.schedule import LstmSchedule, ProductSchedule, Schedule
from hw_trigger.rtl.simulation.build import build
from hw_trigger.rtl.simulation.cycles import measure
from hw_trigger.rtl.synthesis.synthesis import synthesize
from hw_trigger.rtl.synthesis.targets import Target
from hw_trigger.rtl.synthesis.timing import estimate_timing
from hw_trigger.rtl.top import Top

STEPS, WINDOWS = 20, 24


@dataclass(frozen=True)
class Configuration:
    """A layer and its schedule.

    Attributes
    ----------
    rows, columns
        Of the state's product; those of the input's product follow, the fewest that keep up.
    """

    units: int
    inputs: int
    rows: int
    columns: int
    channels: int = 1


CONFIGURATIONS = (
    Configuration(16, 1, 4, 1),
    Configuration(16, 1, 64, 1),
    Configuration(32, 1, 128, 1),
    Configuration(64, 1, 64, 1),
    Configuration(64, 1, 256, 1),
    Configuration(16, 1, 64, 16),
    Configuration(16, 1, 64, 1, 16),
    Configuration(20, 6, 80, 20),
    Configuration(20, 6, 80, 1, 16),
)


def layer_program(configuration: Configuration, seed: int = 0) -> Program:
    """Return a program of one LSTM layer with random weights, as spread as trained ones are."""
    rng = np.random.default_rng(seed)
    units, inputs = configuration.units, configuration.inputs

    def weights(*shape: int) -> np.ndarray:
        return np.clip(np.rint(rng.normal(0, 40 * np.sqrt(16 / units), shape)), -127, 127).astype(np.int64)

    sigmoid, tanh, state = Format(8, 0, False), Format(8, 1), Format(8, 3)
    layer = Lstm(
        name="lstm",
        steps=STEPS,
        repeat_input=False,
        return_sequence=False,
        input=Format(8, 2),
        weight_format=Format(8, 1),
        weight=weights(4 * units, inputs),
        recurrent_format=Format(8, 1),
        recurrent_weight=weights(4 * units, units),
        bias_format=Format(12, 2),
        bias=rng.integers(-1000, 1000, 4 * units),
        gates=(state,) * 4,
        activations=(sigmoid, sigmoid, tanh, sigmoid),
        cell=state,
        cell_tanh=tanh,
        hidden=tanh,
    )
    return Program(f"lstm_{inputs}_{units}", STEPS, inputs, layer.input, (layer,))


def layer_design(configuration: Configuration) -> Design:
    """Return the design of a configuration."""
    program = layer_program(configuration)
    (layer,) = program.layers
    if not isinstance(layer, Lstm):
        raise TypeError(layer)
    state = ProductSchedule(configuration.rows, configuration.columns)
    schedule = LstmSchedule(input_product(layer, state, configuration.channels), state)
    return design((program,), Schedule({layer.name: schedule}, configuration.channels))


def simulated(built: Design, verilog: str, directory: Path) -> tuple[float, int]:
    """Return cycles a step and channel, and cycles from a window's first sample to its result, after comparing every code."""
    program, channels = built.program, built.schedule.channels
    rng = np.random.default_rng(1)
    shape = (channels, WINDOWS, program.steps, program.n_features)
    windows = rng.integers(program.raw.low, program.raw.high + 1, shape)
    run = build(verilog, built.interface, directory).run(windows[0] if channels == 1 else windows)
    found = run.outputs[None] if channels == 1 and run.outputs is not None else run.outputs
    for channel in range(channels):
        expected = golden.run(program, windows[channel]).output
        if found is None or not np.array_equal(found[channel], expected):
            raise SystemExit(f"{program.name}: channel {channel} differs from the golden model")
    cycles = measure(built.interface, run)
    return cycles.window.mean / (program.steps * channels), cycles.first_output or 0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-synthesis", action="store_true", help="cycles only")
    parser.add_argument("--only", type=int, nargs="*", metavar="ROW", help="these rows of the table, counted from 0")
    parser.add_argument("--directory", type=Path, default=Path("rtl_projects/engines"), help="where designs are built")
    arguments = parser.parse_args()
    console = Console()
    table = Table(title=f"One LSTM layer, 8 bits; {platform.processor() or platform.machine()}")
    for heading in ("inputs, units", "channels", "P", "cycles a step", "window of 20 steps", "busy"):
        table.add_column(heading, justify="right")
    synthesized = ("DSP48E2", "DSP / P", "RAMB18 + RAMB36", "LUT", "FF", "estimated ns", "with 7-series cells", "s")
    for heading in () if arguments.no_synthesis else synthesized:
        table.add_column(heading, justify="right")
    for number, configuration in enumerate(CONFIGURATIONS):
        if arguments.only is not None and number not in arguments.only:
            continue
        built = layer_design(configuration)
        verilog = Top(built).verilog()
        step, window = simulated(built, verilog, arguments.directory)
        (layer,) = built.program.layers
        multipliers = built.schedule.multipliers
        products = 4 * layer.n_outputs * (layer.n_inputs + layer.n_outputs)
        row = [
            f"{configuration.inputs}, {configuration.units}",
            str(configuration.channels),
            str(multipliers),
            f"{step:.1f}",
            str(window),
            f"{products / (multipliers * step):.1%}",
        ]
        if not arguments.no_synthesis:
            name = f"{built.name}_{multipliers}_{configuration.channels}"
            found = synthesize(verilog, built.name, Target.ULTRASCALE_PLUS, arguments.directory / name)
            total = found.total
            row += [
                str(total.dsp),
                f"{total.dsp / multipliers:.2f}",
                f"{total.bram18} + {total.bram36}",
                str(total.lut),
                str(total.ff),
                f"{estimate_timing(found).ns:.2f}",
                f"{estimate_timing(found, Target.SERIES7).ns:.2f}",
                f"{found.seconds:.0f}",
            ]
        console.print(" ".join(row))
        table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    main()
