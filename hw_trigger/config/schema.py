"""The configuration: every section with its values' types and limits, and what the rooms below take made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt

from hw_trigger.explore.space import Space
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.models.spec import Architecture, QuantSpec
from hw_trigger.parts.configured import with_parts
from hw_trigger.parts.database import Database, known_parts
from hw_trigger.telemetry.sources import SOURCE_KINDS

AUTO_CHANNEL = "auto"

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""What becomes part of a file's name."""

Units = Annotated[tuple[PositiveInt, ...], Field(min_length=1)]


Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _distinct(columns: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(columns)) != len(columns):
        raise ValueError("a column is named twice")
    return columns


class Section(BaseModel):
    """A part of the configuration: no unknown keys, no changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class DataSection(Section):
    """Where the telemetry is from, and which columns of it are used."""

    source: Literal[SOURCE_KINDS]  # type: ignore[valid-type]
    path: Path | None
    cache: Path | None
    columns: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1), AfterValidator(_distinct)]
    allow_constant: bool


class ModelSection(Section):
    """The network's sizes."""

    name: Name
    window: Annotated[int, Field(ge=2, le=100_000)]
    encoder: Units
    latent: PositiveInt
    decoder: Units


class TrainingSection(Section):
    """Float training, and quantization-aware training from its result."""

    float_epochs: PositiveInt
    float_learning_rate: Rate
    epochs: PositiveInt
    learning_rate: Rate
    batch_size: PositiveInt
    patience: PositiveInt
    gradient_clip: Rate
    validation: Annotated[float, Field(gt=0, lt=1)]
    stride: PositiveInt
    threads: PositiveInt


class TriggerSection(Section):
    """The threshold."""

    sigmas: Annotated[float, Field(ge=0, allow_inf_nan=False)]


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


class PathsSection(Section):
    """Directories that outputs go to."""

    models: Path
    projects: Path
    reports: Path


class Config(Section):
    """A whole configuration."""

    channel: Name
    run: Name | None
    onnx: Path | None
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    data: DataSection
    model: ModelSection
    quant: QuantSpec
    training: TrainingSection
    trigger: TriggerSection
    csim: CsimSection
    hls: HlsSettings
    explore: ExploreSection
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
    def exploration_path(self) -> Path:
        """The directory of the sweep's results."""
        return self.paths.reports / f"explore-{self.explore.name}"

    @property
    def report_path(self) -> Path:
        """The directory of the run's report."""
        return self.paths.reports / self.run_name

    def architecture(self) -> Architecture:
        """Return the network's architecture: one feature for each column."""
        model = self.model
        return Architecture(
            model.name, len(self.data.columns), model.window, model.encoder, model.latent, model.decoder
        )
