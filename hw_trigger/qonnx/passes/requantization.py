"""Several ``Quant`` nodes between two layers: a layer has one input format."""

from __future__ import annotations

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.qonnx.contract import QonnxError
from hw_trigger.qonnx.graph import Node


def merge(node: Node, data: Format, before: Format | None, target: Format) -> Format:
    """Return the one format that data has behind the Quant node `node`.

    Parameters
    ----------
    data
        Format of the layer's output.
    before
        Format of the ``Quant`` nodes since then, if any.
    target
        Format of this one.

    Raises
    ------
    QonnxError
        Both round, so that no single format equals the two.
    """
    if before is None or covers(before, data):
        return target
    if covers(target, before):
        return before
    raise QonnxError(
        f"{node} rounds data to {target} that was rounded to {before} before; a layer has one input format"
    )


def covers(outer: Format, inner: Format) -> bool:
    """Tell whether every code of `inner` has its equal in `outer`."""
    shift = outer.fraction - inner.fraction
    return shift >= 0 and outer.low <= inner.low << shift and inner.high << shift <= outer.high
