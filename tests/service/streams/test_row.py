"""Rows hold any state exactly, and what is no state is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scorers import LAST, STATE, same_state

from hw_trigger.service.streams.row import Row, _digest, from_row, to_row
from hw_trigger.service.streams.state import StoredStreamError, StreamState

integers = st.integers(-(2**63), 2**63 - 1)


@settings(deadline=None)
@given(
    samples=st.lists(st.lists(integers, min_size=2, max_size=2), max_size=4),
    small=st.integers(0, 62),
    codes=st.lists(st.tuples(integers, st.booleans()), max_size=4),
)
def test_rows_of_any_codes(samples: list[list[int]], small: int, codes: list[tuple[int, bool]]) -> None:
    array = np.array(samples, np.int64).reshape(-1, 2) >> small
    last = replace(
        LAST, codes=np.array([c for c, _ in codes], np.int64), triggers=np.array([t for _, t in codes], bool)
    )
    state = replace(STATE, samples=array, last=last)
    assert same_state(from_row("m", "c", to_row("m", "c", state)), state)


def test_a_row_is_small() -> None:
    state = replace(STATE, samples=np.full((99, 25), -(2**15)))
    assert len(to_row("m", "c", state).samples) == 99 * 25 * 2


@settings(deadline=None)
@given(data=st.data())
def test_a_damaged_row(data: st.DataObject) -> None:
    """Whatever bit is flipped, the row is refused, and nothing else happens."""
    row = to_row("m", "c", STATE)
    column = data.draw(st.sampled_from(["samples", "record", "digest"]))
    content = getattr(row, column)
    encoded = bytearray(content if isinstance(content, bytes) else content.encode())
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= 1 << data.draw(st.integers(0, 6))
    changes: dict[str, Any] = {column: bytes(encoded) if isinstance(content, bytes) else encoded.decode()}
    with pytest.raises(StoredStreamError) as caught:
        from_row("m", "c", replace(row, **changes))
    assert str(caught.value) == (
        "what is stored of channel 'c' of model 'm' is damaged (its hash is not that of its content); "
        "reset the channel to begin it again"
    )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=100)
@given(
    field=st.sampled_from(["program", "count", "shape", "width", "trigger", "last", "first", "codes", "triggers", ""]),
    value=anything,
)
def test_a_row_that_was_made_up(field: str, value: object) -> None:
    """A record with a hash that fits is a state, or refused."""
    row = to_row("m", "c", STATE)
    record = json.loads(row.record)
    if field in record:
        record[field] = value
    elif field:
        record["last"][field] = value
    else:
        record = value
    made_up = to_row_of(row.samples, json.dumps(record))
    with suppress(StoredStreamError):
        assert isinstance(from_row("m", "c", made_up), StreamState)


def to_row_of(samples: bytes, record: str) -> Row:
    return Row(samples, record, _digest("m", "c", samples, record))
