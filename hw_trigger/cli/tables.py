"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from hw_trigger.telemetry.channel import ChannelFacts


def channel_table(found: Sequence[ChannelFacts]) -> Table:
    """Return the facts about channels, the degenerate ones marked."""
    table = Table(
        title="Telemetry channels",
        caption="degenerate channels are marked !: results on them say little",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
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
