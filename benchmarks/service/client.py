"""A lean client: threads with one connection each and requests that are made beforehand.

Locust takes half a millisecond of a core for a request, as much as a small network takes for its windows; on two cores that it
shares with the service it would measure itself. So throughput and latency at a rate are measured with this.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """What is sent; `windows` of it are scored."""

    path: str
    body: bytes
    content_type: str
    windows: int


@dataclass
class Outcome:
    """What came of it.

    Attributes
    ----------
    seconds
        From when a request was due to its answer, of those that were answered 200.
    errors
        By status or exception.
    elapsed
        Of all.
    """

    seconds: list[float] = field(default_factory=list)
    windows: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    elapsed: float = 0.0

    def failed(self, why: str) -> None:
        self.errors[why] = self.errors.get(why, 0) + 1


def send(
    url: str,
    source: Callable[[int], Request],
    *,
    connections: int,
    duration: float,
    due: Sequence[float] | None = None,
    answered: Callable[[int, bytes], None] | None = None,
) -> Outcome:
    """Send requests, and return what came of them.

    Parameters
    ----------
    source
        Gives the next request of a connection, by its number.
    duration
        Seconds; then no more are begun.
    due
        When each is sent, seconds from the start; a request that is late because the others are counts from when it was due.
        ``None``: each connection sends the next one when it has its answer.
    answered
        Is given the connection's number and the answer, where it is 200.
    """
    address = urlsplit(url)
    outcome, lock = Outcome(), threading.Lock()
    start = time.perf_counter() + 0.05
    pending = iter(due) if due is not None else None

    def next_start() -> float | None:
        if pending is None:
            now = time.perf_counter()
            return now if now < start + duration else None
        with lock:
            offset = next(pending, None)
        return None if offset is None or offset > duration else start + offset

    def work(number: int) -> None:
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        seconds, windows = [], 0
        time.sleep(max(0.0, start - time.perf_counter()))
        while (begin := next_start()) is not None:
            request = source(number)
            time.sleep(max(0.0, begin - time.perf_counter()))
            try:
                connection.request("POST", request.path, request.body, {"Content-Type": request.content_type})
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                with lock:
                    outcome.failed(type(error).__name__)
                continue
            if answer.status != 200:
                with lock:
                    outcome.failed(str(answer.status))
                continue
            seconds.append(time.perf_counter() - begin)
            windows += request.windows
            if answered is not None:
                answered(number, content)
        connection.close()
        with lock:
            outcome.seconds += seconds
            outcome.windows += windows

    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcome.elapsed = time.perf_counter() - start
    return outcome
