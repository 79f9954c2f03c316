"""What training makes small. A loss is plain data: its ``repr`` is part of what a checkpoint belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hw_trigger.errors import UserError


class ClassWeightError(UserError):
    """A class that there are no windows of."""


@dataclass(frozen=True)
class MeanSquare:
    """The mean squared difference: of a reconstruction from the window, of a quantized network's output from the float one's."""

    def __call__(self, found: Tensor, wanted: Tensor) -> Tensor:
        """Return the mean over all elements; the shapes are alike."""
        return nn.functional.mse_loss(found, wanted)


@dataclass(frozen=True)
class WeightedCrossEntropy:
    """The mean over windows of ``-weights[c] log softmax(logits)[c]``, c the window's class.

    Divided by the number of windows, and not, as PyTorch would, by the sum of their weights: the loss of all windows is then
    the mean of those of their batches, whatever classes a batch happens to have.

    Attributes
    ----------
    weights
        Of each class.
    """

    weights: tuple[float, ...]

    def __call__(self, found: Tensor, wanted: Tensor) -> Tensor:
        """Return the loss of logits ``(n, n_classes)`` where classes ``(n,)`` are wanted."""
        weights = torch.tensor(self.weights, dtype=found.dtype)
        return nn.functional.cross_entropy(found, wanted, weights, reduction="sum") / len(wanted)


Loss = MeanSquare | WeightedCrossEntropy


def balanced_weights(counts: Sequence[int]) -> tuple[float, ...]:
    """Return weights with which each of K classes counts alike: ``n / (K n_c)`` of n windows, n_c of them of the class.

    Their mean over the windows is 1. Source: King and Zeng, "Logistic Regression in Rare Events Data" (2001), section 4.

    Raises
    ------
    ClassWeightError
        There are no windows of a class.
    """
    if 0 in counts:
        raise ClassWeightError(f"there are {', '.join(map(str, counts))} windows of the classes; each needs 1 at least")
    return tuple(sum(counts) / (len(counts) * count) for count in counts)
