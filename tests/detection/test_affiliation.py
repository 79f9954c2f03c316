import re

import numpy as np
import pytest

from hw_trigger.detection.affiliation import Affiliation, affiliation
from hw_trigger.detection.intervals import MarksError, runs


def mask(text: str) -> np.ndarray:
    return np.array([letter == "#" for letter in text])


def reference(alarms: np.ndarray, labels: np.ndarray, cells: int = 400) -> tuple[float, float]:
    """The definition, with both integrals as sums over small cells and the probabilities as counts of them."""
    events = runs(labels)
    bounds = [0.0, *((events[:-1, 1] + events[1:, 0]) / 2), float(len(labels))]
    precisions, recalls = [], []
    for (start, stop), low, high in zip(events, bounds[:-1], bounds[1:], strict=True):
        times = np.arange(low, high, 1 / cells) + 0.5 / cells
        inside = (times > start) & (times < stop)
        to_event = np.where(inside, 0, np.minimum(abs(times - start), abs(times - stop)))
        on = alarms[times.astype(int)]
        if not on.any():
            recalls.append(0.0)
            continue
        precisions.append(np.mean([np.mean(to_event >= d - 1e-9) for d in to_event[on]]))
        values = []
        for y in times[inside]:
            nearest = 0.0 if alarms[int(y)] else np.abs(times[on] - y).min()
            values.append(np.mean(np.abs(times - y) >= nearest - 1e-9))
        recalls.append(np.mean(values))
    return float(np.mean(precisions)), float(np.mean(recalls))


def test_a_worked_example() -> None:
    """One event [4, 6) in a zone [0, 10), one alarm [7, 8).

    Precision: x in (7, 8) is d = x - 6 from the event, d in (1, 2); points at random are nearer with 2 d + 2 of 10; the mean of
    1 - (2 d + 2) / 10 at d = 3/2 is 1/2. Recall: y in (4, 6) is d = 7 - y away, in (1, 3), and points at random are nearer with
    2 d of 10; the mean of 1 - 2 d / 10 at d = 2 is 3/5.
    """
    found = affiliation(mask(".......#.."), mask("....##...."))
    assert found.precision == pytest.approx(1 / 2, abs=1e-15)
    assert found.recall == pytest.approx(3 / 5, abs=1e-15)
    assert found.f1 == pytest.approx(2 * (1 / 2) * (3 / 5) / (1 / 2 + 3 / 5), abs=1e-15)


def test_the_zone_is_halfway_between_events() -> None:
    """Events [1, 2) and [8, 9): the zones meet at 5. An alarm in the second one alone leaves the first one's recall 0."""
    found = affiliation(mask("........#."), mask(".#......#."))
    assert found == Affiliation(1.0, 0.5, 2 / 3)


@pytest.mark.parametrize("seed", range(8))
def test_against_the_definition(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n = int(generator.integers(5, 25))
    labels, alarms = generator.random((2, n)) < generator.choice([0.1, 0.3, 0.6], (2, 1))
    labels[generator.integers(n)] = alarms[generator.integers(n)] = True
    found = affiliation(alarms, labels)
    assert (found.precision, found.recall) == pytest.approx(reference(alarms, labels), abs=3e-3)


# Figures of the authors' implementation (the module of that name in TSB-AD 1.5), which agreed on 400 random cases to 3e-16.
@pytest.mark.parametrize(
    ("alarms", "labels", "precision", "recall"),
    [
        ("..##....#.....###...", "....###.......#....#", 0.5921855921855921, 0.5925925925925926),
        ("#...................", "..........##########", 0.02499999999999991, 0.05124999999999993),
        (".#.#.#.#.#.#.#.#.#.#", "##........##......##", 0.5388888888888889, 0.9532407407407408),
    ],
)
def test_against_the_authors_implementation(alarms: str, labels: str, precision: float, recall: float) -> None:
    found = affiliation(mask(alarms), mask(labels))
    assert (found.precision, found.recall) == pytest.approx((precision, recall), abs=1e-14)


@pytest.mark.parametrize(
    ("alarms", "labels", "expected"),
    [
        ("....", "....", Affiliation(None, None, None)),
        ("#...", "....", Affiliation(None, None, None)),
        ("....", ".#..", Affiliation(None, 0.0, 0.0)),
        (".#..", ".#..", Affiliation(1.0, 1.0, 1.0)),
        ("####", "####", Affiliation(1.0, 1.0, 1.0)),
        ("....", "####", Affiliation(None, 0.0, 0.0)),
    ],
)
def test_edge_cases(alarms: str, labels: str, expected: Affiliation) -> None:
    assert affiliation(mask(alarms), mask(labels)) == expected


def test_one_of_each_per_sample_is_needed() -> None:
    message = "there are 2 alarms and 3 labels; one of each per sample is needed"
    with pytest.raises(MarksError, match=f"^{re.escape(message)}$"):
        affiliation(mask(".#"), mask(".##"))
