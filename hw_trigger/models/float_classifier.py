"""The LSTM classifier in floating point: what the quantized one starts from and is compared with."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from hw_trigger.models.float_layers import lstm_stack
from hw_trigger.models.spec import ClassifierArchitecture


class FloatClassifier(nn.Module):
    """Stacked LSTMs, linear layers with ReLU on the last state, and a linear layer that gives a logit for each class."""

    def __init__(self, architecture: ClassifierArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        widths = (architecture.lstm[-1], *architecture.dense)
        self.lstm = lstm_stack(architecture.n_features, architecture.lstm)
        self.dense = nn.ModuleList([nn.Linear(before, after) for before, after in pairwise(widths)])
        self.logits = nn.Linear(widths[-1], architecture.n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits ``(n, n_classes)`` of windows ``(n, steps, n_features)``."""
        for lstm in self.lstm:
            x, _ = lstm(x)
        y = x[:, -1]
        for linear in self.dense:
            y = torch.relu(linear(y))
        logits: Tensor = self.logits(y)
        return logits
