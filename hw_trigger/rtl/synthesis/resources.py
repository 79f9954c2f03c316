"""What cells take of a chip, counted from their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from hw_trigger.rtl.synthesis.targets import Target

# LUTs that a memory of LUTs takes. A RAM32M is four LUTs, a RAM32M16 eight (UG574, "Distributed RAM").
_LUT_RAMS = {
    "RAM32X1S": 1,
    "RAM32X1D": 2,
    "RAM64X1S": 1,
    "RAM64X1D": 2,
    "RAM128X1S": 2,
    "RAM128X1D": 4,
    "RAM256X1S": 4,
    "RAM256X1D": 8,
    "RAM512X1S": 8,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32M16": 8,
    "RAM64M8": 8,
    "RAM64X8SW": 8,
    "RAM32X16DR8": 8,
}
_XILINX = {
    **{f"LUT{inputs}": ("lut", 1) for inputs in range(1, 7)},
    "INV": ("lut", 1),  # nobody says that its sink takes it in
    **{name: ("lutram", luts) for name, luts in _LUT_RAMS.items()},
    **dict.fromkeys(("SRL16E", "SRLC16E", "SRLC32E"), ("srl", 1)),
    **dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE"), ("ff", 1)),
    "CARRY4": ("carry", 1),
    "CARRY8": ("carry", 1),
    "MUXF7": ("muxf", 1),
    "MUXF8": ("muxf", 1),
    "DSP48E1": ("dsp", 1),
    "DSP48E2": ("dsp", 1),
    "RAMB18E1": ("bram18", 1),
    "RAMB18E2": ("bram18", 1),
    "RAMB36E1": ("bram36", 1),
    "RAMB36E2": ("bram36", 1),
    "URAM288": ("uram", 1),
}
_ECP5 = {
    "LUT4": ("lut", 1),
    "TRELLIS_DPR16X4": ("lutram", 4),
    "TRELLIS_FF": ("ff", 1),
    "CCU2C": ("carry", 1),
    "PFUMX": ("muxf", 1),
    "L6MUX21": ("muxf", 1),
    "MULT18X18D": ("dsp", 1),
    "DP16KD": ("bram18", 1),
    "PDPW16KD": ("bram18", 1),
}
_NOTHING = {"VCC", "GND"}


@dataclass(frozen=True)
class Resources:
    """Numbers of cells; on ECP5, `dsp` are MULT18X18D, `bram18` block RAMs of 18 kbit (DP16KD), `carry` CCU2C of two bits.

    Attributes
    ----------
    lut
        LUTs that are logic, of any number of inputs, none shared by two functions; without `lutram` and `srl`.
    lutram, srl
        LUTs that are memory, and shift registers.
    ff
        Flip-flops outside DSPs and block RAMs.
    carry
        Carry cells: CARRY4, four bits each (Yosys maps UltraScale+, whose chains have eight, to them too).
    muxf
        Multiplexers of LUTs: F7, F8.
    dsp, bram18, bram36, uram
        DSP48, block RAMs of 18 and of 36 kbit, UltraRAMs.
    """

    lut: int = 0
    lutram: int = 0
    srl: int = 0
    ff: int = 0
    carry: int = 0
    muxf: int = 0
    dsp: int = 0
    bram18: int = 0
    bram36: int = 0
    uram: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(**{name.name: getattr(self, name.name) + getattr(other, name.name) for name in fields(self)})

    def to_dict(self) -> dict[str, int]:
        """Return the numbers by name, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Resources:
        """Return what :meth:`to_dict` made `record` of."""
        return cls(**record)


def count(cells: Mapping[str, int], target: Target) -> Resources:
    """Return the resources of cells, given as numbers by type.

    Raises
    ------
    RuntimeError
        A cell is of a type that is not known.
    """
    table = _XILINX if target.is_xilinx else _ECP5
    found: dict[str, int] = {}
    for name, number in cells.items():
        if name in _NOTHING:
            continue
        if name not in table:
            raise RuntimeError(f"Yosys made {number} cells of the type {name}, whose resources are not known")
        kind, each = table[name]
        found[kind] = found.get(kind, 0) + number * each
    return Resources(**found)
