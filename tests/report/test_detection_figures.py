"""Curves and confusion matrices, read back from the plots and compared with what was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.lines import Line2D
from sklearn.metrics import auc
from support.reports import classifier_report, error_report, sample_report

from hw_trigger.detection.metrics import DetectionMetrics
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.report import detection_figures as figures
from hw_trigger.report.data import ReportData
from hw_trigger.report.detection_data import Outcome, Telemetry
from hw_trigger.report.style import png
from hw_trigger.telemetry.channel import Interval

REPORTS = [sample_report(), error_report(), classifier_report()]


def _parts(data: ReportData) -> tuple[Telemetry, list[DetectionMetrics]]:
    assert data.telemetry is not None
    return data.telemetry, [item.metrics for item in data.detection if item.metrics.score is ScoreKind.CAUSAL]


def _point(dot: Line2D) -> list[float]:
    (point,) = np.asarray(dot.get_xydata()).tolist()
    return list(point)


@pytest.mark.parametrize("data", REPORTS, ids=["deviation", "error", "margin"])
def test_curves_are_those_of_the_metrics(data: ReportData) -> None:
    telemetry, metrics = _parts(data)
    roc, pr = figures.curves(telemetry).get_axes()
    lines = roc.get_lines()
    assert len(lines) == 2 * len(metrics) + 1  # a curve and a dot of each, and chance
    for found, curve, dot in zip(metrics, lines[::2], lines[1::2], strict=False):
        x, y = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
        assert auc(x, y) == pytest.approx(found.auc_roc, abs=1e-12)
        normal = found.samples - found.anomalous
        assert _point(dot) == pytest.approx([found.false_positives / normal, found.recall])
    lines = pr.get_lines()
    for found, curve, dot in zip(metrics, lines[::2], lines[1::2], strict=False):
        recall, precision = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
        # Average precision, by hand: steps from each recall down to the next, and from the last to 0.
        assert -np.diff(recall, append=0.0) @ precision == pytest.approx(found.auc_pr, abs=1e-12)
        assert curve.get_drawstyle() == "steps-post"
        assert _point(dot) == pytest.approx([found.recall, found.precision])
    legend = pr.get_legend()
    assert legend is not None
    base = metrics[-1].anomalous / metrics[-1].samples
    assert [text.get_text() for text in legend.get_texts()] == [
        f"float network: AUC {metrics[0].auc_pr:.3f}",
        f"integer program: AUC {metrics[1].auc_pr:.3f}",
        f"chance: {base:.3f}",
    ]


def _telemetry(scores: list[float], alarms: list[bool], anomalies: tuple[Interval, ...]) -> Telemetry:
    outcome = Outcome("golden", np.array(scores), np.array(alarms), 1.0)
    return Telemetry("X", "V", "logits", 2, np.zeros(len(scores)), anomalies, (outcome,))


def test_curves_by_hand() -> None:
    """The highest score is wrong, the second right: precision 0, 1/2, 2/3, 1/2 at recalls 0, 1/2, 1, 1."""
    telemetry = _telemetry([np.nan, 4.0, 3.0, 2.0, 1.0], [False, False, True, False, False], (Interval(2, 4, "x"),))
    roc, pr = figures.curves(telemetry).get_axes()
    curve, dot, _ = pr.get_lines()
    assert np.asarray(curve.get_xydata()).tolist() == [[1, 0.5], [1, 2 / 3], [0.5, 0.5], [0, 0]]
    assert np.asarray(dot.get_xydata()).tolist() == [[0.5, 1.0]]
    assert np.asarray(roc.get_lines()[1].get_xydata()).tolist() == [[0.0, 0.5]]


def test_without_an_alarm_there_is_no_precision() -> None:
    telemetry = _telemetry([np.nan, 4.0, 3.0], [False] * 3, (Interval(2, 3, "x"),))
    roc, pr = figures.curves(telemetry).get_axes()
    assert (len(roc.get_lines()), len(pr.get_lines())) == (3, 2)


@pytest.mark.parametrize(
    "anomalies", [(), (Interval(0, 1, "x"),), (Interval(0, 3, "x"),)], ids=["none", "unscored", "all"]
)
def test_there_are_no_curves_of_one_class(anomalies: tuple[Interval, ...]) -> None:
    telemetry = _telemetry([np.nan, 4.0, 3.0], [False, True, False], anomalies)
    assert not figures.has_curves(telemetry)
    assert figures.has_curves(replace(telemetry, anomalies=(Interval(1, 2, "x"),)))


def test_confusion_has_the_counts_of_the_metrics() -> None:
    telemetry, metrics = _parts(classifier_report())
    panels = figures.confusion(telemetry).get_axes()
    assert [axes.get_title(loc="left") for axes in panels] == ["float network", "integer program"]
    for axes, found in zip(panels, metrics, strict=True):
        normal = found.samples - found.anomalous
        wanted = [
            *((normal - found.false_positives, normal), (found.false_positives, normal)),
            *((found.false_negatives, found.anomalous), (found.true_positives, found.anomalous)),
        ]
        assert [text.get_text() for text in axes.texts] == [
            f"{count:,}\n{count / of:.1%}" if of else f"{count:,}\n0.0%" for count, of in wanted
        ]
        # Rows are labels, from the top; the deeper the colour, the greater the share.
        assert [text.get_position() for text in axes.texts] == [(0, 0), (1, 0), (0, 1), (1, 1)]
        assert axes.yaxis_inverted()
        alphas = [patch.get_alpha() for patch in axes.patches]
        assert alphas == pytest.approx([figures.DEEPEST * count / of for count, of in wanted])


def test_confusion_without_anomalies() -> None:
    telemetry = _telemetry([np.nan, 4.0, 3.0], [False, True, False], ())
    figure = figures.confusion(telemetry)
    assert [text.get_text() for text in figure.get_axes()[0].texts] == ["1\n50.0%", "1\n50.0%", "0\n0.0%", "0\n0.0%"]
    assert png(figure) == png(figures.confusion(telemetry))
