"""Random designs in Verilator: every code of the network, every score and every trigger bit equals the golden model's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.rtl import Case, Comparison, compare, random_case, simulate

from hw_trigger.fixedpoint.program import Lstm

# Together of every kind: triggers, channels, programs of their own, packed and not, pauses, resets, thresholds.
QUICK = (7, 11, 13, 17, 18, 21, 72)


def check(case: Case, directory: Path) -> Comparison:
    result = compare(case, simulate(case, directory))
    assert result.mismatches == 0, case.describe()
    assert result.codes >= result.windows
    return result


@pytest.mark.parametrize("seed", QUICK)
def test_a_random_design_is_exact(seed: int, tmp_path: Path) -> None:
    check(random_case(seed), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_more_random_designs_are_exact(seed: int, tmp_path: Path) -> None:
    check(random_case(seed), tmp_path)


def kinds(case: Case) -> dict[str, object]:
    """Return what tells cases apart."""
    program = case.design.program
    return {
        "trigger": type(program.trigger).__name__,
        "scaling": program.scaling is not None,
        "several channels": case.design.schedule.channels > 1,
        "several members": len(case.design.members) > 1,
        "pack": case.design.schedule.pack,
        "output": case.design.with_output,
        "reset": None if case.reset is None else case.reset.kind,
        "thresholds": case.thresholds is not None,
        "stalls": case.stalls.seed != 0,
        "encoders": sum(isinstance(layer, Lstm) for layer in program.layers),
    }


VALUES: dict[str, set[object]] = {
    "trigger": {"ErrorTrigger", "DeviationTrigger", "MarginTrigger", "NoneType"},
    "reset": {None, "hard", "soft"},
    "encoders": {1, 2, 3, 4},
}


def test_random_designs_are_of_every_kind() -> None:
    found = [kinds(random_case(seed)) for seed in range(120)]
    for name in found[0]:
        values = {each[name] for each in found}
        assert values == VALUES.get(name, {True, False})


def test_the_quick_designs_are_of_every_kind() -> None:
    found = [kinds(random_case(seed)) for seed in QUICK]
    for name in ("trigger", "scaling", "several channels", "several members", "pack", "reset", "thresholds", "stalls"):
        values = {each[name] for each in found}
        assert values == VALUES.get(name, {True, False}), name


def test_one_wrong_code_is_found(tmp_path: Path) -> None:
    """The comparison can fail: each code that is changed is counted."""
    case = random_case(13)
    run = simulate(case, tmp_path)
    for name in ("outputs", "scores", "triggers"):
        codes = getattr(run, name).copy()
        codes[(-1,) * codes.ndim] ^= 1
        assert compare(case, run).mismatches == 0
        assert compare(case, replace(run, **{name: codes})).mismatches == 1


def test_cases_are_the_same_each_time() -> None:
    one, other = random_case(7), random_case(7)
    assert one.describe() == other.describe()
    np.testing.assert_array_equal(one.windows, other.windows)
