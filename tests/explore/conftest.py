"""A small space, its designs, and a Dask cluster of threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.sweeps import small_space

from hw_trigger.cluster import ClusterSettings, connect
from hw_trigger.explore.designs import Design
from hw_trigger.explore.space import Base, Grid
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.models.spec import Architecture, QuantSpec
from hw_trigger.parts.database import known_parts


@pytest.fixture(scope="session")
def base() -> Base:
    return Base(Architecture("tiny", 1, 10, (4,), 2, (4,)), QuantSpec(), HlsSettings(), known_parts())


@pytest.fixture(scope="session")
def designs(base: Base) -> list[Design]:
    return list(Grid(small_space(), base).sample(1000, 0))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    # Not for the whole session: its threads draw random numbers, which Hypothesis objects to while it runs.
    with connect(ClusterSettings(workers=2, processes=False)) as found:
        yield found
