"""API keys: read from a file of hashes, found in a request's headers, and compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from hw_trigger.errors import UserError

Digests = tuple[bytes, ...]
"""SHA-256 of API keys. The keys themselves are kept nowhere."""

Headers = Iterable[tuple[bytes, bytes]]
"""Of an ASGI scope: names in small letters."""

FREE = frozenset({"/health", "/ready"})
"""Paths that need no key: what a load balancer asks for."""

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


class KeyFileError(UserError):
    """A file of API keys that cannot be read, or holds anything but hashes."""


def read_keys(path: Path) -> Digests:
    """Return the hashes of a file: the SHA-256 of one key a line, in hexadecimal. Empty lines and those with ``#`` are left out.

    Raises
    ------
    KeyFileError
        It cannot be read, has no key, or a line is no SHA-256. The message does not show the line: it may be a key.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise KeyFileError(f"cannot read serve.api_keys={path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KeyFileError(f"serve.api_keys={path} is no text; it must have the SHA-256 of one key a line") from error
    digests = []
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        if _DIGEST.fullmatch(entry) is None:
            raise KeyFileError(
                f"serve.api_keys={path}: line {number} is no SHA-256, which has 64 hexadecimal digits; "
                "`printf %s KEY | sha256sum` prints that of a key"
            )
        digests.append(bytes.fromhex(entry))
    if not digests:
        raise KeyFileError(f"serve.api_keys={path} has no key; it must have the SHA-256 of one key a line")
    return tuple(digests)


def presented_key(headers: Headers) -> bytes | None:
    """Return the key of a request: of the header ``X-API-Key``, or ``Authorization: Bearer``; ``None``: there is none."""
    bearer = None
    for name, value in headers:
        if name == b"x-api-key":
            return value.strip()
        if name == b"authorization":
            scheme, _, rest = value.partition(b" ")
            if scheme.lower() == b"bearer":
                bearer = rest.strip()
    return bearer


def is_key(key: bytes, digests: Digests) -> bool:
    """Return whether a key is one of those, in a time that does not tell how much of it is right, or which one it is."""
    digest = hashlib.sha256(key).digest()
    matches = [hmac.compare_digest(digest, known) for known in digests]
    return any(matches)


def same_origin(headers: Headers) -> bool:
    """Return whether a browser's WebSocket comes from a page of this very host; other clients send no ``Origin``.

    Browsers let any page open a WebSocket to any server, that of the user's own machine too. (Other requests with JSON they do
    not send without asking the server first, which does not agree.)
    """
    found = {name: value for name, value in headers if name in {b"origin", b"host"}}
    if b"origin" not in found:
        return True
    try:
        origin = urlsplit(found[b"origin"].decode("latin-1")).netloc
    except ValueError:
        return False
    return origin.lower() == found.get(b"host", b"").decode("latin-1").lower()
