"""Hypothesis strategies for fixed-point formats."""

from __future__ import annotations

from hypothesis import strategies as st

from hw_trigger.fixedpoint.formats import MAX_WIDTH, Format, Overflow, Rounding


def _possible(width: int, fraction: int, signed: bool, rounding: Rounding, overflow: Overflow) -> Format:
    if signed and width == 1 and overflow is Overflow.SAT_SYM:
        overflow = Overflow.SAT
    return Format(width, width - fraction, signed, rounding, overflow)


def formats(max_width: int = MAX_WIDTH - 1, max_fraction: int = MAX_WIDTH) -> st.SearchStrategy[Format]:
    """Return formats of every mode, of any width and position of the binary point within the limits."""
    return st.builds(
        _possible,
        st.integers(1, max_width),
        st.integers(-max_fraction, max_fraction),
        st.booleans(),
        st.sampled_from(Rounding),
        st.sampled_from(Overflow),
    )
