"""Between the real numbers that ONNX executors take and give, and the integer codes that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.decision import initial_state
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program
from hw_trigger.qonnx.contract import NEXT_STATE
from hw_trigger.qonnx.writer import output_name


def to_values(program: Program, raw: Codes) -> NDArray[np.float64]:
    """Return the real numbers of checked windows; where there are none, those of one, since executors need one.

    Raises
    ------
    WindowsError
        The shape is not the program's, or a code is outside the raw format.
    """
    raw = golden.check_windows(program, raw)
    return program.raw.values(raw if len(raw) else np.zeros((1, *raw.shape[1:]), np.int64))


def first_state(program: Program, state: Codes | None) -> Codes | None:
    """Return the state before the first window: the one given, else that of a stream's start; ``None`` where there is none."""
    start = initial_state(program.trigger)
    return start if start is None or state is None else np.asarray(state, np.int64)


def to_execution(program: Program, outputs: Mapping[str, NDArray[Any]], windows: int, state: Codes | None) -> Execution:
    """Return what an executor gave of so many windows, by the names of the graph's outputs, as codes.

    Parameters
    ----------
    state
        Before the windows; what is left of it where there are none.
    """
    name = output_name(program)
    return Execution(
        output=program.output.exact_codes(outputs[name][:windows], name),
        score=None if program.trigger is None else np.asarray(outputs["score"][:windows], np.int64),
        trigger=None if program.trigger is None else np.asarray(outputs["trigger"][:windows], np.bool_),
        state=state if state is None or not windows else np.asarray(outputs[NEXT_STATE], np.int64),
    )
