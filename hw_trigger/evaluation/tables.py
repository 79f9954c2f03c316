"""The tables of an evaluation, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hw_trigger.detection.aggregate import Mean, Summary
from hw_trigger.detection.events import EventCounts
from hw_trigger.evaluation.columns import COLUMNS, Column
from hw_trigger.evaluation.comparison import Difference
from hw_trigger.evaluation.results import Results, belongs, contenders
from hw_trigger.evaluation.rows import ROWS, Role, Row, RowKey
from hw_trigger.markdown import markdown_table

EVENTS = "found, missed, false"
"""Heading of the counts of events."""

Summaries = Mapping[RowKey, tuple[Summary, ...]]


def means_table(
    results: Results, summaries: Summaries, group: str, columns: Sequence[Column], *, events: bool = False
) -> str:
    """Return the means of a group of channels: a line for each row, the best value of each column in bold.

    Parameters
    ----------
    events
        Also show the counts of events.
    """
    rows, chosen = results.rows, {key: of_group(items, group) for key, items in summaries.items()}
    marked = {column.figure: best_rows(chosen, column, contenders(rows)) for column in columns}
    lines = []
    for row in rows:
        summary = chosen[row.key]
        cells = [
            bold(mean_text(summary.means[column.figure], column, summary.channels), row in marked[column.figure])
            for column in columns
        ]
        counts = [events_text(results, row.key, group)] if events else []
        lines.append([title(row), *cells, *counts])
    headings = ["detector", *(column.title for column in columns), *([EVENTS] if events else [])]
    return markdown_table(headings, lines, right=range(1, len(headings)))


def of_group(summaries: Sequence[Summary], group: str) -> Summary:
    """Return the summary of a group."""
    return next(item for item in summaries if item.group == group)


def best_rows(summaries: Mapping[RowKey, Summary], column: Column, rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows with the best mean, several where they tie, of those that have the figure on all channels.

    None of a column of which neither way is better.
    """
    known = {}
    for row in rows:
        summary = summaries[row.key]
        mean = summary.means[column.figure]
        if column.better and mean.value is not None and mean.channels == summary.channels:
            known[row] = column.better * mean.value
    return tuple(row for row, value in known.items() if value == max(known.values()))


def mean_text(mean: Mean, column: Column, channels: int, *, interval: bool = True) -> str:
    """Return a mean, its interval over seeds where there are several, and the channels where not all have the figure."""
    text = column.text(mean.value)
    if interval and mean.low is not None:
        text += f" [{column.text(mean.low)}, {column.text(mean.high)}]"
    if mean.value is not None and mean.channels < channels:
        text += f" ({mean.channels})"
    return text


def events_text(results: Results, row: RowKey, group: str) -> str:
    """Return the counts of a row's events in a group of channels, the mean over seeds."""
    records = [item for item in results.by_row[row] if belongs(item, group)]
    seeds = {item.seed for item in records}
    totals = np.sum([_counts(item.events) for item in records], axis=0) / len(seeds)
    return ", ".join(f"{total:g}" if total == round(total) else f"{total:.1f}" for total in totals)


def differences_table(found: Sequence[Difference]) -> str:
    """Return differences between two rows with their intervals; those whose interval is on one side of 0 in bold."""
    columns = {column.figure: column for column in COLUMNS}
    lines = []
    for item in found:
        column = columns[item.figure]
        if item.mean is None:
            lines.append([column.title, ROWS[item.other].title, "none", "none", str(item.channels)])
            continue
        sure = item.low is not None and item.high is not None and (item.low > 0 or item.high < 0)
        interval = "none" if item.low is None or item.high is None else f"{_signed(item.low)} to {_signed(item.high)}"
        arrow = "more is better" if column.better > 0 else "less is better"
        lines.append(
            [
                f"{column.title} ({arrow})",
                ROWS[item.other].title,
                bold(_signed(item.mean), sure),
                interval,
                str(item.channels),
            ]
        )
    headings = ["figure", "against", "mean difference", "95% interval", "channels"]
    return markdown_table(headings, lines, right=range(2, 5))


def channels_table(results: Results, row: RowKey, seconds: Mapping[str, float] | None = None) -> str:
    """Return the figures of one row on each channel.

    Parameters
    ----------
    seconds
        That training took, by channel.
    """
    shown = [column for column in COLUMNS if column.headline and column.figure != "pooled_event_f1"]
    values = {column: results.per_channel(row, column.figure) for column in shown}
    lines = []
    for channel in results.channels:
        records = [item for item in results.by_row[row] if item.channel == channel]
        totals = np.mean([_counts(item.events) for item in records], axis=0)
        trained = [] if seconds is None else [f"{seconds[channel]:.0f}" if channel in seconds else ""]
        lines.append(
            [channel, records[0].spacecraft, "yes" if records[0].degenerate else "", *trained]
            + [column.text(values[column][channel]) for column in shown]
            + [", ".join(f"{total:g}" for total in totals.round(1))]
        )
    headings = ["channel", "spacecraft", "degenerate", *([] if seconds is None else ["training (s)"])]
    headings += [*(column.title for column in shown), EVENTS]
    return markdown_table(headings, lines, right=range(3, len(headings)))


def title(row: Row) -> str:
    """Return the title of a row, a control's in italics."""
    return f"*{row.title}*" if row.role is Role.CONTROL else row.title


def bold(text: str, marked: object) -> str:
    """Return the text, in bold where it is marked."""
    return f"**{text}**" if marked else text


def _signed(value: float) -> str:
    """Return a difference with its sign, and no minus before zeros."""
    return f"{round(value, 4) + 0.0:+.4f}"


def _counts(events: EventCounts) -> tuple[int, int, int]:
    return events.found, events.missed, events.false
