"""The suggestion that errors about unknown names carry."""

from __future__ import annotations

import pytest

from hw_trigger.errors import UserError, nearest


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("chanel", ["channel", "model", "quant"], "; did you mean 'channel'?"),
        ("S-2", ["S-1", "A-1", "E-8"], "; did you mean 'S-1'?"),
        ("lstm46", ["lstm64", "lstm16"], "; did you mean 'lstm64'?"),
        ("colour", ["channel", "model"], ""),
        ("channel", [], ""),
    ],
)
def test_nearest(name: str, known: list[str], expected: str) -> None:
    assert nearest(name, known) == expected
    assert nearest(name, iter(known)) == expected


def test_user_errors_are_not_bugs() -> None:
    assert issubclass(UserError, Exception)
    assert not issubclass(UserError, ValueError | OSError | RuntimeError)
