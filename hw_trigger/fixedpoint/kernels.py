"""The loops of :mod:`hw_trigger.fixedpoint.compiled`: an LSTM layer on integers held in floating point, compiled by Numba.

Arrays are flat over units and windows, so that every loop runs along memory; none writes to what it reads, so that the
compiler can vectorize it. A row of `limits` holds the scale to a format's codes, and the format's least and greatest code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import scipy.linalg.cython_blas  # noqa: F401 - what compiled code multiplies with: loaded before its threads are limited
from numpy.typing import NDArray

Reals = NDArray[Any]
Indices = NDArray[np.int32]


def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function, and keep the machine code in a cache directory where there is one that can be written."""
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return numba.njit(nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]


@_compile
def _saturate(rounded: Any, low: Any, high: Any) -> Any:  # pragma: no cover - compiled
    code = low if rounded < low else rounded  # noqa: FURB136 - min and max treat NaN so that this does not vectorize
    return high if code > high else code  # noqa: FURB136


@_compile
def _round_sums(
    sums: Reals, constant: Reals, limits: Reals, start: int, index: Indices
) -> Any:  # pragma: no cover - compiled
    """Round half to even and saturate `sums + constant`; give the codes' places in a table whose code 0 is at `start`.

    Returns how many did not fit, as the next two functions do.
    """
    scale, low, high = limits[0], limits[1], limits[2]
    origin, outside = np.int32(start), np.int32(0)
    for k in range(sums.shape[0]):
        rounded = np.rint((sums[k] + constant[k]) * scale)
        code = _saturate(rounded, low, high)
        outside += np.int32(rounded != code)
        index[k] = origin + np.int32(code)
    return outside


@_compile
def _multiply(left: Reals, right: Reals, limits: Reals, result: Reals) -> Any:  # pragma: no cover - compiled
    """Round half to even and saturate `left * right`."""
    scale, low, high = limits[0], limits[1], limits[2]
    outside = np.int32(0)
    for k in range(left.shape[0]):
        rounded = np.rint(left[k] * right[k] * scale)
        code = _saturate(rounded, low, high)
        outside += np.int32(rounded != code)
        result[k] = code
    return outside


@_compile
def _add_products(
    products: Reals, limits: Reals, start: int, result: Reals, index: Indices
) -> Any:  # pragma: no cover - compiled
    """Saturate the sum of two products of one format; give the codes, and their places in a table."""
    low, high = limits[1], limits[2]
    origin, outside = np.int32(start), np.int32(0)
    for k in range(products.shape[1]):
        total = products[0, k] + products[1, k]
        code = _saturate(total, low, high)
        outside += np.int32(total != code)
        result[k] = code
        index[k] = origin + np.int32(code)
    return outside


@_compile
def _look_up(table: Reals, index: Indices, result: Reals) -> None:  # pragma: no cover - compiled
    """Read a table. Unsigned indices spare the test for one that counts from the end."""
    for k in range(index.shape[0]):
        result[k] = table[np.uint32(index[k])]


@_compile
def run_lstm(  # noqa: PLR0917 - compiled functions take arrays, not objects
    sequence: Reals,
    steps: int,
    weights: Reals,
    constant: Reals,
    tables: Reals,
    starts: NDArray[np.int64],
    limits: Reals,
    output: Reals,
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """Run a layer over all steps.

    Parameters
    ----------
    sequence
        Input codes, shape ``(steps, features, windows)``; without features where the input is part of `constant`.
    weights
        Of the input and the state side by side, shape ``(4 * units, features + units)``.
    constant
        What is added to every step's sums, shape ``(4 * units, windows)``.
    tables, starts
        The tables of gates i, f, g, o and of the cell state one after another, and where in them each one's code 0 is.
    limits
        A row for each of gates i, f, g, o, forget product, input product, cell, hidden.
    output
        Receives h, shape ``(steps, units, windows)``; of the last step where it has only one.

    Returns
    -------
    How many codes were saturated, in the order of `limits`.
    """
    inputs, windows = sequence.shape[1:]
    kept, units, _ = output.shape
    size = units * windows
    counts = np.zeros(8, np.int64)
    state = np.zeros((inputs + units, windows), sequence.dtype)
    hidden = state[inputs:].reshape(size)
    cell = np.zeros(size, sequence.dtype)
    acc = np.empty((4 * units, windows), sequence.dtype)
    sums, constants = acc.reshape((4, size)), constant.reshape((4, size))
    gates = np.empty((4, size), sequence.dtype)
    i, f, g, o = gates[0], gates[1], gates[2], gates[3]
    products = np.empty((2, size), sequence.dtype)
    index = np.empty(size, np.int32)
    for step in range(steps):
        if inputs:
            state[:inputs] = sequence[step]
        np.dot(weights, state, acc)
        for k in range(4):
            counts[k] += _round_sums(sums[k], constants[k], limits[k], starts[k], index)
            _look_up(tables, index, gates[k])
        counts[4] += _multiply(f, cell, limits[4], products[0])
        counts[5] += _multiply(i, g, limits[5], products[1])
        counts[6] += _add_products(products, limits[6], starts[4], cell, index)
        _look_up(tables, index, g)
        counts[7] += _multiply(o, g, limits[7], hidden)
        if kept > 1:
            output[step] = state[inputs:]
    if kept == 1:
        output[0] = state[inputs:]
    return counts
