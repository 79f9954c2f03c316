"""The text of one report, and the error that tells what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from hw_trigger.errors import UserError
from hw_trigger.vendor.records import Resources

_UNTOLD = frozenset({"", "-", "?", "NA", "N/A", "undef"})
_ROUNDED = re.compile(r"\d+(\.\d+)?e\+?\d+")


class VendorReportError(UserError):
    """A vendor report is missing, cut short, foreign, or does not belong to the others."""


class NoReportsError(VendorReportError):
    """There is no vendor report at all: nothing was synthesized yet."""


@dataclass(frozen=True)
class Source:
    """A report's path, for messages, and its text."""

    path: Path
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without what ends them."""
        return self.text.splitlines()

    def error(self, problem: str) -> VendorReportError:
        """Return the error that names the file and what is wrong with it."""
        return VendorReportError(f"{self.path}: {problem}")

    def incomplete(self, what: str) -> VendorReportError:
        """Return the error of a file that lacks `what`."""
        return self.error(f"{what} is missing or cut short; write the report again, or copy the whole file")

    def capture(self, pattern: str, what: str) -> str:
        """Return the first group of the first match; of a line, to the end, so that none is taken that is cut short.

        Raises
        ------
        VendorReportError
            Nothing matches.
        """
        found = re.search(pattern, self.text, re.MULTILINE)
        if found is None:
            raise self.incomplete(what)
        return str(found[1]).strip()

    def integer(self, text: str, what: str) -> int | None:
        """Return a whole number, or ``None`` where the tool does not tell it.

        A number in exponential notation is rounded, and so not told.

        Raises
        ------
        VendorReportError
            The text is something else.
        """
        text = text.strip()
        if text in _UNTOLD or _ROUNDED.fullmatch(text):
            return None
        if not re.fullmatch(r"\d+", text, re.ASCII):
            raise self.error(f"{what} is {text!r}; a whole number is expected")
        return int(text)

    def number(self, text: str, what: str) -> float | None:
        """Return a number without its unit (ns), or ``None`` where the tool does not tell it.

        Raises
        ------
        VendorReportError
            The text is something else.
        """
        text = text.strip().removesuffix("ns").strip()
        if text in _UNTOLD:
            return None
        if not re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII):
            raise self.error(f"{what} is {text!r}; a number is expected")
        return float(text)


# What the reports call a resource: BRAM is counted in units of 18 Kbit in all of them (export: RAMB18 + 2 RAMB36).
_NAMES = {
    "DSP": "dsp",
    "DSP48E": "dsp",
    "BRAM_18K": "bram18",
    "BRAM": "bram18",
    "URAM": "uram",
    "LUT": "lut",
    "FF": "ff",
}


def named_resources(figures: Mapping[str, int | None]) -> Resources:
    """Return the resources among figures by the report's names for them."""
    return replace(Resources(), **{_NAMES[name]: figure for name, figure in figures.items() if name in _NAMES})


def read_source(path: Path) -> Source:
    """Read a report.

    Raises
    ------
    VendorReportError
        It cannot be read, or is empty.
    """
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise VendorReportError(f"the vendor report {path} cannot be read: {error.strerror}") from error
    if not text.strip():
        raise VendorReportError(f"{path}: the file is empty; a vendor report is expected")
    return Source(path, text)
