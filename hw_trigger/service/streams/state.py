"""What the service remembers of a channel: its newest samples, how many there were, and the trigger's state.

A channel's samples are counted from 0. Every ``steps`` consecutive ones are a window (stride 1), which is scored when its last
sample arrives: sample i gives a score from ``i = steps - 1`` on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hw_trigger.errors import UserError
from hw_trigger.files import sha256_bytes
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.telemetry.channel import CHANNEL_NAME

MOST_CHARACTERS = 128
"""Of a channel's name."""


class ChannelNameError(UserError):
    """A channel's name that is none."""


class ConflictError(UserError):
    """Samples that do not go on where the stream is, and are no repetition of its last request.

    Attributes
    ----------
    count
        Samples that the stream has accepted: what `first` must be.
    """

    def __init__(self, message: str, count: int) -> None:
        super().__init__(message)
        self.count = count


class UnknownStreamError(UserError):
    """A channel that has sent no samples yet, or was reset."""


class StoredStreamError(UserError):
    """What is stored of a stream cannot be used: it is damaged, or of another program. A reset of the stream helps."""


@dataclass(frozen=True, eq=False)
class LastRequest:
    """The last request of a stream, so that its repetition gets the same answer.

    Attributes
    ----------
    first, samples
        Index of its first sample, and how many there were.
    digest
        SHA-256 of their raw codes.
    variant
        What computed the answer.
    codes, triggers
        The answer, both ``(m,)``: one for each sample that completed a window.
    saturated
        Its samples that did not fit their format.
    """

    first: int
    samples: int
    digest: str
    variant: str
    codes: Codes
    triggers: NDArray[np.bool_]
    saturated: int


@dataclass(frozen=True, eq=False)
class StreamState:
    """A stream behind its last accepted sample.

    Attributes
    ----------
    sha256
        Of the program that the codes are of.
    samples
        The newest raw codes, ``(min(count, steps - 1), n_features)``, the oldest first.
    count
        Samples accepted since the stream began.
    trigger
        What the trigger remembers (:data:`hw_trigger.fixedpoint.decision.STATE`); ``None`` where it remembers nothing.
    last
        The last request.
    """

    sha256: str
    samples: Codes
    count: int
    trigger: Codes | None
    last: LastRequest


def check_channel(channel: str) -> str:
    """Return a channel's name.

    Raises
    ------
    ChannelNameError
        It is not made of letters, digits, dots, dashes and underscores, does not begin with a letter or digit, or is too long.
    """
    if len(channel) > MOST_CHARACTERS or re.fullmatch(CHANNEL_NAME, channel) is None:
        raise ChannelNameError(
            f"the channel's name {channel[: MOST_CHARACTERS + 1]!a} has {len(channel)} characters; it must begin with a letter "
            f"or digit, and have letters, digits, '.', '_' and '-' only, {MOST_CHARACTERS} at most"
        )
    return channel


def digest_of(raw: Codes) -> str:
    """Return the SHA-256 of codes and their shape, in hexadecimal."""
    return sha256_bytes(repr(raw.shape).encode() + np.ascontiguousarray(raw, "<i8").tobytes())


def new_windows(samples: Codes, raw: Codes, steps: int) -> Codes:
    """Return the windows that new samples complete, ``(m, steps, n_features)``, as a view without copies.

    Parameters
    ----------
    samples
        The samples before them, as in :class:`StreamState`.
    raw
        The new samples, ``(n, n_features)``.
    """
    joined = np.concatenate([samples, raw])
    if len(joined) < steps:
        return np.empty((0, steps, raw.shape[1]), np.int64)
    if len(joined) == steps:  # sample by sample, where making the view would take longer than all the rest here
        return joined[None]
    return sliding_window_view(joined, steps, axis=0).transpose(0, 2, 1)


def newest(samples: Codes, raw: Codes, steps: int) -> Codes:
    """Return a copy of the samples that the next window needs, ``(at most steps - 1, n_features)``."""
    joined = np.concatenate([samples, raw])
    return joined[max(0, len(joined) - steps + 1) :].copy()
