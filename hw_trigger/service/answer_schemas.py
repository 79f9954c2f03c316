"""What answers look like in JSON, for OpenAPI. They are serialized without these types, which tests compare them with."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class ThresholdAnswer(BaseModel):
    """What scores are compared with."""

    value: float = Field(description="In the trigger's unit.")
    code: int = Field(description="What the firmware compares scores' codes with.")
    unit: str


class ScoreAnswer(BaseModel):
    """The decision on each window, in order."""

    model: str
    variant: str = Field(description="What computed it.")
    codes: list[int] = Field(description="Scores as the firmware has them.")
    values: list[float] = Field(description="The same in the trigger's unit.")
    triggers: list[bool]
    threshold: ThresholdAnswer
    saturated: int = Field(description="Samples that did not fit the input's format and were clipped.")
    state: list[int] | None = Field(description="What the trigger remembers now, for the next request.")


class PushAnswer(ScoreAnswer):
    """The decision on the windows that the samples completed: one for each sample, but for the first ones of a stream."""

    first: int = Field(description="Index of the request's first sample in the stream.")
    count: int = Field(description="Samples that the stream has accepted: the next request's `first`.")
    repeated: bool = Field(description="It was a repetition: this is the recorded answer, and nothing was accepted.")


class StreamAnswer(BaseModel):
    """Where a stream is."""

    model: str
    channel: str
    count: int = Field(description="Samples accepted: the next `first`.")
    held: int = Field(description="Samples kept for the next windows.")
    variant: str = Field(description="What computed the last answer.")
    state: list[int] | None


class VariantAnswer(BaseModel):
    """One way to compute a model."""

    name: str
    weight_bytes: int = Field(description="What weights and biases need in memory.")


class ModelAnswer(BaseModel):
    """A model that is served."""

    id: str
    sha256: str = Field(description="Of the fixed-point program: the firmware's.")
    channel: str = Field(description="The telemetry channel that it was trained on.")
    steps: int = Field(description="Samples of a window.")
    n_features: int = Field(description="Values of a sample.")
    trigger: Literal["deviation", "error", "margin"]
    threshold: ThresholdAnswer
    variants: list[VariantAnswer]
    absent: dict[str, str] = Field(description="Variants that it cannot be served with, and why.")
    formats: dict[str, str] = Field(description="The fixed-point format of each tensor.")
    files: dict[str, str] = Field(description="SHA-256 of each of the bundle's files.")


class ModelsAnswer(BaseModel):
    """All models."""

    models: list[ModelAnswer]
    refused: dict[str, str] = Field(description="Bundles that are damaged, altered or of another release, and why.")


class LatencyAnswer(BaseModel):
    """How long a variant took for requests' windows, seconds."""

    requests: int
    p50: float | None
    p99: float | None


class ComparedAnswer(BaseModel):
    """What an experiment found on one model."""

    unit: str
    requests: int
    windows: int
    disagreements: int
    mean_difference: float | None
    max_difference: float | None
    dropped: int
    latency: dict[str, LatencyAnswer]


class ExperimentAnswer(BaseModel):
    """How the second variant, b, compares with the first one, a."""

    a: str
    b: str
    share: float
    shadow: bool
    models: dict[str, ComparedAnswer]


class StatusAnswer(BaseModel):
    """Whether the service lives, and accepts work."""

    status: Literal["ok", "ready"]


class TimingAnswer(BaseModel):
    """Times of one call, milliseconds."""

    windows: int
    calls: int
    median_ms: float
    best_ms: float
    windows_per_second: float = Field(description="Of the median.")


class VariantTimes(BaseModel):
    """What was measured of a variant."""

    variant: str
    weight_bytes: int
    timings: list[TimingAnswer]


class BenchmarkAnswer(BaseModel):
    """What was measured, through the queue that requests go through."""

    model: str
    threads: int
    variants: list[VariantTimes]


class Finding(BaseModel):
    """A mistake in a request."""

    where: str
    message: str


class ProblemAnswer(BaseModel):
    """An error (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    errors: list[Finding] | None = None
    count: int | None = Field(None, description="409: samples that the stream has accepted.")
    retry_after: int | None = Field(None, description="503: seconds.")
