"""From a trigger to the report's section on it."""

from __future__ import annotations

from typing import Literal

from hw_trigger.fixedpoint.program import DeviationTrigger, ErrorTrigger, MarginTrigger, Trigger
from hw_trigger.report import trigger_schema as schema

Kind = Literal["error", "deviation", "margin"]

_KINDS: dict[type[Trigger], Kind] = {ErrorTrigger: "error", DeviationTrigger: "deviation", MarginTrigger: "margin"}

_TENSORS: dict[Kind, tuple[str, ...]] = {
    "error": ("error", "score"),
    "deviation": ("error", "energy", "difference", "activity", "excess", "mean", "held", "record", "score"),
    "margin": ("score",),
}
"""The tensors of each kind that have a format."""


def trigger_section(trigger: Trigger) -> schema.Trigger:
    """Return a trigger as the report has it: its kind, its threshold as a code and as a value, and its formats."""
    kind = _KINDS[type(trigger)]
    return schema.Trigger(
        name=trigger.name,
        kind=kind,
        code=trigger.threshold,
        value=float(trigger.values(trigger.threshold)),
        unit=trigger.unit,
        score=str(trigger.score),
        formats={name: str(getattr(trigger, name)) for name in _TENSORS[kind]},
        deviation=_deviation(trigger) if isinstance(trigger, DeviationTrigger) else None,
        positive=trigger.positive if isinstance(trigger, MarginTrigger) else None,
    )


def _deviation(trigger: DeviationTrigger) -> schema.Deviation:
    return schema.Deviation(
        adaptive=trigger.adaptive,
        settle_windows=trigger.settle,
        baseline_windows=1 << trigger.baseline,
        excess_octaves=1 << trigger.weight,
        excess_windows=1 << trigger.excess_decay,
        record_windows=1 << trigger.record_decay,
        floor=2.0**-trigger.floor,
    )
