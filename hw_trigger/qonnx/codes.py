"""Between the real numbers that ONNX executors take and give, and the integer codes that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program


def to_values(program: Program, raw: Codes) -> NDArray[np.float64]:
    """Return the real numbers of checked windows; where there are none, those of one, since executors need one.

    Raises
    ------
    WindowsError
        The shape is not the program's, or a code is outside the raw format.
    """
    raw = golden.check_windows(program, raw)
    return program.raw.values(raw if len(raw) else np.zeros((1, *raw.shape[1:]), np.int64))


def to_execution(program: Program, outputs: Mapping[str, NDArray[Any]], windows: int) -> Execution:
    """Return what an executor gave of so many windows, by the names of the graph's outputs, as codes."""
    return Execution(
        output=program.output.exact_codes(outputs["reconstruction"][:windows], "reconstruction"),
        score=None if program.trigger is None else np.asarray(outputs["score"][:windows], np.int64),
        trigger=None if program.trigger is None else np.asarray(outputs["trigger"][:windows], np.bool_),
    )
