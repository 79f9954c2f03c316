"""Tables for the terminal of a design in RTL: what it is estimated to take, by block, and its cycles."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from hw_trigger.estimate.rtl.result import RTL_RESOURCES, RtlEstimate

HEADINGS = {"dsp": "DSP", "bram18": "BRAM18", "lut": "LUT", "ff": "FF"}


def rtl_blocks_table(found: RtlEstimate) -> Table:
    """Return what each block of the top module takes, and the cycles of those that are layers."""
    table = _table(
        "RTL, by block: resources estimated, cycles exact",
        "multiplications a cycle; cycles from a step to the next, and from a window to the next of all channels",
    )
    table.add_column("block", no_wrap=True)
    table.add_column("rows x columns")
    for heading in ("mult.", *HEADINGS.values(), "step", "interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    cycles = {layer.name: layer for layer in found.layers}
    for block in found.blocks:
        amounts = [f"{getattr(block.resources, name):,.0f}" for name in RTL_RESOURCES]
        layer = cycles.get(block.name)
        shape, multipliers, *times = (
            ("", "", "", "")
            if layer is None
            else (layer.shape, f"{layer.multipliers:,}", f"{layer.step_cycles:,}", f"{layer.interval_cycles:,}")
        )
        slowest = layer is not None and layer.interval_cycles == found.interval_cycles
        row = (block.name or "top", shape, multipliers, *amounts, *times)
        table.add_row(*row, style="bold" if slowest else None)
    return table


def rtl_estimates_table(found: Sequence[RtlEstimate]) -> Table:
    """Return the estimate of a design beside each part, each figure with its error bar."""
    table = _table(
        "RTL, estimated: after synthesis with Yosys for UltraScale+; cycles are exact",
        "below each figure: lowest to highest, and the share of the part",
    )
    table.add_column("part")
    for heading in (*HEADINGS.values(), "interval", "latency", "after the last sample"):
        table.add_column(heading, justify="right", no_wrap=heading != "after the last sample")
    table.add_column("fits")
    for item in found:
        excess = ", ".join(HEADINGS[name] for name in RTL_RESOURCES if (item.share(name) or 0) > 1)
        verdict = {None: "part unknown", True: "yes", False: f"no: {excess}"}[item.fits]
        times = (item.interval_cycles, item.latency_cycles, item.after_last_sample_cycles)
        table.add_row(
            "" if item.device is None else item.device.name,
            *(_amount(item, name) for name in RTL_RESOURCES),
            *("-" if time is None else f"{time:,} cycles" for time in times),
            verdict,
        )
    return table


def _amount(found: RtlEstimate, resource: str) -> str:
    bar, share = found.range(resource), found.share(resource)
    text = f"{bar.value:,.0f}\n{bar.low:,.0f}..{bar.high:,.0f}"
    return text if share is None else f"{text}\n{share:.1%}"


def _table(title: str, caption: str) -> Table:
    return Table(title=title, caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
