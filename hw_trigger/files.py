"""Files and directories that appear whole or not at all, and the hashes that identify their content."""

from __future__ import annotations

import contextlib
import ctypes
import errno
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

    When the block fails or the process is killed, `target` is as it was before. (A killed process leaves its scratch directory
    behind, whose name begins with a dot.)

    Raises
    ------
    OutputError
        The directory cannot be written. Errors of the block that have to do with other files are not changed.
    """
    wanted, target = target, Path(os.path.realpath(target))  # a link to a directory stays a link
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "it is a file", str(target))
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise OutputError(f"cannot write the directory {wanted}: {error.strerror}") from error
    try:
        scratch.chmod(0o755)
        yield scratch
        _replace_directory(scratch, target)
    except OSError as error:
        if not _concerns(error, scratch, target):
            raise
        raise OutputError(f"cannot write the directory {wanted}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _concerns(error: OSError, scratch: Path, target: Path) -> bool:
    """Tell whether an error is about writing the directory, and not about something else that went wrong meanwhile."""
    names = [Path(os.fsdecode(name)) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    if names:
        return any(name in {scratch, target} or scratch in name.parents for name in names)
    # Writing to an open file, as on a full disk, names none; errors of connections and processes have classes of their own.
    return type(error) in {OSError, shutil.Error}


def _replace_directory(scratch: Path, target: Path) -> None:
    """Put `scratch` where `target` is, and what is there now in place of `scratch`, at once where the system can."""
    if not target.exists():
        scratch.rename(target)
        return
    if _exchange(scratch, target):
        return
    # Here only a process killed between the two renames leaves no `target`; what it was is then beside it.
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    aside.rmdir()
    target.rename(aside)
    try:
        scratch.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step, with Linux' ``renameat2``; return False where system or file system cannot."""
    at_working_directory, flag_exchange = -100, 2
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(rename(at_working_directory, names[0], at_working_directory, names[1], flag_exchange) == 0)


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
