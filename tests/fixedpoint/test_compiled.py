"""The compiled path computes what the reference computes: codes, scores, every layer, and saturation counts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.programs import Sizes, random_classifier, random_program, random_windows, with_deviation
from support.strategies import formats

import hw_trigger
from hw_trigger.errors import UserError
from hw_trigger.fixedpoint import compiled, golden, kernels
from hw_trigger.fixedpoint.decision import decide
from hw_trigger.fixedpoint.formats import Codes, Format, Overflow, Rounding, quantize_codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.kernels import Reals
from hw_trigger.fixedpoint.plans import LstmPlan, plan
from hw_trigger.fixedpoint.program import Dense, Lstm, Program

SHAPES = [
    Sizes(),
    Sizes(steps=7, n_features=3, encoder=(5, 4), latent=2, decoder=(3, 6)),
    Sizes(steps=1, encoder=(3,), decoder=(2,)),
]


def check(program: Program, raw: Codes) -> Execution:
    """Compare both paths in everything they give."""
    expected = golden.run(program, raw, trace=True)
    found = compiled.run(program, raw, trace=True)
    assert list(found.outputs) == list(expected.outputs)
    for name, codes in expected.outputs.items():
        np.testing.assert_array_equal(found.outputs[name], codes, err_msg=name)
    np.testing.assert_array_equal(found.output, expected.output)
    np.testing.assert_array_equal(found.score, expected.score)
    np.testing.assert_array_equal(found.trigger, expected.trigger)
    assert found.saturations == expected.saturations
    return expected


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("widths", [(2, 6), (6, 10), (12, 16)], ids=["narrow", "medium", "wide"])
def test_equals_reference(seed: int, widths: tuple[int, int]) -> None:
    program = random_program(
        seed, SHAPES[seed % len(SHAPES)], widths=widths, any_mode=seed % 4 == 3, scaling=seed % 2 == 0
    )
    check(program, random_windows(program, 30, seed))


def test_the_comparison_would_notice() -> None:
    """The random programs reach saturation in every kind of tensor, and their outputs vary."""
    saturated: set[str] = set()
    distinct = 0
    for seed in range(24):
        program = random_program(seed, widths=(3, 7))
        result = golden.run(program, random_windows(program, 30, seed))
        saturated |= {name.split(".")[1] for name, count in result.saturations.items() if count}
        distinct = max(distinct, len(np.unique(result.output)))
    # The products of two numbers of at most 1 hardly ever leave the cell's range.
    wanted = {"gate_i", "gate_f", "gate_g", "gate_o", "cell", "output", "input"}
    assert wanted <= saturated
    assert distinct >= 10


def test_chunks_and_threads_change_nothing() -> None:
    program = random_program(3)
    raw = random_windows(program, 2 * compiled.CHUNK + 7)
    done: list[int] = []
    found = compiled.run(program, raw, threads=2, progress=done.append)
    expected = golden.run(program, raw)
    np.testing.assert_array_equal(found.output, expected.output)
    np.testing.assert_array_equal(found.score, expected.score)
    assert found.saturations == expected.saturations
    assert sum(done) == len(raw)
    assert found.outputs == {}


def test_no_windows() -> None:
    program = random_program(1)
    found = compiled.run(program, np.empty((0, program.steps, program.n_features), np.int64))
    assert found.output.shape == (0, program.steps, program.n_features)
    assert found.score is not None
    assert found.score.shape == (0,)


@st.composite
def layer_formats(draw: st.DrawFn, *, brevitas: bool) -> dict[str, Format]:
    """Draw a format for every tensor of a layer: any width and place of the binary point, unsigned ones too."""

    def one() -> Format:
        item = draw(formats(max_width=9, max_fraction=12))
        if not brevitas:
            return item
        symmetric = item.overflow is Overflow.SAT_SYM
        return replace(item, rounding=Rounding.RND_CONV, overflow=Overflow.SAT_SYM if symmetric else Overflow.SAT)

    return {name: one() for name in ("data", "input", "weight", "recurrent", "bias", "i", "f", "g", "o", "si", "sf",
                                     "tg", "so", "cell", "cell_tanh", "hidden", "dense", "dense_bias", "output")}  # fmt: skip


def program_of(chosen: dict[str, Format], seed: int, steps: int) -> Program:
    """Return an LSTM and an output layer with random codes in the formats chosen."""
    rng = np.random.default_rng(seed)

    def codes(name: str, *shape: int) -> Codes:
        return rng.integers(chosen[name].low, chosen[name].high, shape, endpoint=True)

    def pick(*names: str) -> tuple[Format, Format, Format, Format]:
        a, b, c, d = (chosen[name] for name in names)
        return a, b, c, d

    lstm = Lstm(
        name="lstm", steps=steps, repeat_input=False, return_sequence=True, input=chosen["input"],
        weight_format=chosen["weight"], weight=codes("weight", 12, 2),
        recurrent_format=chosen["recurrent"], recurrent_weight=codes("recurrent", 12, 3),
        bias_format=chosen["bias"], bias=codes("bias", 12), gates=pick("i", "f", "g", "o"),
        activations=pick("si", "sf", "tg", "so"), cell=chosen["cell"], cell_tanh=chosen["cell_tanh"],
        hidden=chosen["hidden"],
    )  # fmt: skip
    dense = Dense("output", steps, chosen["hidden"], chosen["dense"], codes("dense", 2, 3), chosen["dense_bias"],
                  codes("dense_bias", 2), chosen["output"])  # fmt: skip
    return Program("drawn", steps, 2, chosen["data"], (lstm, dense))


@pytest.mark.parametrize("brevitas", [True, False], ids=["brevitas", "any mode"])
def test_equals_reference_in_any_format(brevitas: bool) -> None:
    fast = slow = 0

    @given(layer_formats(brevitas=brevitas), st.integers(0, 99), st.integers(1, 4))
    @settings(max_examples=100)
    def compare(chosen: dict[str, Format], seed: int, steps: int) -> None:
        nonlocal fast, slow
        try:
            program = program_of(chosen, seed, steps)
        except UserError:
            assume(False)
        for layer in program.layers:
            fast, slow = fast + (plan(layer) is not None), slow + (plan(layer) is None)
        check(program, random_windows(program, 8, seed))

    compare()
    assert (fast > 0 and slow == 0) if brevitas else slow > 0


def accumulating(bits: int) -> Dense:
    """Return a layer whose extreme inputs need exactly `bits` bits, and whose output has them all."""
    x = Format((bits + 1) // 2 + 1, 1, overflow=Overflow.SAT_SYM)
    weight = Format(bits - x.width, 1, overflow=Overflow.SAT_SYM)
    codes = np.array([[weight.high, weight.high, 1], [-weight.high, 1, weight.high], [1, -1, 1]])
    output = Format(bits, 2)
    dense = Dense(
        "output", 4, x, weight, codes, Format(2, 2 - x.fraction - weight.fraction), np.ones(3, np.int64), output
    )
    assert dense.accumulator.width == bits
    return dense


@pytest.mark.parametrize(
    ("bits", "kind"),
    [(23, np.float32), (24, np.float32), (25, np.float64), (26, np.float64), (40, np.float64), (53, np.float64)],
)
def test_sums_up_to_the_mantissa_are_exact(bits: int, kind: type) -> None:
    layer = accumulating(bits)
    planned = plan(layer)
    assert planned is not None
    assert planned.dtype is kind
    program = Program("wide", 4, 3, layer.input, (layer,))
    rng = np.random.default_rng(bits)
    high = layer.input.high
    raw = np.concatenate([
        np.full((1, 4, 3), high), np.full((1, 4, 3), -high),
        high - rng.integers(0, 4, (40, 4, 3)), rng.integers(-high, high, (40, 4, 3), endpoint=True),
    ])  # fmt: skip
    result = check(program, raw)
    odd = np.count_nonzero(result.output & 1)
    assert 0 < odd < result.output.size  # the last place is there
    if bits > 25:  # a sign and float32's 24 bits: it would not have done
        weight, x = layer.weight.astype(np.float32), raw.astype(np.float32)
        assert np.any((x @ weight.T + 1).astype(np.int64) != raw @ layer.weight.T + 1)


@pytest.mark.parametrize(("bits", "kind"), [(8, np.float32), (9, np.float64), (16, np.float64)])
def test_products_up_to_the_mantissa_are_exact(bits: int, kind: type) -> None:
    """Of a cell state of 16 bits and a forget gate of so many, and the sum of two such products."""
    forget, cell = Format(bits, 0, signed=False), Format(16, 3)
    chosen = dict.fromkeys(["data", "input", "weight", "recurrent", "bias", "dense", "dense_bias"], Format(3, 2))
    chosen |= dict.fromkeys(["i", "f", "g", "o", "si", "tg", "so", "cell_tanh", "hidden", "output"], Format(8, 2))
    layer = program_of({**chosen, "sf": forget, "cell": cell}, 3, 1).layers[0]
    planned = plan(layer)
    assert isinstance(planned, LstmPlan)
    assert planned.dtype is kind
    rng = np.random.default_rng(bits)
    f = np.append(rng.integers(forget.low, forget.high, 200_000, endpoint=True), [forget.high] * 2)
    c = np.append(rng.integers(cell.low, cell.high, 200_000, endpoint=True), [cell.low, cell.high])
    expected = quantize_codes(f * c, forget.fraction + cell.fraction, cell)
    assert np.array_equal(multiply(f, c, planned.limits[4], kind), expected)
    total = np.empty(len(c), kind)
    pair = np.stack([c, c[::-1]])
    kernels._add_products(pair.astype(kind), planned.limits[6], 0, total, np.empty(len(c), np.int32))
    assert np.array_equal(total, quantize_codes(pair.sum(axis=0), cell.fraction, cell))
    if bits == 16:
        assert np.any(multiply(f, c, planned.limits[4].astype(np.float32), np.float32) != expected)


def multiply(left: Codes, right: Codes, limits: Reals, kind: type) -> Reals:
    found: Reals = np.empty(len(left), kind)
    kernels._multiply(left.astype(kind), right.astype(kind), limits, found)
    return found


def test_results_wider_than_the_products_saturate_at_their_own_limit() -> None:
    """1 * 1 in 30 bits: the limit has no equal in float32, so the width of the result decides too."""
    one = Format(4, 2, signed=False)
    chosen = dict.fromkeys(["data", "input", "weight", "recurrent", "bias", "g", "dense", "dense_bias"], Format(3, 2))
    chosen |= dict.fromkeys(["i", "f", "o", "si", "sf", "so"], Format(4, 4))
    chosen |= {
        "tg": one,
        "cell": Format(5, 5),
        "cell_tanh": Format(4, 3),
        "hidden": Format(30, 1),
        "output": Format(45, 2),
    }
    chosen |= {"si": one, "so": one, "recurrent": Format(3, 31)}
    program = program_of(chosen, 3, 4)
    lstm, dense = program.layers
    assert isinstance(lstm, Lstm)
    lstm = replace(lstm, recurrent_weight=np.zeros_like(lstm.recurrent_weight))
    assert lstm.accumulator.width < 24  # with its weights on the state, float64 would be needed anyway
    program = replace(program, layers=(lstm, dense))
    result = check(program, random_windows(program, 8))
    assert result.saturations["lstm.hidden"] > 0
    assert result.outputs["lstm"].max() == chosen["hidden"].high
    wide = program_of({**chosen, "output": Format(60, 10)}, 3, 4)
    assert plan(wide.layers[1]) is None
    check(wide, random_windows(wide, 8))


@pytest.mark.parametrize(
    "program",
    [
        random_program(1),
        with_deviation(random_program(2, SHAPES[1])),
        random_classifier(3),
        random_program(4, any_mode=True),
    ],
    ids=["error", "deviation", "margin", "reference layers"],
)
def test_what_is_prepared_once_measures_many_times(program: Program) -> None:
    prepared = compiled.prepare(program)
    assert program.trigger is not None
    raw = random_windows(program, 2 * compiled.CHUNK + 5)
    parts = [prepared.measure(part) for part in (raw[:1], raw[1:30], raw[30:30], raw[30:])]
    decision, expected = decide(program.trigger, np.concatenate(parts)), golden.run(program, raw)
    np.testing.assert_equal(
        (decision.score, decision.trigger, decision.state), (expected.score, expected.trigger, expected.state)
    )
    with pytest.raises(golden.WindowsError, match=r"^windows have the shape \(1, 1\), and program "):
        prepared.measure(np.zeros((1, 1), np.int64))


def test_a_program_without_trigger_has_nothing_to_measure() -> None:
    program = random_program(1, trigger=False)
    with pytest.raises(RuntimeError, match=r"^program 'random_1' has no trigger$"):
        compiled.prepare(program).measure(random_windows(program, 1))


def test_runs_side_by_side_do_not_disturb_each_other() -> None:
    programs = [random_program(seed, Sizes(20, 1, (16,), 4, (16,))) for seed in range(4)]
    windows = [random_windows(program, 100, 1) for program in programs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda item: compiled.run(*item, threads=2), zip(programs, windows, strict=True)))
    for program, raw, result in zip(programs, windows, found, strict=True):
        np.testing.assert_array_equal(result.output, golden.run(program, raw).output)


def test_codes_of_zero_are_never_negative_zeros() -> None:
    """Rounding gives -0.0 in floating point; as an index, as a factor and as a code it must be 0."""
    program = random_program(8, widths=(2, 3))
    result = compiled.run(program, random_windows(program, 30), trace=True)
    for codes in (*result.outputs.values(), result.output):
        assert codes.dtype == np.int64
        assert codes.flags.c_contiguous
    check(program, random_windows(program, 30))


def test_works_where_no_cache_can_be_written(tmp_path: Path) -> None:
    """As installed by another user: neither the package nor the home directory can be written."""
    package = tmp_path / "hw_trigger"
    shutil.copytree(Path(hw_trigger.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "fixedpoint" / "__pycache__").touch()  # a file, which not even the superuser can write into
    (tmp_path / "home").touch()
    code = (
        "from hw_trigger.fixedpoint import kernels\n"
        "import numpy as np\n"
        "x = np.float32([2.5, -9, 3.5])\n"
        "found = np.empty_like(x)\n"
        "print(kernels.__file__, kernels._multiply(x, np.ones_like(x), np.float32([1, -8, 7]), found), found)"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "home"),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == f"{package}/fixedpoint/kernels.py 1 [ 2. -8.  4.]\n"
    assert (package / "fixedpoint" / "__pycache__").is_file()
