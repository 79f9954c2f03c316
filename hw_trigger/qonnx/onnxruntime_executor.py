"""Execute a QONNX file in stock ONNX Runtime, by the operator definitions that the file itself carries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program
from hw_trigger.qonnx.codes import first_state, to_execution, to_values
from hw_trigger.qonnx.contract import NEXT_STATE, STATE

BATCH = 256
"""Windows given to ONNX Runtime at a time."""

_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}


def execute(
    model: ModelProto,
    program: Program,
    raw: Codes,
    *,
    state: Codes | None = None,
    threads: int = 1,
    batch: int = BATCH,
    progress: Callable[[int], None] | None = None,
) -> Execution:
    """Execute a written model on windows of raw codes; comparable with :func:`hw_trigger.fixedpoint.golden.run`.

    Parameters
    ----------
    model
        What :func:`hw_trigger.qonnx.writer.write` made of `program`.
    raw
        Codes of ``program.raw``, shape ``(n, steps, n_features)``.
    state
        What the trigger remembers of the stream so far; by default it starts with the first window.
    threads
        Threads of ONNX Runtime.
    batch
        Windows executed at a time.
    progress
        Called with the number of windows done, as they are done.

    Raises
    ------
    WindowsError
        The shape is not the program's, or a code is outside the raw format.
    """
    values = to_values(program, raw)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    names = [output.name for output in session.get_outputs()]
    begin = memory = first_state(program, state)
    parts: list[dict[str, NDArray[Any]]] = []
    for start in range(0, len(values), batch):
        feeds = {source.name: values[start : start + batch].astype(_TYPES[source.type])}
        if memory is not None:
            feeds[STATE] = memory
        parts.append(dict(zip(names, session.run(names, feeds), strict=True)))
        if memory is not None:
            memory = parts[-1][NEXT_STATE]
        if progress is not None:
            progress(len(feeds[source.name]))
    outputs = {name: np.concatenate([part[name] for part in parts]) for name in names if name != NEXT_STATE}
    return to_execution(program, outputs | ({} if memory is None else {NEXT_STATE: memory}), len(raw), begin)
