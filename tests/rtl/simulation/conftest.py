"""Simulations of the small design, each built once: their names hold a hash of all that they are made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rtl.simulation.window_sum import interface_of, verilog

from hw_trigger.rtl.simulation.build import build
from hw_trigger.rtl.simulation.simulator import Simulator

Simulate = Callable[..., Simulator]


@pytest.fixture(scope="session")
def simulate(request: pytest.FixtureRequest) -> Simulate:
    directory: Path = request.config.cache.mkdir("rtl_simulations")

    def of(*, work: int = 1, trace: str | None = None, **shape: int) -> Simulator:
        interface = interface_of(**shape)  # type: ignore[arg-type]
        return build(verilog(interface, work=work), interface, directory, trace=trace)  # type: ignore[arg-type]

    return of
