"""The configuration: every section with its values' types and limits, and what the rooms below take made of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PositiveInt,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hw_trigger.errors import UserError
from hw_trigger.evaluation.rows import RowKey
from hw_trigger.explore.space import Space
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.models.spec import Architecture, ClassifierArchitecture, QuantSpec
from hw_trigger.parts.configured import with_parts
from hw_trigger.parts.database import Database, known_parts
from hw_trigger.rtl.settings import RtlSettings
from hw_trigger.telemetry.channel import CHANNEL_NAME
from hw_trigger.telemetry.sources import SOURCE_KINDS
from hw_trigger.training.tracking import TrackerKind, TrackerMode

AUTO_CHANNEL = "auto"

Name = Annotated[str, Field(pattern=CHANNEL_NAME)]
"""What becomes part of a file's name."""

Units = Annotated[tuple[PositiveInt, ...], Field(min_length=1)]

WindowLength = Annotated[int, Field(ge=2, le=100_000)]

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]

Share = Annotated[float, Field(gt=0, lt=1)]


Seed = Annotated[int, Field(ge=0, lt=2**32)]


def _distinct(columns: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(columns)) != len(columns):
        raise ValueError("a column is named twice")
    return columns


def _listed(values: Any) -> Any:
    """Take one name as a list of one."""
    return [values] if isinstance(values, str) else values


def _some(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values, each once; there must be one. (pydantic's own minimum would count those that it refuses as missing.)"""
    if not values:
        raise ValueError("there must be 1 at least")
    return tuple(dict.fromkeys(values))


class NetworkKindError(UserError):
    """A network of another kind than is needed."""


class Section(BaseModel):
    """A part of the configuration: no unknown keys, no changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class DataSection(Section):
    """Where the telemetry is from, and which columns of it are used."""

    source: Literal[SOURCE_KINDS]  # type: ignore[valid-type]
    path: Path | None
    cache: Path | None
    resample: Rate | None
    boundary: datetime | None
    trust_pickle: bool
    columns: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1), AfterValidator(_distinct)]
    least_half_range: Rate
    sample_period: Rate


class AutoencoderSection(Section):
    """An LSTM autoencoder's sizes."""

    kind: Literal["autoencoder"] = "autoencoder"
    name: Name
    window: WindowLength
    encoder: Units
    latent: PositiveInt
    decoder: Units


class ClassifierSection(Section):
    """An LSTM classifier's sizes."""

    kind: Literal["classifier"]
    name: Name
    window: WindowLength
    lstm: Units
    dense: tuple[PositiveInt, ...]


def _kind(section: Any) -> Any:
    """Return the kind of network that a section is of; one that does not say is an autoencoder's."""
    return section.get("kind", "autoencoder") if isinstance(section, dict) else getattr(section, "kind", None)


ModelSection = Annotated[
    Annotated[AutoencoderSection, Tag("autoencoder")] | Annotated[ClassifierSection, Tag("classifier")],
    Discriminator(
        _kind, custom_error_type="network_kind", custom_error_message="Its kind must be autoencoder or classifier"
    ),
]
"""The network's sizes."""


class SupervisedSection(Section):
    """How a channel's labelled samples are shared out to train and to test a classifier; see `hw_trigger.training.labelled`."""

    train: Share
    validation: Share
    rounds: PositiveInt
    class_weights: bool

    @model_validator(mode="after")
    def _leaves_a_test(self) -> Self:
        if self.train + self.validation >= 1:
            raise ValueError(f"train and validation are {self.train + self.validation:g} together, and must be below 1")
        return self


class TrainingSection(Section):
    """Float training, and quantization-aware training from its result."""

    float_epochs: PositiveInt
    float_learning_rate: Rate
    epochs: PositiveInt
    learning_rate: Rate
    batch_size: PositiveInt
    patience: PositiveInt
    gradient_clip: Rate
    steps_per_epoch: PositiveInt | None
    float_noise: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    noise: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    validation: Share
    stride: PositiveInt
    threads: PositiveInt
    supervised: SupervisedSection


class TriggerSection(Section):
    """How the trigger decides, and where its threshold is from; `kind` is of those behind an autoencoder."""

    kind: Literal["deviation", "error"]
    octaves: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    adaptive: bool
    settle: PositiveInt
    sigmas: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    margin: Literal["f1"] | Annotated[float, Field(allow_inf_nan=False)]
    false_alarms_per_day: Rate | None


class CsimSection(Section):
    """C-simulation."""

    windows: PositiveInt
    jobs: PositiveInt | None


class ExploreSection(Section):
    """A sweep over designs."""

    name: Name
    space: Space
    maximum: PositiveInt
    batch: PositiveInt
    accuracy: Literal["none", "ptq", "qat"]
    objectives: Annotated[tuple[str, ...], Field(min_length=1)]


class EvaluateSection(Section):
    """An evaluation of detectors on many channels."""

    name: Name
    channels: Annotated[tuple[Name, ...], BeforeValidator(_listed), AfterValidator(_some)]
    seeds: Annotated[tuple[Seed, ...], AfterValidator(_some)]
    rows: Annotated[tuple[RowKey, ...], AfterValidator(_some)]
    window: Annotated[int, Field(ge=2, le=100_000)]
    baseline_window: Annotated[int, Field(ge=2, le=100_000)]


class FleetSection(Section):
    """Networks for many channels."""

    shared_formats: bool


class TrackingSection(Section):
    """Where losses and metrics are logged to."""

    kind: TrackerKind = "none"
    directory: Path | None = None
    project: Name = "hw_trigger"
    mode: TrackerMode = "offline"


VariantName = Literal["integer", "onnx", "float32", "int8-dynamic"]
"""How the service can compute a bundle's network; `hw_trigger.service.variants` has them."""


class BatchSection(Section):
    """How windows of concurrent requests are put together."""

    windows: Annotated[int, Field(ge=1, le=65_536)]
    delay_ms: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
    queue: Annotated[int, Field(ge=1, le=10_000_000)]


class ExperimentSection(Section):
    """A second variant beside the first, for a share of the channels; in its shadow, or answering them."""

    variant: VariantName
    share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0
    shadow: bool = True


class LimitsSection(Section):
    """What one request, and all of them, may be as large as."""

    body_bytes: Annotated[int, Field(ge=1024, le=2**30)]
    windows: Annotated[int, Field(ge=1, le=1_000_000)]
    samples: Annotated[int, Field(ge=1, le=10_000_000)]
    channels: Annotated[int, Field(ge=1, le=100_000_000)]


class ServeSection(Section):
    """The service, `hw-trigger serve`."""

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=0, le=65_535)]
    models: Annotated[tuple[Name, ...], BeforeValidator(_listed), AfterValidator(_some)] | None
    variants: Annotated[tuple[VariantName, ...], BeforeValidator(_listed), AfterValidator(_some)]
    variant: VariantName
    threads: Annotated[int, Field(ge=1, le=1024)]
    processes: bool
    batch: BatchSection
    experiment: ExperimentSection | None
    state: Path | None
    limits: LimitsSection
    api_keys: Path | None
    benchmark: bool
    drain: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]

    @field_validator("variant")
    @classmethod
    def _is_loaded(cls, variant: str, known: ValidationInfo) -> str:
        """Check the variant that answers; pydantic has validated what stands above it already."""
        loaded = known.data.get("variants", (variant,))
        if variant not in loaded:
            raise ValueError(f"it is not among serve.variants, which are loaded: {', '.join(loaded)}")
        return variant

    @field_validator("experiment")
    @classmethod
    def _compares_two(cls, experiment: ExperimentSection | None, known: ValidationInfo) -> ExperimentSection | None:
        if experiment is not None and experiment.variant == known.data.get("variant"):
            raise ValueError(f"it compares {experiment.variant}, serve.variant, with itself; name another variant")
        if experiment is not None and experiment.variant not in known.data.get("variants", (experiment.variant,)):
            raise ValueError(
                f"its variant is not among serve.variants, which are loaded: {', '.join(known.data['variants'])}"
            )
        return experiment


class PathsSection(Section):
    """Directories that outputs go to."""

    models: Path
    projects: Path
    rtl: Path
    reports: Path


class Config(Section):
    """A whole configuration."""

    channel: Name
    run: Name | None
    onnx: Path | None
    seed: Seed
    data: DataSection
    model: ModelSection
    quant: QuantSpec
    training: TrainingSection
    trigger: TriggerSection
    csim: CsimSection
    hls: HlsSettings
    rtl: RtlSettings
    explore: ExploreSection
    evaluate: EvaluateSection
    fleet: FleetSection
    tracking: TrackingSection
    serve: ServeSection
    paths: PathsSection
    parts: dict[str, Any] = {}

    def database(self) -> Database:
        """Return the parts that are known: those of the data file, and the configuration's own.

        Raises
        ------
        PartError
            A part of the configuration is not described as it must be.
        """
        return with_parts(known_parts(), self.parts)

    @property
    def run_name(self) -> str:
        """The run's name, as its directories have it."""
        if self.run is not None:
            return self.run
        return f"{self.channel}{self.run_suffix}" if self.onnx is None else self.onnx.stem

    @property
    def run_suffix(self) -> str:
        """What follows the channel in the name of a run that is given none."""
        return f"-{self.model.name}-{self.quant.name}"

    @property
    def bundle_path(self) -> Path:
        """The directory of the run's bundle."""
        return self.paths.models / self.run_name

    @property
    def project_path(self) -> Path:
        """The directory of the run's HLS project."""
        return self.paths.projects / self.run_name

    @property
    def rtl_path(self) -> Path:
        """The directory of the run's RTL project."""
        return self.paths.rtl / self.run_name

    @property
    def firmware_path(self) -> Path:
        """The directory of the HLS project for many channels."""
        return self.paths.projects / f"firmware-{self.evaluate.name}"

    @property
    def exploration_path(self) -> Path:
        """The directory of the sweep's results."""
        return self.paths.reports / f"explore-{self.explore.name}"

    @property
    def evaluation_path(self) -> Path:
        """The directory of the evaluation's results."""
        return self.paths.reports / f"evaluate-{self.evaluate.name}"

    @property
    def tracking_path(self) -> Path:
        """The directory that the tracker writes to."""
        return self.paths.reports / "tracking" if self.tracking.directory is None else self.tracking.directory

    @property
    def report_path(self) -> Path:
        """The directory of the run's report."""
        return self.paths.reports / self.run_name

    def untracked(self) -> Config:
        """Return the configuration with tracking off, as it is kept beside results: they are the same with and without."""
        return self.model_copy(update={"tracking": TrackingSection()})

    def architecture(self) -> Architecture | ClassifierArchitecture:
        """Return the network's architecture: one feature for each column."""
        model, columns = self.model, len(self.data.columns)
        if isinstance(model, ClassifierSection):
            return ClassifierArchitecture(model.name, columns, model.window, model.lstm, model.dense)
        return Architecture(model.name, columns, model.window, model.encoder, model.latent, model.decoder)

    def autoencoder(self) -> Architecture:
        """Return the architecture, for what is there for autoencoders only.

        Raises
        ------
        NetworkKindError
            The configured network is no autoencoder.
        """
        architecture = self.architecture()
        if not isinstance(architecture, Architecture):
            raise NetworkKindError(
                f"model {self.model.name!r} is a {self.model.kind}, and this is possible with an autoencoder only; "
                "choose another one with model=<name>"
            )
        return architecture
