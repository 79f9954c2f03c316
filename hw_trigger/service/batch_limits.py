"""Limits of batches and of the queue before them, and why a request is not accepted."""

from __future__ import annotations

from dataclasses import dataclass

from hw_trigger.errors import UserError


@dataclass(frozen=True)
class BatchLimits:
    """Limits of batches and of the queue.

    Attributes
    ----------
    windows
        Most windows in one run; a request of more is cut.
    delay
        Seconds that a free worker waits for company at the most; 0: it never waits.
    queue
        Windows that may wait for their run.
    """

    windows: int = 256
    delay: float = 0.002
    queue: int = 4096

    def __post_init__(self) -> None:
        if self.windows < 1 or self.queue < 1 or not 0 <= self.delay < float("inf"):
            raise BatchLimitsError(
                f"batches have the limits windows={self.windows}, queue={self.queue}, delay={self.delay:g}; windows and queue "
                "must be 1 or more, and delay 0 s or more"
            )


class BatchLimitsError(UserError):
    """Limits that cannot be."""


class QueueFullError(UserError):
    """The queue has no room for a request now.

    Attributes
    ----------
    retry_after
        Seconds after which the queue as it is will have been worked off.
    """

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RequestTooLargeError(UserError):
    """A request that the queue can never take."""


class ClosedError(UserError):
    """A request to a service that ends."""
