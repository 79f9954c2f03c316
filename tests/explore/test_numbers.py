"""Lists of whole numbers, with ranges."""

from __future__ import annotations

import re

import pytest

from hw_trigger.explore.numbers import NumbersError, whole_numbers


@pytest.mark.parametrize(
    ("items", "numbers"),
    [
        ((3, 1, 3), (3, 1)),
        (("5", 6), (5, 6)),
        (("1..4",), (1, 2, 3, 4)),
        (("8..30+8",), (8, 16, 24)),
        (("1..64*2",), (1, 2, 4, 8, 16, 32, 64)),
        (("3..80*3",), (3, 9, 27)),
        (("7..7*2", "1..7+3"), (7, 1, 4)),
        ((), ()),
    ],
)
def test_numbers(items: tuple[int | str, ...], numbers: tuple[int, ...]) -> None:
    assert whole_numbers("latent", items) == numbers


@pytest.mark.parametrize(
    "item", [0, -1, "x", "", "4..1", "1..4+0", "1..4*1", "1..", "1..4-1", "1.5", "1..2000000", "²"]
)
def test_what_is_no_number(item: int | str) -> None:
    message = (
        f"the sweep's latent has {item!r}, and each must be a whole number of 1 to 1000000 or a range of them: '1..64', "
        "'8..64+8' with a step, '1..64*2' with a ratio"
    )
    with pytest.raises(NumbersError, match=f"^{re.escape(message)}$"):
        whole_numbers("latent", (1, item))
