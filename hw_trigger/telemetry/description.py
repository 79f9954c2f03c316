"""The description of a data set of the user's own: a YAML or JSON file that says what is where.

``docs/data.md`` has examples. All files are named relative to the description's directory.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator

from hw_trigger.errors import UserError, nearest
from hw_trigger.telemetry.archive import UNLABELLED
from hw_trigger.telemetry.channel import CHANNEL_NAME
from hw_trigger.telemetry.recording import Boundary, moment
from hw_trigger.telemetry.tables import SUFFIXES

DESCRIPTIONS: Final = ("dataset.yaml", "dataset.yml", "dataset.json")
"""What a description is called where ``data.path`` is the directory that it is in."""

PARTS: Final = ("train", "test")

ANOMALY: Final = "anomaly"
"""The kind of an anomaly that is given none."""

_Model = TypeVar("_Model", bound=BaseModel)

_RANGES = "a file, or a list of [first, last] or [first, last, kind], in sample numbers or in times"


class DescriptionError(UserError):
    """A description that cannot be read, or that says what cannot be."""


End = int | np.datetime64
"""An end of a range: a sample's number or a time."""

Range = tuple[End, End, str]
"""First and last sample of an anomaly, both inclusive, and its kind."""


def _time(value: object) -> np.datetime64 | None:
    """Return a time, None for what is none."""
    try:
        return moment(value) if isinstance(value, str | date | datetime) else None
    except ValueError:
        return None


def _end(value: object) -> End:
    if type(value) is int:
        return value
    if (found := _time(value)) is not None:
        return found
    raise ValueError(f"{value!r} is neither a sample's number nor a time such as 2024-03-01T12:00:00")


def _boundary(value: object) -> Boundary:
    if type(value) is float and 0 < value < 1:
        return value
    if type(value) is int and value > 0:
        return value
    if (found := _time(value)) is not None:
        return found
    raise ValueError(
        "must be the first test sample's number, a share between 0 and 1, or a time such as 2024-03-01T12:00:00"
    )


def _column(value: object) -> str | int:
    if type(value) is int or isinstance(value, str):
        return value
    raise ValueError("must be a column's name or its number, from 0")


def _anomalies(value: object) -> tuple[Range, ...] | Path:
    if isinstance(value, str):
        return Path(value)
    if not isinstance(value, list) or not all(isinstance(item, list) and len(item) in (2, 3) for item in value):
        raise ValueError(f"must be {_RANGES}")
    return tuple(_range(item) for item in value)


def _range(item: list[Any]) -> Range:
    first, last = _end(item[0]), _end(item[1])
    if type(first) is not type(last):
        raise ValueError(f"the range {item} has a sample's number and a time")
    return first, last, str(item[2]) if len(item) == 3 else ANOMALY


Column = Annotated[str | int, PlainValidator(_column)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Entry(BaseModel):
    """What a description says of one channel.

    Attributes
    ----------
    file, boundary
        One file for both parts, and where in it the test data begin; or
    train, test
        a file for each.
    values
        Columns with the values; by default all that are neither timestamp nor label.
    timestamp
        Column with the times; by default the one called ``timestamp`` where there is one.
    label
        Column with 0 and 1, 1 where a sample is anomalous; by default the one called ``label`` where there is one. A
        training file may lack it.
    labels
        In its place a file with a single column of 0 and 1, one for each sample of `file` or `test`; or
    anomalies
        labelled ranges of `file` or `test`, both ends inclusive, or a file with columns ``first``, ``last`` and, where
        wanted, ``kind``.
    resample
        Period in seconds that the recording is resampled to by zero-order hold.
    sample_period
        Seconds between samples, where they are not resampled.
    spacecraft
        The spacecraft's name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    file: Path | None = None
    boundary: Annotated[Boundary, PlainValidator(_boundary)] | None = None
    train: Path | None = None
    test: Path | None = None
    values: Annotated[tuple[Column, ...], Field(min_length=1)] | None = None
    timestamp: Column | None = None
    label: Column | None = None
    labels: Path | None = None
    anomalies: Annotated[tuple[Range, ...] | Path, PlainValidator(_anomalies)] | None = None
    resample: Seconds | None = None
    sample_period: Seconds | None = None
    spacecraft: Annotated[str, Field(min_length=1)] = UNLABELLED

    @model_validator(mode="after")
    def _complete(self) -> Self:
        given = {name for name in ("file", "boundary", *PARTS) if getattr(self, name) is not None}
        if given not in ({"file", "boundary"}, set(PARTS)):
            told = ", ".join(sorted(given)) or "neither"
            raise ValueError(f"needs either file and boundary, or train and test, and has {told}")
        labelled = [name for name in ("label", "labels", "anomalies") if getattr(self, name) is not None]
        if len(labelled) > 1:
            raise ValueError(f"has {' and '.join(labelled)}, and one of them says what is anomalous")
        return self


class Description(BaseModel):
    """A whole description: channels by name, and `defaults` for what a channel does not say itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    defaults: dict[str, Any] = {}
    channels: Annotated[dict[Annotated[str, Field(pattern=CHANNEL_NAME)], dict[str, Any]], Field(min_length=1)]


def read_description(path: Path) -> dict[str, Entry]:
    """Read a description.

    Returns
    -------
    dict
        What it says of each channel, in the order of the file.

    Raises
    ------
    DescriptionError
        It cannot be read, a key is missing or unknown, or a value is not what it should be; all such are named.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))  # JSON is YAML
    except OSError as error:
        raise DescriptionError(f"cannot read {path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise DescriptionError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    description = _checked(Description, content, f"{path}")
    return {
        name: _checked(Entry, {**description.defaults, **entry}, f"{path}, channel {name!r}")
        for name, entry in description.channels.items()
    }


def find_files(path: Path) -> dict[str, Entry]:
    """Return the channels of a directory without a description: ``train/NAME.*`` and ``test/NAME.*``, by name.

    Raises
    ------
    DescriptionError
        A channel has two files in one place, or a name that a run cannot have.
    """
    found: dict[str, dict[str, Path]] = {}
    for part in PARTS:
        for file in sorted((path / part).iterdir()) if (path / part).is_dir() else ():
            if file.suffix not in SUFFIXES or file.name.startswith("."):
                continue
            files = found.setdefault(file.stem, {})
            if part in files:
                raise DescriptionError(
                    f"{path} has two files for channel {file.stem!r}: {files[part]} and {file.relative_to(path)}"
                )
            files[part] = file.relative_to(path)
    channels = {name: files for name, files in sorted(found.items()) if len(files) == len(PARTS)}
    if not channels:
        return {}
    _checked(Description, {"channels": channels}, f"{path}")
    return {name: Entry(**files) for name, files in channels.items()}  # type: ignore[arg-type]


def _checked(kind: type[_Model], content: object, where: str) -> _Model:
    """Validate, and say in one line each what is wrong."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise DescriptionError("\n".join(f"{where}{line}" for line in _wrong(kind, error))) from error


def _wrong(kind: type[BaseModel], error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"] if part != "[key]")
        if item["type"] == "extra_forbidden":
            known = kind.model_fields
            yield f": there is no key {key!r}{nearest(key, known)}; the keys are {', '.join(known)}"
        elif item["type"] == "model_type":
            yield f": a mapping with the key 'channels' is needed, not {item['input']!r}"
        elif item["type"] == "missing":
            yield f": the key {key!r} is missing"
        elif item["type"] == "string_pattern_mismatch":
            yield (
                f": the channel's name {item['input']!r} must have letters, digits, '.', '_' and '-' only, "
                "and begin with a letter or a digit"
            )
        else:
            text = item["msg"].removeprefix("Value error, ")
            yield f": {key}: {text}, not {item['input']!r}" if key else f" {text}"
