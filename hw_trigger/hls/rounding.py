"""Roundings that drop more bits than a value has, which the ap_fixed headers do not simulate.

Such a value is less than half a step of the format that it is brought to, so that every mode but truncation gives 0. The headers
compute that; but they read the first bit that is dropped even where the value has none, and a C simulation ends there with the
assertion "Attempting to read bit beyond MSB" (``ap_fixed_base::operator=``, as AMD and hls4ml 1.3.0 ship it).

The sum of a layer whose weights happen to be small, or all zero, may be that narrow; its type is then given more bits. The other
types follow from the formats alone: a program with such formats is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Format, Rounding
from hw_trigger.fixedpoint.program import Layer, Lstm, Program


class RoundingError(UserError):
    """Formats that round every value of a tensor to 0."""


def missing_bits(width: int, fraction: int, target: Format) -> int:
    """Return by how many bits a type of `width` bits is too narrow to be rounded to a format; 0 where it is not."""
    return 0 if target.rounding is Rounding.TRN else max(0, fraction - target.fraction - width)


def check_roundings(program: Program) -> None:
    """Check what is rounded, and is no sum.

    Raises
    ------
    RoundingError
        A tensor would be rounded to 0 whatever its values are.
    """
    data = program.input
    for layer in program.layers:
        for tensor, width, fraction, target in _roundings(layer, data):
            if missing_bits(width, fraction, target):
                raise RoundingError(
                    f"tensor '{layer.name}.{tensor}' is rounded to 0 whatever its value is: {target} drops "
                    f"{fraction - target.fraction} bits, and the value has {width}; choose a format with more fractional bits"
                )
        data = layer.output


def _roundings(layer: Layer, data: Format) -> Iterator[tuple[str, int, int, Format]]:
    """Yield every tensor that is rounded: its name, width and fraction before, and the format after."""
    yield "input", data.width, data.fraction, layer.input
    if isinstance(layer, Lstm):
        i, f, g, o = layer.activations
        for tensor, left, right, target in (
            ("forget_product", f, layer.cell, layer.cell),
            ("input_product", i, g, layer.cell),
            ("hidden", o, layer.cell_tanh, layer.hidden),
        ):
            yield tensor, left.width + right.width, left.fraction + right.fraction, target
