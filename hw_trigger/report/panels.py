"""Which windows are worth looking at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.report.detection_data import Telemetry

_Values = NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """A window beside its reconstruction.

    Attributes
    ----------
    start
        Number of the first sample.
    samples, reconstruction
        Shape ``(length,)``.
    """

    title: str
    start: int
    samples: _Values
    reconstruction: _Values


def choose(telemetry: Telemetry) -> tuple[Panel, ...]:
    """Return up to four windows: a typical and the worst normal one, and of the anomalies the best and the least seen.

    A normal window has no labelled sample. An anomaly is seen as well as the highest score within it; of each, the window
    with that score is shown. Without reconstruction there is none to look at.
    """
    if telemetry.windows is None:
        return ()
    length, scores = telemetry.length, telemetry.shown.scores[telemetry.length - 1 :]
    reconstructed = telemetry.windows

    def panel(title: str, window: int) -> Panel:
        samples = telemetry.samples[window : window + length]
        return Panel(f"{title}\nscore {scores[window]:.3g}", window, samples, reconstructed[window])

    labels = np.concatenate([[0], np.cumsum(telemetry.labels)])
    normal = np.flatnonzero(labels[length:] == labels[:-length])
    panels = []
    if len(normal):
        ranked = normal[np.argsort(scores[normal], kind="stable")]
        panels.append(panel("typical normal window", int(ranked[len(ranked) // 2])))
        if len(ranked) > 1:
            panels.append(panel("worst normal window", int(ranked[-1])))
    seen = []
    for anomaly in telemetry.anomalies:
        ends = np.arange(max(anomaly.start, length - 1), anomaly.stop) - (length - 1)
        if len(ends):
            best = int(ends[np.argmax(scores[ends])])
            seen.append((float(scores[best]), best, anomaly.kind))
    seen.sort()
    if seen:
        panels.append(panel(f"best seen anomaly ({seen[-1][2]})", seen[-1][1]))
    if len(seen) > 1:
        panels.append(panel(f"least seen anomaly ({seen[0][2]})", seen[0][1]))
    return tuple(panels)
