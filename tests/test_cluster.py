"""The Dask cluster: one's own or one that runs already, and what becomes of interrupts and of workers that die."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import dask
import pytest

from hw_trigger import cluster
from hw_trigger.cluster import ClusterError, ClusterSettings, connect


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with connect(ClusterSettings(workers=2, processes=False)) as found:
        yield found


def test_workers_leave_interrupts_to_the_command() -> None:
    with connect(ClusterSettings(workers=1)) as client:
        worker = client.submit(os.getpid, pure=False).result()
        os.kill(worker, signal.SIGINT)
        client.submit(time.sleep, 0.5, pure=False).result(timeout=20)
        assert client.submit(os.getpid, pure=False).result(timeout=20) == worker


def test_a_scheduler_that_is_not_there() -> None:
    message = (
        r"^the Dask scheduler 'tcp://127\.0\.0\.1:1' cannot be reached \(.+\): check the address, as 'tcp://10\.0\.0\.1:8786', "
        r"start one with `dask scheduler`, or leave the address out for a cluster of this machine$"
    )
    with (
        pytest.raises(ClusterError, match=message),
        connect(ClusterSettings(scheduler="tcp://127.0.0.1:1", timeout_s=1)),
    ):
        pass


def test_a_scheduler_without_workers() -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=0, processes=False, dashboard_address=None, host="127.0.0.1", protocol="tcp"
    ) as cluster:
        address = cluster.scheduler_address
        message = (
            f"the Dask scheduler '{address}' has no workers: start one with `dask worker {address}` in an environment "
            "with hw_trigger"
        )
        with (
            pytest.raises(ClusterError, match=f"^{re.escape(message)}$"),
            connect(ClusterSettings(scheduler=address, timeout_s=1)),
        ):
            pass


def test_a_worker_that_dies() -> None:
    message = (
        r"^workers died while they computed '_exit-.+', as when the memory is full; what is finished is kept: start the same "
        r"command again with fewer workers \(--workers\)$"
    )
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        pytest.raises(ClusterError, match=message),
        connect(ClusterSettings(workers=1)) as client,
    ):
        client.submit(os._exit, 1, pure=False).result()


def test_a_dashboard_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bokeh", None)
    message = "Dask's dashboard needs the package bokeh: install it, or leave the dashboard out"
    with (
        pytest.raises(ClusterError, match=f"^{re.escape(message)}$"),
        connect(ClusterSettings(workers=1, processes=False, dashboard=":8787")),
    ):
        pass


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": 0}, "a cluster needs 1 worker at least, not 0"),
        (
            {"scheduler": "tcp://a:1", "workers": 2},
            "the scheduler tcp://a:1 has workers and a dashboard of its own: leave the options for them out",
        ),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ClusterError, match=f"^{re.escape(message)}$"):
        ClusterSettings(**settings)


def test_few_tasks_are_ahead(client: Any) -> None:
    """The scheduler is not given a million tasks at once."""
    submitted = 0

    def submit(item: int) -> Any:
        nonlocal submitted
        submitted += 1
        return client.submit(abs, -item, pure=False)

    results = cluster.unordered(client, submit, range(100))
    found = [next(results)]
    assert submitted <= cluster.AHEAD * 2 + 1
    found += results
    assert sorted(found) == [(number, number) for number in range(100)]
