"""A stream's state as a row of a table: integers, JSON and a hash over all of it. Reading one trusts nothing.

Samples are little-endian integers of the least width that holds them, so that a row is small: it is written at each request.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from hw_trigger.files import sha256_bytes
from hw_trigger.fixedpoint.decision import STATE
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.streams.state import LastRequest, StoredStreamError, StreamState

_WIDTHS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Row:
    """The columns of a stream.

    Attributes
    ----------
    samples
        Codes of the newest samples, one after another.
    record
        Everything else, as JSON.
    digest
        SHA-256 of the names of model and channel, of `samples` and of `record`.
    """

    samples: bytes
    record: str
    digest: str


def to_row(model: str, channel: str, state: StreamState) -> Row:
    """Return a stream's state as a row."""
    width = _least_width(state.samples)
    samples = state.samples.astype(f"<i{width}").tobytes()
    record = json.dumps(
        {
            "program": state.sha256,
            "count": state.count,
            "shape": state.samples.shape,
            "width": width,
            "trigger": None if state.trigger is None else state.trigger.tolist(),
            "last": _last_record(state.last),
        },
        separators=(",", ":"),
    )
    return Row(samples, record, _digest(model, channel, samples, record))


def from_row(model: str, channel: str, row: Row) -> StreamState:
    """Return the state that a row holds.

    Raises
    ------
    StoredStreamError
        The row is damaged: its hash is another, or it is no state.
    """
    try:
        if _digest(model, channel, row.samples, row.record) != row.digest:
            raise ValueError("its hash is not that of its content")
        return _state(row.samples, json.loads(row.record))
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError, RecursionError) as error:
        raise StoredStreamError(
            f"what is stored of channel {channel!r} of model {model!r} is damaged ({error}); reset the channel to begin it again"
        ) from error


def _digest(model: str, channel: str, samples: bytes, record: str) -> str:
    parts = [model.encode(), channel.encode(), samples, record.encode()]
    return sha256_bytes(b"".join(len(part).to_bytes(8, "little") + part for part in parts))


def _least_width(codes: Codes) -> int:
    greatest = max(int(codes.max(initial=0)), -1 - int(codes.min(initial=0)))
    return next(width for width in _WIDTHS if greatest < 1 << (8 * width - 1))


def _last_record(last: LastRequest) -> dict[str, Any]:
    return {
        "first": last.first,
        "samples": last.samples,
        "digest": last.digest,
        "variant": last.variant,
        "codes": last.codes.tolist(),
        "triggers": last.triggers.astype(np.int64).tolist(),
        "saturated": last.saturated,
    }


def _state(samples: bytes, record: dict[str, Any]) -> StreamState:
    """Raise any of a handful of errors where the record is none."""
    width = _one_of(record["width"], _WIDTHS)
    held, features = (_whole(size) for size in record["shape"])
    codes = np.frombuffer(samples, f"<i{width}").astype(np.int64).reshape(held, features)
    trigger = record["trigger"]
    if trigger is not None and len(trigger) != len(STATE):
        raise ValueError(f"its trigger remembers {len(trigger)} numbers")
    return StreamState(
        sha256=_text(record["program"]),
        samples=codes,
        count=_whole(record["count"]),
        trigger=None if trigger is None else np.array([_whole(number) for number in trigger], np.int64),
        last=_last(record["last"]),
    )


def _last(record: dict[str, Any]) -> LastRequest:
    codes = np.array([_integer(code) for code in record["codes"]], np.int64)
    triggers = np.array([_one_of(bit, (0, 1)) for bit in record["triggers"]], np.bool_)
    if len(codes) != len(triggers):
        raise ValueError(f"it has {len(codes)} scores and {len(triggers)} trigger bits")
    return LastRequest(
        first=_whole(record["first"]),
        samples=_whole(record["samples"]),
        digest=_text(record["digest"]),
        variant=_text(record["variant"]),
        codes=codes,
        triggers=triggers,
        saturated=_whole(record["saturated"]),
    )


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no integer")
    return value


def _whole(value: object) -> int:
    number = _integer(value)
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number


def _one_of(value: object, allowed: tuple[int, ...]) -> int:
    number = _integer(value)
    if number not in allowed:
        raise ValueError(f"{number} is none of {allowed}")
    return number


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError(f"{value!r} is no text")
    return value
