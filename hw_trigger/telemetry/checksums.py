"""The files of the NASA SMAP and MSL data set, known by their SHA-256.

``checksums.json`` beside this module holds the table: for each channel its spacecraft and the hashes of its two arrays, and
the hash of the label file. All are of the original archive ``telemanom/data.zip`` (Hundman et al., KDD 2018).
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources

from hw_trigger.files import sha256_bytes


@dataclass(frozen=True)
class KnownChannel:
    """SHA-256 of a channel's arrays, in hexadecimal."""

    spacecraft: str
    train: str
    test: str


@dataclass(frozen=True)
class KnownFiles:
    """SHA-256 of the label file with line ends normalized, and the channels by name."""

    labels: str
    channels: dict[str, KnownChannel]


@functools.cache
def known_files() -> KnownFiles:
    """Return the packaged table."""
    table = json.loads(resources.files(__package__).joinpath("checksums.json").read_text("utf-8"))
    return KnownFiles(table["labels"], {name: KnownChannel(**channel) for name, channel in table["channels"].items()})


def labels_digest(content: bytes) -> str:
    """Return the SHA-256 of a label file as it is with Unix line ends.

    Of the copies in circulation, one ends its lines in CR LF and lacks the last line's end; what they say is the same.
    """
    lines = content.replace(b"\r\n", b"\n").removesuffix(b"\n")
    return sha256_bytes(lines + b"\n")
