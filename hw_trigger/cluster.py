"""Where much is computed: processes of this machine, or the workers of a Dask scheduler that runs already."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from hw_trigger.errors import UserError

IGNORE_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""What a worker process runs before it starts to work."""

AHEAD = 3
"""Tasks for each worker that are with the scheduler at a time, so that none waits for the next."""

Item = TypeVar("Item")


class ClusterError(UserError):
    """A scheduler that cannot be reached or has no workers, or workers that die."""


@dataclass(frozen=True)
class ClusterSettings:
    """Where to compute.

    Attributes
    ----------
    scheduler
        Address of a scheduler, as ``"tcp://10.0.0.1:8786"``; ``None``: a cluster of this machine's own, for this command.
    workers
        Processes of the own cluster; ``None``: one a core.
    dashboard
        Address of the own cluster's web page, as ``":8787"``; ``None``: none.
    processes
        Workers are processes; else they are threads of this one.
    timeout_s
        Seconds to wait for the scheduler, and for its first worker.
    """

    scheduler: str | None = None
    workers: int | None = None
    dashboard: str | None = None
    processes: bool = True
    timeout_s: float = 20.0

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ClusterError(f"a cluster needs 1 worker at least, not {self.workers}")
        if self.scheduler is not None and (self.workers is not None or self.dashboard is not None):
            raise ClusterError(
                f"the scheduler {self.scheduler} has workers and a dashboard of its own: leave the options for them out"
            )


@contextlib.contextmanager
def connect(settings: ClusterSettings) -> Iterator[Any]:
    """Yield a ``distributed.Client``; a cluster of one's own is shut down behind it.

    Raises
    ------
    ClusterError
        The scheduler cannot be reached or has no workers, the dashboard's address cannot be had, or a worker died.
    """
    from distributed import KilledWorker

    with contextlib.ExitStack() as stack:
        client = stack.enter_context(_existing(settings) if settings.scheduler else _own(settings))
        try:
            yield client
        except KilledWorker as error:
            raise ClusterError(
                f"workers died while they computed {error.task!r}, as when the memory is full; what is finished is kept: "
                "start the same command again with fewer workers (--workers)"
            ) from error


def workers(client: Any) -> int:
    """Return how many workers there are, 1 at least: they may come later."""
    return max(1, len(client.scheduler_info(n_workers=-1)["workers"]))


def unordered(
    client: Any, submit: Callable[[Item], Any], items: Iterable[Item], *, ahead: int = AHEAD
) -> Iterator[tuple[Item, Any]]:
    """Yield items with the results of their tasks, as they are done; only some are with the scheduler at a time.

    Parameters
    ----------
    submit
        Returns the future of an item.
    ahead
        Tasks for each worker that are with the scheduler.
    """
    from distributed import as_completed

    waiting = iter(items)
    pending = {submit(item): item for item in itertools.islice(waiting, ahead * workers(client))}
    running = as_completed(list(pending))
    try:
        for future in running:
            item = pending.pop(future)
            result = future.result()
            for following in itertools.islice(waiting, 1):
                added = submit(following)
                pending[added] = following
                running.add(added)
            yield item, result
    finally:
        client.cancel(list(pending))


@contextlib.contextmanager
def _own(settings: ClusterSettings) -> Iterator[Any]:
    from distributed import Client, LocalCluster

    shown = settings.dashboard is not None
    if shown and not _installed("bokeh"):
        raise ClusterError("Dask's dashboard needs the package bokeh: install it, or leave the dashboard out")
    try:
        cluster = LocalCluster(
            n_workers=settings.workers,
            threads_per_worker=1,
            processes=settings.processes,
            # Without a dashboard, too, the scheduler answers on a port: on any that is free.
            dashboard_address=settings.dashboard or "127.0.0.1:0",
            scheduler_kwargs={"dashboard": shown},
            host="127.0.0.1",
            protocol="tcp",
            # Workers that take their time to end are no matter of the user's.
            silence_logs=logging.ERROR,
            # Control-C reaches all processes of the terminal, and this one shuts the workers down.
            **({"preload": [IGNORE_INTERRUPTS]} if settings.processes else {}),
        )
    except (OSError, RuntimeError, ValueError) as error:
        asked = f" with a dashboard at {settings.dashboard!r}" if shown else ""
        raise ClusterError(f"no local Dask cluster can be started{asked}: {_reason(error)}") from error
    with cluster, Client(cluster) as client:
        yield client


@contextlib.contextmanager
def _existing(settings: ClusterSettings) -> Iterator[Any]:
    from distributed import Client

    address = settings.scheduler
    try:
        client = Client(address, timeout=settings.timeout_s)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"the Dask scheduler {address!r} cannot be reached ({_reason(error)}): check the address, as "
            "'tcp://10.0.0.1:8786', start one with `dask scheduler`, or leave the address out for a cluster of this machine"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=settings.timeout_s)
        except TimeoutError as error:
            raise ClusterError(
                f"the Dask scheduler {address!r} has no workers: start one with `dask worker {address}` in an environment "
                "with hw_trigger"
            ) from error
        yield client


def _reason(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(":. ") if str(error) else type(error).__name__


def _installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # it was made unavailable
        return False
