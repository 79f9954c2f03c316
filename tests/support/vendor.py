"""Vendor reports in the repository, and changed copies of them."""

from __future__ import annotations

from pathlib import Path

from hw_trigger.vendor.read import read_report
from hw_trigger.vendor.records import Report
from hw_trigger.vendor.source import Source, VendorReportError

DATA = Path(__file__).parents[1] / "data" / "vendor"
HLS_2018, HLS_2019, VIVADO_2019 = DATA / "vivado_hls_2018", DATA / "vivado_hls_2019", DATA / "vivado_2019"
HLS_2024 = DATA / "vitis_hls_2024"

REPORTS = sorted(path for path in DATA.rglob("*") if path.suffix in {".rpt", ".xml"})

DENSE = "dense_array_ap_fixed_8u_array_ap_fixed_16_6_5_3_0_4u_config2_s"
DENSE_LOOP = "dense_array_ap_fixed_8u_array_ap_fixed_16_6_5_3_0_4u_config2_Pipeline_DotLoop"
RELU = "relu_array_array_ap_ufixed_8_0_4_0_0_4u_relu_config3_s"

GRU_STACK = "gru_stack_ap_fixed_18_8_5_3_0_ap_fixed_18_8_5_3_0_config2_s"


INCOMPLETE = "is missing or cut short; write the report again, or copy the whole file"


def read_or_error(path: Path) -> Report | str:
    """Return a report, or the message of the error that it is refused with."""
    try:
        return read_report(path)
    except VendorReportError as error:
        return str(error)


def edited(path: Path, old: str, new: str) -> Source:
    """Return a report with one place changed; it is a mistake of the test if that is not there."""
    text = path.read_text()
    if old not in text:
        raise ValueError(f"{old!r} is not in {path}")
    return Source(Path("changed.rpt"), text.replace(old, new))
