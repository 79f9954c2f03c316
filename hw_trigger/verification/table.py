"""The verification table: each pair of executors, tensor by tensor, code for code.

There is no tolerance. And a comparison counts as proof only if the codes vary: two executors that both give a constant agree,
and show nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError

FORMAT = "hw_trigger verification table"
VERSION = 1

_AXES = {1: ("window",), 2: ("window", "unit"), 3: ("window", "step", "unit")}


class VerificationFileError(UserError):
    """A recorded verification table that is damaged, or of a version that is not known."""


@dataclass(frozen=True)
class Comparison:
    """Two executors' codes of one tensor.

    Attributes
    ----------
    tensor
        For example ``"reconstruction"``, ``"score"``, or a layer's name.
    first, second
        The executors, for example ``"golden"`` and ``"C-sim"``.
    windows, codes
        Windows compared, and codes in all of them.
    mismatches
        Codes that differ.
    distinct
        Distinct values among the first executor's codes.
    first_difference
        Where the first mismatch is, counted from 0, and both codes; ``None`` where there is none.
    """

    tensor: str
    first: str
    second: str
    windows: int
    codes: int
    mismatches: int
    distinct: int
    first_difference: str | None

    @property
    def note(self) -> str | None:
        """Why the comparison is no proof; ``None`` where it is one."""
        if self.mismatches:
            return f"differs: {self.first_difference}"
        if not self.codes:
            return "nothing was compared"
        if self.distinct < 2:
            return "a constant output proves nothing"
        return None

    @property
    def ok(self) -> bool:
        """All codes are equal, and they vary."""
        return self.note is None


@dataclass(frozen=True)
class Pair:
    """All comparisons of two executors on the same windows, taken together.

    Attributes
    ----------
    tensors
        Names of what was compared.
    codes, mismatches
        In all tensors.
    distinct
        Distinct values in the tensor that has the most.
    note
        Why they are no proof, for the first tensor of which that is so; ``None`` where all are.
    """

    first: str
    second: str
    windows: int
    tensors: tuple[str, ...]
    codes: int
    mismatches: int
    distinct: int
    note: str | None


@dataclass(frozen=True)
class VerificationTable:
    """All comparisons of one run, in the order in which they are shown."""

    comparisons: tuple[Comparison, ...]

    @property
    def ok(self) -> bool:
        """There are comparisons, and every one is a proof."""
        return bool(self.comparisons) and all(comparison.ok for comparison in self.comparisons)

    @property
    def notes(self) -> tuple[str, ...]:
        """Which comparisons are no proof, and why."""
        return tuple(
            f"{item.tensor}, {item.first} and {item.second}: {item.note}"
            for item in self.comparisons
            if item.note is not None
        )

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The comparisons by pair of executors and number of windows, in the order of the first one of each."""
        groups: dict[tuple[str, str, int], list[Comparison]] = {}
        for item in self.comparisons:
            groups.setdefault((item.first, item.second, item.windows), []).append(item)
        return tuple(
            Pair(
                *key,
                tensors=tuple(item.tensor for item in items),
                codes=sum(item.codes for item in items),
                mismatches=sum(item.mismatches for item in items),
                distinct=max(item.distinct for item in items),
                note=next((f"{item.tensor}: {item.note}" for item in items if item.note is not None), None),
            )
            for key, items in groups.items()
        )

    @property
    def codes(self) -> int:
        """Codes compared, in all pairs together."""
        return sum(comparison.codes for comparison in self.comparisons)

    @property
    def mismatches(self) -> int:
        """Codes that differ, in all pairs together."""
        return sum(comparison.mismatches for comparison in self.comparisons)

    def to_dict(self) -> dict[str, Any]:
        """Return the table fit for JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "ok": self.ok,
            "codes": self.codes,
            "mismatches": self.mismatches,
            "notes": list(self.notes),
            "comparisons": [asdict(comparison) for comparison in self.comparisons],
        }

    @classmethod
    def from_dict(cls, document: Any) -> VerificationTable:
        """Read a table back; what follows from the comparisons is not read, but follows again.

        Raises
        ------
        VerificationFileError
            The document is not a table, damaged, or of another version.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise VerificationFileError(f"the document is no verification table: its 'format' must be {FORMAT!r}")
        if document.get("version") != VERSION:
            raise VerificationFileError(
                f"the verification table has version {document.get('version')!r}, and this release reads {VERSION}"
            )
        entries = document.get("comparisons")
        if not isinstance(entries, list):
            raise VerificationFileError("the verification table is damaged: 'comparisons' must be a list")
        return cls(tuple(_read(index, entry) for index, entry in enumerate(entries)))


def compare(tensor: str, first: tuple[str, NDArray[Any]], second: tuple[str, NDArray[Any]]) -> Comparison:
    """Compare two executors' codes of a tensor.

    Parameters
    ----------
    first, second
        Name of the executor and its codes, integers or bool, of equal shape ``(windows,)``, ``(windows, units)`` or
        ``(windows, steps, units)``.

    Raises
    ------
    ValueError
        The shapes differ, or the arrays are not of integers: the caller's mistake, not a finding.
    """
    (name, codes), (other_name, other_codes) = first, second
    codes, other_codes = np.asarray(codes), np.asarray(other_codes)
    if codes.shape != other_codes.shape or codes.ndim not in {1, 2, 3}:
        raise ValueError(
            f"tensor {tensor!r}: {name} gives the shape {codes.shape} and {other_name} {other_codes.shape}; "
            "equal shapes of 1 to 3 axes are needed"
        )
    for executor, array in ((name, codes), (other_name, other_codes)):
        if array.dtype.kind not in "iub":
            raise ValueError(f"tensor {tensor!r}: {executor} gives {array.dtype}, and integer codes are needed")
    differs = codes != other_codes
    return Comparison(
        tensor=tensor,
        first=name,
        second=other_name,
        windows=len(codes),
        codes=int(codes.size),
        mismatches=int(np.count_nonzero(differs)),
        distinct=len(np.unique(codes)),
        first_difference=_first_difference(differs, codes, other_codes),
    )


def _first_difference(differs: NDArray[np.bool_], codes: NDArray[Any], other_codes: NDArray[Any]) -> str | None:
    """Name the place of the first mismatch and the two codes there."""
    if not differs.any():
        return None
    index = tuple(int(k) for k in np.unravel_index(int(np.argmax(differs)), differs.shape))
    place = ", ".join(f"{axis} {k}" for axis, k in zip(_AXES[differs.ndim], index, strict=True))
    return f"{place}: {int(codes[index])} and {int(other_codes[index])}"


def _read(index: int, entry: Any) -> Comparison:
    """Read one comparison, and refuse what no comparison gives."""
    names = [field.name for field in fields(Comparison)]
    if not isinstance(entry, dict) or set(entry) != set(names):
        raise VerificationFileError(
            f"the verification table is damaged: comparison {index} must have exactly the keys {', '.join(names)}"
        )
    for name, value in entry.items():
        if name in {"tensor", "first", "second"}:
            good, wanted = isinstance(value, str), "a text"
        elif name == "first_difference":
            good, wanted = value is None or isinstance(value, str), "a text or null"
        else:
            good, wanted = type(value) is int and value >= 0, "a whole number, 0 or more"
        if not good:
            raise VerificationFileError(
                f"the verification table is damaged: {name!r} of comparison {index} must be {wanted}, not {value!r}"
            )
    return Comparison(**entry)
