"""Experiments: which channels a second variant answers, or computes in the shadow of the first.

Dealing is by a hash of the channel's name, so that a channel stays with its variant, also after a restart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hw_trigger.errors import UserError


class ExperimentError(UserError):
    """An experiment that cannot be: a share that is none, or variants that cannot be compared."""


@dataclass(frozen=True)
class Experiment:
    """An experiment with a variant B beside the service's own variant, A.

    Attributes
    ----------
    variant
        B's name.
    share
        The part of the channels that is dealt to B, 0 to 1.
    shadow
        False: B answers its share, and A computes the same in its shadow. True: A answers everything, and B computes its
        share in A's shadow.
    """

    variant: str
    share: float = 1.0
    shadow: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ExperimentError(f"experiment has the share {self.share}, and a share is 0 to 1")

    def chosen(self, channel: str | bytes) -> bool:
        """Return whether a channel, or the content of a request without one, is in B's share."""
        key = channel.encode("utf-8", "surrogatepass") if isinstance(channel, str) else channel
        return int.from_bytes(hashlib.sha256(key).digest()[:8], "big") < self.share * 2.0**64
