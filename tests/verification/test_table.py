"""The table counts what differs, says where, and takes no constant for a proof."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from hw_trigger.verification.table import Comparison, VerificationFileError, VerificationTable, compare

_PROOF = Comparison("x", "a", "b", 1, 1, 0, 1, None)


def _codes() -> NDArray[np.int64]:
    return np.arange(24).reshape(2, 3, 4)


def test_equal_codes_are_a_proof() -> None:
    comparison = compare("reconstruction", ("golden", _codes()), ("C-sim", _codes().astype(np.int32)))
    assert comparison == Comparison("reconstruction", "golden", "C-sim", 2, 24, 0, 24, None)
    assert comparison.ok
    assert comparison.note is None
    assert VerificationTable((comparison,)).ok


def test_a_difference_of_one_code_is_found_and_placed() -> None:
    other = _codes()
    other[1, 2, 3] += 1
    comparison = compare("h", ("golden", _codes()), ("C-sim", other))
    assert comparison.mismatches == 1
    assert comparison.first_difference == "window 1, step 2, unit 3: 23 and 24"
    assert comparison.note == "differs: window 1, step 2, unit 3: 23 and 24"
    table = VerificationTable((compare("x", ("a", _codes()), ("b", _codes())), comparison))
    assert not table.ok
    assert table.mismatches == 1
    assert table.codes == 48
    assert table.notes == ("h, golden and C-sim: differs: window 1, step 2, unit 3: 23 and 24",)


@pytest.mark.parametrize(
    ("first", "second", "place"),
    [
        (np.array([5, 6]), np.array([5, 7]), "window 1: 6 and 7"),
        (np.array([True, False]), np.array([False, False]), "window 0: 1 and 0"),
        (np.array([[1, 2], [3, 4]]), np.array([[1, 0], [0, 4]]), "window 0, unit 1: 2 and 0"),
    ],
)
def test_places_of_vectors_and_scalars(first: NDArray[Any], second: NDArray[Any], place: str) -> None:
    assert compare("t", ("a", first), ("b", second)).first_difference == place


@given(
    arrays(np.int64, (3, 2, 2), elements=st.integers(-5, 5)), arrays(np.int64, (3, 2, 2), elements=st.integers(-5, 5))
)
def test_counts(first: NDArray[np.int64], second: NDArray[np.int64]) -> None:
    pairs = list(zip(first.ravel().tolist(), second.ravel().tolist(), strict=True))
    comparison = compare("t", ("a", first), ("b", second))
    assert comparison.mismatches == sum(a != b for a, b in pairs)
    assert comparison.distinct == len(set(first.ravel().tolist()))
    assert (comparison.first_difference is None) == (comparison.mismatches == 0)


@pytest.mark.parametrize(
    ("codes", "note"),
    [
        (np.full((5, 3), 7), "a constant output proves nothing"),
        (np.empty((0, 3), np.int64), "nothing was compared"),
    ],
)
def test_what_proves_nothing(codes: NDArray[np.int64], note: str) -> None:
    comparison = compare("score", ("golden", codes), ("C-sim", codes))
    assert comparison.mismatches == 0
    assert comparison.note == note
    assert not comparison.ok
    assert not VerificationTable((comparison,)).ok


def test_no_comparison_is_no_proof() -> None:
    assert not VerificationTable(()).ok


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            np.zeros((2, 3), int),
            np.zeros((3, 2), int),
            "tensor 't': a gives the shape (2, 3) and b (3, 2); equal shapes of 1 to 3 axes are needed",
        ),
        (
            np.zeros((), int),
            np.zeros((), int),
            "tensor 't': a gives the shape () and b (); equal shapes of 1 to 3 axes are needed",
        ),
        (np.zeros(2, int), np.zeros(2), "tensor 't': b gives float64, and integer codes are needed"),
    ],
)
def test_refuses_what_cannot_be_compared(first: NDArray[Any], second: NDArray[Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        compare("t", ("a", first), ("b", second))


def _table() -> VerificationTable:
    other = _codes()
    other[0, 0, 0] = -9
    return VerificationTable(
        (compare("x", ("a", _codes()), ("b", other)), compare("y", ("a", _codes()), ("b", _codes())))
    )


def test_survives_json() -> None:
    table = _table()
    document = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert VerificationTable.from_dict(document) == table
    assert document["ok"] is False
    assert document["mismatches"] == 1


def _change(**values: Any) -> dict[str, Any]:
    document = _table().to_dict()
    document["comparisons"][1].update(values)
    return document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the document is no verification table: its 'format' must be 'hw_trigger verification table'"),
        (
            {"format": "x"},
            "the document is no verification table: its 'format' must be 'hw_trigger verification table'",
        ),
        (_table().to_dict() | {"version": 2}, "the verification table has version 2, and this release reads 1"),
        (
            _table().to_dict() | {"comparisons": 3},
            "the verification table is damaged: 'comparisons' must be a list",
        ),
        (
            _change(extra=1),
            f"the verification table is damaged: comparison 1 must have exactly the keys {', '.join(asdict(_PROOF))}",
        ),
        (
            _change(mismatches=-1),
            "the verification table is damaged: 'mismatches' of comparison 1 must be a whole number, 0 or more, not -1",
        ),
        (
            _change(codes=True),
            "the verification table is damaged: 'codes' of comparison 1 must be a whole number, 0 or more, not True",
        ),
        (_change(first=None), "the verification table is damaged: 'first' of comparison 1 must be a text, not None"),
        (
            _change(first_difference=3),
            "the verification table is damaged: 'first_difference' of comparison 1 must be a text or null, not 3",
        ),
    ],
)
def test_refuses_damaged_tables(document: Any, message: str) -> None:
    with pytest.raises(VerificationFileError) as excinfo:
        VerificationTable.from_dict(document)
    assert str(excinfo.value) == message
