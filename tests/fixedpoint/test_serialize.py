"""Programs as JSON: the same program back, the same bytes, and clear errors for what is damaged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.programs import Sizes, random_program, random_windows

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import FormatError
from hw_trigger.fixedpoint.program import ProgramError
from hw_trigger.fixedpoint.serialize import ProgramFileError, digest, from_text, to_text

PROGRAM = random_program(3, Sizes(3, 1, (2,), 2, (2,)))
TEXT = to_text(PROGRAM)


@pytest.mark.parametrize("seed", range(6))
def test_round_trip(seed: int) -> None:
    program = random_program(
        seed, Sizes(4, 1 + seed % 2, (3, 2), 2, (2,)), any_mode=True, scaling=seed % 2 == 0, trigger=seed % 3 == 0
    )
    text = to_text(program)
    again = from_text(text)
    assert to_text(again) == text
    assert digest(again) == digest(program)
    raw = random_windows(program, 8)
    np.testing.assert_array_equal(golden.run(again, raw).output, golden.run(program, raw).output)


def test_a_name_that_looks_like_a_format_is_a_name() -> None:
    program = replace(PROGRAM, name="ap_fixed<8,2>")
    assert from_text(to_text(program)).name == "ap_fixed<8,2>"


def test_the_layout_is_the_documented_one() -> None:
    document = json.loads(TEXT)
    assert list(document) == [
        "format",
        "version",
        "name",
        "steps",
        "n_features",
        "input",
        "scaling",
        "layers",
        "trigger",
    ]
    assert (document["format"], document["version"]) == ("hw_trigger program", 2)
    assert [layer["kind"] for layer in document["layers"]] == ["lstm", "dense", "lstm", "dense"]
    assert document["input"] == str(PROGRAM.input)
    assert TEXT.endswith("\n")


def test_digests_tell_programs_apart() -> None:
    bias = PROGRAM.layers[1].bias.copy()
    bias[0] += 1 if bias[0] < 0 else -1
    layers = (PROGRAM.layers[0], replace(PROGRAM.layers[1], bias=bias), *PROGRAM.layers[2:])
    assert digest(replace(PROGRAM, layers=layers)) != digest(PROGRAM)
    assert re.fullmatch("[0-9a-f]{64}", digest(PROGRAM))


@pytest.mark.parametrize("text", ["", "{", "nonsense", TEXT[: len(TEXT) // 2], "[" * 100_000])
def test_what_is_not_json(text: str) -> None:
    with pytest.raises(ProgramFileError, match=r"^the program is not JSON: .+$"):
        from_text(text)


@pytest.mark.parametrize("text", ["[]", "null", "{}", '{"format": "other", "version": 1}'])
def test_json_that_is_no_program(text: str) -> None:
    with pytest.raises(ProgramFileError) as caught:
        from_text(text)
    assert str(caught.value) == "the JSON is not a program: its 'format' must be 'hw_trigger program'"


@pytest.mark.parametrize(("version", "shown"), [(1, "1"), (0, "0"), ("2", "'2'"), (None, "None")])
def test_other_versions(version: object, shown: str) -> None:
    with pytest.raises(ProgramFileError) as caught:
        from_text(json.dumps({**json.loads(TEXT), "version": version}))
    assert str(caught.value) == f"the program has version {shown}, and this release reads 2"


LSTM_ENTRIES = (
    "name, steps, repeat_input, return_sequence, input, weight_format, weight, recurrent_format, recurrent_weight, "
    "bias_format, bias, gates, activations, cell, cell_tanh, hidden"
)
DAMAGES: list[tuple[Callable[[Any], object], str]] = [
    (
        lambda d: d.pop("steps"),
        "program is not an object with the entries name, steps, n_features, input, layers, scaling, trigger",
    ),
    (
        lambda d: d.update(extra=1),
        "program is not an object with the entries name, steps, n_features, input, layers, scaling, trigger",
    ),
    (lambda d: d.update(steps="3"), "program.steps is not an integer"),
    (lambda d: d.update(steps=3.0), "program.steps is not an integer"),
    (lambda d: d.update(steps=True), "program.steps is not an integer"),
    (lambda d: d.update(name=3), "program.name is not a text"),
    (lambda d: d.update(input=8), "program.input is not a format"),
    (lambda d: d.update(layers={}), "program.layers is not a list"),
    (
        lambda d: d["layers"].__setitem__(1, None),
        "program.layers[1] is not an object whose 'kind' is one of lstm, dense",
    ),
    (lambda d: d["layers"][1].pop("kind"), "program.layers[1] is not an object whose 'kind' is one of lstm, dense"),
    (
        lambda d: d["layers"][1].update(kind=["lstm"]),
        "program.layers[1] is not an object whose 'kind' is one of lstm, dense",
    ),
    (lambda d: d["layers"][0].pop("bias"), f"program.layers[0] is not an object with the entries {LSTM_ENTRIES}"),
    (lambda d: d["layers"][0].update(repeat_input=0), "program.layers[0].repeat_input is not true or false"),
    (lambda d: d["layers"][0]["gates"].pop(), "program.layers[0].gates is not a list of 4"),
    (lambda d: d["layers"][0]["gates"].__setitem__(2, 1), "program.layers[0].gates[2] is not a format"),
    (
        lambda d: d["layers"][0]["weight"].append([1, 2]),
        "program.layers[0].weight is not lists of integers of equal length",
    ),
    (
        lambda d: d["layers"][0]["weight"][0].__setitem__(0, 1.5),
        "program.layers[0].weight is not a list, or a list of lists, of integers of 64 bits",
    ),
    (
        lambda d: d["layers"][0].update(weight=3),
        "program.layers[0].weight is not a list, or a list of lists, of integers of 64 bits",
    ),
    (
        lambda d: d["layers"][1]["bias"].__setitem__(0, 2**70),
        "program.layers[1].bias is not a list, or a list of lists, of integers of 64 bits",
    ),
    (
        lambda d: d["layers"][1].update(bias=[True, False]),
        "program.layers[1].bias is not a list, or a list of lists, of integers of 64 bits",
    ),
    (
        lambda d: d.update(scaling=[]),
        "program.scaling is not an object with the entries name, raw, gain_format, gain, offset_format, offset, output",
    ),
    (lambda d: d["trigger"].update(threshold=0.5), "program.trigger.threshold is not an integer"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES, ids=range(len(DAMAGES)))
def test_damaged_entries_are_named(damage: Callable[[Any], object], message: str) -> None:
    document = json.loads(TEXT)
    damage(document)
    with pytest.raises(ProgramFileError) as caught:
        from_text(json.dumps(document))
    assert str(caught.value) == f"the program is damaged: {message}"


def test_whole_entries_that_make_no_program() -> None:
    document = json.loads(TEXT)
    document["input"] = "ap_fixed<8>"
    with pytest.raises(FormatError, match=r"^'ap_fixed<8>' is not a format; .*$"):
        from_text(json.dumps(document))
    document = json.loads(TEXT)
    document["layers"][1]["bias"].append(0)
    with pytest.raises(ProgramError, match=r"^tensor 'latent\.weight' has the shape \(2, 2\), and \(3, 2\) is needed$"):
        from_text(json.dumps(document))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every entry of a JSON document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


PLACES = places(json.loads(TEXT))[1:]
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}),
    st.lists(st.integers(-9, 9), max_size=3), st.just("ap_fixed<8,2>"), st.just([[1], [2]]), st.just(["a"]),
)  # fmt: skip


@given(st.sampled_from(PLACES), JUNK)
@settings(max_examples=300)
def test_any_damage_is_told_or_harmless(place: tuple[Any, ...], junk: Any) -> None:
    """Nothing but user errors; and what is read in spite of the damage is what was written."""
    document = json.loads(TEXT)
    target = document
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = junk
    try:
        program = from_text(json.dumps(document))
    except UserError:
        return
    assert json.loads(to_text(program)) == document or "ap_fixed<8,2>" in json.dumps(document)
