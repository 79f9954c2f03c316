"""The threshold of a classifier's trigger, from the labelled samples that validate, and not from those that test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw_trigger.bundle.manifest import ThresholdRecord
from hw_trigger.config.schema import Config
from hw_trigger.detection.budget import fit_budget
from hw_trigger.detection.margin import best_margin
from hw_trigger.detection.scores import Scores
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program
from hw_trigger.models.export import with_threshold
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.scoring import integer_scores


def fit_margin_trigger(
    config: Config, program: Program, raw: Codes, labels: NDArray[np.bool_], reporter: Reporter
) -> tuple[Program, ThresholdRecord]:
    """Return a classifier's program with the configured threshold in its trigger, and a record of it.

    Parameters
    ----------
    program
        With the trigger of :func:`hw_trigger.models.export.with_margin_trigger`.
    raw, labels
        Windows that validate, in order, ``(n, steps, n_features)``, and whether each has an anomaly, ``(n,)``.

    Raises
    ------
    ThresholdError
        The scores give no threshold.
    """
    with reporter.task("scoring validation windows", len(raw)) as advance:
        scores = integer_scores(program, raw, progress=advance).scores
    rule, parameter, margin = choose_margin(config, scores, labels, program.steps)
    program = with_threshold(program, margin)
    trigger = program.trigger
    if trigger is None:
        raise RuntimeError(f"program {program.name!r} has no trigger")
    nominal = scores[~labels]
    record = ThresholdRecord(
        kind="margin",
        rule=rule,
        parameter=parameter,
        unit=trigger.unit,
        value=margin,
        code=trigger.threshold,
        train_mean=float(nominal.mean()),
        train_sigma=float(nominal.std()),
    )
    return program, record


def choose_margin(config: Config, scores: Scores, labels: NDArray[np.bool_], window: int) -> tuple[str, float, float]:
    """Return the rule by which the threshold is chosen, its parameter, and the threshold for validation scores ``(n,)``."""
    settings = config.trigger
    if settings.false_alarms_per_day is not None:
        fitted = fit_budget(
            np.where(labels, np.nan, scores),
            settings.false_alarms_per_day,
            sample_period=config.data.sample_period,
            gap=window,
        )
        return f"budget, {fitted.method.value}", settings.false_alarms_per_day, fitted.threshold
    if settings.margin == "f1":
        margin = best_margin(scores, labels)
        return "greatest F1", margin, margin
    return "margin", settings.margin, settings.margin
