"""Losses on worked examples."""

from __future__ import annotations

import math

import pytest
import torch

from hw_trigger.training.losses import ClassWeightError, MeanSquare, WeightedCrossEntropy, balanced_weights


def test_mean_square() -> None:
    assert MeanSquare()(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.0], [3.0, 1.0]])).item() == 13 / 4


def test_weighted_cross_entropy() -> None:
    """Logits of probabilities 1/4 and 3/4, and of 1/2 and 1/2: 2 log(4/3), 2 log 4 and 0.5 log 2."""
    logits = torch.tensor([[0.0, math.log(3)], [0.0, math.log(3)], [7.0, 7.0]], dtype=torch.float64)
    weights = WeightedCrossEntropy((0.5, 2.0))
    assert weights(logits[:1], torch.tensor([1])).item() == pytest.approx(2 * math.log(4 / 3))
    assert weights(logits[:1], torch.tensor([0])).item() == pytest.approx(0.5 * math.log(4))
    mean = (2 * math.log(4 / 3) + 0.5 * math.log(4) + 0.5 * math.log(2)) / 3
    assert weights(logits, torch.tensor([1, 0, 0])).item() == pytest.approx(mean)


def test_classes_of_balanced_weights_count_alike() -> None:
    assert balanced_weights([90, 10]) == (100 / 180, 5.0)
    for counts in ([90, 10], [1, 2, 5], [7, 7]):
        weights = balanced_weights(counts)
        shares = [weight * count for weight, count in zip(weights, counts, strict=True)]
        assert shares == pytest.approx([sum(counts) / len(counts)] * len(counts))


def test_a_class_of_no_windows_is_refused() -> None:
    with pytest.raises(ClassWeightError) as caught:
        balanced_weights([12, 0])
    assert str(caught.value) == "there are 12, 0 windows of the classes; each needs 1 at least"


def test_what_a_checkpoint_keeps_of_a_loss() -> None:
    assert repr(MeanSquare()) == "MeanSquare()"
    assert repr(WeightedCrossEntropy((0.5, 2.0))) == "WeightedCrossEntropy(weights=(0.5, 2.0))"
