"""The ports of a design's top module: names, widths and registers, for whoever drives it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from hw_trigger.fixedpoint.formats import Format

IDENTIFICATION = 0x48575431
"""What the ID register reads: ``HWT1``."""

ADDRESS_WIDTH = 8
"""Bits of a register's byte address."""


class Register(IntEnum):
    """Byte addresses of the AXI4-Lite registers, 32 bits each."""

    ID = 0x00
    CONTROL = 0x04
    STATUS = 0x08
    THRESHOLD_LOW = 0x0C
    THRESHOLD_HIGH = 0x10
    WINDOWS = 0x14
    TRIGGERS = 0x18
    SAMPLES = 0x1C
    STALLS = 0x20
    STEPS = 0x24
    CHANNELS = 0x28
    CHANNEL = 0x2C


def padded(width: int) -> int:
    """Return a field's bits in a stream's data: whole bytes, as AXI4-Stream has them."""
    return -(-width // 8) * 8


@dataclass(frozen=True)
class Interface:
    """Shape and formats of what goes through a top module's ports.

    Attributes
    ----------
    name
        The top module.
    steps, n_features, channels
        Samples of a window, features of a sample, channels that are interleaved.
    raw
        Format of a sample's features.
    output, output_vectors, n_outputs
        Format of what the network puts out, vectors of it a window, and features of a vector; `has_output` says whether it has a
        port.
    score
        Format of the score; ``None`` where there is no trigger.
    """

    name: str
    steps: int
    n_features: int
    channels: int
    raw: Format
    output: Format
    output_vectors: int
    n_outputs: int
    has_output: bool
    score: Format | None

    @property
    def input_bits(self) -> int:
        """Bits of ``s_axis_tdata``."""
        return self.n_features * padded(self.raw.width)

    @property
    def output_bits(self) -> int:
        """Bits of ``m_axis_output_tdata``."""
        return self.n_outputs * padded(self.output.width)

    @property
    def score_bits(self) -> int:
        """Bits of ``m_axis_tdata``; 0 where there is no trigger."""
        return 0 if self.score is None else padded(self.score.width)

    @property
    def channel_bits(self) -> int:
        """Bits of ``m_axis_tid``; 0 where there is one channel only."""
        return (self.channels - 1).bit_length()
