"""What a report is made of. What does not exist yet is left empty, and the report says how to get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hw_trigger.estimate.errors import QuantityError
from hw_trigger.estimate.result import Estimate
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.report.detection_data import Detection, SplitPart, Telemetry
from hw_trigger.report.rtl_section import RtlFigures
from hw_trigger.telemetry.channel import ChannelFacts
from hw_trigger.vendor.compare import Row
from hw_trigger.verification.table import VerificationTable


@dataclass(frozen=True)
class LossCurve:
    """The losses of one training.

    Attributes
    ----------
    name
        For example ``"float"`` or ``"QAT (w8a8)"``.
    train, validation
        Mean loss of each epoch.
    best_epoch
        The epoch whose weights were kept, counted from 1.
    against
        What the network is trained to put out, from which its distance is the loss.
    loss
        What distance that is.
    """

    name: str
    train: Sequence[float]
    validation: Sequence[float]
    best_epoch: int | None
    against: str = "telemetry"
    loss: str = "mean squared error"

    def __post_init__(self) -> None:
        if len(self.train) != len(self.validation) or not len(self.train):
            raise ValueError(f"losses of {len(self.train)} and {len(self.validation)} epochs; equal numbers are needed")
        if self.best_epoch is not None and not 1 <= self.best_epoch <= len(self.train):
            raise ValueError(f"best epoch {self.best_epoch} of {len(self.train)}")


@dataclass(frozen=True)
class Saturations:
    """How many codes of each tensor were saturated, by ``layer.tensor``, in so many windows.

    Attributes
    ----------
    raw_samples
        Test samples outside the raw format, which are clipped before anything is computed.
    """

    windows: int
    counts: Mapping[str, int]
    raw_samples: int = 0


@dataclass(frozen=True)
class VendorFigures:
    """Vendor reports of the HLS project, beside the estimate.

    Attributes
    ----------
    rows
        See :func:`hw_trigger.vendor.compare.compare`.
    files
        What was read, below the project.
    missing
        What was not found, and how to get it.
    remarks
        Where the reports do not quite agree.
    """

    rows: tuple[Row, ...]
    files: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Objective:
    """What designs are compared by.

    Attributes
    ----------
    unit
        As it is shown behind the name; empty for a mere number.
    better
        Whether less or more of it is better.
    origin
        Whether it was estimated, or measured.
    """

    name: str
    unit: str = ""
    better: Literal["less", "more"] = "less"
    origin: Literal["estimated", "measured"] = "estimated"


@dataclass(frozen=True)
class DesignPoint:
    """One design of a sweep.

    Attributes
    ----------
    label
        Its parameters as they are to be shown.
    values
        One for each objective.
    on_front
        No other design is at least as good in every objective and better in one.
    this
        It is the design of the report.
    """

    label: str
    values: tuple[float, ...]
    on_front: bool
    this: bool = False


@dataclass(frozen=True)
class ParetoFront:
    """Designs of a sweep, and which of them are on the Pareto front.

    Attributes
    ----------
    objectives
        Two at least; the first two are the axes of the plot.
    points
        All designs, or those worth showing.
    explored
        How many designs were estimated.
    possible
        How many of them are expected to fit their part and to be synthesized; the front is of these, or of all if there is none.
    """

    objectives: tuple[Objective, ...]
    points: tuple[DesignPoint, ...]
    explored: int
    possible: int

    def __post_init__(self) -> None:
        if len(self.objectives) < 2 or any(len(point.values) != len(self.objectives) for point in self.points):
            raise ValueError(f"{len(self.objectives)} objectives; two at least are needed, and a value of each a point")


@dataclass(frozen=True, eq=False)
class ReportData:
    """All that a report can say of a run; what is ``None`` or empty has not been done yet.

    Attributes
    ----------
    run
        Name of the run.
    program
        The fixed-point program.
    facts
        Of the channel.
    quantization
        Name of the preset, for example ``"w8a8"``.
    detection
        Of each executor, with each kind of score.
    losses
        Of each training.
    telemetry
        For the plots of test data.
    split
        Of a classifier: the parts of its labelled data, in the order of time.
    class_weights
        Of a classifier: what each class counts in its loss.
    verification
        Written by the C-simulation.
    settings
        Of the HLS project.
    estimate
        Of the program with these settings.
    estimator_errors
        How far off the estimator was on recorded designs.
    vendor
        Reports of the vendor's tools in the HLS project.
    rtl
        Of the RTL project.
    pareto
        Of a sweep over designs.
    saturations
        Counted on the test windows.
    provenance
        Versions, seed and content hashes, as they are to be shown.
    commands
        What reproduces the run: what each gives, and the command line.
    """

    run: str
    program: Program
    facts: ChannelFacts | None = None
    quantization: str | None = None
    detection: tuple[Detection, ...] = ()
    losses: tuple[LossCurve, ...] = ()
    telemetry: Telemetry | None = None
    split: tuple[SplitPart, ...] = ()
    class_weights: tuple[float, ...] = ()
    verification: VerificationTable | None = None
    settings: HlsSettings | None = None
    estimate: Estimate | None = None
    estimator_errors: tuple[QuantityError, ...] = ()
    vendor: VendorFigures | None = None
    rtl: RtlFigures | None = None
    pareto: ParetoFront | None = None
    saturations: Saturations | None = None
    provenance: Mapping[str, str | int | float] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
