"""What a reader of an estimate should know, in sentences."""

from __future__ import annotations

RECORDED_CLOCK_NS = 5.0
"""The clock period of all recorded designs."""


def narrow_notes(dsp: float, dsp_if_wide: float) -> tuple[str, ...]:
    """Return what is assumed of products of narrow operands, where there are any."""
    if round(dsp_if_wide) <= round(dsp):
        return ()
    note = (
        "products of operands below 10 bits are taken to be made of LUTs; if HLS gave them DSP slices, there would be "
        f"{round(dsp_if_wide)}"
    )
    return (note,)


def ports_notes(weights: str) -> tuple[str, ...]:
    """Return what is assumed where weights are behind ports of the top function."""
    if weights == "constant":
        return ()
    note = (
        "weights are behind ports: their memories are counted as if they were inside, sums as this program's weights need them, "
        "and products with the reuse factor 1 as if their weights were constants"
    )
    return (note,)


def clock_notes(clock_ns: float) -> tuple[str, ...]:
    """Return a warning where the clock is far from those that were recorded: the stages of the pipelines are counted for it."""
    if RECORDED_CLOCK_NS / 2 <= clock_ns <= 2 * RECORDED_CLOCK_NS:
        return ()
    note = (
        f"all recorded designs have a clock of {RECORDED_CLOCK_NS:g} ns: at {clock_ns:g} ns HLS puts other pipeline stages, "
        "which neither cycles nor error bars allow for, and whether the clock is met is not estimated"
    )
    return (note,)
