"""Any report by its content; missing, foreign and truncated files."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.vendor import DATA, HLS_2018, HLS_2019, HLS_2024, REPORTS, VIVADO_2019, read_or_error

from hw_trigger.errors import UserError
from hw_trigger.vendor.read import read_report
from hw_trigger.vendor.records import (
    CosimReport,
    ExportReport,
    LogicSynthesisReport,
    SynthesisReport,
    TimingReport,
)
from hw_trigger.vendor.source import VendorReportError

KNOWN = (
    "known are the reports of C synthesis (csynth.xml, csynth.rpt, *_csynth.rpt), of co-simulation (*_cosim.rpt), of the export "
    "(*_export.rpt, export_syn and export_impl, .rpt and .xml), and Vivado's report_utilization and report_timing_summary"
)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (HLS_2018 / "csynth.xml", SynthesisReport),
        (HLS_2018 / "mixer_csynth.rpt", SynthesisReport),
        (HLS_2019 / "csynth.xml", SynthesisReport),
        (HLS_2024 / "csynth.rpt", SynthesisReport),
        (HLS_2018 / "mixer_cosim.rpt", CosimReport),
        (HLS_2024 / "tiny_cosim.rpt", CosimReport),
        (HLS_2018 / "mixer_export.rpt", ExportReport),
        (HLS_2018 / "mixer_export.xml", ExportReport),
        (HLS_2024 / "export_syn.rpt", ExportReport),
        (HLS_2024 / "export_impl.rpt", ExportReport),
        (HLS_2024 / "export_impl.xml", ExportReport),
        (VIVADO_2019 / "vivado_synth.rpt", LogicSynthesisReport),
        (HLS_2024 / "vivado_synth.rpt", LogicSynthesisReport),
        (HLS_2024 / "tiny_timing_synth.rpt", TimingReport),
    ],
)
def test_the_content_tells_what_it_is(path: Path, kind: type, tmp_path: Path) -> None:
    renamed = tmp_path / "report.txt"
    renamed.write_bytes(path.read_bytes())
    assert type(read_report(renamed)) is kind
    assert read_report(renamed) == read_report(path)


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_files_of_windows(newline: str, tmp_path: Path) -> None:
    path = HLS_2019 / "myproject_csynth.rpt"
    (tmp_path / "x.rpt").write_bytes(b"\xef\xbb\xbf" + path.read_text().replace("\n", newline).encode())
    assert read_report(tmp_path / "x.rpt") == read_report(path)


def test_missing() -> None:
    with pytest.raises(VendorReportError) as raised:
        read_report(Path("no/csynth.xml"))
    assert str(raised.value) == "the vendor report no/csynth.xml cannot be read: No such file or directory"
    assert issubclass(VendorReportError, UserError)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty; a vendor report is expected"),
        (b" \n\n", "the file is empty; a vendor report is expected"),
        (
            b"\nHello, world\n",
            f"it is no known vendor report, or was cut short; it begins with 'Hello, world'; {KNOWN}",
        ),
        (b"<a><b/></a>", f"an XML file with the root <a> is no known vendor report; {KNOWN}"),
        (
            b"<profile><Perf",
            "it is no whole XML file (unclosed token: line 1, column 9); write the report again, or copy the whole file",
        ),
        (
            b"\x7fELF\x02\x01\x01\x00",
            f"it is no known vendor report, or was cut short; it begins with '\\x7fELF\\x02\\x01\\x01\\x00'; {KNOWN}",
        ),
    ],
)
def test_foreign(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "csynth.xml"
    path.write_bytes(content)
    with pytest.raises(VendorReportError) as raised:
        read_report(path)
    assert str(raised.value) == f"{path}: {problem}"


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: str(path.relative_to(DATA))[:60])
def test_cut_anywhere_it_is_an_error_or_right(path: Path, tmp_path: Path) -> None:
    """A file cut at every line, and within it: either the error that names it, or all that the whole file says."""
    whole, text = read_report(path), path.read_text()
    cut = tmp_path / path.name
    refused = 0
    for place in _places(text):
        cut.write_text(text[:place])
        found = read_or_error(cut)
        if isinstance(found, str):
            assert str(cut) in found
            refused += 1
        else:
            assert found == whole
    assert refused > 0.3 * len(_places(text))  # more than the headings is needed
    assert read_report(path) == whole


def _places(text: str) -> list[int]:
    """Return every place of a short text; of a long one each line's end, and the places around it and in the line's middle."""
    if len(text) < 2000:
        return list(range(len(text)))
    ends = [k for k, letter in enumerate(text) if letter == "\n"]
    inner = [(start + end) // 2 for start, end in zip([0, *ends], ends, strict=False)]
    return sorted(
        {place for end in ends for place in (end - 2, end - 1, end, end + 1) if 0 <= place < len(text)} | {*inner}
    )
