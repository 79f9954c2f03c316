"""A schedule is read back as it was written, and a damaged one is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.programs import random_program

from hw_trigger.rtl.plan import plan
from hw_trigger.rtl.schedule import ScheduleError
from hw_trigger.rtl.schedule_file import from_text, to_text

SCHEDULE = plan(random_program(1), 16, channels=3, pack=False)


def test_read_back() -> None:
    assert from_text(to_text(SCHEDULE)) == SCHEDULE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "x"}, "the document is no schedule: its 'format' must be 'hw_trigger RTL schedule'"),
        ({"version": 2}, "the schedule has version 2, and this release reads 1"),
        (
            {"channels": "3"},
            "the schedule is damaged: 'channels' must be a whole number, 'pack' a bool, 'layers' a mapping",
        ),
        (
            {"layers": {"a": {"state": [1, 1]}}},
            "the schedule is damaged: layer 'a' must have exactly 'input' and 'state', or exactly 'product'",
        ),
        (
            {"layers": {"a": {"product": [1, 0]}}},
            "the schedule is damaged: product 'a.product' must be rows and columns, 1 or more each, not [1, 0]",
        ),
    ],
)
def test_damaged(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        from_text(json.dumps(json.loads(to_text(SCHEDULE)) | change))
    assert str(caught.value) == message


def test_no_json() -> None:
    with pytest.raises(ScheduleError, match=r"^the schedule is not JSON: Expecting value: line 1 column 1 \(char 0\)$"):
        from_text("")
