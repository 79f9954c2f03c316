"""Telemetry in the original layout: a directory or a zip file with a label file and one NumPy array a channel and part.

::

    labeled_anomalies.csv
    data/train/<channel>.npy       also train/<channel>.npy, and data/data/train/<channel>.npy
    data/test/<channel>.npy

Nothing is extracted, and arrays are read without pickles.
"""

from __future__ import annotations

import io
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError, nearest
from hw_trigger.files import sha256_bytes
from hw_trigger.telemetry.channel import Channel, Samples, check_columns, check_samples
from hw_trigger.telemetry.checksums import known_files, labels_digest
from hw_trigger.telemetry.labels import LABEL_FILE, ChannelLabels, LabelError, read_labels

Root = Path | zipfile.Path

_T = TypeVar("_T")

ARRAY_FOLDERS = ("data", "", "data/data")
"""Where the folders ``train`` and ``test`` are looked for: in the original, in some copies, in Kaggle's archive."""

UNLABELLED = "unknown"
"""The spacecraft of a channel that has arrays and no row in the label file (T-10 of the original data)."""


class ArchiveError(UserError):
    """A directory or archive that is not there, is damaged, or lacks a file."""


class ArrayFileError(UserError):
    """A file that is no NumPy array."""


class ChecksumError(UserError):
    """A file whose content is not what its SHA-256 says."""


class UnknownChannelError(UserError):
    """A channel that the source does not have."""


@dataclass(frozen=True)
class TelemetryArchive:
    """An opened directory or zip file in the original layout.

    Attributes
    ----------
    path
        The directory or file.
    folder
        Where in it the folders ``train`` and ``test`` are.
    labels
        What its label file says, by channel.
    names
        Channels with both arrays, in the order of the label file, then the unlabelled ones by name.
    verify
        Whether channels of the NASA data must have their known SHA-256.
    """

    path: Path
    folder: str
    labels: dict[str, ChannelLabels]
    names: tuple[str, ...]
    verify: bool

    @property
    def name(self) -> str:
        """The archive's name, for people to read."""
        return f"archive {self.path.name}"

    def channels(self) -> list[str]:
        """Return the names of the channels that can be loaded."""
        return list(self.names)

    def load(self, name: str) -> Channel:
        """Read one channel.

        Raises
        ------
        UnknownChannelError
            The archive has no such channel, or only its labels.
        ArchiveError, ArrayFileError, ChecksumError
            A file is damaged, is no NumPy array, or is not the file that it should be.
        SamplesError
            An array's type or shape is wrong, or it has NaN or infinite values.
        LabelError
            The label file's length of the test data is not theirs.
        """
        if name not in self.names:
            raise UnknownChannelError(self._unknown(name))
        root = _root(self.path)
        parts = {part: self._array(root, part, name) for part in ("train", "test")}
        check_columns(parts["train"], parts["test"], name)
        labels = self.labels.get(name)
        if labels is None:
            known = known_files().channels.get(name) if self.verify else None
            spacecraft = known.spacecraft if known else UNLABELLED
            return Channel(name, spacecraft, parts["train"], parts["test"], (), self.name)
        if labels.num_values != len(parts["test"]):
            raise LabelError(
                f"{LABEL_FILE} in {self.path}: channel {name!r} has num_values {labels.num_values}, "
                f"and its test data have {len(parts['test'])} samples"
            )
        return Channel(name, labels.spacecraft, parts["train"], parts["test"], labels.anomalies, self.name)

    def _array(self, root: Root, part: str, name: str) -> Samples:
        """Read, verify and check one array."""
        member = _member(self.folder, part, f"{name}.npy")
        what = f"{member} in {self.path}"
        content = _read(root, member, self.path)
        known = known_files().channels.get(name) if self.verify else None
        if known is not None:
            expected = known.train if part == "train" else known.test
            check_digest(sha256_bytes(content), expected, what)
        return check_samples(read_array(content, what), what)

    def _unknown(self, name: str) -> str:
        """Say what is missing of a channel that cannot be loaded."""
        if name in self.labels:
            files = " and ".join(_member(self.folder, part, f"{name}.npy") for part in ("train", "test"))
            return f"channel {name!r} is labelled in {self.path}, but its arrays {files} are not both there"
        return f"{self.path} has no channel {name!r}{nearest(name, self.names)}; it has {len(self.names)} channels"


def open_archive(path: Path, *, verify: bool | None = None) -> TelemetryArchive:
    """Open a directory or a zip file in the original layout.

    Parameters
    ----------
    verify
        Whether channels of the NASA data must have their known SHA-256. By default they must where the label file is the
        original one; under other labels, a user's own channel may have the name of one of NASA's.

    Raises
    ------
    ArchiveError
        There is nothing at `path`, it is no directory or zip file, it is damaged, or it lacks the label file or the arrays.
    LabelError
        The label file cannot be read or contradicts itself.
    """
    root = _root(path)
    content = _read(root, LABEL_FILE, path)
    labels = read_labels(content, f"{LABEL_FILE} in {path}")
    for folder in ARRAY_FOLDERS:
        found = [_stems(root, folder, part, path) for part in ("train", "test")]
        if all(found):
            break
    else:
        wanted = ", ".join(_member(folder, "train", "*.npy") for folder in ARRAY_FOLDERS)
        raise ArchiveError(
            f"{path} has no arrays of training and test data; one of {wanted} is needed, and test beside it"
        )
    both = found[0] & found[1]
    names = [name for name in labels if name in both]
    names += sorted(both.difference(names))
    if verify is None:
        verify = labels_digest(content) == known_files().labels
    return TelemetryArchive(path, folder, labels, tuple(names), verify)


def check_digest(found: str, expected: str, what: str) -> None:
    """Compare the SHA-256 of a file with the one it must have.

    Raises
    ------
    ChecksumError
        They differ.
    """
    if found != expected:
        raise ChecksumError(f"{what}: the SHA-256 is {found}, and {expected} is needed; the file is damaged or altered")


def read_array(content: bytes, what: str) -> NDArray[Any]:
    """Read the content of an ``.npy`` file; no pickles, nothing behind the array.

    Raises
    ------
    ArrayFileError
        It is no such file, is cut off, or has Python objects in it.
    """
    stream = io.BytesIO(content)
    try:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    except (ValueError, TypeError, EOFError, MemoryError, SyntaxError, tokenize.TokenError) as error:
        raise ArrayFileError(f"{what} is not a NumPy array file, or is cut off: {error}") from error
    rest = len(content) - stream.tell()
    if rest:
        raise ArrayFileError(f"{what} has {rest} bytes behind its array; it is damaged")
    return array


def _root(path: Path) -> Root:
    """Return the root of a directory or a zip file."""
    if _guarded(path.is_dir, str(path)):
        return path
    if not path.exists():
        raise ArchiveError(
            f"there is no telemetry at {path}; a directory or a zip file in the original layout is needed"
        )
    if not _guarded(lambda: zipfile.is_zipfile(path), str(path)):
        raise ArchiveError(f"{path} is no directory and no zip file, or it is cut off")
    return zipfile.Path(_guarded(lambda: zipfile.ZipFile(path), str(path)))


def _member(folder: str, *parts: str) -> str:
    """Join the parts of a name within an archive."""
    return "/".join([*filter(None, [folder]), *parts])


def _read(root: Root, member: str, path: Path) -> bytes:
    """Read one file of an archive whole."""
    target = root.joinpath(*member.split("/"))
    if not target.is_file():
        raise ArchiveError(f"{path} has no file {member}")
    return _guarded(target.read_bytes, f"{member} in {path}")


def _stems(root: Root, folder: str, part: str, path: Path) -> set[str]:
    """Return the names of the arrays in one folder."""
    directory = root.joinpath(*_member(folder, part).split("/"))
    if not directory.is_dir():
        return set()
    entries = _guarded(lambda: [entry.name for entry in directory.iterdir()], str(path))
    return {name.removesuffix(".npy") for name in entries if name.endswith(".npy") and not name.startswith(".")}


def _guarded(read: Callable[[], _T], what: str) -> _T:
    """Turn what a damaged or unreadable file raises into an error that names it."""
    try:
        return read()
    except OSError as error:
        raise ArchiveError(f"cannot read {what}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArchiveError(f"{what} is damaged: {error}") from error
