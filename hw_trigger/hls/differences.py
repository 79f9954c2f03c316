"""Where two executions of a program first differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hw_trigger.fixedpoint.formats import Codes


@dataclass(frozen=True)
class Difference:
    """The first code that differs: the earliest layer in the data's order, in it the first window, step and unit.

    Attributes
    ----------
    step
        ``None`` where the layer gives one vector a window.
    unit
        Hidden unit, or feature, of the layer's output.
    expected, found
        The two codes.
    count
        Codes of this layer that differ.
    """

    layer: str
    window: int
    step: int | None
    unit: int
    expected: int
    found: int
    count: int

    def __str__(self) -> str:
        step = "" if self.step is None else f", step {self.step}"
        return (
            f"layer {self.layer!r}, window {self.window}{step}, unit {self.unit}: "
            f"expected {self.expected}, found {self.found} ({self.count} codes of this layer differ)"
        )


def first_difference(expected: Mapping[str, Codes], found: Mapping[str, Codes]) -> Difference | None:
    """Compare traces layer by layer and return the first difference, or ``None``.

    Parameters
    ----------
    expected, found
        Output codes by layer, sequences ``(n, steps, units)`` or vectors ``(n, units)``; the layers in the data's order.

    Raises
    ------
    ValueError
        The traces are not of the same layers and shapes.
    """
    if expected.keys() != found.keys():
        raise ValueError(f"the traces are of the layers {', '.join(expected)}, and of {', '.join(found)}")
    for layer, codes in expected.items():
        if codes.shape != found[layer].shape:
            raise ValueError(
                f"layer {layer!r} has the shape {codes.shape} in one trace, and {found[layer].shape} in the other"
            )
        places = np.argwhere(codes != found[layer])
        if len(places):
            place = tuple(places[0].tolist())
            step = place[1] if len(place) == 3 else None
            return Difference(
                layer, place[0], step, place[-1], int(codes[place]), int(found[layer][place]), len(places)
            )
    return None
