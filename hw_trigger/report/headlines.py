"""The report in one glance: a few figures, each with what it is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hw_trigger.detection.scores import ScoreKind
from hw_trigger.report import schema
from hw_trigger.report.design_tables import RESOURCE_NAMES
from hw_trigger.report.detection_schema import Detection
from hw_trigger.report.estimate_schema import Amount, Estimate
from hw_trigger.report.numbers import bar, count, figure, share, short
from hw_trigger.report.rtl_schema import Rtl
from hw_trigger.report.rtl_tables import TARGETS, summary
from hw_trigger.report.section import Origin
from hw_trigger.verification.rendering import verdict

State = Literal["good", "doubtful", "bad", "plain"]


@dataclass(frozen=True)
class Headline:
    """One figure.

    Attributes
    ----------
    value
        The figure, or the verdict.
    detail
        Its error bar, or what it means.
    state
        Whether that is good news; ``"plain"`` where it is neither.
    """

    label: str
    value: str
    detail: str
    origin: Origin
    state: State = "plain"


def headlines(report: schema.Report) -> tuple[Headline, ...]:
    """Return what a reader wants to know first; what is missing is left out."""
    found: list[Headline] = []
    if report.estimate is not None:
        found += _estimate(report.estimate)
    if report.rtl is not None:
        found += _rtl(report.rtl)
    if report.verification is not None:
        found.append(_verification(report.verification))
    if report.detection is not None:
        found += _detection(report.detection)
    return tuple(found)


def _estimate(estimate: Estimate) -> Iterator[Headline]:
    yield _fit(estimate)
    for label, time in (("Latency of a window", estimate.latency), ("Interval of windows (II)", estimate.interval)):
        detail = f"{short(time.us_low)} to {short(time.us_high)} µs; {count(time.cycles)} cycles"
        yield Headline(label, f"{short(time.us)} µs", detail, "estimated")
    for name in ("dsp", "bram18", "lut", "ff"):
        amount: Amount = getattr(estimate.logic, name)
        of = "" if amount.share is None else f"; {share(amount.share)} of the part"
        yield Headline(RESOURCE_NAMES[name], count(amount.value), f"{bar(amount)}{of}", "estimated")


def _fit(estimate: Estimate) -> Headline:
    """Tell whether the part has room, and whether that holds at the ends of the error bars."""
    label = f"Part {estimate.part}"
    if estimate.fits is None or estimate.tightest is None:
        return Headline(label, "not known", "no figures of this part: shares are not given", "estimated")
    tightest: Amount = getattr(estimate.logic, estimate.tightest)
    detail = (
        f"tightest: {RESOURCE_NAMES[estimate.tightest]}, {share(tightest.share)} "
        f"({share(tightest.share_low)} to {share(tightest.share_high)})"
    )
    value: str
    state: State
    if estimate.fits:
        value, state = ("fits", "good") if estimate.fits_at_worst else ("may fit", "doubtful")
    else:
        amounts: list[Amount] = [getattr(estimate.logic, name) for name in RESOURCE_NAMES]
        hope = all(amount.low <= (amount.available or 0) for amount in amounts)
        value, state = ("may not fit", "doubtful") if hope else ("does not fit", "bad")
    return Headline(label, value, detail, "estimated", state)


def _rtl(found: Rtl) -> Iterator[Headline]:
    """Tell the interval that was simulated, and what the first synthesis found."""
    interval = found.counts[0]
    if found.simulation is not None:
        state: State = "bad" if found.simulation.mismatches else "good"
        detail = f"calculated: {count(interval.calculated)}; {found.simulation.verdict}"
        yield Headline("RTL: interval of windows", f"{short(interval.simulated)} cycles", detail, "simulated", state)
    for each in found.syntheses[:1]:
        yield Headline(f"RTL: DSP, {TARGETS[each.target]}", count(each.total.dsp), summary(each.total), "synthesized")
        if each.clock is not None:
            yield Headline("RTL: clock", f"{short(each.clock.mhz)} MHz", TARGETS[each.target], each.clock.origin)


def _verification(found: schema.Verification) -> Headline:
    state: State = "good" if found.ok else "bad" if found.mismatches else "doubtful"
    mismatches = f"{count(found.mismatches)} mismatch{'' if found.mismatches == 1 else 'es'}"
    return Headline("Bit-accuracy", mismatches, verdict(found.table), "simulated", state)


def _detection(items: tuple[Detection, ...]) -> Iterator[Headline]:
    """Tell what the executor that is nearest to the hardware, the last one, makes of the causal score."""
    causal = [item for item in items if item.score is ScoreKind.CAUSAL]
    if causal:
        item = causal[-1]
        detail = f"causal score, {item.executor}; AUC-PR {figure(item.auc_pr)}, F1 {figure(item.f1)}"
        yield Headline("AUC-ROC", figure(item.auc_roc), detail, "measured")
        events = item.events
        false = f"{count(events.false)} false alarm{'' if events.false == 1 else 's'}"
        detail = (
            f"{false}, {short(events.false_alarms_a_day)} a day, on {share(events.false_alarm_share)} of the normal samples; "
            f"median delay {short(events.delay_median)} samples"
        )
        yield Headline(
            "Events found", f"{count(events.found)} of {count(events.found + events.missed)}", detail, "measured"
        )
