"""How many of a format's bits are left of the binary point: those of the least mean square error. Plain NumPy, no PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hw_trigger.models.spec import TensorSpec

Values = NDArray[np.float64]


def least_error(spec: TensorSpec, values: Values, function: Callable[[Values], Values] | None = None) -> int:
    """Return the integer bits for which quantization of `values` has the least mean square error.

    Parameters
    ----------
    function
        The error is taken of ``function(values)`` where given. The fewest bits are returned where several do equally well.
    """
    largest = float(np.max(np.abs(values), initial=0.0))
    # Enough that nothing saturates; more would only be coarser.
    most = (int(np.frexp(largest)[1]) + spec.signed) if largest > 0 else 1
    wanted = values if function is None else function(values)
    errors = {}
    for integer in range(most - spec.width + 1, most + 1):
        target = spec.format(integer)
        found = target.values(target.quantize(values))
        errors[integer] = float(np.mean(np.square((found if function is None else function(found)) - wanted)))
    return min(errors, key=errors.__getitem__)
