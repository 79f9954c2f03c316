"""The estimate of designs in RTL, against what Yosys made of twelve of them, and against what it is put together of."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from support.programs import Sizes, random_program
from support.rtl import random_case

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.rtl.blocks import count
from hw_trigger.estimate.rtl.calibration import calibration
from hw_trigger.estimate.rtl.cross_validation import compare_each, errors_of, fit_designs
from hw_trigger.estimate.rtl.errors import LEAST, error_factors, published_errors, summarize
from hw_trigger.estimate.rtl.estimate import estimate_rtl
from hw_trigger.estimate.rtl.recorded import Recorded, recorded_designs
from hw_trigger.estimate.rtl.reference import Reference, reference_design
from hw_trigger.estimate.rtl.result import RTL_RESOURCES
from hw_trigger.parts.database import find_part
from hw_trigger.rtl.calculated import layer_cycles, window_interval
from hw_trigger.rtl.design import design
from hw_trigger.rtl.latency import passage
from hw_trigger.rtl.plan import plan

RECORDED = recorded_designs()
by_name = pytest.mark.parametrize("recorded", RECORDED, ids=[each.reference.name for each in RECORDED])


@by_name
def test_multipliers_and_memories_are_exact_block_by_block(recorded: Recorded) -> None:
    found = {block.name: block.resources for block in estimate_rtl(recorded.design).blocks}
    assert set(found) == set(recorded.blocks)
    for name, wanted in recorded.blocks.items():
        # Of constants' products in slices, which are built once, Yosys built one twice.
        twice = (recorded.reference.name, name) == ("lstm8-parallel-error", "encoder_0")
        assert (found[name].dsp, found[name].bram18) == (wanted.dsp - twice, wanted.bram18), name


@by_name
def test_figures_lie_within_their_error_bars(recorded: Recorded) -> None:
    found = estimate_rtl(recorded.design)
    for name in RTL_RESOURCES:
        bar = found.range(name)
        assert bar.low <= getattr(recorded.total, name) <= bar.high, name


def test_records_tell_where_they_are_from() -> None:
    assert len(RECORDED) >= 8
    for recorded in RECORDED:
        assert recorded.target == "xcup"
        assert recorded.yosys.startswith("Yosys 0.")
        assert recorded.command == "python -m benchmarks.rtl.recorded"
        assert Reference.from_dict(recorded.reference.name, _description(recorded.reference)) == recorded.reference
    assert {recorded.schedule.channels for recorded in RECORDED} >= {1, 16}


def _description(reference: Reference) -> dict[str, object]:
    """Return a description as it comes out of a file."""
    found: dict[str, object] = json.loads(json.dumps(asdict(reference)))
    del found["name"]
    return found


def test_shares_and_errors_are_those_of_the_records() -> None:
    for kind, share in fit_designs(RECORDED).items():
        assert {name: round(value, 4) for name, value in asdict(share).items()} == asdict(calibration()[kind])
    for found, published in zip(errors_of(compare_each(RECORDED)), published_errors(), strict=True):
        assert {name: _short(value) for name, value in asdict(found).items()} == asdict(published)


def _short(value: float | str) -> float | str:
    return round(value, 4) if isinstance(value, float) else value


def test_errors_are_small() -> None:
    """Each design is estimated with shares that were fitted on the others."""
    found = {error.resource: error for error in published_errors()}
    assert found["bram18"].worst == 0
    assert found["dsp"].worst < 0.02
    assert found["lut"].median < 0.08
    assert found["lut"].worst < 0.15
    assert found["ff"].median < 0.05
    assert found["ff"].worst < 0.15
    assert error_factors() == {name: max(LEAST[name], found[name].factor) for name in RTL_RESOURCES}


def test_an_error_is_a_factor_in_both_directions() -> None:
    found = summarize("lut", [0.5, 1.0, 1.25])
    assert (found.median, found.worst, found.factor, found.designs) == (0.25, 0.5, 2.0, 3)


@pytest.mark.parametrize("seed", range(40, 60))
def test_every_design_has_an_estimate(seed: int) -> None:
    made = random_case(seed).design
    found = estimate_rtl(made)
    way = passage(made.program, made.schedule)
    assert (found.latency_cycles, found.after_last_sample_cycles) == (way.result, way.after_last_sample)
    assert found.first_output_cycles == way.outputs[0]
    assert found.interval_cycles == window_interval(made.program, made.schedule)
    assert found.layers == layer_cycles(made.program, made.schedule)
    assert [block.name for block in found.blocks] == list(count(made))
    assert found.resources == sum((block.resources for block in found.blocks), Resources())
    assert all(getattr(block.resources, name) >= 0 for block in found.blocks for name in RTL_RESOURCES)
    document = found.to_dict()
    assert json.loads(json.dumps(document)) == json.loads(json.dumps(document))
    assert document["resources"]["dsp"]["value"] == found.resources.dsp


def test_what_fits() -> None:
    program = random_program(1, Sizes(encoder=(4,), decoder=(4,)))
    made = design((program,), plan(program, 16))
    small, big = find_part("xc7z020clg400-1"), find_part("xcu250-figd2104-2L-e")
    assert small is not None
    assert big is not None
    found = estimate_rtl(made, big)
    assert found.fits is True
    assert found.share("lut") == found.resources.lut / big.lut
    nothing = estimate_rtl(made)
    assert (nothing.fits, nothing.share("lut")) == (None, None)
    assert estimate_rtl(made, replace(small, dsp=int(found.resources.dsp) - 1)).fits is False


def test_a_reference_is_the_same_each_time() -> None:
    reference = RECORDED[0].reference
    one, other = reference_design(reference), reference_design(reference)
    assert count(one) == count(other)
    assert reference_design(reference, RECORDED[0].schedule).schedule == RECORDED[0].schedule
