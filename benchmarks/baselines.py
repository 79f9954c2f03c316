"""The baselines on the recorded channels: macro means over channels by method, of causal and of window-spread scores.

Needs the telemetry (``HW_TRIGGER_DATA``, or a download that is in the cache). Run with ``python benchmarks/baselines.py``; two
minutes on one core. With --budget it also tells how well a budget of false alarms holds: the median rate and the channels
within the budget, measured on test data outside the labels.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hw_trigger.detection.aggregate import ALL, ChannelResult, Mean, Summary, summarize
from hw_trigger.detection.baselines.catalogue import baselines
from hw_trigger.detection.baselines.detector import Detector, held_out_scores
from hw_trigger.detection.budget import fit_budget
from hw_trigger.detection.evaluation import Protocol, evaluate_channel
from hw_trigger.detection.events import false_alarms_a_day
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.detection.threshold import fit_threshold
from hw_trigger.markdown import markdown_table
from hw_trigger.telemetry.channel import Channel, facts
from hw_trigger.telemetry.sources import open_source

WINDOW = 100
COLUMNS = {
    "auc_roc": "AUC-ROC",
    "auc_pr": "AUC-PR",
    "vus_roc": "VUS-ROC",
    "vus_pr": "VUS-PR",
    "vus_pr_steps": "VUS-PR steps",
    "affiliation_precision": "affil. P",
    "affiliation_recall": "affil. R",
    "affiliation_f1": "affil. F1",
    "event_precision": "event P",
    "event_recall": "event R",
    "event_f1": "event F1",
    "event_f05": "event F0.5",
    "pooled_event_f1": "pooled event F1",
    "delay_median": "delay",
    "false_alarms_a_day": "false a day",
    "false_alarm_share": "false share",
    "point_adjusted_f1": "adjusted F1",
    "point_adjusted_random_f1": "(random)",
}


@dataclass(frozen=True)
class BudgetCheck:
    """False alarms a day that were asked for, and that came on normal test data; and the share of its samples that are alarms."""

    budget: float
    rate: float
    share: float
    method: str


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, help="directory or archive; by default that of HW_TRIGGER_DATA")
    arguments.add_argument("--channels", nargs="*", help="by default all")
    arguments.add_argument("--sigmas", type=float, default=4.0, help="threshold, over the mean of held-out scores")
    arguments.add_argument("--budget", type=float, nargs="*", default=[], help="false alarms a day to check")
    arguments.add_argument("--gap", type=int, default=WINDOW, help="samples within one predicted event")
    chosen = arguments.parse_args()
    source = open_source(chosen.data, None, "auto" if chosen.data is None else "archive", announce=_tell)
    names = chosen.channels or [name for name in source.channels() if not name.startswith("SYN-")]
    protocol = Protocol(buffer=WINDOW, gap=chosen.gap)
    results: dict[tuple[str, ScoreKind], list[ChannelResult]] = defaultdict(list)
    checks: dict[tuple[str, float], list[BudgetCheck]] = defaultdict(list)
    seconds: dict[str, float] = defaultdict(float)
    for number, name in enumerate(names, 1):
        channel = _telemetry(source.load(name))
        _tell(f"{number}/{len(names)} {name}")
        for detector in baselines(WINDOW):
            start = time.perf_counter()
            for kind, result in _results(detector, channel, protocol, chosen.sigmas):
                results[detector.name, kind].append(result)
            seconds[detector.name] += time.perf_counter() - start
            for check in _budget_checks(detector, channel, protocol, chosen.budget):
                checks[detector.name, check.budget].append(check)
    for kind in ScoreKind:
        print(f"\n{kind.value} scores\n")
        print(_table({name: summarize(items) for (name, of), items in results.items() if of is kind}))
    print("\nseconds:", ", ".join(f"{name} {value:.0f}" for name, value in seconds.items()))
    if checks:
        print("\n" + _budget_table(checks))


def _telemetry(channel: Channel) -> Channel:
    """Return the channel with its telemetry column only."""
    return Channel(
        channel.name, channel.spacecraft, channel.train[:, :1], channel.test[:, :1], channel.anomalies, channel.source
    )


def _results(
    detector: Detector, channel: Channel, protocol: Protocol, sigmas: float
) -> Iterator[tuple[ScoreKind, ChannelResult]]:
    scorer = detector.fit(channel.train)
    for kind in ScoreKind:
        held_out = held_out_scores(detector, channel.train, kind)
        threshold = fit_threshold(held_out[~np.isnan(held_out)], sigmas)
        found = evaluate_channel(scorer.score(channel.test, kind), channel.labels, threshold, kind, protocol)
        degenerate = facts(channel, WINDOW).degenerate
        yield kind, ChannelResult(channel.name, channel.spacecraft, degenerate, 0, found.figures(), found.events)


def _budget_checks(
    detector: Detector, channel: Channel, protocol: Protocol, budgets: Iterable[float]
) -> Iterator[BudgetCheck]:
    """Ask for budgets, and count the false alarms of causal scores on test data that are not labelled."""
    if not budgets:
        return
    held_out = held_out_scores(detector, channel.train)
    scores = detector.fit(channel.train).score(channel.test, ScoreKind.CAUSAL)
    for budget in budgets:
        fitted = fit_budget(held_out, budget, sample_period=protocol.sample_period, gap=protocol.gap)
        alarms, watched = scores > fitted.threshold, ~np.isnan(scores)
        rate = false_alarms_a_day(
            alarms,
            channel.labels,
            watched,
            gap=protocol.gap,
            sample_period=protocol.sample_period,
        )
        if rate is not None:
            share = float(alarms[watched & ~channel.labels].mean())
            yield BudgetCheck(budget, rate, share, fitted.method.value)


def _table(summaries: dict[str, tuple[Summary, ...]]) -> str:
    rows = [
        [method, item.group, str(item.channels), *(_show(item.means[figure]) for figure in COLUMNS)]
        for method, items in summaries.items()
        for item in items
        if item.group == ALL or item.channels < items[0].channels
    ]
    return markdown_table(["method", "group", "channels", *COLUMNS.values()], rows, right=range(2, len(COLUMNS) + 3))


def _show(mean: Mean) -> str:
    if mean.value is None:
        return "none"
    return f"{mean.value:.3f}" if mean.value < 100 else f"{mean.value:.0f}"


def _budget_table(checks: dict[tuple[str, float], list[BudgetCheck]]) -> str:
    headers = [
        "method",
        "budget a day",
        "channels",
        "within",
        "mean rate",
        "median",
        "90%",
        "worst",
        "share",
        "extrapolated",
    ]
    rows = []
    for (method, budget), items in checks.items():
        rates = np.array([item.rate for item in items])
        extrapolated = sum(item.method == "extrapolated" for item in items)
        figures = [
            rates.mean(),
            np.median(rates),
            np.quantile(rates, 0.9),
            rates.max(),
            np.mean([item.share for item in items]),
        ]
        rows.append(
            [method, f"{budget:g}", str(len(items)), f"{np.mean(rates <= budget):.0%}"]
            + [f"{figure:.2f}" for figure in figures]
            + [str(extrapolated)]
        )
    return markdown_table(headers, rows, right=range(1, len(headers)))


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
