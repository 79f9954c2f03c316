"""Fit the estimator's constants on recorded designs.

Little is fitted: how much the weights spread where they are not known, the registers of unrolled products, and which shares of
adders, multiplexers and registers logic synthesis leaves. All else follows from the kernels' source and the operators' widths.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

import numpy as np
from scipy.optimize import lsq_linear, minimize_scalar

from hw_trigger.estimate import products
from hw_trigger.estimate.calibration import Calibration
from hw_trigger.estimate.dsp import operands
from hw_trigger.estimate.recorded import Recorded
from hw_trigger.estimate.stock import StockProduct, StockRecurrent
from hw_trigger.estimate.stock_cells import product_of
from hw_trigger.estimate.stock_estimate import estimate_stock
from hw_trigger.parts.database import find_part

START = Calibration(
    input_gain=0.5,
    state_gain=1.5,
    dense_gain=1.5,
    product_registers=0.35,
    adder_left=0.75,
    mux_left=0.5,
    pipeline_left=0.75,
)
"""Where a constant starts, and stays if no design says anything of it."""

PULL = 0.05
"""Weight of the start against a design's relative error, so that few designs do not drive a constant to a bound."""


def fit(designs: Sequence[Recorded]) -> Calibration:
    """Return the constants fitted on `designs`."""
    fitted = START
    for name in ("input_gain", "state_gain", "dense_gain"):
        fitted = replace(fitted, **{name: _gain(name, designs)})
    fitted = replace(fitted, product_registers=_registers(designs))
    fitted = _shares(fitted, designs, "lut", ("adder_left", "mux_left"))
    return _shares(fitted, designs, "ff", ("pipeline_left",))


def rounded(calibration: Calibration) -> dict[str, float]:
    """Return the constants as they are kept, with four digits."""
    return {field.name: float(f"{getattr(calibration, field.name):.4g}") for field in fields(calibration)}


def _unrolled(designs: Iterable[Recorded], role: str | None = None) -> list[tuple[StockProduct, Recorded]]:
    found = []
    for recorded in designs:
        for layer in recorded.design.layers:
            of_role: dict[str, StockProduct] = {}
            if isinstance(layer, StockRecurrent):
                of_role = {"input_gain": layer.input_product, "state_gain": layer.state_product}
            elif isinstance(layer, StockProduct):
                of_role = {"dense_gain": layer}
            found += [
                (product, recorded)
                for name, product in of_role.items()
                if product.reuse_factor == 1 and role in (None, name)
            ]
    return found


def _gain(role: str, designs: Sequence[Recorded]) -> float:
    """Return the spread with which the unrolled products have the recorded numbers of DSP slices."""
    cases = _unrolled(designs, role)
    if not cases:
        return float(getattr(START, role))

    def error(log_gain: float) -> float:
        total = 0.0
        for product, recorded in cases:
            built = product_of(product, math.exp(log_gain), held=True)
            expected = products.dsps(built, operands(find_part(recorded.design.part)))
            wanted = recorded.products[product.name]["dsp"]
            total += (expected - wanted) ** 2 / wanted
        return total

    return math.exp(float(minimize_scalar(error, bounds=(math.log(0.05), math.log(10)), method="bounded").x))


def _registers(designs: Sequence[Recorded]) -> float:
    cases = _unrolled(designs)
    bits = sum(product.nonzeros * product.total.width for product, _ in cases)
    recorded = sum(case.products[product.name]["ff"] for product, case in cases)
    return recorded / bits if bits else START.product_registers


def _shares(start: Calibration, designs: Sequence[Recorded], resource: str, names: tuple[str, ...]) -> Calibration:
    """Fit shares in which the estimate of logic synthesis is linear, by least squares of the relative errors."""
    cases = [recorded for recorded in designs if recorded.logic]

    def logic(values: Sequence[float], recorded: Recorded) -> float:
        constants = replace(start, **dict(zip(names, values, strict=True)))
        return float(getattr(estimate_stock(recorded.design, constants).logic, resource))

    zero = [0.0] * len(names)
    rows, wanted = [], []
    for recorded in cases:
        base = logic(zero, recorded)
        size = recorded.logic[resource]
        rows.append([(logic(unit, recorded) - base) / size for unit in np.eye(len(names)).tolist()])
        wanted.append((size - base) / size)
    pull = PULL * np.eye(len(names))
    starts = [getattr(start, name) for name in names]
    matrix = np.vstack([np.array(rows).reshape(-1, len(names)), pull])
    solution = lsq_linear(matrix, np.concatenate([wanted, pull @ starts]), bounds=(0.0, 1.0)).x
    return replace(start, **dict(zip(names, map(float, solution), strict=True)))
