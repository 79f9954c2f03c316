"""Execute a QONNX file with qonnx' own executor, node by node: slow, and independent of the definitions in the file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program
from hw_trigger.qonnx.codes import first_state, to_execution, to_values
from hw_trigger.qonnx.contract import STATE, TRIGGER_DOMAIN
from hw_trigger.qonnx.qonnx_operators import register


def execute(model: ModelProto, program: Program, raw: Codes, *, state: Codes | None = None) -> Execution:
    """Execute a written model on windows of raw codes, all at once; comparable with :func:`hw_trigger.fixedpoint.golden.run`.

    Parameters
    ----------
    model
        What :func:`hw_trigger.qonnx.writer.write` made of `program`.
    raw
        Codes of ``program.raw``, shape ``(n, steps, n_features)``.
    state
        What the trigger remembers of the stream so far; by default it starts with the first window.

    Raises
    ------
    WindowsError
        The shape is not the program's, or a code is outside the raw format.
    """
    values = to_values(program, raw)
    register()
    source = model.graph.input[0]
    double = source.type.tensor_type.elem_type == TensorProto.DOUBLE
    feeds = {source.name: values.astype(np.float64 if double else np.float32)}
    begin = first_state(program, state)
    if begin is not None:
        feeds[STATE] = begin
    outputs: dict[str, NDArray[Any]] = execute_onnx(ModelWrapper(_prepare(model, len(values), double)), feeds)
    return to_execution(program, outputs, len(raw), begin)


def _prepare(model: ModelProto, windows: int, double: bool) -> ModelProto:
    """Return the model as qonnx executes it: no functions, and no free dimension, which it reads as 0."""
    prepared = ModelProto()
    prepared.CopyFrom(model)
    del prepared.functions[:]
    graph = prepared.graph
    for info in (*graph.input, *graph.output, *graph.value_info):
        for dim in info.type.tensor_type.shape.dim:
            if dim.HasField("dim_param"):
                dim.dim_value = windows
    if double:
        for node in graph.node:
            if node.op_type == "Quant":
                node.op_type, node.domain = "DoubleQuant", TRIGGER_DOMAIN
    return prepared
