"""The families of chips that a design can be synthesized for."""

from __future__ import annotations

from enum import StrEnum

from hw_trigger.errors import nearest
from hw_trigger.rtl.synthesis.errors import SynthesisError


class Target(StrEnum):
    """A family of FPGAs; the values are Yosys' names."""

    SERIES7 = "xc7"
    ULTRASCALE_PLUS = "xcup"
    ECP5 = "ecp5"

    @property
    def is_xilinx(self) -> bool:
        """Whether it is made by AMD (Xilinx): LUTs of six inputs, DSP48, block RAM of 18 and 36 kbit."""
        return self is not Target.ECP5


def find_target(name: str) -> Target:
    """Return the target of a name.

    Raises
    ------
    SynthesisError
        There is none of this name.
    """
    try:
        return Target(name)
    except ValueError:
        known = [target.value for target in Target]
        raise SynthesisError(
            f"the target must be one of {', '.join(known)}, not {name!r}{nearest(name, known)}"
        ) from None
