"""Write a fixed-point program as one ONNX file that is QONNX and runs in stock ONNX Runtime.

The graph is flat: ``raw`` -> Quant -> Mul, Add, Quant (scaling) -> a ``QuantLSTMCell`` a layer, MatMul, Add, Relu (where it
rectifies) and Quant a dense layer -> ``reconstruction`` or ``logits``; and a trigger's node gives ``score`` and ``trigger``.
Without scaling the input is ``x``. A trigger that remembers takes its ``state`` as a second input, and gives ``next_state``. The
node that does a layer's work (``QuantLSTMCell``, ``MatMul``, ``Mul``, the trigger's) has the layer's name.
The file is in float32 where that is exact, else in double.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper

import hw_trigger
from hw_trigger.fixedpoint import decision
from hw_trigger.fixedpoint.precision import float64_reasons
from hw_trigger.fixedpoint.program import (
    Dense,
    DeviationTrigger,
    ErrorTrigger,
    Lstm,
    MarginTrigger,
    Program,
    Scaling,
    Trigger,
)
from hw_trigger.qonnx.builder import Builder
from hw_trigger.qonnx.contract import (
    BIASES,
    IR_VERSION,
    NEXT_STATE,
    OPSET,
    PRODUCER,
    QONNX_DOMAIN,
    QUANTIZERS,
    STATE,
    TRIGGER_ATTRIBUTES,
    TRIGGER_DOMAIN,
    TRIGGER_INPUTS,
    TRIGGER_OUTPUTS,
    WEIGHTS,
    QonnxError,
    narrow_attribute,
)
from hw_trigger.qonnx.functions import functions
from hw_trigger.qonnx.modes import quant_attributes
from hw_trigger.qonnx.passes.names import is_identifier

BATCH = "windows"
"""Name of the graph's free dimension."""


def output_name(program: Program) -> str:
    """Return what the graph calls the network's output."""
    return "reconstruction" if program.reconstructs else "logits"


def write(program: Program) -> ModelProto:
    """Return the ONNX model of a program; the same bytes for the same program.

    Raises
    ------
    QonnxError
        A format has a rounding or overflow mode that QONNX' ``Quant`` has not, or more bits than double precision; or a
        layer's name is no identifier.
    """
    _check_names(program)
    graph = Builder(np.float64 if float64_reasons(program) else np.float32)
    data = x = _network_input(graph, program)
    for layer, sequence, _ in program.flow():
        data = _lstm(graph, layer, data) if isinstance(layer, Lstm) else _dense(graph, layer, data, sequence)
    output = output_name(program)
    graph.rename(data, output)
    inputs = [graph.info("x" if program.scaling is None else "raw", [BATCH, program.steps, program.n_features])]
    outputs = [graph.info(output, [BATCH, *program.output_shape])]
    if program.trigger is not None:
        _trigger(graph, program.trigger, x, output)
        outputs += [
            helper.make_tensor_value_info("score", TensorProto.INT64, [BATCH]),
            helper.make_tensor_value_info("trigger", TensorProto.BOOL, [BATCH]),
        ]
    if isinstance(program.trigger, DeviationTrigger):
        inputs.append(helper.make_tensor_value_info(STATE, TensorProto.INT64, [len(decision.STATE)]))
        outputs.append(helper.make_tensor_value_info(NEXT_STATE, TensorProto.INT64, [len(decision.STATE)]))
    proto = helper.make_graph(
        graph.nodes, program.name, inputs, outputs, list(graph.initializers.values()), value_info=graph.infos
    )
    used = {node.op_type for node in graph.nodes}
    domains = [("", OPSET), (QONNX_DOMAIN, 1), (TRIGGER_DOMAIN, 1)]
    model = helper.make_model(
        proto,
        producer_name=PRODUCER,
        producer_version=hw_trigger.__version__,
        opset_imports=[helper.make_opsetid(*domain) for domain in domains],
        functions=[function for function in functions() if function.name in used],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model)
    return model


def _network_input(graph: Builder, program: Program) -> str:
    """Add the input and, where there is one, the scaling; return x."""
    shape: list[int | str] = [BATCH, program.steps, program.n_features]
    scaling: Scaling | None = program.scaling
    if scaling is None:
        return graph.quant("x", program.input, "x.quant", shape)
    name = scaling.name
    raw = graph.quant("raw", scaling.raw, "raw.quant", shape)
    gain = graph.parameter(f"{name}.gain", scaling.gain, scaling.gain_format)
    offset = graph.parameter(f"{name}.offset", scaling.offset, scaling.offset_format)
    product = graph.node("Mul", [raw, gain], f"{name}.product", shape, name=name)
    total = graph.node("Add", [product, offset], f"{name}.sum", shape)
    return graph.quant(total, scaling.output, "x.quant", shape)


def _lstm(graph: Builder, layer: Lstm, data: str) -> str:
    name, units = layer.name, layer.n_units
    if layer.repeat_input:
        axes = graph.value("axis_1", np.array([1]))
        one = graph.node("Unsqueeze", [data, axes], f"{name}.vector", [BATCH, 1, layer.n_inputs])
        times = graph.value(f"repeat_{layer.steps}", np.array([1, layer.steps, 1]))
        data = graph.node("Expand", [one, times], f"{name}.repeated", [BATCH, layer.steps, layer.n_inputs])
    data = graph.quant(data, layer.input, f"{name}.input", [BATCH, layer.steps, layer.n_inputs])
    parts = [
        (weight, layer.weight_format if half == 0 else layer.recurrent_format)
        for half, matrix in enumerate((layer.weight, layer.recurrent_weight))
        for weight in np.split(matrix, 4)
    ]
    weights = [
        graph.parameter(f"{name}.{label}", codes, target) for label, (codes, target) in zip(WEIGHTS, parts, strict=True)
    ]
    biases = [
        graph.parameter(f"{name}.{label}", codes, layer.bias_format)
        for label, codes in zip(BIASES, np.split(layer.bias, 4), strict=True)
    ]
    zero = graph.value(f"{name}.zero_state", np.zeros((1, units)))
    quantizers, attributes = _cell_quantizers(graph, layer)
    outputs = [f"{name}.{part}" for part in ("sequence", "h", "c")]
    graph.nodes.append(
        helper.make_node(
            "QuantLSTMCell",
            [data, zero, zero, *weights, *biases, *quantizers],
            outputs,
            name=name,
            domain=QONNX_DOMAIN,
            batch_first=1,
            reverse_input=0,
            cifg=0,
            **attributes,
        )
    )
    shapes: list[list[int | str]] = [[BATCH, layer.steps, units], [BATCH, units], [BATCH, units]]
    graph.infos += [graph.info(out, shape) for out, shape in zip(outputs, shapes, strict=True)]
    return outputs[0] if layer.return_sequence else outputs[1]


def _cell_quantizers(graph: Builder, layer: Lstm) -> tuple[list[str], dict[str, Any]]:
    formats = [layer.hidden, layer.cell, *layer.gates, *layer.activations, layer.cell_tanh]
    inputs, attributes = [], {}
    for quantizer, target in zip(QUANTIZERS, formats, strict=True):
        inputs += graph.quantizer(target)
        modes = quant_attributes(target, f"{layer.name}.{quantizer}")
        attributes[narrow_attribute(quantizer)] = modes["narrow"]
        attributes[f"{quantizer}_signed"] = modes["signed"]
        attributes[f"{quantizer}_rounding_mode"] = modes["rounding_mode"]
    return inputs, attributes


def _dense(graph: Builder, layer: Dense, data: str, sequence: bool) -> str:
    name = layer.name
    lead: list[int | str] = [BATCH, layer.steps] if sequence else [BATCH]
    data = graph.quant(data, layer.input, f"{name}.input", [*lead, layer.n_inputs])
    weight = graph.parameter(f"{name}.weight", layer.weight.T, layer.weight_format)
    bias = graph.parameter(f"{name}.bias", layer.bias, layer.bias_format)
    product = graph.node("MatMul", [data, weight], f"{name}.product", [*lead, layer.n_outputs], name=name)
    total = graph.node("Add", [product, bias], f"{name}.sum", [*lead, layer.n_outputs])
    if layer.rectifies:  # what Quant does anyway; Brevitas' QuantReLU says it this way
        total = graph.node("Relu", [total], f"{name}.rectified", [*lead, layer.n_outputs])
    return graph.quant(total, layer.output, f"{name}.output", [*lead, layer.n_outputs])


def _trigger(graph: Builder, layer: Trigger, x: str, output: str) -> None:
    match layer:
        case ErrorTrigger():
            op, steps = "WindowScore", {"step": layer.error.step}
        case DeviationTrigger():
            op, steps = "DeviationScore", {"x_step": layer.input.step, "step": layer.error.step}
        case MarginTrigger():
            op, steps = "ClassMargin", {"step": layer.input.step}
    tensors = {"x": x, "reconstruction": output, "logits": output, STATE: STATE}
    tensors |= {name: graph.value(f"{layer.name}.{name}", step) for name, step in steps.items()}
    tensors["threshold"] = graph.value(f"{layer.name}.threshold", np.array(layer.threshold, np.int64))
    attributes: dict[str, Any] = {name: int(getattr(layer, name)) for name in TRIGGER_ATTRIBUTES[op]}
    node = helper.make_node(
        op,
        [tensors[name] for name in TRIGGER_INPUTS[op]],
        TRIGGER_OUTPUTS[op],
        name=layer.name,
        domain=TRIGGER_DOMAIN,
        **attributes,
    )
    graph.nodes.append(node)


def _check_names(program: Program) -> None:
    for part in (program.scaling, *program.layers, program.trigger):
        if part is not None and not is_identifier(part.name):
            raise QonnxError(f"layer {part.name!r} of program {program.name!r} needs a name of letters, digits and _")
