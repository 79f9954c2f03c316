"""The bundle's manifest, ``bundle.json``: what the bundle is, where it is from, and the hash of each of its files."""

from __future__ import annotations

import json
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hw_trigger.errors import UserError
from hw_trigger.projects import first_problem

FORMAT: Final = "hw_trigger bundle"
VERSION: Final = 2

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class BundleError(UserError):
    """A directory that is no bundle, is damaged, was altered, or is of a version that is not known."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChannelRecord(_Part):
    """The telemetry that the network was trained on; `sha256` is of the samples and labels as they were loaded."""

    name: str
    spacecraft: str
    source: str
    columns: tuple[int, ...]
    sha256: Digest


class ThresholdRecord(_Part):
    """The threshold: `value` in `unit`, by a rule with one parameter; `code` is what the firmware compares.

    For example the rule "sigmas": ``value = train_mean + parameter * train_sigma`` of the training windows' scores.
    """

    kind: Literal["deviation", "error", "margin"]
    rule: str
    parameter: float
    unit: str
    value: float
    code: int
    train_mean: float
    train_sigma: float


class ScalerRecord(_Part):
    """``x = raw * gain + offset``, for each feature, as real numbers; the exact codes are in the QONNX file."""

    gain: tuple[float, ...]
    offset: tuple[float, ...]


class ProvenanceRecord(_Part):
    """What the bundle was made with: the same of all gives the same bytes."""

    seed: int
    versions: dict[str, str]
    config_sha256: Digest


class Manifest(_Part):
    """The whole manifest."""

    format: Literal["hw_trigger bundle"] = FORMAT
    version: Literal[2] = VERSION
    name: str
    channel: ChannelRecord
    threshold: ThresholdRecord
    scaler: ScalerRecord
    formats: dict[str, str]
    program_sha256: Digest
    provenance: ProvenanceRecord
    files: dict[str, Digest]


def to_text(manifest: Manifest) -> str:
    """Return the manifest as JSON text."""
    return json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def from_text(text: str, what: str) -> Manifest:
    """Read a manifest back; `what` names the file in errors.

    Raises
    ------
    BundleError
        It is not JSON, no manifest, of another version, or damaged.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise BundleError(f"{what} is not JSON: {error}") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise BundleError(f"{what} is no manifest of a bundle: its 'format' must be {FORMAT!r}")
    if values.get("version") != VERSION:
        raise BundleError(
            f"{what} has version {values.get('version')!r}, and this release reads {VERSION}; train again: hw-trigger qat"
        )
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        raise BundleError(f"{what} is damaged: {first_problem(error)}") from error
