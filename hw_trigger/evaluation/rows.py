"""The rows of the table: every detector that is compared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

from hw_trigger.detection.baselines.catalogue import baselines, controls
from hw_trigger.detection.baselines.detector import Detector

RowKey = Literal[
    "random",
    "time-index",
    "training-range",
    "moving-z-score",
    "sub-pca",
    "knn",
    "float-error",
    "float",
    "qat",
    "integer",
]
"""What a row is called in the configuration and in files."""

ROW_KEYS: tuple[RowKey, ...] = get_args(RowKey)


class Role(StrEnum):
    """What a row is there for."""

    CONTROL = "control"
    BASELINE = "baseline"
    NETWORK = "network"


@dataclass(frozen=True)
class Row:
    """A detector in the table.

    Attributes
    ----------
    role
        A control looks at no telemetry, and takes no part in comparisons; a network needs a bundle for each channel.
    seeded
        Its scores depend on the seed. The others are measured once.
    """

    key: RowKey
    title: str
    role: Role
    seeded: bool = True

    @property
    def rival(self) -> bool:
        """Whether it is one of those that the integer program is to be better than: baselines, and the plain LSTM autoencoder."""
        return self.role is Role.BASELINE or self.key == "float-error"


ROWS = {
    row.key: row
    for row in (
        Row("random", "random", Role.CONTROL),
        Row("time-index", "time index", Role.CONTROL, seeded=False),
        Row("training-range", "training range", Role.BASELINE, seeded=False),
        Row("moving-z-score", "moving z-score", Role.BASELINE, seeded=False),
        Row("sub-pca", "Sub-PCA", Role.BASELINE, seeded=False),
        Row("knn", "kNN", Role.BASELINE, seeded=False),
        Row("float-error", "float LSTM, window error", Role.NETWORK),
        Row("float", "float LSTM, same trigger", Role.NETWORK),
        Row("qat", "QAT LSTM, same trigger", Role.NETWORK),
        Row("integer", "integer program", Role.NETWORK),
    )
}
"""All rows by their keys, in the order of the table. The integer program's trigger is behind the rows of the same trigger."""


def detector_of(row: Row, window: int, seed: int) -> Detector:
    """Return the detector of a control or a baseline, for windows of so many samples."""
    known = {detector.name: detector for detector in (*controls(seed), *baselines(window))}
    return known[row.title]
