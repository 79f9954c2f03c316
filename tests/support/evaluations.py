"""Records of evaluations, made up: a figure is what the test says, and the others follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hw_trigger.detection.events import EventCounts
from hw_trigger.evaluation.columns import COLUMNS
from hw_trigger.evaluation.record import RANKING, Record
from hw_trigger.evaluation.results import Results
from hw_trigger.evaluation.rows import RowKey

FIGURES = tuple(column.figure for column in COLUMNS if column.figure != "pooled_event_f1")


def record(
    row: RowKey,
    channel: str,
    value: float | None = 0.5,
    *,
    seed: int = 0,
    spacecraft: str = "ORBITER",
    **more: float | None,
) -> Record:
    """A record all of whose figures are `value`, but for those in `more`; D-channels are degenerate."""
    figures: dict[str, float | None] = {**dict.fromkeys(FIGURES, value), **more}
    events = EventCounts(found=1, missed=1, false=2)
    spread = {name: figures[name] for name in RANKING}
    return Record(row, channel, spacecraft, channel.startswith("D"), seed, figures, events, spread)


def results(
    values: Mapping[RowKey, Sequence[float | None]], channels: Sequence[str], budget: float | None = None
) -> Results:
    """Results with a value for each row and channel."""
    return Results(
        tuple(
            record(row, channel, value)
            for row, items in values.items()
            for channel, value in zip(channels, items, strict=True)
        ),
        budget,
    )
