"""The trigger of a trained autoencoder, as configured, and its threshold. Test data have no part in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw_trigger.bundle.manifest import ThresholdRecord
from hw_trigger.config.schema import Config
from hw_trigger.detection.budget import BudgetThreshold, fit_budget
from hw_trigger.detection.scores import Scores
from hw_trigger.detection.threshold import fit_threshold
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import DeviationTrigger, Program
from hw_trigger.models.export import with_deviation_trigger, with_error_trigger, with_margin_trigger, with_threshold
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.scoring import integer_scores


@dataclass(frozen=True)
class Threshold:
    """A threshold in the trigger's unit, and how it was found.

    Attributes
    ----------
    budget
        The fit of a budget of false alarms, where one is configured.
    """

    value: float
    budget: BudgetThreshold | None = None


def with_configured_trigger(config: Config, program: Program) -> Program:
    """Return the program with the configured kind of trigger, a classifier's with its own; the threshold is not fitted yet."""
    settings = config.trigger
    if not program.reconstructs:
        return with_margin_trigger(program)
    if settings.kind == "error":
        return with_error_trigger(program)
    return with_deviation_trigger(program, settings.octaves, adaptive=settings.adaptive, settle=settings.settle)


def fit_trigger(config: Config, program: Program, raw: Codes, reporter: Reporter) -> tuple[Program, ThresholdRecord]:
    """Return the program with its threshold in the trigger, and a record of it.

    Parameters
    ----------
    program
        With the trigger of :func:`with_configured_trigger`.
    raw
        Every window of the training data, in order; those of the validation part, the last in time, are held out: the network
        was not trained on them.

    Raises
    ------
    ThresholdError
        The scores give no threshold.
    """
    with reporter.task("scoring training windows", len(raw)) as advance:
        scores = integer_scores(program, raw, progress=advance).scores
    found = choose_threshold(config, program, scores)
    program = with_threshold(program, found.value)
    trigger = program.trigger
    if trigger is None:
        raise RuntimeError(f"program {program.name!r} has no trigger")
    settings = config.trigger
    record = ThresholdRecord(
        kind=settings.kind,
        rule="octaves" if settings.kind == "deviation" else "sigmas",
        parameter=settings.octaves if settings.kind == "deviation" else settings.sigmas,
        unit=trigger.unit,
        value=found.value,
        code=trigger.threshold,
        train_mean=float(scores.mean()),
        train_sigma=float(scores.std()),
    )
    if found.budget is not None:
        update = {"rule": f"budget, {found.budget.method.value}", "parameter": settings.false_alarms_per_day}
        record = record.model_copy(update=update)
    return program, record


def choose_threshold(config: Config, program: Program, scores: Scores) -> Threshold:
    """Return the configured threshold for scores of the training windows ``(n,)``, in their unit."""
    settings = config.trigger
    if settings.false_alarms_per_day is not None:
        held_out = round(len(scores) * config.training.validation)
        # What a trigger says before it has settled raises no alarm, and says nothing of the rate of later ones.
        settled = settings.settle if isinstance(program.trigger, DeviationTrigger) else 0
        start = max(len(scores) - held_out, min(settled, len(scores) - 1))
        fitted = fit_budget(
            scores[start:],
            settings.false_alarms_per_day,
            sample_period=config.data.sample_period,
            gap=program.steps,
        )
        return Threshold(fitted.threshold, fitted)
    return Threshold(
        settings.octaves if settings.kind == "deviation" else fit_threshold(np.asarray(scores), settings.sigmas)
    )
