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

Session = Any
"""A session of ONNX Runtime, which has no types."""

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
    session = open_session(model, threads)
    begin = memory = first_state(program, state)
    parts: list[dict[str, NDArray[Any]]] = []
    for start in range(0, len(values), batch):
        part = values[start : start + batch]
        parts.append(run_session(session, part, memory))
        if memory is not None:
            memory = parts[-1][NEXT_STATE]
        if progress is not None:
            progress(len(part))
    outputs = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name != NEXT_STATE}
    return to_execution(program, outputs | ({} if memory is None else {NEXT_STATE: memory}), len(raw), begin)


def open_session(model: ModelProto, threads: int = 1) -> Session:
    """Return a session of ONNX Runtime on the CPU that computes an operator with so many threads, one operator at a time."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run_session(session: Session, values: NDArray[np.float64], state: Codes | None = None) -> dict[str, NDArray[Any]]:
    """Return all outputs of a session, by name, for the real numbers of windows ``(n, steps, n_features)``, n at least 1.

    Parameters
    ----------
    state
        What the trigger remembers; for graphs that have it as an input.
    """
    source = session.get_inputs()[0]
    feeds: dict[str, NDArray[Any]] = {source.name: values.astype(_TYPES[source.type])}
    if state is not None:
        feeds[STATE] = state
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))
