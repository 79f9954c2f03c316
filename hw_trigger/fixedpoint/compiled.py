"""The golden model compiled: the same codes and saturation counts, fast enough for whole test sets.

How it is fast is in :mod:`hw_trigger.fixedpoint.plans`; layers that have no plan go to the plain reference.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.decision import measure
from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.golden import Execution, Saturations
from hw_trigger.fixedpoint.kernels import Reals
from hw_trigger.fixedpoint.plans import Plan, plan
from hw_trigger.fixedpoint.program import Layer, Lstm, Program

CHUNK = 48
"""Windows computed together: enough for BLAS, few enough for the caches."""


def run(
    program: Program,
    raw: Codes,
    *,
    trace: bool = False,
    state: Codes | None = None,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Execution:
    """Execute the program on windows of raw codes; equals :func:`hw_trigger.fixedpoint.golden.run`.

    The network computes chunks of windows in any order; the trigger, which may remember earlier windows, follows them all.

    Parameters
    ----------
    raw
        Codes of ``program.raw``, shape ``(n, steps, n_features)``.
    trace
        Keep the output of every layer (much memory for many windows).
    state
        What the trigger remembers of the stream so far; by default it starts with the first window.
    threads
        Chunks of windows computed at a time; by default one a core.
    progress
        Called with the number of windows done, as they are done.

    Raises
    ------
    WindowsError
        The shape is not the program's, or a code is outside the raw format.
    """
    raw = golden.check_windows(program, raw)
    chunks = [raw[start : start + CHUNK] for start in range(0, len(raw), CHUNK)] or [raw]
    prepared = prepare(program)

    def execute(chunk: Codes) -> tuple[Execution, Codes | None]:
        result = _run_chunk(program, prepared.plans, chunk, trace)
        if progress is not None:
            progress(len(chunk))
        return result

    # Threads share out the windows; BLAS would otherwise start its own in each of them.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        parts, measures = zip(*pool.map(execute, chunks), strict=True)
    measured = [item for item in measures if item is not None]
    return golden.finish(program, _join(parts), np.concatenate(measured) if measured else None, state)


def prepare(program: Program) -> Prepared:
    """Plan a program once, for many calls of :meth:`Prepared.measure`."""
    return Prepared(program, tuple(plan(layer) for layer in program.layers))


@dataclass(frozen=True, eq=False)
class Prepared:
    """A program and the constants of its layers as the fast path needs them."""

    program: Program
    plans: tuple[Plan | None, ...]

    def measure(self, raw: Codes) -> Codes:
        """Return what the trigger measures of each window alone (:func:`hw_trigger.fixedpoint.decision.measure`), ``(n, k)``.

        It computes in the calling thread; threads that BLAS would start are the caller's to limit, once for many calls.

        Parameters
        ----------
        raw
            Codes of ``program.raw``, shape ``(n, steps, n_features)``.

        Raises
        ------
        WindowsError
            The shape is not the program's, or a code is outside the raw format.
        """
        raw = golden.check_windows(self.program, raw)
        chunks = [raw[start : start + CHUNK] for start in range(0, len(raw), CHUNK)] or [raw]
        measures = [_run_chunk(self.program, self.plans, chunk, trace=False)[1] for chunk in chunks]
        found = [item for item in measures if item is not None]
        if not found:
            raise RuntimeError(f"program {self.program.name!r} has no trigger")
        return np.concatenate(found)


def _join(parts: Sequence[Execution]) -> Execution:
    total = Saturations()
    for part in parts:
        total.update(part.saturations)
    return Execution(
        np.concatenate([part.output for part in parts]),
        None,
        None,
        {name: np.concatenate([part.outputs[name] for part in parts]) for name in parts[0].outputs},
        dict(total),
    )


def _run_chunk(
    program: Program, plans: Sequence[Plan | None], raw: Codes, trace: bool
) -> tuple[Execution, Codes | None]:
    """Return what the network computes of some windows, and what the trigger measures of them."""
    saturations = Saturations()
    outputs: dict[str, Codes] = {}
    x = raw
    if program.scaling is not None:
        x = outputs[program.scaling.name] = golden.scale(program.scaling, raw, saturations)
    lanes, data_format, shape = _to_lanes(x), program.input, x.shape[1:]
    for (layer, _, output_shape), planned in zip(program.flow(), plans, strict=True):
        if planned is None:
            lanes = _run_reference(layer, _from_lanes(lanes, shape), data_format, saturations)
        else:
            saturations[f"{layer.name}.input"] += 0
            if data_format != layer.input:
                codes = lanes.astype(np.int64)
                lanes = saturations.quantize(codes, data_format.fraction, layer.input, f"{layer.name}.input")
            lanes = planned.run(lanes.astype(planned.dtype, copy=False), saturations)
        data_format, shape = layer.output, output_shape
        if trace:
            outputs[layer.name] = _from_lanes(lanes, shape)
    output = _from_lanes(lanes, shape)
    measures = None if program.trigger is None else measure(program.trigger, x, output)
    return Execution(output, None, None, outputs if trace else {}, dict(saturations)), measures


def _to_lanes(codes: Codes) -> Reals:
    """Put the windows last, ``(steps or 1, features, windows)``: the loops over a tensor of a step run along them."""
    return np.ascontiguousarray((codes if codes.ndim == 3 else codes[:, None]).transpose(1, 2, 0))


def _from_lanes(lanes: Reals, shape: tuple[int, ...]) -> Codes:
    """Return codes with the windows first, ``(n, steps, features)`` or ``(n, features)``, as a window's shape says."""
    return lanes.transpose(2, 0, 1).astype(np.int64, order="C").reshape(-1, *shape)


def _run_reference(layer: Layer, data: Codes, data_format: Format, saturations: Saturations) -> Reals:
    if isinstance(layer, Lstm):
        return _to_lanes(golden.lstm(layer, data, data_format, saturations))
    return _to_lanes(golden.dense(layer, data, data_format, saturations))
