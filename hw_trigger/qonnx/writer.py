"""Write a fixed-point program as one ONNX file that is QONNX and runs in stock ONNX Runtime.

The graph is flat: ``raw`` -> Quant -> Mul, Add, Quant (scaling) -> a ``QuantLSTMCell`` a layer, MatMul, Add and Quant a dense
layer -> ``reconstruction``; and a ``WindowScore`` gives ``score`` and ``trigger``. Without scaling the input is ``x``. The node
that does a layer's work (``QuantLSTMCell``, ``MatMul``, ``Mul``, ``WindowScore``) has the layer's name.
The file is in float32 where that is exact, else in double.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

import hw_trigger
from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.precision import float64_reasons
from hw_trigger.fixedpoint.program import Dense, ErrorTrigger, Lstm, Program, Scaling
from hw_trigger.qonnx.contract import (
    BIASES,
    IR_VERSION,
    OPSET,
    PRODUCER,
    QONNX_DOMAIN,
    QUANTIZERS,
    TRIGGER_DOMAIN,
    WEIGHTS,
    QonnxError,
    narrow_attribute,
)
from hw_trigger.qonnx.functions import functions
from hw_trigger.qonnx.modes import quant_attributes
from hw_trigger.qonnx.passes.names import is_identifier

BATCH = "windows"
"""Name of the graph's free dimension."""


def write(program: Program) -> ModelProto:
    """Return the ONNX model of a program; the same bytes for the same program.

    Raises
    ------
    QonnxError
        A format has a rounding or overflow mode that QONNX' ``Quant`` has not, or more bits than double precision; or a layer's
        name is no identifier.
    """
    _check_names(program)
    graph = _Graph(np.float64 if float64_reasons(program) else np.float32)
    data = graph.network_input(program)
    x = data
    for layer, sequence, _ in program.flow():
        data = graph.lstm(layer, data) if isinstance(layer, Lstm) else graph.dense(layer, data, sequence)
    graph.rename(data, "reconstruction")
    outputs = [graph.info("reconstruction", [BATCH, program.steps, program.n_features])]
    if program.trigger is not None:
        graph.trigger(program.trigger, x)
        outputs += [
            helper.make_tensor_value_info("score", TensorProto.INT64, [BATCH]),
            helper.make_tensor_value_info("trigger", TensorProto.BOOL, [BATCH]),
        ]
    source = "x" if program.scaling is None else "raw"
    proto = helper.make_graph(
        graph.nodes,
        program.name,
        [graph.info(source, [BATCH, program.steps, program.n_features])],
        outputs,
        list(graph.initializers.values()),
        value_info=graph.infos,
    )
    domains = [("", OPSET), (QONNX_DOMAIN, 1), (TRIGGER_DOMAIN, 1)]
    model = helper.make_model(
        proto,
        producer_name=PRODUCER,
        producer_version=hw_trigger.__version__,
        opset_imports=[helper.make_opsetid(*domain) for domain in domains],
        functions=functions(),
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model)
    return model


class _Graph:
    """The graph as it grows."""

    def __init__(self, dtype: type[np.floating[Any]]) -> None:
        self.dtype = dtype
        self.nodes: list[NodeProto] = []
        self.infos: list[onnx.ValueInfoProto] = []
        self.initializers: dict[str, TensorProto] = {}

    def info(self, name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
        element = TensorProto.DOUBLE if self.dtype is np.float64 else TensorProto.FLOAT
        return helper.make_tensor_value_info(name, element, shape)

    def value(self, name: str, value: ArrayLike) -> str:
        """Add an initializer of the graph's type (integers keep theirs)."""
        array = np.asarray(value)
        if not np.issubdtype(array.dtype, np.integer):
            array = array.astype(self.dtype)
        self.initializers[name] = numpy_helper.from_array(array, name)
        return name

    def node(
        self,
        op: str,
        inputs: list[str],
        out: str,
        shape: list[int | str],
        *,
        name: str = "",
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Add a node with one output of the graph's type, and return the output."""
        self.nodes.append(helper.make_node(op, inputs, [out], name=name or f"{out}/{op}", domain=domain, **attributes))
        self.infos.append(self.info(out, shape))
        return out

    def rename(self, old: str, new: str) -> None:
        """Rename the last node's output, which is the graph's."""
        self.nodes[-1].output[0] = new
        self.infos = [info for info in self.infos if info.name != old]

    def quant(self, data: str, target: Format, out: str, shape: list[int | str]) -> str:
        return self.node(
            "Quant", [data, *self.quantizer(target)], out, shape, domain=QONNX_DOMAIN, **quant_attributes(target, out)
        )

    def quantizer(self, target: Format) -> list[str]:
        """Return scale, zero point and bit width of a format; tensors of equal formats share them."""
        return [
            self.value(f"scale_2^{-target.fraction}", target.step),
            self.value("zero_point", 0.0),
            self.value(f"bits_{target.width}", float(target.width)),
        ]

    def parameter(self, name: str, codes: Codes, target: Format) -> str:
        """Add a constant behind its ``Quant`` node."""
        constant = self.value(f"{name}.value", target.values(codes))
        return self.quant(constant, target, name, list(codes.shape))

    def network_input(self, program: Program) -> str:
        """Add the input and, where there is one, the scaling; return x."""
        shape: list[int | str] = [BATCH, program.steps, program.n_features]
        scaling: Scaling | None = program.scaling
        if scaling is None:
            return self.quant("x", program.input, "x.quant", shape)
        name = scaling.name
        raw = self.quant("raw", scaling.raw, "raw.quant", shape)
        gain = self.parameter(f"{name}.gain", scaling.gain, scaling.gain_format)
        offset = self.parameter(f"{name}.offset", scaling.offset, scaling.offset_format)
        product = self.node("Mul", [raw, gain], f"{name}.product", shape, name=name)
        total = self.node("Add", [product, offset], f"{name}.sum", shape)
        return self.quant(total, scaling.output, "x.quant", shape)

    def lstm(self, layer: Lstm, data: str) -> str:
        name, units = layer.name, layer.n_units
        if layer.repeat_input:
            axes = self.value("axis_1", np.array([1]))
            one = self.node("Unsqueeze", [data, axes], f"{name}.vector", [BATCH, 1, layer.n_inputs])
            times = self.value(f"repeat_{layer.steps}", np.array([1, layer.steps, 1]))
            data = self.node("Expand", [one, times], f"{name}.repeated", [BATCH, layer.steps, layer.n_inputs])
        data = self.quant(data, layer.input, f"{name}.input", [BATCH, layer.steps, layer.n_inputs])
        parts = [
            (weight, layer.weight_format if half == 0 else layer.recurrent_format)
            for half, matrix in enumerate((layer.weight, layer.recurrent_weight))
            for weight in np.split(matrix, 4)
        ]
        weights = [
            self.parameter(f"{name}.{label}", codes, target)
            for label, (codes, target) in zip(WEIGHTS, parts, strict=True)
        ]
        biases = [
            self.parameter(f"{name}.{label}", codes, layer.bias_format)
            for label, codes in zip(BIASES, np.split(layer.bias, 4), strict=True)
        ]
        zero = self.value(f"{name}.zero_state", np.zeros((1, units)))
        quantizers, attributes = self._cell_quantizers(layer)
        outputs = [f"{name}.{part}" for part in ("sequence", "h", "c")]
        self.nodes.append(
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
        self.infos += [self.info(out, shape) for out, shape in zip(outputs, shapes, strict=True)]
        return outputs[0] if layer.return_sequence else outputs[1]

    def _cell_quantizers(self, layer: Lstm) -> tuple[list[str], dict[str, Any]]:
        formats = [layer.hidden, layer.cell, *layer.gates, *layer.activations, layer.cell_tanh]
        inputs, attributes = [], {}
        for quantizer, target in zip(QUANTIZERS, formats, strict=True):
            inputs += self.quantizer(target)
            modes = quant_attributes(target, f"{layer.name}.{quantizer}")
            attributes[narrow_attribute(quantizer)] = modes["narrow"]
            attributes[f"{quantizer}_signed"] = modes["signed"]
            attributes[f"{quantizer}_rounding_mode"] = modes["rounding_mode"]
        return inputs, attributes

    def dense(self, layer: Dense, data: str, sequence: bool) -> str:
        name = layer.name
        lead: list[int | str] = [BATCH, layer.steps] if sequence else [BATCH]
        data = self.quant(data, layer.input, f"{name}.input", [*lead, layer.n_inputs])
        weight = self.parameter(f"{name}.weight", layer.weight.T, layer.weight_format)
        bias = self.parameter(f"{name}.bias", layer.bias, layer.bias_format)
        product = self.node("MatMul", [data, weight], f"{name}.product", [*lead, layer.n_outputs], name=name)
        total = self.node("Add", [product, bias], f"{name}.sum", [*lead, layer.n_outputs])
        return self.quant(total, layer.output, f"{name}.output", [*lead, layer.n_outputs])

    def trigger(self, layer: ErrorTrigger, x: str) -> None:
        step = self.value(f"{layer.name}.step", layer.error.step)
        threshold = self.value(f"{layer.name}.threshold", np.array(layer.threshold, np.int64))
        node = helper.make_node(
            "WindowScore",
            [x, "reconstruction", step, threshold],
            ["score", "trigger"],
            name=layer.name,
            domain=TRIGGER_DOMAIN,
        )
        self.nodes.append(node)


def _check_names(program: Program) -> None:
    for part in (program.scaling, *program.layers, program.trigger):
        if part is not None and not is_identifier(part.name):
            raise QonnxError(f"layer {part.name!r} of program {program.name!r} needs a name of letters, digits and _")
