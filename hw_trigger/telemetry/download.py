"""The NASA data, file by file, from a public mirror into the cache.

A transfer that is cut off leaves a ``.part`` file, and goes on from there. A file appears under its name only after its
SHA-256 was compared with the packaged one, so what is in the cache is right.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests
from filelock import FileLock

from hw_trigger.errors import UserError, nearest
from hw_trigger.files import OutputError, sha256_file
from hw_trigger.telemetry.archive import ChecksumError, UnknownChannelError
from hw_trigger.telemetry.checksums import known_files, labels_digest
from hw_trigger.telemetry.labels import LABEL_FILE

MIRROR_VARIABLE = "HW_TRIGGER_MIRROR"

CHUNK = 1 << 13
"""Bytes read at a time: what a cut transfer may lose, as requests drops a chunk that it got in part."""

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that are worth another try."""

Progress = Callable[[str, int, int | None], None]
"""Called with a file's name, its bytes so far, and its bytes in all (None where the server does not say)."""


class DownloadError(UserError):
    """A file that could not be fetched: no network, no such file, a server that fails."""


@dataclass(frozen=True)
class Mirror:
    """Where the files are: arrays at ``<arrays>/train/<channel>.npy`` and ``test``, the label file at `labels`."""

    arrays: str
    labels: str


DEFAULT_MIRROR = Mirror(
    arrays="https://raw.githubusercontent.com/imperial-qore/TranAD/main/data/SMAP_MSL",
    labels="https://raw.githubusercontent.com/khundman/telemanom/master/labeled_anomalies.csv",
)
"""Public copies that need no key. The original archive on Amazon S3 is closed since late 2024."""


@dataclass(frozen=True)
class Patience:
    """How long to try: attempts at each file, seconds to connect, seconds without a byte, seconds before the second try.

    The pause doubles with every further try.
    """

    attempts: int = 4
    connect: float = 10.0
    read: float = 30.0
    pause: float = 1.0


def configured_mirror() -> Mirror:
    """Return the mirror of the environment variable ``HW_TRIGGER_MIRROR``, or the default one.

    The variable holds the address of a directory in the original layout: the label file, ``train`` and ``test``.
    """
    base = os.environ.get(MIRROR_VARIABLE, "").rstrip("/")
    return Mirror(base, f"{base}/{LABEL_FILE}") if base else DEFAULT_MIRROR


def channel_files(name: str) -> dict[str, Path]:
    """Return where a channel's files lie in the cache, relative to it: its labels and its two arrays.

    Raises
    ------
    UnknownChannelError
        It is none of the NASA data.
    """
    known = known_files().channels
    if name not in known:
        raise UnknownChannelError(
            f"the NASA SMAP and MSL data have no channel {name!r}{nearest(name, known)}; they have {len(known)} channels"
        )
    arrays = {part: Path("data", part, f"{name}.npy") for part in ("train", "test")}
    return {"labels": Path(LABEL_FILE), **arrays}


def cached(name: str, cache: Path) -> bool:
    """Tell whether the cache holds all files of a channel, with the right SHA-256."""
    return all(_is_right(cache / path, _expected(name, kind)) for kind, path in channel_files(name).items())


def download_channel(
    name: str,
    cache: Path,
    mirror: Mirror | None = None,
    *,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> None:
    """Fetch the files of one channel that the cache does not hold yet; it is then in the original layout.

    Parameters
    ----------
    mirror
        Where from; by default `configured_mirror`.

    Raises
    ------
    UnknownChannelError
        The channel is none of the NASA data.
    DownloadError
        A file could not be fetched in the attempts allowed; what came of it is kept, and the next call goes on from there.
    ChecksumError
        The mirror has other content. Nothing of it is kept.
    OutputError
        The cache cannot be written.
    """
    mirror = mirror or configured_mirror()
    sources = {
        "labels": mirror.labels,
        **{part: f"{mirror.arrays}/{part}/{name}.npy" for part in ("train", "test")},
    }
    files = channel_files(name)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Two runs that fetch the same file would write into the same .part file.
        with FileLock(cache / ".lock"):
            for kind, path in files.items():
                (cache / path).parent.mkdir(parents=True, exist_ok=True)
                expected = _expected(name, kind)
                if not _is_right(cache / path, expected):
                    _fetch(sources[kind], cache / path, expected, progress, patience or Patience())
    except OSError as error:
        raise OutputError(f"cannot write to the cache {cache}: {error.strerror or error}") from error


def _expected(name: str, kind: str) -> str:
    """Return the SHA-256 that a file of a channel must have."""
    known = known_files()
    return known.labels if kind == "labels" else str(getattr(known.channels[name], kind))


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, of the label file with line ends normalized."""
    if path.name.startswith(LABEL_FILE):
        return labels_digest(path.read_bytes())
    return sha256_file(path)


def _is_right(path: Path, expected: str) -> bool:
    return path.is_file() and _digest(path) == expected


class _CutOffError(Exception):
    """A try that failed in a way that another may not; the message says how."""


def _fetch(url: str, target: Path, expected: str, progress: Progress | None, patience: Patience) -> None:
    """Fetch one file in as many tries as allowed, and put it in place when its content is right."""
    part = target.with_name(target.name + ".part")
    reason = ""
    for attempt in range(patience.attempts):
        if attempt:
            time.sleep(patience.pause * 2 ** (attempt - 1))
        try:
            resumed = _transfer(url, part, progress, patience)
        except _CutOffError as error:
            reason = str(error)
            continue
        found = _digest(part)
        if found == expected:
            part.replace(target)
            return
        part.unlink()
        if not resumed:
            raise ChecksumError(
                f"{url}: the SHA-256 is {found}, and {expected} is needed; the mirror has another file, "
                f"choose one with {MIRROR_VARIABLE}"
            )
        reason = "what was left of an earlier transfer did not fit"
    raise DownloadError(
        f"cannot fetch {url}: {reason} ({patience.attempts} tries); run again to go on, choose another mirror with "
        f"{MIRROR_VARIABLE}, or set HW_TRIGGER_DATA to a copy of the data"
    )


def _transfer(url: str, part: Path, progress: Progress | None, patience: Patience) -> bool:
    """Bring the rest of a file into `part`; tell whether there was a beginning that was kept.

    Raises
    ------
    _CutOffError
        The transfer failed or ended early.
    DownloadError
        The server refuses, for good.
    """
    have = part.stat().st_size if part.exists() else 0
    # Compressed transfers have other offsets than the file, so they are declined.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=(patience.connect, patience.read)) as response:
            if response.status_code == 416:  # nothing behind what is here: its digest decides whether that is the file
                return True
            begin, total = _agreed_range(response, url, have)
            with part.open("r+b" if begin else "wb") as stream:
                stream.seek(begin)
                stream.truncate()
                received = begin
                for chunk in response.iter_content(CHUNK):
                    stream.write(chunk)
                    received += len(chunk)
                    if progress is not None:
                        progress(part.name.removesuffix(".part"), received, total)
    # RequestException is an OSError too: a full disk must not pass for a cut transfer, so it is caught by this name only.
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
    ) as error:
        raise DownloadError(
            f"cannot fetch {url}: {error}; the mirror's address must begin with http:// or https://"
        ) from error
    except requests.RequestException as error:
        raise _CutOffError(_root_cause(error)) from error
    if total is not None and received != total:
        raise _CutOffError(f"{received} of {total} bytes came")
    return begin > 0


def _agreed_range(response: requests.Response, url: str, have: int) -> tuple[int, int | None]:
    """Return the offset at which the answer begins, and the length of the whole file where the server tells it."""
    status = response.status_code
    if status == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if match and int(match[1]) == have:
            return have, None if match[2] == "*" else int(match[2])
        found = response.headers.get("Content-Range")
        raise _CutOffError(f"asked for the bytes from {have} on, the server answers with Content-Range {found!r}")
    if status == 200:  # also of a server that ignores ranges: it begins at the beginning
        encoded = response.headers.get("Content-Encoding", "identity") != "identity"  # the length is then another
        length = "" if encoded else response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    if status in TRANSIENT:
        raise _CutOffError(f"the server answers {status} {response.reason}")
    hint = "the mirror does not have this file, " if status == 404 else ""
    raise DownloadError(
        f"cannot fetch {url}: the server answers {status} {response.reason}; {hint}choose another mirror with "
        f"{MIRROR_VARIABLE}, or set HW_TRIGGER_DATA to a copy of the data"
    )


def _root_cause(error: BaseException) -> str:
    """Return what the error says that the others were raised for: requests and urllib3 wrap it several times."""
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return f"{type(error).__name__}: {error}"
