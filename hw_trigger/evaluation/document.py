"""What an evaluation writes: results.json, evaluation.md and plots. The same records give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from hw_trigger.detection.aggregate import ALL, Summary
from hw_trigger.evaluation.columns import ADJUSTED_COLUMNS, ALARM_COLUMNS, COLUMNS, RANKING_COLUMNS
from hw_trigger.evaluation.comparison import TOLERANCE, Difference, against_best_baseline, against_float
from hw_trigger.evaluation.plots import channels_figure, events_figure, means_figure
from hw_trigger.evaluation.results import Results
from hw_trigger.evaluation.rows import ROWS, Role, Row
from hw_trigger.evaluation.tables import channels_table, differences_table, means_table
from hw_trigger.files import to_json, write_whole
from hw_trigger.report.style import png
from hw_trigger.templates import environment

RESULTS, DOCUMENT = "results.json", "evaluation.md"

PLOTS: Mapping[str, Callable[[Results], Figure]] = {
    "means.png": means_figure,
    "channels.png": channels_figure,
    "events.png": events_figure,
}

WITH_UNIT: Final = ("delay_median", "false_alarms_a_day")
"""Figures that are not from 0 to 1."""


def write_evaluation(directory: Path, results: Results, trigger: str, problems: Mapping[str, str]) -> None:
    """Write everything into the directory.

    Parameters
    ----------
    trigger
        The kind of trigger behind the networks.
    problems
        Channels that are left out, and why.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    write_whole(directory / RESULTS, to_json(to_data(results, problems)))
    write_whole(directory / DOCUMENT, to_markdown(results, trigger, problems))
    for name, draw in PLOTS.items():
        write_whole(directory / name, png(draw(results)))


def to_data(results: Results, problems: Mapping[str, str]) -> dict[str, Any]:
    """Return all that is known, fit for JSON: means by row and group, differences, and every record."""
    return {
        "channels": list(results.channels),
        "seeds": list(results.seeds),
        "left_out": dict(problems),
        "false_alarms_a_day_asked_for": results.budget,
        "means": {key: _summaries(items) for key, items in results.causal.items()},
        "window_spread_means": {key: _summaries(items) for key, items in results.spread.items()},
        "integer_minus_best_baseline": [asdict(item) for item in against_best_baseline(results)],
        "integer_minus_float": [asdict(item) for item in against_float(results)],
        "records": [item.to_dict() for items in results.by_row.values() for item in items],
    }


def _summaries(items: Sequence[Summary]) -> dict[str, Any]:
    return {
        item.group: {
            "channels": item.channels,
            "figures": {name: asdict(mean) for name, mean in item.means.items()},
        }
        for item in items
    }


def to_markdown(results: Results, trigger: str, problems: Mapping[str, str]) -> str:
    """Return the document."""
    row, close = headliner(results), against_float(results)
    budgets = [(item, *held) for item in results.rows if (held := results.within_budget(item.key)) is not None]
    return (
        environment("hw_trigger.evaluation")
        .get_template("evaluation.md.jinja")
        .render(
            results=results,
            trigger=trigger,
            problems=problems,
            controls=any(item.role is Role.CONTROL for item in results.rows),
            networks=any(item.role is Role.NETWORK for item in results.rows),
            groups=[_group(results, name) for name in results.groups],
            against_baseline=_differences(against_best_baseline(results)),
            against_float=_differences(close),
            tolerance=f"{TOLERANCE:g}",
            closeness=closeness(close),
            spread=means_table(results, results.spread, ALL, RANKING_COLUMNS),
            adjusted=means_table(results, results.causal, ALL, ADJUSTED_COLUMNS),
            shown_row=row,
            channels=channels_table(results, row.key),
            budgets=budgets,
        )
    )


@dataclass(frozen=True)
class _Group:
    """The section on a group of channels."""

    title: str
    channels: int
    ranking: str
    alarms: str


def _group(results: Results, name: str) -> _Group:
    size = next(item.channels for item in next(iter(results.causal.values())) if item.group == name)
    return _Group(
        name if name.isupper() else name[0].upper() + name[1:],
        size,
        means_table(results, results.causal, name, RANKING_COLUMNS),
        means_table(results, results.causal, name, ALARM_COLUMNS, events=True),
    )


def _differences(found: Sequence[Difference]) -> str:
    return differences_table(found) if found else ""


def closeness(found: Sequence[Difference]) -> str:
    """Say on how many figures the mean difference is within `TOLERANCE`; empty without one."""
    sizes = {item.figure: abs(item.mean) for item in found if item.mean is not None and item.figure not in WITH_UNIT}
    if not sizes:
        return ""
    near = sum(value <= TOLERANCE for value in sizes.values())
    furthest = max(sizes, key=sizes.__getitem__)
    title = next(column.title for column in COLUMNS if column.figure == furthest)
    return f"{near} of {len(sizes)} are within it. The furthest is {title}, {sizes[furthest]:.4f}."


def headliner(results: Results) -> Row:
    """Return the row whose figures are shown channel by channel: the integer program, or else the last one."""
    return ROWS["integer"] if "integer" in results.by_row else results.rows[-1]
