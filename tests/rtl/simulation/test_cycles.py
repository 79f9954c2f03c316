"""Cycle counts: what is counted, on a design whose counts are known."""

from __future__ import annotations

import numpy as np
import pytest
from rtl.simulation.conftest import Simulate

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.rtl.simulation.cycles import Cycles, Interval, measure
from hw_trigger.rtl.simulation.stimulus import Moment, Reset, StimulusError


def windows(*shape: int) -> Codes:
    return np.zeros(shape, np.int64)


def every(count: int) -> Interval:
    return Interval(float(count), count, count)


def test_a_sample_a_cycle(simulate: Simulate) -> None:
    simulator = simulate()
    assert measure(simulator.interface, simulator.run(windows(6, 5, 3))) == Cycles(5, 1, 1, every(5), every(1))


def test_channels_share_the_cycles(simulate: Simulate) -> None:
    """The first channel's last sample is number 12; the result comes with the next edge; a step is a sample of each channel."""
    simulator = simulate(channels=3)
    assert measure(simulator.interface, simulator.run(windows(3, 6, 5, 3))) == Cycles(13, 1, 1, every(15), every(3))


def test_ports_that_are_missing(simulate: Simulate) -> None:
    simulator = simulate(has_output=False)
    assert measure(simulator.interface, simulator.run(windows(6, 5, 3))) == Cycles(5, 1, None, every(5), None)
    simulator = simulate(has_score=False)
    assert measure(simulator.interface, simulator.run(windows(6, 5, 3))) == Cycles(None, None, 1, every(5), every(1))


def test_too_few_windows(simulate: Simulate) -> None:
    simulator = simulate()
    with pytest.raises(StimulusError, match=r"^cycles are counted in a run of 4 windows or more, not 3$"):
        measure(simulator.interface, simulator.run(windows(3, 5, 3)))


def test_no_resets(simulate: Simulate) -> None:
    simulator = simulate()
    run = simulator.run(windows(6, 5, 3), events=[Reset(Moment("beats", 3), windows(6, 5, 3))])
    with pytest.raises(StimulusError, match=r"^cycles are counted in a run without resets$"):
        measure(simulator.interface, run)
