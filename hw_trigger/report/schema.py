"""The report as data: what ``report.json`` holds, and all that Markdown and HTML are rendered from. Version 4.

Every section is there in every report. A section whose data are missing is null, and ``missing`` has its name with the command
that gives it (``split`` is a classifier's alone, and null without a command for other networks). Every section says in
``origin`` where its figures are from (:data:`hw_trigger.report.section.Origin`). Numbers are never NaN: what is not finite is
null.

The JSON schema of it, :func:`schema_text`, is published as ``docs/report.schema.json``; to write it anew::

    python -c "from hw_trigger.report.schema import schema_text; print(schema_text(), end='')" > docs/report.schema.json
"""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from hw_trigger.files import to_json
from hw_trigger.hls.settings import ResolvedReuse
from hw_trigger.report.data import ParetoFront
from hw_trigger.report.detection_schema import Detection, Split
from hw_trigger.report.estimate_schema import Estimate
from hw_trigger.report.memory import LayerMemory
from hw_trigger.report.rtl_schema import Rtl
from hw_trigger.report.section import STRICT, Section
from hw_trigger.report.trigger_schema import Trigger
from hw_trigger.telemetry.channel import ChannelFacts
from hw_trigger.vendor.compare import Row
from hw_trigger.verification.table import Comparison, VerificationTable


class Scaling(Section):
    """What brings a raw sample to the network's input."""

    name: str
    raw: str
    """Format of a raw sample, as ``ap_fixed``."""
    gain: str
    offset: str
    output: str


class NetworkLayer(Section):
    """A layer of the network."""

    name: str
    kind: Literal["lstm", "dense"]
    inputs: int
    outputs: int
    steps: int
    """Steps that it works through in a window."""
    gives_sequence: bool
    """Whether its output is a vector a step, or one a window."""
    output: str
    """Format of its output."""
    accumulator_bits: int
    formats: dict[str, str]
    """Of every tensor."""


class Network(Section):
    """The fixed-point program."""

    origin: Literal["exact"] = "exact"
    name: str
    kind: Literal["autoencoder", "classifier"]
    window: int
    features: int
    quantization: str | None
    """Name of the preset."""
    raw: str
    input: str
    output: str
    """Format of the reconstruction, or of the logits."""
    accumulator_bits: int
    """Of the widest accumulator."""
    scaling: Scaling | None
    layers: tuple[NetworkLayer, ...]
    trigger: Trigger | None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Channel(ChannelFacts):
    """The channel's facts; with flags, it is degenerate: results on it say little about a detector."""

    origin: Literal["measured"] = "measured"


class Training(Section):
    """The losses of one training; null where they were not finite."""

    origin: Literal["measured"] = "measured"
    name: str
    against: str
    """What the losses are distances from."""
    loss: str
    """What distance that is."""
    epochs: int
    best_epoch: int | None
    """Counted from 1."""
    train: tuple[float | None, ...]
    validation: tuple[float | None, ...]


class Verification(Section):
    """Bit-accuracy: each pair of executors, tensor by tensor, code for code."""

    origin: Literal["simulated"] = "simulated"
    ok: bool
    """All codes are equal, and every comparison is a proof."""
    codes: int
    mismatches: int
    notes: tuple[str, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def table(self) -> VerificationTable:
        """The table that it was made of."""
        return VerificationTable(self.comparisons)


class Memory(Section):
    """Bits by layer, and in all."""

    origin: Literal["exact"] = "exact"
    layers: tuple[LayerMemory, ...]
    total: LayerMemory
    fifo_bits: int
    """Of the FIFO in which samples wait for their reconstruction; 0 without one."""


class Vendor(Section):
    """A vendor's figures beside the estimate. Rows of co-simulation are simulated, all others synthesized."""

    origin: Literal["synthesized"] = "synthesized"
    rows: tuple[Row, ...]
    files: tuple[str, ...]
    """What was read, below the project."""
    missing: tuple[str, ...]
    """What was not found, and how to get it."""
    remarks: tuple[str, ...]


class Exploration(Section):
    """Designs that were compared, and the Pareto front among them."""

    origin: Literal["estimated"] = "estimated"
    front: ParetoFront


class Hls(Section):
    """Settings of the HLS project."""

    origin: Literal["recorded"] = "recorded"
    backend: str
    part: str
    clock_ns: float
    io_type: str
    strategy: str
    layers: dict[str, ResolvedReuse]


class Saturations(Section):
    """Saturated codes on the test windows, by tensor; tensors that are not named had none."""

    origin: Literal["measured"] = "measured"
    windows: int
    raw_samples: int
    """Raw samples outside the raw format, clipped before anything is computed."""
    tensors: dict[str, int]


class Recorded(Section):
    """Facts of the run, by name."""

    origin: Literal["recorded"] = "recorded"
    entries: dict[str, str | int | float]


class Report(Section):
    """The whole report of a run."""

    format: Literal["hw_trigger report"] = "hw_trigger report"
    version: Literal[4] = 4
    run: str
    network: Network
    channel: Channel | None
    split: Split | None
    training: tuple[Training, ...] | None
    detection: tuple[Detection, ...] | None
    verification: Verification | None
    memory: Memory
    estimate: Estimate | None
    vendor: Vendor | None
    exploration: Exploration | None
    hls: Hls | None
    rtl: Rtl | None
    saturations: Saturations | None
    provenance: Recorded
    commands: Recorded
    plots: dict[str, str]
    """File names by plot."""
    missing: dict[str, str]
    """For each missing section the command that gives it."""


def schema_text() -> str:
    """Return the JSON schema (draft 2020-12) of the report, as its file has it."""
    schema = Report.model_json_schema(mode="serialization")
    return to_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
