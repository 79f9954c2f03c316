"""What FPGAs have: the database of parts, and how a part is found under the names that tools and people give it.

The figures are in ``parts.json``, each with the document that publishes it and what it was compared with. An Alveo card's are
those of its whole die, as Vivado and HLS count them; its shell takes some of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from hw_trigger.errors import UserError, nearest

FIGURES: Final = ("dsp", "bram18", "uram", "lut", "ff")
"""The resources of a part, as attributes of :class:`Part`."""

DSPS: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("Spartan-7", "Artix-7", "Kintex-7", "Virtex-7", "Zynq-7000"), "DSP48E1")
    | dict.fromkeys(
        (
            "Kintex UltraScale",
            "Virtex UltraScale",
            "Artix UltraScale+",
            "Kintex UltraScale+",
            "Virtex UltraScale+",
            "Zynq UltraScale+",
            "Zynq UltraScale+ RFSoC",
        ),
        "DSP48E2",
    )
    | {"Versal": "DSP58"}
)
"""The kind of DSP slice of each family."""

MULTIPLIERS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"DSP48E1": (25, 18), "DSP48E2": (27, 18), "DSP58": (27, 24)}
)
"""Widths of the two signed operands of a DSP's multiplier (AMD UG479, UG579, AM004)."""

PACKAGE = re.compile(r"[-_].*|[a-z]{3,5}\d{3,4}(-.*)?")
"""What follows the device in a part's name: ``-flga2577-2-e``, ``clg400-1``, ``_CIV-flga2577-2-e``; never another digit."""

GRADE = re.compile(r"-(\d[a-z]{0,3})(?=-|$)")
MAKERS = ("alveo", "kria", "amd", "xilinx")


class UnknownPartError(UserError):
    """A part that is neither in the database nor in the configuration."""


@dataclass(frozen=True)
class Source:
    """Where a figure is from.

    Attributes
    ----------
    document
        The data sheet that publishes it, or for a user's own part what the user says.
    checks
        What it was compared with and agrees with. None: it was taken from memory, and waits to be compared.
    """

    document: str
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One device.

    Attributes
    ----------
    name
        The device, without package and speed grade, for example ``"xcvu13p"``.
    family
        One of :data:`DSPS`.
    dsp, bram18, uram, lut, ff
        DSP slices; block RAMs of 18 Kbit (data sheets and Vivado count pairs of them, 36 Kbit); UltraRAMs of 288 Kbit; LUTs of
        six inputs; flip-flops.
    speed_grades
        As in part names, for example ``"2"`` and ``"2LV"``; higher is faster.
    typical_clock_ns, typical_clock_reason
        Clock period, in nanoseconds, that designs such as ours usually run at, and whose it is.
    full_name
        A name with package and speed grade, which vendors' tools take.
    boards
        By the name of the board, the full name of the part on it.
    sources
        By each of :data:`FIGURES` and ``"speed_grades"``.
    """

    name: str
    family: str
    dsp: int
    bram18: int
    uram: int
    lut: int
    ff: int
    speed_grades: tuple[str, ...]
    typical_clock_ns: float
    typical_clock_reason: str
    full_name: str
    boards: Mapping[str, str] = field(hash=False)
    sources: Mapping[str, Source] = field(hash=False, repr=False)

    @property
    def dsp_type(self) -> str:
        """Kind of its DSP slices, for example ``"DSP48E2"``."""
        return DSPS[self.family]

    @property
    def multiplier(self) -> tuple[int, int]:
        """Widths of the two signed operands of a DSP's multiplier: see :data:`MULTIPLIERS`."""
        return MULTIPLIERS[self.dsp_type]


@dataclass(frozen=True)
class Match:
    """What a name stands for.

    Attributes
    ----------
    part
        The device.
    full_name
        The name that vendors' tools take: the one that was looked up, or that of the board's part, or, where only a device was
        named, :attr:`Part.full_name`.
    speed_grade
        As the full name has it; ``None`` where it has none.
    """

    part: Part
    full_name: str
    speed_grade: str | None


@dataclass(frozen=True)
class Database:
    """Parts by their names, in the order of the names."""

    parts: tuple[Part, ...]

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    def match(self, name: str) -> Match | None:
        """Return what a part such as ``"xcvu13p-flga2577-2-e"`` or ``"xc7z020clg400-1"``, a device or a board's name stands for.

        Case does not matter, nor do spaces and dashes in a board's name, which may have its maker in front: ``"PYNQ-Z2"``,
        ``"zcu104"``, ``"alveo-u250"``. The leading ``xc``, which old reports leave out, may be missing. ``None``: not known.
        """
        if (board := self._boards.get(board_key(name))) is not None:
            return _match(*board)
        text = name.strip()
        for candidate in (text, f"xc{text}"):
            for part in self._longest_first:
                if (rest := _after(part.name, candidate.lower())) is not None:
                    return _match(part, candidate if rest else part.full_name)
        return None

    def find(self, name: str) -> Part | None:
        """Return the device that :meth:`match` finds; ``None`` for an unknown one."""
        found = self.match(name)
        return None if found is None else found.part

    def resolve(self, name: str) -> Match:
        """Return what :meth:`match` finds.

        Raises
        ------
        UnknownPartError
            There is no such part. The message names the nearest, and says how to add one.
        """
        found = self.match(name)
        if found is None:
            names = [part.name for part in self.parts]
            boards = sorted(board for part in self.parts for board in part.boards)
            device = name.strip().lower()
            near = nearest(device.split("-")[0], names) or nearest(device, [board.lower() for board in boards])
            raise UnknownPartError(
                f"the part {name!r} is not known{near}; known are {', '.join(names)}, and the boards {', '.join(boards)}; "
                "others can be added to the configuration, under parts"
            )
        return found

    @cached_property
    def _longest_first(self) -> tuple[Part, ...]:
        return tuple(sorted(self.parts, key=lambda part: -len(part.name)))

    @cached_property
    def _boards(self) -> dict[str, tuple[Part, str]]:
        return {board_key(name): (part, full) for part in self.parts for name, full in part.boards.items()}


def board_key(name: str) -> str:
    """Return a board's name as it is compared: letters and digits in lower case, without the maker's name in front."""
    key = re.sub(r"[^a-z0-9]", "", name.lower())
    for maker in MAKERS:
        key = key.removeprefix(maker)
    return key


def _after(device: str, text: str) -> str | None:
    """Return what `text` has after the device's name: empty, or package and speed grade; ``None`` if it is another device's."""
    rest = text.removeprefix(device)
    return rest if text.startswith(device) and (not rest or PACKAGE.fullmatch(rest)) else None


def _match(part: Part, full_name: str) -> Match:
    grade = GRADE.search(full_name.lower().removeprefix(part.name))
    return Match(part, full_name, None if grade is None else grade[1].upper())


@lru_cache(maxsize=1)
def known_parts() -> Database:
    """Return the parts in the data file."""
    data = json.loads(files("hw_trigger.parts").joinpath("parts.json").read_text("utf-8"))

    def source(entry: Mapping[str, Any]) -> Source:
        return Source(data["documents"][entry["document"]], tuple(data["checks"][check] for check in entry["checked"]))

    def part(name: str, entry: Mapping[str, Any]) -> Part:
        return Part(
            name=name,
            family=entry["family"],
            **{figure: entry[figure]["value"] for figure in FIGURES},
            speed_grades=tuple(entry["speed_grades"]["value"]),
            typical_clock_ns=entry["typical_clock_ns"]["value"],
            typical_clock_reason=entry["typical_clock_ns"]["reason"],
            full_name=entry["full_name"],
            boards=entry["boards"],
            sources={figure: source(entry[figure]) for figure in (*FIGURES, "speed_grades")},
        )

    return Database(tuple(part(name, entry) for name, entry in data["parts"].items()))


def find_part(name: str) -> Part | None:
    """Return the device that a name in the data file stands for; ``None`` for an unknown one. See :meth:`Database.match`."""
    return known_parts().find(name)
