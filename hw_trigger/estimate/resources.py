"""What a part of a design takes of an FPGA: as C-synthesis would report it, and as logic synthesis leaves it."""

from __future__ import annotations

from dataclasses import dataclass, fields

RESOURCES = ("dsp", "bram18", "uram", "lut", "ff")
"""Names of all resources, in the order in which they are shown."""


@dataclass(frozen=True)
class Resources:
    """DSP slices, block RAMs of 18 Kbit, UltraRAMs, look-up tables, flip-flops: expected values, not whole numbers."""

    dsp: float = 0.0
    bram18: float = 0.0
    uram: float = 0.0
    lut: float = 0.0
    ff: float = 0.0

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            self.dsp + other.dsp,
            self.bram18 + other.bram18,
            self.uram + other.uram,
            self.lut + other.lut,
            self.ff + other.ff,
        )

    def __mul__(self, times: float) -> Resources:
        return Resources(self.dsp * times, self.bram18 * times, self.uram * times, self.lut * times, self.ff * times)

    def rounded(self) -> dict[str, int]:
        """Return the whole numbers that are shown, by the resource's name."""
        return {field.name: round(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class Cost:
    """The same hardware, counted twice.

    Attributes
    ----------
    c_synthesis
        As the report of Vivado or Vitis HLS counts it: operator by operator, nothing shared or trimmed.
    logic
        What logic synthesis leaves of it.
    """

    c_synthesis: Resources = Resources()
    logic: Resources = Resources()

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.c_synthesis + other.c_synthesis, self.logic + other.logic)

    def __mul__(self, times: float) -> Cost:
        return Cost(self.c_synthesis * times, self.logic * times)

    __rmul__ = __mul__
