"""The integer bits of the least mean square error."""

from __future__ import annotations

import numpy as np
import pytest

from hw_trigger.models.integer_bits import least_error
from hw_trigger.models.spec import TensorSpec


@pytest.mark.parametrize(
    ("width", "values", "integer"),
    [
        # +-0.9 needs no more than the sign's bit left of the point; +-1.1 one more.
        (8, [0.9, -0.9, 0.3], 1),
        (8, [1.1, -1.1, 0.3], 2),
        # Of many small values and one large one, the large one is cut off at 4 bits, and kept at 12.
        (4, [0.11, -0.13, 0.06] * 2000 + [1.0], 0),
        (12, [0.11, -0.13, 0.06] * 2000 + [1.0], 1),
        # Beyond the point: all values are far below 1.
        (8, [0.01, -0.013], -5),
        (8, [200.0, -100.0], 9),
        (8, [0.0, 0.0], -6),
    ],
)
def test_least_error(width: int, values: list[float], integer: int) -> None:
    spec = TensorSpec(width)
    found = least_error(spec, np.array(values))
    assert found == integer

    # No other choice is better.
    def error(bits: int) -> float:
        target = spec.format(bits)
        return float(np.mean((target.values(target.quantize(values)) - values) ** 2))

    assert error(found) == min(error(bits) for bits in range(-12, 14))


def test_a_gate_is_judged_by_its_activation() -> None:
    """Sums far out, where the sigmoid is flat, do not coarsen the format."""
    sums = np.concatenate([np.linspace(-3, 3, 500), np.full(200, 25.0)])
    spec = TensorSpec(8)
    assert least_error(spec, sums) == 6
    assert least_error(spec, sums, lambda values: 1 / (1 + np.exp(-values))) == 4
