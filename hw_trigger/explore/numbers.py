"""Whole numbers as a sweep lists them: single ones, and ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hw_trigger.errors import UserError

_RANGE = re.compile(r"(\d+)\.\.(\d+)(?:([+*])(\d+))?")

MOST = 1_000_000
"""The greatest number that a list may hold."""


class NumbersError(UserError):
    """A text that is neither a number nor a range of them."""


def whole_numbers(key: str, items: Iterable[int | str]) -> tuple[int, ...]:
    """Return the numbers of a list, each once, in the order given.

    Parameters
    ----------
    key
        Names the list in an error.
    items
        Numbers of at least 1, and ranges with both ends: ``"1..64"``, ``"8..64+8"`` with a step, ``"1..64*2"`` with a ratio.

    Raises
    ------
    NumbersError
        One of them is neither.
    """
    found: dict[int, None] = {}
    for item in items:
        found |= dict.fromkeys(_numbers(key, item))
    return tuple(found)


def _numbers(key: str, item: int | str) -> Iterable[int]:
    text = str(item)
    match = re.fullmatch(_RANGE, text)
    first, last, sign, by = match.groups() if match else (text, text, None, None)
    if not first.isdecimal() or not 1 <= int(first) <= int(last) <= MOST:
        raise _error(key, item)
    low, high, step = int(first), int(last), int(by or 1)
    if sign != "*":
        if step < 1:
            raise _error(key, item)
        return range(low, high + 1, step)
    if step < 2:
        raise _error(key, item)
    numbers = [low]
    while numbers[-1] * step <= high:
        numbers.append(numbers[-1] * step)
    return numbers


def _error(key: str, item: int | str) -> NumbersError:
    return NumbersError(
        f"the sweep's {key} has {item!r}, and each must be a whole number of 1 to {MOST} or a range of them: '1..64', "
        "'8..64+8' with a step, '1..64*2' with a ratio"
    )
