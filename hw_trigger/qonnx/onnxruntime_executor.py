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
from hw_trigger.qonnx.codes import to_execution, to_values

BATCH = 256
"""Windows given to ONNX Runtime at a time."""

_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}


def execute(
    model: ModelProto,
    program: Program,
    raw: Codes,
    *,
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
    parts: list[list[NDArray[Any]]] = []
    for start in range(0, len(values), batch):
        chunk = values[start : start + batch]
        parts.append(session.run(names, {source.name: chunk.astype(_TYPES[source.type])}))
        if progress is not None:
            progress(len(chunk))
    outputs = {name: np.concatenate(arrays) for name, arrays in zip(names, zip(*parts, strict=True), strict=True)}
    return to_execution(program, outputs, len(raw))
