"""Files and directories that appear whole or not at all, and the hashes that identify their content."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hw_trigger.errors import UserError


class OutputError(UserError):
    """An output could not be written (disk full, no permission, a file where a directory should be)."""


@contextlib.contextmanager
def whole_directory(target: Path) -> Iterator[Path]:
    """Yield an empty scratch directory beside `target`, and put it in `target`'s place when the block succeeds.

    When the block fails or the process is killed, `target` is as it was before.

    Raises
    ------
    OutputError
        The directory cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise OutputError(f"cannot write the directory {target}: {error.strerror}") from error
    try:
        scratch.chmod(0o755)
        yield scratch
        _replace_directory(scratch, target)
    except OSError as error:
        raise OutputError(f"cannot write the directory {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _replace_directory(scratch: Path, target: Path) -> None:
    """Put `scratch` where `target` is. A directory cannot be replaced in one step, so the old one steps aside first."""
    if not target.exists():
        scratch.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    aside.rmdir()
    target.rename(aside)
    try:
        scratch.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write `content` to `path` so that a reader sees either the old file or the whole new one.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise OutputError(f"cannot write the file {path}: {error.strerror}") from error
    scratch = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.chmod(0o644)
        scratch.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write the file {path}: {error.strerror}") from error
    finally:
        scratch.unlink(missing_ok=True)


def to_json(value: Any) -> str:
    """Serialize to JSON that is the same for the same value: keys in the order given, no NaN, a newline at the end."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def sha256_bytes(data: bytes) -> str:
    """Return the SHA-256 of `data`, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
