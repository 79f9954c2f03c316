"""Read ``Quant`` nodes: each has a fixed-point format, and a constant behind one is integer codes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hw_trigger.fixedpoint.formats import Format, FormatError, Overflow, Rounding
from hw_trigger.qonnx.contract import QonnxError
from hw_trigger.qonnx.graph import Graph, Node, Parameter
from hw_trigger.qonnx.passes.constants import evaluate

_ROUNDING_MODES = ("ROUND", "HALF_EVEN")
_LAYOUT = ("Reshape", "Squeeze", "Transpose", "Unsqueeze")


def read_quantizers(graph: Graph) -> Graph:
    """Turn constants behind ``Quant`` into parameters, and give the other ``Quant`` nodes the attribute ``format``.

    Raises
    ------
    QonnxError
        No fixed-point format equals the node: see :func:`read_format`.
    """
    parameters: dict[str, Parameter] = {}
    kept = []
    for node in graph.nodes:
        if node.op in {"Quant", "IntQuant"}:
            target = _format(graph, node)
            data, out = node.inputs[0], node.outputs[0]
            if data in graph.constants or data in parameters:
                parameters[out] = _quantize(node, graph, parameters, target)
            else:
                kept.append(Node("Quant", node.name, (data,), node.outputs, {"format": target}))
        elif node.op in _LAYOUT and node.inputs[0] in parameters:
            source = parameters[node.inputs[0]]
            codes = evaluate(node, {**graph.constants, node.inputs[0]: source.codes}, graph.opset)
            parameters[node.outputs[0]] = replace(source, codes=codes)
        else:
            kept.append(node)
    return replace(graph, nodes=tuple(kept), parameters=parameters)


def read_format(graph: Graph, node: Node, triple: tuple[str, str, str], modes: tuple[object, object, object]) -> Format:
    """Return the format of a quantizer of `node`.

    Parameters
    ----------
    triple
        Names of the tensors scale, zero point and bit width.
    modes
        The attributes signed, narrow and rounding mode.

    Raises
    ------
    QonnxError
        The scale is not one power of two, the zero point not 0, the bit width not whole or too great, the rounding mode not
        half-to-even, or the range one that no format has.
    """
    scale, zero_point, bit_width = (_scalar(graph, node, tensor) for tensor in triple)
    mantissa, exponent = np.frexp(scale)
    if not (np.isfinite(scale) and mantissa == 0.5):
        raise QonnxError(f"{node} has the scale {triple[0]!r} of {scale:g}; only powers of two are exact")
    if zero_point != 0:
        raise QonnxError(f"{node} has the zero point {triple[1]!r} of {zero_point:g}; it must be 0")
    if not (np.isfinite(bit_width) and bit_width == round(bit_width) and bit_width >= 1):
        raise QonnxError(
            f"{node} has the bit width {triple[2]!r} of {bit_width:g}; it must be a whole number of at least 1"
        )
    signed, narrow, rounding = modes
    mode = rounding.decode(errors="replace") if isinstance(rounding, bytes) else str(rounding)
    if mode.upper() not in _ROUNDING_MODES:
        raise QonnxError(
            f"{node} has the rounding mode {mode!r} for the scale {triple[0]!r}; "
            f"it must be one of {', '.join(_ROUNDING_MODES)}"
        )
    if narrow and not signed:
        raise QonnxError(
            f"{node} has an unsigned narrow range for the scale {triple[0]!r}, which no fixed-point format has"
        )
    if signed and bit_width == 1:
        # qonnx takes it for -1 and +1, ONNX' arithmetic for -1 and 0.
        raise QonnxError(f"{node} has the bit width {triple[2]!r} of 1 for signed numbers; it must be 2 at least")
    width, fraction = int(bit_width), 1 - int(exponent)
    overflow = Overflow.SAT_SYM if narrow else Overflow.SAT
    try:
        return Format(width, width - fraction, bool(signed), Rounding.RND_CONV, overflow)
    except FormatError as error:
        raise QonnxError(f"{node} has no fixed-point format: {error}") from error


def _format(graph: Graph, node: Node) -> Format:
    if len(node.inputs) != 4:
        raise QonnxError(f"{node} has {len(node.inputs)} inputs, and takes x, scale, zero point and bit width")
    _, scale, zero_point, bit_width = node.inputs
    get = node.attributes.get
    modes = get("signed", 1), get("narrow", 0), get("rounding_mode", b"ROUND")
    return read_format(graph, node, (scale, zero_point, bit_width), modes)


def _scalar(graph: Graph, node: Node, tensor: str) -> float:
    """Return the one value of a constant tensor."""
    if tensor not in graph.constants:
        raise QonnxError(f"{node} takes tensor {tensor!r} as part of a quantizer; it must be a constant")
    values = np.unique(graph.constants[tensor].astype(np.float64))
    if values.size != 1:
        raise QonnxError(
            f"{node} takes tensor {tensor!r} with {values.size} values as part of a quantizer; it must be one "
            "for the whole tensor, not one a channel"
        )
    return float(values[0])


def _quantize(node: Node, graph: Graph, parameters: dict[str, Parameter], target: Format) -> Parameter:
    data = node.inputs[0]
    source = parameters.get(data)
    values = graph.constants[data] if source is None else source.format.values(source.codes)
    values = np.asarray(values, np.float64)
    if not np.all(np.isfinite(values)):
        raise QonnxError(f"{node} takes tensor {data!r} with values that are not finite")
    return Parameter(target.quantize(values), target)
