"""What some FPGAs have: DSP slices and block RAM, from their data sheets (``parts.json``)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_SEVEN_SERIES = ("Spartan-7", "Artix-7", "Kintex-7", "Virtex-7", "Zynq-7000")


@dataclass(frozen=True)
class Part:
    """One device.

    Attributes
    ----------
    name
        The device, without package and speed grade, for example ``"xcvu13p"``.
    dsp, bram18
        DSP48 slices, and block RAMs of 18 Kbit (the data sheets count pairs of them, 36 Kbit).
    source
        The data sheet.
    """

    name: str
    family: str
    dsp: int
    bram18: int
    source: str

    @property
    def multiplier(self) -> tuple[int, int]:
        """Widths of the two signed operands of a DSP's multiplier: DSP48E1 25 x 18 (UG479), DSP48E2 27 x 18 (UG579)."""
        return (25, 18) if self.family in _SEVEN_SERIES else (27, 18)


def find_part(part: str) -> Part | None:
    """Return the device of a part such as ``"xcvu13p-flga2577-2-e"`` or ``"xc7z020clg400-1"``; ``None`` for an unknown one.

    The device's name is followed by a dash or, in the 7 series, by the package's letters: never by a digit.
    """
    text = part.lower()
    for name, known in _known().items():
        rest = text.removeprefix(name)
        if text.startswith(name) and not rest[:1].isdigit():
            return known
    return None


def known_parts() -> tuple[str, ...]:
    """Return the names of all devices in the data file."""
    return tuple(_known())


@lru_cache(maxsize=1)
def _known() -> dict[str, Part]:
    text = files("hw_trigger.report").joinpath("parts.json").read_text("utf-8")
    return {name: Part(name, **entry) for name, entry in json.loads(text).items()}
