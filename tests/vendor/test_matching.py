"""Names of parts and versions that differ in how they are written."""

from __future__ import annotations

import pytest

from hw_trigger.vendor.matching import release, same_part


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("xcu250-figd2104-2L-e", "xcu250figd2104-2L", True),  # report_utilization of 2019.2
        ("xc7z020-clg484-1", "7z020-clg484", True),  # report_timing_summary of 2024.2
        ("xc7z020-clg484-1", "XC7Z020CLG484-1", True),
        ("xcu250-figd2104-2L-e", "xcu250figd2104-2", True),
        ("xc7z020-clg484-1", "xc7z020clg400-1", False),
        ("xc7z020-clg484-1", "xc7z010clg484-1", False),
    ],
)
def test_parts(one: str, other: str, same: bool) -> None:
    assert same_part(one, other) is same
    assert same_part(other, one) is same


def test_release() -> None:
    assert [release(version) for version in ("2019.2", "2020.2.2", "2024.1")] == ["2019.2", "2020.2", "2024.1"]
