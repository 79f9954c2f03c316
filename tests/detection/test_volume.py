import math
import re
import time
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from hw_trigger.detection.volume import Volume, VolumeError, extended_labels, volume_under_surface


def reference(scores: np.ndarray, labels: np.ndarray, buffer: int) -> tuple[float, float, float]:
    """The definition, sample by sample and threshold by threshold."""
    n, areas = len(scores), []
    events = [
        (t, next((u for u in range(t, n) if not labels[u]), n))
        for t in range(n)
        if labels[t] and not labels[max(t - 1, 0)] * t
    ]
    for size in range(buffer + 1):
        soft = [float(label) for label in labels]
        for start, stop in events:
            for distance in range(1, size // 2 + 1):
                for t in (start - distance, stop - 1 + distance):
                    if 0 <= t < n:
                        soft[t] = min(1.0, soft[t] + math.sqrt(1 - distance / size))
        positive = (sum(map(float, labels)) + sum(soft)) / 2
        groups, open_group = [], []
        for t in range(n):
            if soft[t] > 0:
                open_group.append(t)
            if open_group and (soft[t] == 0 or t == n - 1):
                groups.append(open_group)
                open_group = []
        curve = [(0.0, 0.0, 1.0)]
        for threshold in sorted(set(scores), reverse=True):
            alarms = [score >= threshold for score in scores]
            hits = sum(value for value, alarm in zip(soft, alarms, strict=True) if alarm)
            existence = sum(any(alarms[t] for t in group) for group in groups) / len(groups)
            recall = min(hits / positive, 1) * existence
            false = min((sum(alarms) - hits) / (n - positive), 1)
            curve.append((recall, false, hits / sum(alarms)))
        pairs = list(pairwise(curve))
        roc = sum((b[1] - a[1]) * (a[0] + b[0]) / 2 for a, b in [*pairs, (curve[-1], (1.0, 1.0))])
        trapezoids = sum((b[0] - a[0]) * (a[2] + b[2]) / 2 for a, b in pairs)
        steps = sum((b[0] - a[0]) * b[2] for a, b in pairs)
        areas.append((roc, trapezoids, steps))
    return tuple(np.mean(areas, axis=0))


def test_slopes_of_the_labels() -> None:
    """Buffer 4: two samples on both sides, of sqrt(3/4) and sqrt(2/4); where slopes meet they add up, to 1 at most."""
    near, far = math.sqrt(3 / 4), math.sqrt(2 / 4)
    labels = np.zeros(12, bool)
    labels[[3, 4, 7]] = True
    soft = extended_labels(labels, 4)
    assert soft.tolist() == pytest.approx([0, far, near, 1, 1, 1, 1, 1, near, far, 0, 0])
    labels = np.array([True, False, False, True])  # cut off at the edges
    assert extended_labels(labels, 2).tolist() == pytest.approx([1, math.sqrt(1 / 2), math.sqrt(1 / 2), 1])
    assert extended_labels(labels, 1).tolist() == [1, 0, 0, 1]


def test_a_worked_example() -> None:
    """Labels 0 0 1 0, scores 1 4 3 2, buffers 0 to 2.

    Buffers 0 and 1 have no slope. Thresholds 4, 3, 2, 1: recall 0 1 1 1, false positive rate 1/3 1/3 2/3 1, precision
    0 1/2 1/3 1/4. ROC 2/3; precision-recall (0 + 1/2) / 2 = 1/4 by trapezoids, 1/2 by steps.
    Buffer 2: labels 0 s 1 s, s = sqrt(1/2), P = (1 + 1 + 2 s) / 2 = 1 + s. Hits s, 1 + s, 1 + 2 s, 1 + 2 s, false ones 1 - s,
    1 - s, 2 - 2 s, 3 - 2 s, of 4 - P = 3 - s; the one extended event has an alarm at every threshold. The curve ends at (1, 1).
    """
    s = math.sqrt(1 / 2)
    recall = s / (1 + s)
    first, third, fourth = (1 - s) / (3 - s), (2 - 2 * s) / (3 - s), (3 - 2 * s) / (3 - s)
    roc = first * recall / 2 + (third - first) + (fourth - third) + (1 - fourth)
    trapezoids = recall * (1 + s) / 2 + (1 - recall) * (s + (s + 1) / 2) / 2
    steps = recall * s + (1 - recall) * (s + 1) / 2
    found = volume_under_surface([1.0, 4.0, 3.0, 2.0], np.array([False, False, True, False]), 2)
    assert found.roc == pytest.approx((2 / 3 + 2 / 3 + roc) / 3, abs=1e-15)
    assert found.pr == pytest.approx((1 / 4 + 1 / 4 + trapezoids) / 3, abs=1e-15)
    assert found.pr_steps == pytest.approx((1 / 2 + 1 / 2 + steps) / 3, abs=1e-15)


@pytest.mark.parametrize("decimals", [1, 8])
@pytest.mark.parametrize("seed", range(15))
def test_against_the_definition(seed: int, decimals: int) -> None:
    """Random labels (neighbouring events, events at both ends) and scores, with ties and without."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(4, 40))
    labels = generator.random(n) < generator.choice([0.1, 0.3, 0.6])
    labels[generator.integers(n)] = True
    labels[generator.integers(n)] = False
    labels[0] |= not labels.any()
    scores = (generator.random(n) + 0.3 * labels).round(decimals)
    found = volume_under_surface(scores, labels, 7)
    if not labels.all():
        assert (found.roc, found.pr, found.pr_steps) == pytest.approx(reference(scores, labels, 7), abs=1e-12)


def test_without_a_buffer_and_with_one_event_it_is_the_plain_area() -> None:
    generator = np.random.default_rng(1)
    labels = np.zeros(50, bool)
    labels[20] = True
    scores = generator.random(50)
    found = volume_under_surface(scores, labels, 0)
    assert found.roc == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert found.pr_steps == pytest.approx(average_precision_score(labels, scores), abs=1e-12)


def test_only_ranks_matter() -> None:
    generator = np.random.default_rng(2)
    labels, scores = np.arange(60) // 10 % 3 == 1, generator.normal(size=60)
    assert volume_under_surface(scores, labels, 9) == volume_under_surface(np.exp(scores), labels, 9)


def test_equal_scores_are_flattered_by_trapezoids_and_not_by_steps() -> None:
    labels = np.zeros(100, bool)
    labels[40:50] = True
    found = volume_under_surface(np.ones(100), labels, 0)
    assert (found.roc, found.pr, found.pr_steps) == pytest.approx((0.5, 0.55, 0.1))


def test_a_perfect_score_has_volumes_of_one_at_buffer_zero() -> None:
    labels = np.array([False, True, True, False])
    assert volume_under_surface(labels.astype(float), labels, 0) == Volume(1.0, 1.0, 1.0)


@pytest.mark.parametrize("label", [False, True])
def test_labels_that_are_all_equal_have_no_curve(label: bool) -> None:
    assert volume_under_surface(np.arange(5.0), np.full(5, label), 3) == Volume(None, None, None)


def test_a_whole_channel_takes_less_than_a_second() -> None:
    generator = np.random.default_rng(0)
    labels = np.zeros(8_600, bool)
    for start in range(100, 8_000, 700):
        labels[start : start + 60] = True
    scores = generator.random(8_600)
    before = time.process_time()
    volume_under_surface(scores, labels, 100)
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    ("scores", "buffer", "message"),
    [
        ([1.0, 2.0], 3, "scores have the shape (2,) and labels (3,); one of each per sample is needed"),
        ([1.0, math.nan, math.inf], 3, "2 of 3 scores are not finite"),
        ([1.0, 2.0, 3.0], -1, "the buffer must be 0 samples or more, not -1"),
    ],
)
def test_what_has_no_volume_is_refused(scores: list[float], buffer: int, message: str) -> None:
    with pytest.raises(VolumeError, match=f"^{re.escape(message)}$"):
        volume_under_surface(scores, np.array([False, True, False]), buffer)
