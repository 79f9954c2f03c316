"""Why the trigger's score is what it is: variants of it on recorded channels, one table of scores and one of alarm rules.

    python -m benchmarks.detection                    test data of every channel
    python -m benchmarks.detection --validation       training data, with anomalies put in: what choices are justified by
    python -m benchmarks.detection --validation --every 4 --only trigger -- model.window=32

Needs the telemetry (``HW_TRIGGER_DATA``, or a download that is in the cache). All scores are causal, figures are macro means over
streams, ± is the standard error over channels; one float network is trained for each channel, with the package's own recipe, and
labels have a part in the figures only. What follows ``--`` are overrides of the configuration. A killed run goes on where it was.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.conftest import pytest_report_header
from benchmarks.detection.rules import RULES
from benchmarks.detection.scores import COMMANDS, CONTROLS, OTHERS, SETTINGS, STEPS, TRIGGER, Score, of_windows
from benchmarks.detection.streams import Source, Stream
from hw_trigger.config.compose import load_config
from hw_trigger.detection.events import SAMPLE_PERIOD, EventCounts, days_of, event_counts, pooled
from hw_trigger.detection.scores import Scores, causal_alarms
from hw_trigger.detection.volume import volume_under_surface
from hw_trigger.markdown import markdown_table
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.runs import select_channels

BUFFER = GAP = 100
"""Samples: greatest buffer of VUS, and between alarms of one event; as `hw-trigger evaluate` has them."""

FIGURES = ("AUC-ROC", "AUC-PR", "VUS-PR", "VUS-PR steps")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--validation", action="store_true", help="on training data, with anomalies put in")
    parser.add_argument("--seeds", type=int, default=4, help="anomalies for each channel of --validation")
    parser.add_argument("--channels", nargs="+", default=["all"])
    parser.add_argument("--every", type=int, default=1, help="of the channels, every so many")
    parser.add_argument("--only", default="", help="regular expression of the variants to measure")
    parser.add_argument("--backwards", action="store_true", help="networks that put out windows backwards")
    parser.add_argument(
        "--commands", action="store_true", help="kNN on commands too, which takes minutes; test data only"
    )
    parser.add_argument("--cache", type=Path, default=Path("build/detection"), help="networks and their errors")
    parser.add_argument("overrides", nargs="*", help="of the configuration")
    chosen = parser.parse_args()
    start = time.perf_counter()
    config = load_config([*chosen.overrides, f"evaluate.channels=[{','.join(chosen.channels)}]"])
    source = Source(config, chosen.cache, chosen.backwards, chosen.commands and not chosen.validation)
    table = Table(re.compile(chosen.only), COMMANDS if source.commands else {})
    names = select_channels(config, Silent())[:: chosen.every]
    for number, name in enumerate(names, 1):
        streams = source.validation(name, chosen.seeds) if chosen.validation else source.test(name)
        count = sum(1 for _ in map(table.add, streams))
        print(f"{number}/{len(names)} {name}: {count}", file=sys.stderr, flush=True)
    print(pytest_report_header())
    print(f"command: python -m benchmarks.detection {' '.join(sys.argv[1:])}")
    counts = ", ".join(f"{len(of)} streams of {len(set(of))} channels {group}" for group, of in table.channels.items())
    print(f"{counts}; {time.perf_counter() - start:.0f} s\n")
    print(table.scores() + "\n\n" + table.rules())


class Table:
    """Collects the figures of streams, by group."""

    def __init__(self, only: re.Pattern[str], more: dict[str, Score]) -> None:
        every = {**STEPS, **CONTROLS, **SETTINGS, **OTHERS, **more}
        self.variants = {name: score for name, score in every.items() if name == TRIGGER or only.search(name)}
        self.chosen_rules = {name: rule for name, rule in RULES.items() if only.search(name)}
        self.figures: dict[tuple[str, str], list[Sequence[float]]] = defaultdict(list)
        self.events: dict[tuple[str, str], list[EventCounts]] = defaultdict(list)
        self.shares: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.normal: dict[str, int] = defaultdict(int)
        self.channels: dict[str, list[str]] = defaultdict(list)

    def add(self, stream: Stream) -> None:
        """Measure all variants on a stream."""
        self.channels[stream.group].append(stream.name)
        self.normal[stream.group] += int(np.count_nonzero(~of_windows_labels(stream)))
        for name, score in self.variants.items():
            self.figures[stream.group, name].append(measured(stream, of_windows(stream, score(stream))))
        for name, rule in self.chosen_rules.items():
            alarms = causal_alarms(rule(stream), stream.trigger.steps)
            self.events[stream.group, name].append(event_counts(alarms, stream.labels, gap=GAP))
            self.shares[stream.group, name].append(float(alarms[~stream.labels].mean()))

    def scores(self) -> str:
        """Return the table of the scores."""
        groups = list(self.channels)
        titles = (*FIGURES, "AUC-PR less the trigger's")
        headers = ["score", *(self._titled(title, group) for group in groups for title in titles)]
        rows = [[name, *(cell for group in groups for cell in self._score(group, name))] for name in self.variants]
        return markdown_table(headers, rows, right=range(1, len(headers)))

    def _score(self, group: str, name: str) -> Iterator[str]:
        found = np.array(self.figures[group, name])
        yield from (f"{value:.3f}" for value in found.mean(axis=0))
        more = found[:, 1] - np.array(self.figures[group, TRIGGER])[:, 1]
        # The streams of a channel are not independent: the spread is that of the channels' means.
        channels = np.array(self.channels[group])
        means = np.array([more[channels == channel].mean() for channel in np.unique(channels)])
        error = f" ± {means.std(ddof=1) / np.sqrt(len(means)):.3f}" if len(means) > 1 else ""
        yield "" if name == TRIGGER else f"{more.mean():+.3f}{error}"

    def rules(self) -> str:
        """Return the table of the alarm rules."""
        groups = list(self.channels)
        titles = ("found", "missed", "false", "pooled F1", "false a day", "share")
        headers = ["alarm", *(self._titled(title, group) for group in groups for title in titles)]
        rows = [[name, *(cell for group in groups for cell in self._rule(group, name))] for name in self.chosen_rules]
        return markdown_table(headers, rows, right=range(1, len(headers)))

    def _rule(self, group: str, name: str) -> Iterator[str]:
        counts = pooled(self.events[group, name])
        yield from (str(counts.found), str(counts.missed), str(counts.false), f"{counts.f() or 0:.3f}")
        yield f"{counts.false / days_of(self.normal[group], SAMPLE_PERIOD):.3f}"
        yield f"{np.mean(self.shares[group, name]):.4f}"

    def _titled(self, title: str, group: str) -> str:
        return title if len(self.channels) == 1 else f"{title}, {group}"


def of_windows_labels(stream: Stream) -> NDArray[np.bool_]:
    """Return the labels of the samples that end a window."""
    return stream.labels[-len(stream.x) :]


def measured(stream: Stream, scores: Scores) -> tuple[float, ...]:
    """Return the figures of scores ``(n,)`` of windows, each of which counts for the sample that it ends with."""
    labels = of_windows_labels(stream)
    volume = volume_under_surface(scores, labels, BUFFER)
    if volume.pr is None or volume.pr_steps is None:
        raise RuntimeError(f"the labels of {stream.name} are all alike")
    return (
        float(roc_auc_score(labels, scores)),
        float(average_precision_score(labels, scores)),
        volume.pr,
        volume.pr_steps,
    )


if __name__ == "__main__":
    main()
