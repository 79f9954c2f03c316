"""Families: programs that differ in their constants only, so that one firmware serves all of them.

What may differ is what training gives a channel: weights, recurrent weights, biases, gain and offset of the scaling, and the
trigger's threshold. All else is the firmware's: the layers, their sizes, every format (tables follow from those), and the other
settings of the trigger. Gain and offset are fitted to each channel's range, their formats too: they are brought to common ones,
which hold every value exactly, so that no sum changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

import numpy as np

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Codes, Format, align
from hw_trigger.fixedpoint.program import Layer, Lstm, Program, Scaling

_FREE = {"threshold"}
"""Numbers that may differ, beside all arrays of codes and a program's name."""


class FamilyError(UserError):
    """Programs that one firmware cannot serve."""


@dataclass(frozen=True, eq=False)
class Family:
    """Programs that one firmware serves.

    Attributes
    ----------
    members
        The programs by their channels' names, one at least, with gain and offset in common formats.
    accumulators
        Of the scaling and of every layer, by name: the format of its sums, whichever member's constants are loaded. It follows
        from the formats alone, so that a member that is trained later needs no other firmware. As its fraction is that of each
        member's own accumulator, and its range includes theirs, the sums have the same codes.
    """

    members: Mapping[str, Program]
    accumulators: Mapping[str, Format]

    @property
    def first(self) -> Program:
        """The member that stands for all where only what they have in common counts."""
        return next(iter(self.members.values()))


def family(programs: Mapping[str, Program]) -> Family:
    """Return the family of programs, given by their channels' names.

    Raises
    ------
    FamilyError
        There are none; or two differ in more than their constants, and the message names the tensor and both formats.
    FormatTooWideError
        Constants that the formats allow would give a sum too wide to be exact.
    """
    if not programs:
        raise FamilyError("a design is for 1 channel at least, and there is none")
    members = _with_common_scaling(programs)
    (first, program), *others = members.items()
    for name, other in others:
        # Up to the first difference both have the same settings in the same order.
        for (what, one), (_, another) in zip(_settings("kind", program), _settings("kind", other), strict=False):
            if one != another:
                raise FamilyError(
                    f"channels {first!r} and {name!r} cannot share one design: {what!r} is {one} in the first and {another} in "
                    "the second; train them as one fleet, with fleet.shared_formats=true"
                )
    return Family(members, widest_accumulators(program))


def widest_accumulators(program: Program) -> dict[str, Format]:
    """Return the formats of the sums that hold whatever the constants are, by the names of the scaling and the layers.

    They are the accumulators of the same program with every constant at the end of its format's range, where
    ``sum(|w|) * max|x| + |b|`` is greatest.

    Raises
    ------
    FormatTooWideError
        One would be too wide to be exact.
    """
    parts: list[Scaling | Layer] = [] if program.scaling is None else [program.scaling]
    return {part.name: _at_the_end(part).accumulator for part in [*parts, *program.layers]}


def _with_common_scaling(programs: Mapping[str, Program]) -> dict[str, Program]:
    """Return the programs with gains and offsets in formats that hold the values of all."""
    scalings = {name: program.scaling for name, program in programs.items() if program.scaling is not None}
    if len(scalings) < len(programs):
        return dict(programs)
    gain_format = _common_format([scaling.gain_format for scaling in scalings.values()])
    offset_format = _common_format([scaling.offset_format for scaling in scalings.values()])
    return {
        name: replace(
            program,
            scaling=replace(
                scalings[name],
                gain_format=gain_format,
                gain=align(scalings[name].gain, scalings[name].gain_format.fraction, gain_format.fraction),
                offset_format=offset_format,
                offset=align(scalings[name].offset, scalings[name].offset_format.fraction, offset_format.fraction),
            ),
        )
        for name, program in programs.items()
    }


def _common_format(formats: Sequence[Format]) -> Format:
    """Return the narrowest format that has every value of these."""
    signed = any(item.signed for item in formats)
    integer = max(item.integer + (signed and not item.signed) for item in formats)
    return Format(integer + max(item.fraction for item in formats), integer, signed)


def _at_the_end(part: Scaling | Layer) -> Scaling | Layer:
    """Return a part with all its constants at the end of their ranges that is farther from 0."""
    if isinstance(part, Scaling):
        return replace(part, gain=_full(part.gain, part.gain_format), offset=_full(part.offset, part.offset_format))
    weight, bias = _full(part.weight, part.weight_format), _full(part.bias, part.bias_format)
    if isinstance(part, Lstm):
        recurrent = _full(part.recurrent_weight, part.recurrent_format)
        return replace(part, weight=weight, bias=bias, recurrent_weight=recurrent)
    return replace(part, weight=weight, bias=bias)


def _full(codes: Codes, number_format: Format) -> Codes:
    end = number_format.low if -number_format.low > number_format.high else number_format.high
    return np.full_like(codes, end)


def _settings(label: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield all that members have in common, named by part and attribute: kinds, sizes, formats, numbers."""
    if isinstance(value, np.ndarray):
        yield label, f"of the shape {value.shape}"
    elif isinstance(value, tuple):
        yield f"number of {label}", str(len(value))
        for index, item in enumerate(value):
            yield from _settings(f"{label}[{index}]", item)
    elif is_dataclass(value) and not isinstance(value, Format):
        yield label, type(value).__name__
        prefix = "" if isinstance(value, Program) else f"{getattr(value, 'name', label)}."
        for field in fields(value):
            if field.name not in _FREE and not (field.name == "name" and isinstance(value, Program)):
                yield from _settings(f"{prefix}{field.name}", getattr(value, field.name))
    else:
        yield label, str(value)
