"""The report in one glance: what it says of designs that fit, that may, and that do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.reports import bare_report, sample_report

from hw_trigger.report.document import to_report
from hw_trigger.report.headlines import Headline, headlines
from hw_trigger.verification.table import VerificationTable, compare


def _find(label: str, **changes: Any) -> Headline:
    found = headlines(to_report(replace(sample_report(), **changes), {}))
    (item,) = [item for item in found if item.label.startswith(label)]
    return item


def _with_luts(available: float) -> Headline:
    """The verdict on a part with so many LUTs, in units of the estimate, and more than enough of all else."""
    estimate = sample_report().estimate
    assert estimate is not None
    assert estimate.device is not None
    luts, plenty = round(estimate.logic.lut * available), 10**9
    device = replace(estimate.device, lut=luts, dsp=plenty, bram18=plenty, uram=plenty, ff=plenty)
    return _find("Part", estimate=replace(estimate, device=device))


@pytest.mark.parametrize(
    ("available", "value", "state"),
    [
        (100, "fits", "good"),
        (1.02, "may fit", "doubtful"),
        (0.98, "may not fit", "doubtful"),
        (0.1, "does not fit", "bad"),
    ],
)
def test_fit(available: float, value: str, state: str) -> None:
    found = _with_luts(available)
    assert (found.value, found.state, found.origin) == (value, state, "estimated")
    assert found.label == "Part xcvu13p-flga2577-2-e"
    assert found.detail.startswith("tightest: LUT, ")


def test_an_unknown_part() -> None:
    estimate = sample_report().estimate
    assert estimate is not None
    found = _find("Part", estimate=replace(estimate, device=None))
    assert (found.value, found.state) == ("not known", "plain")
    assert _find("DSP", estimate=replace(estimate, device=None)).detail == f"2 to {estimate.dsp_at_most:,.0f}"


def test_times_and_resources() -> None:
    estimate = to_report(sample_report(), {}).estimate
    assert estimate is not None
    latency, lut = estimate.latency, estimate.logic.lut
    assert _find("Latency").value == f"{latency.us:.4g} µs"
    assert _find("Latency").detail == f"{latency.us_low:.4g} to {latency.us_high:.4g} µs; {latency.cycles:,} cycles"
    assert _find("LUT").value == f"{lut.value:,}"
    assert _find("FF").value == f"{estimate.logic.ff.value:,}"
    assert _find("LUT").detail == f"{lut.low:,} to {lut.high:,}; {lut.share:.1%} of the part"


def test_bit_accuracy() -> None:
    good = _find("Bit-accuracy")
    assert (good.value, good.state, good.origin) == ("0 mismatches", "good", "simulated")
    assert good.detail == "All 93,002 codes are equal."
    wrong = compare("h", ("golden", np.array([1, 2])), ("C-sim", np.array([1, 3])))
    bad = _find("Bit-accuracy", verification=VerificationTable((wrong,)))
    assert (bad.value, bad.state, bad.detail) == ("1 mismatch", "bad", "FAILED: 1 of 2 codes differ.")
    constant = compare("h", ("golden", np.array([1, 1])), ("C-sim", np.array([1, 1])))
    assert _find("Bit-accuracy", verification=VerificationTable((constant,))).state == "doubtful"


def test_detection_is_the_integer_programs_causal_one() -> None:
    metrics = sample_report().detection[2].metrics
    found = _find("AUC-ROC")
    assert found.value == f"{metrics.auc_roc:.3f}"
    assert found.detail == f"causal score, integer program; AUC-PR {metrics.auc_pr:.3f}, F1 {metrics.f1:.3f}"


def test_events_are_the_integer_programs_too() -> None:
    found = _find("Events found")
    assert (found.value, found.origin) == ("1 of 3", "measured")
    assert found.detail == "0 false alarms, 0 a day, on 0.1% of the normal samples; median delay 0 samples"


def test_what_is_missing_is_left_out() -> None:
    assert headlines(to_report(bare_report(), {})) == ()
