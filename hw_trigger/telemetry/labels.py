"""The label file of the original layout, ``labeled_anomalies.csv``.

A row holds a channel's name, its spacecraft, the labelled ranges as ``[[first, last], ...]`` with both ends inclusive, a
class for each range as ``[point, contextual, ...]``, and the length of the test data. Source: Hundman et al., KDD 2018.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from dataclasses import dataclass

from hw_trigger.errors import UserError
from hw_trigger.telemetry.channel import Interval

LABEL_FILE = "labeled_anomalies.csv"

COLUMNS = ("chan_id", "spacecraft", "anomaly_sequences", "class", "num_values")

KNOWN_REPEATS = {"P-2": frozenset({(5350, 6575), (5300, 6420)})}
"""Channels that the original label file names in two rows with overlapping ranges, and those ranges (first, last).

Exactly these are merged. In any other file a second row or an overlap is a contradiction, and refused.
"""


class LabelError(UserError):
    """A label file that cannot be read, or that contradicts itself or the data."""


@dataclass(frozen=True)
class ChannelLabels:
    """What the label file says of one channel: `anomalies` in the order of time, `num_values` samples of test data."""

    name: str
    spacecraft: str
    anomalies: tuple[Interval, ...]
    num_values: int


def read_labels(content: bytes, where: str) -> dict[str, ChannelLabels]:
    """Read a label file; `where` names it in errors.

    Returns
    -------
    dict
        The labels of each channel by its name, in the order of the file.

    Raises
    ------
    LabelError
        The file is no CSV file with the needed columns, a row cannot be read, names a channel again, or has ranges that are
        reversed, repeated, overlapping or outside the test data. The message names the line.
    """
    found: dict[str, ChannelLabels] = {}
    for line, row in _rows(content, where):
        labels = _read_row(row, f"{where}, line {line}")
        if labels.name in found:
            labels = _merge(found[labels.name], labels, f"{where}, line {line}")
        found[labels.name] = labels
    return found


def _rows(content: bytes, where: str) -> list[tuple[int, dict[str, str]]]:
    """Split the file into rows of named fields, each with its line number."""
    try:
        # newline="": the csv module itself reads "\n" and "\r\n", and both occur in copies of the original.
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        lines = [(reader.line_num, fields) for fields in reader if fields]
    except (UnicodeDecodeError, csv.Error) as error:
        raise LabelError(f"{where} is not a CSV file in UTF-8: {error}") from error
    header = lines[0][1] if lines else []
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise LabelError(f"{where} lacks the columns {', '.join(missing)}; it must have {', '.join(COLUMNS)}")
    for line, fields in lines[1:]:
        if len(fields) != len(header):
            raise LabelError(f"{where}, line {line}: {len(fields)} fields, and the header has {len(header)}")
    return [(line, dict(zip(header, fields, strict=True))) for line, fields in lines[1:]]


def _read_row(row: dict[str, str], where: str) -> ChannelLabels:
    """Read one row, and refuse what contradicts itself."""
    name = row["chan_id"].strip()
    if not name:
        raise LabelError(f"{where}: the channel has no name (chan_id)")
    where = f"{where} (channel {name!r})"
    count = row["num_values"].strip()
    if not (count.isascii() and count.isdigit() and len(count) < 19 and int(count) > 0):
        raise LabelError(f"{where}: num_values is {count!r}, and the number of test samples is needed, 1 or more")
    ranges = _read_ranges(row["anomaly_sequences"], where)
    kinds = [
        kind.strip() for kind in row["class"].strip().removeprefix("[").removesuffix("]").split(",") if kind.strip()
    ]
    if len(kinds) != len(ranges):
        raise LabelError(f"{where}: {len(ranges)} ranges and {len(kinds)} classes, and each range needs one")
    _check_ranges(ranges, int(count), where)
    # Both ends are inclusive in the file, and half-open here.
    anomalies = sorted(
        (Interval(first, last + 1, kind) for (first, last), kind in zip(ranges, kinds, strict=True)),
        key=lambda anomaly: anomaly.start,
    )
    return ChannelLabels(name, row["spacecraft"].strip(), tuple(anomalies), int(count))


def _read_ranges(text: str, where: str) -> list[tuple[int, int]]:
    """Read ``[[first, last], ...]``."""
    try:
        pairs = json.loads(text)
        # type(), as a bool is an int too.
        if type(pairs) is list and all(type(end) is int for pair in pairs for end in pair):
            return [(first, last) for first, last in pairs]
    except (ValueError, TypeError, RecursionError):
        pass
    raise LabelError(f"{where}: anomaly_sequences is {text!r}, and '[[first, last], ...]' in integers is needed")


def _check_ranges(ranges: list[tuple[int, int]], count: int, where: str) -> None:
    """Refuse ranges that are reversed, outside the data, repeated or overlapping."""
    for first, last in ranges:
        if first > last:
            raise LabelError(f"{where}: the range [{first}, {last}] is reversed; the first sample comes first")
        if first < 0 or last >= count:
            raise LabelError(f"{where}: the range [{first}, {last}] is outside the test data, samples 0 to {count - 1}")
    ordered = sorted(ranges)
    for one, other in itertools.pairwise(ordered):
        if one == other:
            raise LabelError(f"{where}: the range [{one[0]}, {one[1]}] is there twice; remove one")
        if other[0] <= one[1]:
            raise LabelError(
                f"{where}: the ranges [{one[0]}, {one[1]}] and [{other[0]}, {other[1]}] overlap; make them one range"
            )


def _merge(earlier: ChannelLabels, later: ChannelLabels, where: str) -> ChannelLabels:
    """Join the two rows of a known repetition, and refuse any other."""
    anomalies = sorted((*earlier.anomalies, *later.anomalies), key=lambda anomaly: anomaly.start)
    ranges = [(anomaly.start, anomaly.stop - 1) for anomaly in anomalies]
    known = KNOWN_REPEATS.get(later.name, frozenset())
    same = (earlier.spacecraft, earlier.num_values) == (later.spacecraft, later.num_values)
    if not same or len(ranges) != len(known) or set(ranges) != known:
        raise LabelError(
            f"{where} (channel {later.name!r}): the channel has a row already; give it one row with all its ranges"
        )
    joined: list[Interval] = []
    for anomaly in anomalies:
        if joined and anomaly.start <= joined[-1].stop:
            before = joined.pop()
            joined.append(Interval(before.start, max(before.stop, anomaly.stop), before.kind))
        else:
            joined.append(anomaly)
    return ChannelLabels(later.name, later.spacecraft, tuple(joined), later.num_values)
