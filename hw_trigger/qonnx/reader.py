"""Read a QONNX model into the fixed-point program that computes the same codes, or say why there is none.

Models of this package's writer are read back exactly. So are others that keep the contract (``docs/qonnx.md``): those that
Brevitas exports, for one, with whatever shape arithmetic an exporter leaves around the layers.
"""

from __future__ import annotations

from functools import reduce

from onnx import ModelProto

from hw_trigger.fixedpoint.program import Program
from hw_trigger.qonnx.graph import Pass, parse
from hw_trigger.qonnx.passes.cells import read_cells
from hw_trigger.qonnx.passes.chain import build_program
from hw_trigger.qonnx.passes.clean import drop_identities, prune
from hw_trigger.qonnx.passes.constants import fold_constants
from hw_trigger.qonnx.passes.quantizers import read_quantizers
from hw_trigger.qonnx.passes.rectifiers import drop_rectifiers
from hw_trigger.qonnx.passes.sums import recognize_sums

PASSES: tuple[Pass, ...] = (
    prune,
    drop_identities,
    fold_constants,
    read_quantizers,
    read_cells,
    drop_rectifiers,
    recognize_sums,
)
"""From a graph as it was exported to one of ``Quant``, ``Scaling``, ``Dense``, ``QuantLSTMCell``, triggers and layout."""


def read(model: ModelProto, *, name: str | None = None) -> Program:
    """Return the program that a model computes; the inverse of :func:`hw_trigger.qonnx.writer.write`.

    Parameters
    ----------
    name
        The program's name; by default the graph's.

    Raises
    ------
    QonnxError
        No program equals the model exactly. The message names the node and the tensor.
    """
    return build_program(reduce(lambda graph, apply: apply(graph), PASSES, parse(model)), name)
