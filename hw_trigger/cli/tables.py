"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from hw_trigger.estimate.resources import RESOURCES
from hw_trigger.estimate.result import Estimate
from hw_trigger.evaluation.columns import COLUMNS
from hw_trigger.evaluation.results import Results, contenders
from hw_trigger.evaluation.rows import Role
from hw_trigger.evaluation.tables import best_rows, mean_text
from hw_trigger.parts.database import Database, Part
from hw_trigger.parts.table import PART_HEADINGS, SOURCE_HEADINGS, part_rows, source_rows
from hw_trigger.telemetry.channel import ChannelFacts


def channel_table(found: Sequence[ChannelFacts]) -> Table:
    """Return the facts about channels, the degenerate ones marked."""
    table = _table("Telemetry channels", "degenerate channels are marked !: results on them say little")
    table.add_column("channel", no_wrap=True)
    for heading in ("train", "test", "columns", "train range", "test range", "anomalies"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("remarks", min_width=16)
    for item in found:
        table.add_row(
            f"{item.spacecraft} {item.name}{' !' if item.degenerate else ''}",
            str(item.train_length),
            str(item.test_length),
            str(item.columns),
            _interval(item.train_range),
            _interval(item.test_range),
            f"{item.anomalies}, {item.anomalous_share:.1%}",
            "; ".join([*item.flags, *item.notes]),
            style="yellow" if item.degenerate else None,
        )
    return table


def _interval(limits: tuple[float, float]) -> str:
    return f"{limits[0]:.3g}..{limits[1]:.3g}"


def evaluation_table(results: Results) -> Table:
    """Return the headlines of an evaluation: means over all channels, the best ones in bold."""
    number = len(results.channels)
    table = _table(
        f"Causal detection, means over {number} channel{'' if number == 1 else 's'}",
        "bold: the best of a column, of those on all channels; dim: controls; in brackets: channels on which a figure is defined",
    )
    table.add_column("detector", no_wrap=True)
    columns = [column for column in COLUMNS if column.headline]
    summaries = {key: items[0] for key, items in results.causal.items()}
    marked = {column.figure: best_rows(summaries, column, contenders(results.rows)) for column in columns}
    for column in columns:
        table.add_column(column.title, justify="right")
    for row in results.rows:
        summary = summaries[row.key]
        cells = [
            Text(
                mean_text(summary.means[column.figure], column, summary.channels, interval=False),
                "bold green" if row in marked[column.figure] else "",
            )
            for column in columns
        ]
        table.add_row(row.title, *cells, style="dim" if row.role is Role.CONTROL else None)
    return table


def parts_table(database: Database) -> Table:
    """Return all parts with what they have."""
    table = _table("FPGAs", "an Alveo card's figures are its die's, of which the shell takes some")
    for heading in PART_HEADINGS:
        table.add_column(heading, justify="left" if heading in {"part", "boards", "family"} else "right")
    for row in part_rows(database):
        table.add_row(*row)
    return table


def sources_table(part: Part) -> Table:
    """Return where the figures of a part are from."""
    table = _table(part.name, f"typical clock period {part.typical_clock_ns:g} ns: {part.typical_clock_reason}")
    for heading in SOURCE_HEADINGS:
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for row in source_rows(part):
        table.add_row(*row)
    return table


def layers_table(found: Estimate) -> Table:
    """Return what each part of a design is estimated to cost."""
    table = _table(
        f"Estimated, by layer: {found.part} at {found.clock_ns:g} ns",
        "C: as C-synthesis would report it; L: what logic synthesis leaves. Cycles to the first output, a step, a window",
    )
    table.add_column("layer", no_wrap=True)
    table.add_column("reuse")
    for heading in ("mult.", "DSP", "BRAM18 C", "L", "LUT C", "L", "FF C", "L", "first", "step", "interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    for layer in found.layers:
        counted, left = layer.c_synthesis.rounded(), layer.logic.rounded()
        pairs = [f"{count[name]:,}" for name in ("bram18", "lut", "ff") for count in (counted, left)]
        times = (layer.first_output_cycles, layer.step_cycles, layer.interval_cycles)
        table.add_row(
            layer.name,
            layer.reuse,
            f"{layer.multipliers:,}",
            f"{counted['dsp']:,}",
            *pairs,
            *(f"{time:,}" if layer.timed else "" for time in times),
            style="bold" if layer.name == found.bottleneck else None,
        )
    return table


def estimates_table(found: Sequence[Estimate]) -> Table:
    """Return the estimates of a design on several parts, after logic synthesis, each figure with its error bar."""
    table = _table(
        "Estimated: after logic synthesis, with the error bars of recorded designs",
        "below each figure: lowest to highest, and the share of the part",
    )
    table.add_column("part")
    for heading in ("clock", "DSP", "BRAM18", "LUT", "FF", "interval", "latency", "windows/s"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("fits")
    table.add_column("slowest layer")
    for item in found:
        excess = ", ".join(name for name in RESOURCES if (item.share(name) or 0) > 1)
        verdict = {None: "part unknown", True: "yes", False: f"no: {excess}"}[item.fits]
        times = [_duration(item, name) for name in ("interval_cycles", "latency_cycles")]
        amounts = [_amount(item, name) for name in ("dsp", "bram18", "lut", "ff")]
        rate = f"{item.windows_per_second:,.0f}"
        table.add_row(item.part, f"{item.clock_ns:g} ns", *amounts, *times, rate, verdict, item.bottleneck)
    return table


def _table(title: str, caption: str) -> Table:
    return Table(title=title, caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _amount(found: Estimate, resource: str) -> str:
    bar = found.range(resource, "logic")
    share = found.share(resource)
    text = f"{bar.value:,.0f}\n{bar.low:,.0f}..{bar.high:,.0f}"
    return text if share is None else f"{text}\n{share:.1%}"


def _duration(found: Estimate, quantity: str) -> str:
    bar = found.range(quantity)
    us = found.clock_ns / 1000
    return f"{bar.value:,.0f} cycles\n{bar.low:,.0f}..{bar.high:,.0f}\n{bar.value * us:,.1f} us"
