"""Triggers as configured, and their thresholds from scores of training windows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.chain import small_config
from support.programs import Sizes, random_program, random_windows

from hw_trigger.detection.budget import fit_budget
from hw_trigger.detection.threshold import ThresholdError
from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.program import DeviationTrigger, ErrorTrigger
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.thresholds import choose_threshold, fit_trigger, with_configured_trigger

PROGRAM = replace(random_program(1, Sizes(steps=16)), trigger=None)
WINDOWS = random_windows(PROGRAM, 400)


def test_the_kinds(tmp_path: Path) -> None:
    deviation = with_configured_trigger(small_config(tmp_path, "trigger.adaptive=false"), PROGRAM).trigger
    assert isinstance(deviation, DeviationTrigger)
    assert (deviation.threshold, deviation.adaptive, deviation.settle) == (5 * 256, False, 20)
    assert isinstance(
        with_configured_trigger(small_config(tmp_path, "trigger.kind=error"), PROGRAM).trigger, ErrorTrigger
    )


def test_sigmas_of_the_training_scores(tmp_path: Path) -> None:
    config = small_config(tmp_path, "trigger.kind=error", "trigger.sigmas=2")
    program, record = fit_trigger(config, with_configured_trigger(config, PROGRAM), WINDOWS, Silent())
    trigger = program.trigger
    assert isinstance(trigger, ErrorTrigger)
    score = golden.run(program, WINDOWS).score
    assert score is not None
    means = score / 2.0**trigger.score.fraction / 16
    assert record.value == pytest.approx(means.mean() + 2 * means.std(), rel=1e-12)
    assert record.code == trigger.threshold == trigger.threshold_code(record.value)
    assert (record.kind, record.rule, record.parameter, record.unit) == ("error", "sigmas", 2.0, "scaled units squared")


def test_a_budget_is_fitted_to_scores_that_were_held_out(tmp_path: Path) -> None:
    """The first of the training scores are of samples that the network was trained on, and have no say."""
    config = small_config(tmp_path, "trigger.false_alarms_per_day=3", "training.validation=0.25")
    program = with_configured_trigger(config, PROGRAM)
    scores = np.random.default_rng(0).exponential(size=4000)
    # 4015 samples, of which the last 1004 are held out; a window that begins before them has samples that were trained on.
    scores[:3011] += 1000
    found = choose_threshold(config, program, scores)
    wanted = fit_budget(scores[3011:], 3.0, sample_period=60.0, gap=16)
    assert found.budget == wanted
    assert found.value == wanted.threshold < 100
    # A sample every second: as many alarms a day are fewer of as many samples.
    often = small_config(tmp_path, "trigger.false_alarms_per_day=3", "training.validation=0.25", "data.sample_period=1")
    assert choose_threshold(often, program, scores).value > found.value


def test_what_a_trigger_says_before_it_has_settled_is_no_alarm(tmp_path: Path) -> None:
    config = small_config(tmp_path, "trigger.false_alarms_per_day=3", "training.validation=0.9", "trigger.settle=1000")
    scores = np.random.default_rng(1).exponential(size=4000)
    scores[:1000] += 1000
    assert choose_threshold(config, with_configured_trigger(config, PROGRAM), scores).value < 100


def test_the_record_of_a_budget(tmp_path: Path) -> None:
    config = small_config(tmp_path, "trigger.false_alarms_per_day=50")
    program, record = fit_trigger(config, with_configured_trigger(config, PROGRAM), WINDOWS, Silent())
    assert program.trigger is not None
    assert (record.parameter, record.unit, record.code) == (50.0, "octaves", program.trigger.threshold)
    assert record.rule in {"budget, counted", "budget, extrapolated", "budget, maximum"}


def test_a_budget_of_too_few_data_is_told(tmp_path: Path) -> None:
    config, reporter = small_config(tmp_path, "trigger.false_alarms_per_day=0.01", "trigger.settle=390"), Silent()
    _, record = fit_trigger(config, with_configured_trigger(config, PROGRAM), WINDOWS, reporter)
    assert record.rule == "budget, maximum"
    (warning,) = reporter.warned
    assert warning == (
        "the threshold is the greatest held-out score: 0.0069 days of data, settling left out, say nothing of rarer alarms; "
        "more training data, a larger training.validation or a shorter trigger.settle would"
    )


def test_a_threshold_above_all_scores_is_refused(tmp_path: Path) -> None:
    config = small_config(tmp_path, "trigger.octaves=1000")
    program = with_configured_trigger(config, PROGRAM)
    assert program.trigger is not None
    highest = program.trigger.values(program.trigger.score.high)
    with pytest.raises(ThresholdError) as caught:
        fit_trigger(config, program, WINDOWS, Silent())
    assert str(caught.value) == (
        f"the trigger's threshold is 1000 octaves, and a score is {highest:g} at most; choose a lower "
        "trigger.octaves or trigger.sigmas"
    )
