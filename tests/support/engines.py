"""Layers of given shapes, and their engines in Amaranth's simulator beside the golden model."""

from __future__ import annotations

from typing import Any

import numpy as np

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes, Format, Rounding
from hw_trigger.fixedpoint.program import Dense, Lstm
from hw_trigger.rtl.dense import DenseEngine
from hw_trigger.rtl.lstm import LstmEngine
from hw_trigger.rtl.schedule import LstmSchedule, LstmTiming, ProductSchedule
from support.streaming import Streams, simulate

Members = tuple[Lstm, ...] | tuple[Dense, ...]


def random_lstm(
    units: int = 4,
    inputs: int = 2,
    *,
    steps: int = 4,
    repeat: bool = False,
    sequence: bool = True,
    table_bits: int = 6,
    seed: int = 0,
) -> Lstm:
    """Return an LSTM layer whose states vary: weights of 8 bits, tables of `table_bits`."""
    rng = np.random.default_rng(seed)
    signed, unsigned = Format(table_bits, 3), Format(table_bits, 0, signed=False)
    weight = Format(8, 1)
    return Lstm(
        name="lstm",
        steps=steps,
        repeat_input=repeat,
        return_sequence=sequence,
        input=Format(8, 3),
        weight_format=weight,
        weight=rng.integers(-127, 128, (4 * units, inputs)),
        recurrent_format=weight,
        recurrent_weight=rng.integers(-127, 128, (4 * units, units)),
        bias_format=Format(16, 3),
        bias=rng.integers(-3000, 3000, 4 * units),
        gates=(signed,) * 4,
        activations=(unsigned, unsigned, Format(table_bits, 1), unsigned),
        cell=signed,
        cell_tanh=Format(table_bits, 1),
        hidden=Format(6, 1),
    )


def random_dense(
    outputs: int = 3, inputs: int = 4, *, steps: int = 1, seed: int = 0, rounding: Rounding = Rounding.RND_CONV
) -> Dense:
    """Return a dense layer whose results reach both ends of their format."""
    rng = np.random.default_rng(seed)
    return Dense(
        name="dense",
        steps=steps,
        input=Format(8, 1),
        weight_format=Format(8, 1),
        weight=rng.integers(-127, 128, (outputs, inputs)),
        bias_format=Format(10, 2),
        bias=rng.integers(-500, 500, outputs),
        output=Format(7, 1, rounding=rounding),
    )


def timing(layer: Lstm, *numbers: int, channels: int = 1) -> LstmTiming:
    """Return the timing with so many rows and columns of the input's product, and of the state's."""
    rows, columns, state_rows, state_columns = numbers
    schedule = LstmSchedule(ProductSchedule(rows, columns), ProductSchedule(state_rows, state_columns))
    return LstmTiming(layer, schedule, channels)


def engine_of(members: Members, schedule: LstmTiming | ProductSchedule, source: Format, *, pack: bool = True) -> Any:
    """Return the engine of a layer, or of those of the channels."""
    if isinstance(schedule, ProductSchedule):
        return DenseEngine(tuple(m for m in members if isinstance(m, Dense)), source, schedule, pack=pack)
    return LstmEngine(tuple(m for m in members if isinstance(m, Lstm)), source, schedule, pack=pack)


def random_inputs(layer: Lstm | Dense, source: Format, channels: int, windows: int, seed: int = 0) -> Codes:
    """Return vectors ``(windows, vectors, channels, n_inputs)``, some of them at the ends of the format."""
    rng = np.random.default_rng(seed)
    single = layer.repeat_input if isinstance(layer, Lstm) else False
    shape = (windows, 1 if single else layer.steps, channels, layer.n_inputs)
    codes = rng.integers(source.low, source.high + 1, shape)
    ends = np.where(rng.random(shape) < 0.5, source.low, source.high)
    return np.where(rng.random(shape[:3])[..., None] < 0.2, ends, codes)


def expected(members: Members, source: Format, inputs: Codes) -> list[list[int]]:
    """Return what the golden model makes of `inputs`, in the order window, step, channel."""
    results = []
    for channel in range(inputs.shape[2]):
        layer, data = members[channel % len(members)], inputs[:, :, channel]
        if isinstance(layer, Lstm):
            data = data[:, 0] if layer.repeat_input else data
            results.append(golden.lstm(layer, data, source, golden.Saturations()))
        else:
            results.append(golden.dense(layer, data, source, golden.Saturations()))
    vectors = np.stack([each if each.ndim == 3 else each[:, None] for each in results], axis=2)
    found: list[list[int]] = vectors.reshape(-1, vectors.shape[-1]).tolist()
    return found


def run(engine: Any, inputs: Codes, vectors: int, **options: Any) -> tuple[list[list[int]], Streams]:
    """Return the engine's vectors and its streams; `options` are those of :func:`support.streaming.simulate`."""
    streams = simulate(engine, {"input": inputs.reshape(-1, inputs.shape[-1]).tolist()}, {"output": vectors}, **options)
    return [[int(code) for code in payload] for payload in streams.sinks["output"].payloads], streams


def compare(
    members: Members,
    schedule: LstmTiming | ProductSchedule,
    *,
    windows: int = 2,
    pack: bool = True,
    distinct: int = 6,
    **options: Any,
) -> Streams:
    """Check every code of an engine, of which `distinct` or more must differ, and return its streams."""
    source = Format(9, 3)
    channels = schedule.channels if isinstance(schedule, LstmTiming) else len(members)
    inputs = random_inputs(members[0], source, channels, windows)
    wanted = expected(members, source, inputs)
    assert len(np.unique(wanted)) >= distinct, "the layer hardly varies: equal codes would prove little"
    found, streams = run(engine_of(members, schedule, source, pack=pack), inputs, len(wanted), **options)
    assert found == wanted
    return streams
