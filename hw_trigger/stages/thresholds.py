"""The trigger of a trained autoencoder, as configured, and its threshold. Test data have no part in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw_trigger.bundle.manifest import ThresholdRecord
from hw_trigger.config.schema import Config
from hw_trigger.detection.budget import BudgetThreshold, Method, fit_budget
from hw_trigger.detection.scores import Scores
from hw_trigger.detection.threshold import ThresholdError, fit_threshold
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import DeviationTrigger, Program
from hw_trigger.models.export import with_deviation_trigger, with_error_trigger, with_margin_trigger, with_threshold
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.scoring import integer_scores
from hw_trigger.training.split import split_by_time


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
        Every window of the training data, in order. A budget is fitted to those of the validation part, the last in time: the
        network was not trained on their samples, though the scaling and the choice of the epoch know of them.

    Raises
    ------
    ThresholdError
        The scores give no threshold, or the configured one is higher than any score.
    """
    with reporter.task("scoring training windows", len(raw)) as advance:
        scores = integer_scores(program, raw, progress=advance).scores
    found = choose_threshold(config, program, scores)
    _check_reachable(program, found.value)
    if found.budget is not None and found.budget.method is Method.MAXIMUM:
        reporter.warn(
            f"the threshold is the greatest held-out score: {found.budget.days:.2g} days of data, settling left out, say nothing "
            "of rarer alarms; more training data, a larger training.validation or a shorter trigger.settle would"
        )
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
        samples = len(scores) + program.steps - 1
        _, held_out = split_by_time(np.empty((samples, 1)), program.steps, config.training.validation)
        first = samples - len(held_out)  # the first window whose samples are all held out
        # What a trigger says before it has settled raises no alarm, and says nothing of the rate of later ones.
        settled = settings.settle if isinstance(program.trigger, DeviationTrigger) else 0
        start = max(first, min(settled, len(scores) - 1))
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


def _check_reachable(program: Program, value: float) -> None:
    """Refuse a threshold that no score exceeds: the trigger would be silent for ever."""
    trigger = program.trigger
    if trigger is None:
        raise RuntimeError(f"program {program.name!r} has no trigger")
    highest = float(trigger.values(trigger.score.high))
    if value >= highest:
        raise ThresholdError(
            f"the trigger's threshold is {value:g} {trigger.unit}, and a score is {highest:g} at most; choose a lower "
            "trigger.octaves or trigger.sigmas"
        )
