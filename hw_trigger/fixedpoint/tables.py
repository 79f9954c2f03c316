"""Activation tables: one entry for every bit pattern of the argument's format, computed in float64 and rounded once.

Every executor uses these entries, so that no two mathematical libraries can disagree about a last place.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.formats import Codes, Format, FormatTooWideError

MAX_TABLE_BITS = 16
"""A table has 2**width entries; past this it is no longer a table one would put on an FPGA."""


class Activation(StrEnum):
    """The LSTM's two non-linear functions."""

    SIGMOID = "sigmoid"
    TANH = "tanh"


def evaluate(activation: Activation, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the function of float64 values, in float64."""
    if activation is Activation.TANH:
        return np.tanh(values)
    with np.errstate(over="ignore"):  # exp(-values) is infinite below -709, and the sigmoid then 0, as it should be
        return np.asarray(1.0 / (1.0 + np.exp(-values)))


@lru_cache(maxsize=128)
def activation_table(activation: Activation, argument: Format, result: Format, tensor: str) -> Codes:
    """Return the codes of `result`, indexed by the bit pattern of `argument` (two's complement). Shape ``(2**width,)``.

    Raises
    ------
    FormatTooWideError
        The argument has more than :data:`MAX_TABLE_BITS` bits.
    """
    if argument.width > MAX_TABLE_BITS:
        raise FormatTooWideError(
            f"tensor {tensor!r} has the format {argument}: its table would need 2**{argument.width} entries, "
            f"and 2**{MAX_TABLE_BITS} are the most; choose a format of at most {MAX_TABLE_BITS} bits"
        )
    table = result.quantize(evaluate(activation, argument.values(argument.all_codes())))
    table.setflags(write=False)
    return table
