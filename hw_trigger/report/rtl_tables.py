"""The tables on the RTL, as text: Markdown and HTML show the same ones."""

from __future__ import annotations

from collections.abc import Callable

from hw_trigger.report.numbers import count, share, short
from hw_trigger.report.rtl_schema import CycleCount, Rtl, RtlAmount, RtlResources, RtlSynthesis
from hw_trigger.report.tables import Table

RESOURCES = {
    "lut": "LUT as logic",
    "lutram": "LUT as memory",
    "srl": "LUT as shift register",
    "ff": "FF",
    "carry": "CARRY",
    "dsp": "DSP",
    "bram18": "BRAM18",
    "bram36": "BRAM36",
    "uram": "URAM",
}
"""How resources are called."""

TARGETS = {"xc7": "7-series", "xcup": "UltraScale+", "ecp5": "ECP5"}
"""How the families of chips are called."""

TOP = "top"
"""How the part of a design is called that is in no block."""


def schedule(found: Rtl) -> Table:
    """Multipliers and cycles of every layer."""
    headers = (
        *(
            "layer",
            "rows x columns a cycle",
            "multipliers",
            "cycles a step",
            "cycles a window (II)",
            "at work",
        ),
    )
    rows = tuple(
        (
            layer.name,
            layer.shape,
            *map(count, (layer.multipliers, layer.step_cycles, layer.interval_cycles)),
            share(layer.busy),
        )
        for layer in found.layers
    )
    return Table("Schedule by layer (calculated)", headers, rows, numbers=(2, 3, 4, 5))


def cycles(found: Rtl) -> Table:
    """Cycles in all three ways."""
    headers = ("cycles", "RTL, simulated", "RTL, calculated", "HLS, estimated")
    rows = tuple((each.what, _simulated(each), count(each.calculated), count(each.estimated)) for each in found.counts)
    return Table("Cycles of the RTL, beside the estimate of the HLS design", headers, rows, numbers=(1, 2, 3))


def _simulated(found: CycleCount) -> str:
    if found.least == found.most:
        return count(found.simulated)
    return f"{short(found.simulated)} ({count(found.least)} to {count(found.most)})"


def resources(found: RtlSynthesis) -> Table:
    """Resources by block."""
    names = [name for name in RESOURCES if name in {"lut", "ff", "dsp"} or getattr(found.total, name)]
    rows = tuple(
        (name, *(count(getattr(each, resource)) for resource in names))
        for name, each in (*((name or TOP, each) for name, each in found.blocks.items()), ("all", found.total))
    )
    title = f"Resources by block, synthesized for {TARGETS[found.target]}"
    headers = ("block", *(RESOURCES[name] for name in names))
    return Table(title, headers, rows, numbers=tuple(range(1, len(headers))))


def compared(found: Rtl) -> Table:
    """Resources, estimated and synthesized."""
    amounts: dict[str, tuple[RtlAmount, Callable[[RtlResources], int]]] = {
        "DSP": (found.estimated.dsp, lambda each: each.dsp),
        "BRAM18": (found.estimated.bram18, blocks),
        "LUT": (found.estimated.lut, luts),
        "FF": (found.estimated.ff, lambda each: each.ff),
    }
    headers = (
        "resource",
        "estimated",
        "lowest",
        "highest",
        *(f"{TARGETS[each.target]}, synthesized" for each in found.syntheses),
    )
    rows = tuple(
        (
            name,
            *map(count, (bar.value, bar.low, bar.high)),
            *(count(amount(each.total)) for each in found.syntheses),
        )
        for name, (bar, amount) in amounts.items()
    )
    return Table(
        "Resources, estimated for UltraScale+ before synthesis", headers, rows, numbers=tuple(range(1, len(headers)))
    )


def blocks(found: RtlResources) -> int:
    """Return the block RAMs, those of 36 kbit as two."""
    return found.bram18 + 2 * found.bram36


def luts(found: RtlResources) -> int:
    """Return the LUTs with those that are memory and shift registers."""
    return found.lut + found.lutram + found.srl


def clock(found: RtlSynthesis) -> str:
    """What is to be said of the clock, in words."""
    if found.clock is None:
        return "The netlist has no path between two registers, and so no clock."
    return f"Clock: {short(found.clock.mhz)} MHz, {found.clock.detail}."


def tools(found: RtlSynthesis) -> str:
    """With what it was synthesized, and whether the netlist was simulated, in words."""
    names = ", ".join(f"{name} {version}" for name, version in found.tools.items())
    netlist = found.netlist
    checked = (
        "the netlist was not simulated (hw-trigger synth --netlist does it)"
        if netlist is None
        else f"the netlist, simulated on {count(netlist.windows)} windows: {count(netlist.mismatches)} mismatches in "
        f"{count(netlist.codes)} codes"
    )
    return f"Synthesized with {names} in {count(found.seconds)} s; {checked}."


def summary(found: RtlResources) -> str:
    """The resources that people look for first, in one line."""
    return f"LUT {count(luts(found))} · FF {count(found.ff)} · BRAM18 {count(blocks(found))}"
