"""What single operators cost: adders, comparators, multiplexers, registers, FIFOs.

The C-synthesis figures are those of Vivado HLS 2019.2 reports of hls4ml's stock recurrent designs ("recorded", see
:mod:`hw_trigger.estimate.recorded`), whose tables list every operator with its widths; within their range they are met exactly.
What logic synthesis leaves of an operator no report lists: those shares are fitted on whole designs
(:mod:`hw_trigger.estimate.calibration`), or follow from what a six-input LUT can do.
"""

from __future__ import annotations

import math

from hw_trigger.estimate.calibration import Calibration
from hw_trigger.estimate.dsp import product_dsps
from hw_trigger.estimate.resources import Cost, Resources

_COMPARATORS = ((2, 8), (4, 9), (8, 11), (16, 13))
"""Recorded: bits up to, LUTs of a comparator; 20 beyond."""

READ_MUX_LUT = 273
"""C-synthesis counts so many LUTs for reading an array in registers at a computed index, whatever its size (recorded: 3 to 256
words of 15 to 18 bits)."""

SHIFT_LUT_LIMIT = 2171
"""C-synthesis counts at most so many LUTs for shifting a wide word by a variable amount (recorded: 1920 to 5400 bits)."""

SLICE_LUT_A_BIT = 0.58
"""What logic synthesis leaves of such a shift of which a few bits are used, per bit of the word. From the LUT6 and MUXF7
primitives of the recorded logic synthesis: 1251, 1113 and 3132 LUTs for 2160, 1920 and 5400 bits."""

FIFO_WORDS = 2
"""Words of a FIFO between two processes, unless a design asks for more."""

NARROW_MULTIPLIER_LUT = 0.65
"""LUTs a bit of one operand times a bit of the other, of a multiplier without a DSP slice. Not recorded in these reports: 41 LUTs
for 8 x 8 bits is what Vitis HLS is known to count; taken for logic synthesis too."""


def lut(c_synthesis: float, logic: float) -> Cost:
    """Return the cost of LUTs in the two countings."""
    return Cost(Resources(lut=c_synthesis), Resources(lut=logic))


def adder(width: float, left: float = 1.0) -> Cost:
    """Return the cost of an adder or a subtracter: a LUT a bit; `left` of it remains after logic synthesis."""
    return lut(max(width, 6), left * width)


def comparator(width: int) -> Cost:
    """Return the cost of a comparison; logic synthesis makes two bits of a LUT."""
    return lut(next((luts for limit, luts in _COMPARATORS if width <= limit), 20), width / 2)


def select(width: float, left: float = 1.0) -> Cost:
    """Return the cost of choosing one of two words."""
    return lut(width, left * width)


def gate_logic(count: float) -> Cost:
    """Return the cost of `count` operators on single bits."""
    return lut(2 * count, count)


def state_mux(width: int, calibration: Calibration, *, inputs: int = 2) -> Cost:
    """Return the cost of the multiplexer before a register that is written in several states.

    C-synthesis counts 9 LUTs for two inputs and 6 for each more, whatever the width; logic synthesis needs some for each bit.
    """
    return lut(9 + 6 * (inputs - 2), calibration.mux_left * width * (inputs - 1))


def read_mux(words: int, width: int, *, shared: float = 1.0) -> Cost:
    """Return the cost of reading an array in registers at a computed index.

    A LUT6 chooses one of four, with MUXF7 and MUXF8 one of 16 for each four LUTs: ``words / 4`` LUTs a bit. Logic synthesis makes
    equal multiplexers one: `shared` is the share of them that is left.
    """
    return lut(READ_MUX_LUT, shared * width * max(words, 2) / 4)


def shift(width: int) -> Cost:
    """Return the cost of shifting a word by a variable amount to read a few bits of it."""
    return lut(min(SHIFT_LUT_LIMIT, 2.1 * width + 35), SLICE_LUT_A_BIT * width)


def shift_all(width: int, amounts: int) -> Cost:
    """Return the cost of shifting a whole word by one of so many amounts: LUT6 that choose one of four, one behind another.

    No report lists one. C-synthesis is taken to count it as :func:`shift`.
    """
    stages = math.ceil(math.log2(max(amounts, 1)) / 2)
    return lut(min(SHIFT_LUT_LIMIT, 2.1 * width + 35), width * stages) if stages else Cost()


def register(bits: float, left: float = 1.0) -> Cost:
    """Return the cost of a register; `left` of it remains after logic synthesis."""
    return Cost(Resources(ff=bits), Resources(ff=left * bits))


def small_fifo(width: int) -> Cost:
    """Return the cost of a FIFO of two words in registers, with its handshake.

    Recorded: ``width + 12`` LUTs and 5 flip-flops, to which come 13 LUTs and 1 flip-flop of the processes beside it. C-synthesis
    does not count the words themselves, which logic synthesis leaves in flip-flops.
    """
    return Cost(Resources(lut=width + 25, ff=6), Resources(lut=width + 12, ff=FIFO_WORDS * width + 6))


def slices(dsps: float) -> Cost:
    """Return the cost of DSP slices: logic synthesis leaves them all."""
    return Cost(Resources(dsp=dsps), Resources(dsp=dsps))


def multiplier(width: int, other: int, dsps: float) -> Cost:
    """Return the cost of a multiplier of so many DSP slices; of LUTs where it has none."""
    if dsps:
        return slices(dsps)
    luts = NARROW_MULTIPLIER_LUT * width * other
    return lut(luts, luts)


def narrow_luts(width: int, other: int, multiplier_widths: tuple[int, int]) -> float:
    """Return the LUTs of a multiplier that has no DSP slice for being narrow, which it would not need if it had one."""
    narrow = not product_dsps(width, other, multiplier_widths)
    wide = product_dsps(width, other, multiplier_widths, narrow_in_lut=False)
    return NARROW_MULTIPLIER_LUT * width * other if narrow and wide else 0.0


def index_bits(words: int) -> int:
    """Return the bits of an index into so many words."""
    return max(1, math.ceil(math.log2(words))) if words > 1 else 1
