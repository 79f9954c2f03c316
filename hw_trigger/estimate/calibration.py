"""The constants of the estimator that no reasoning gives: fitted on recorded designs by :mod:`hw_trigger.estimate.fit`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

FILE = "calibration.json"


@dataclass(frozen=True)
class Calibration:
    """Fitted constants.

    Attributes
    ----------
    input_gain, state_gain, dense_gain
        Standard deviation of weights that are not known, times the square root of the number of inputs: of a recurrent layer's
        product with its input, of that with its state, and of dense layers.
    product_registers
        Flip-flops of an unrolled product, per multiplication and bit of the sum.
    adder_left
        Share of the LUTs of a product's adders that logic synthesis leaves; the rest goes into the DSP slices' own adders.
    mux_left
        LUTs a bit that logic synthesis leaves of the multiplexer before a register that is written in several states.
    pipeline_left
        Share of the flip-flops of an unrolled product that logic synthesis leaves.
    """

    input_gain: float
    state_gain: float
    dense_gain: float
    product_registers: float
    adder_left: float
    mux_left: float
    pipeline_left: float


@lru_cache(maxsize=1)
def calibration() -> Calibration:
    """Return the constants that were fitted on all recorded designs."""
    return Calibration(**json.loads(files("hw_trigger.estimate").joinpath(FILE).read_text("utf-8")))
