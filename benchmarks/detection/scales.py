"""How unlike the training and the normal test data of a channel are: ``python -m benchmarks.detection.scales``.

Needs the telemetry (``HW_TRIGGER_DATA``, or a download that is in the cache).
"""

from __future__ import annotations

import numpy as np

from hw_trigger.config.compose import load_config
from hw_trigger.markdown import markdown_table
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.runs import select_channels
from hw_trigger.stages.telemetry import load_channel
from hw_trigger.telemetry.channel import Channel, Samples

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def main() -> None:
    config = load_config()
    names = select_channels(config, Silent())
    channels = [load_channel(config.model_copy(update={"channel": name}), Silent()) for name in names]
    full = [all(_reaches_one(part) for part in (channel.train, channel.test)) for channel in channels]
    varying = [channel for channel in channels if np.ptp(channel.train)]
    print(f"{len(channels)} channels, {len(channels) - len(varying)} of them constant in training")
    print(f"in {sum(full)} both training and test data reach -1 or 1\n")
    compared = np.quantile([_compared(channel) for channel in varying], QUANTILES, axis=0)
    rows = [
        [title, *(f"{value:.2f}" for value in column)]
        for title, column in zip(
            ("spread, in those of training", "distance of the mean, in spreads of training"), compared.T, strict=True
        )
    ]
    headers = ["normal test data", *(f"{quantile:.0%} of channels" for quantile in QUANTILES)]
    print(markdown_table(headers, rows, right=range(1, len(headers))))


def _reaches_one(samples: Samples) -> bool:
    return bool(np.abs(samples[:, 0]).max() >= 1)


def _compared(channel: Channel) -> tuple[float, float]:
    """Return the standard deviation of the normal test samples over the training ones, and how far apart their means are."""
    train, normal = channel.train[:, 0], channel.test[~channel.labels, 0]
    return float(normal.std() / train.std()), float(abs(normal.mean() - train.mean()) / train.std())


if __name__ == "__main__":
    main()
