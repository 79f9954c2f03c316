"""Every tensor of a program is named once, with its own format."""

from __future__ import annotations

from dataclasses import fields

import pytest
from support.programs import Sizes, random_program

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.tensors import formats_of, layer_formats

PROGRAM = random_program(5, Sizes(encoder=(4, 3)), any_mode=True)


@pytest.mark.parametrize("layer", PROGRAM.layers, ids=lambda layer: layer.name)
def test_no_format_of_a_layer_is_left_out(layer: object) -> None:
    values = [getattr(layer, item.name) for item in fields(layer)]  # type: ignore[arg-type]
    formats = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    expected = [str(item) for item in formats if isinstance(item, Format)]
    assert sorted(layer_formats(layer).values()) == sorted(expected)  # type: ignore[arg-type]


def test_names() -> None:
    encoder, *_, output = PROGRAM.layers
    assert list(layer_formats(encoder)) == [
        "input", "weight", "bias", "recurrent_weight", "gate_i", "gate_f", "gate_g", "gate_o",
        "activation_i", "activation_f", "activation_g", "activation_o", "cell", "cell_tanh", "hidden",
    ]  # fmt: skip
    assert list(layer_formats(output)) == ["input", "weight", "bias", "output"]


def test_a_program() -> None:
    found = formats_of(PROGRAM)
    for layer in PROGRAM.layers:
        of_layer = {name.split(".")[1]: text for name, text in found.items() if name.startswith(f"{layer.name}.")}
        assert of_layer == layer_formats(layer) | {"accumulator": str(layer.accumulator)}
    others = {name: text for name, text in found.items() if name.split(".")[0] not in {x.name for x in PROGRAM.layers}}
    assert PROGRAM.trigger is not None
    assert others == {
        "input": str(PROGRAM.input),
        "raw": "ap_fixed<12,3,AP_RND_CONV,AP_SAT>",
        "trigger.score": str(PROGRAM.trigger.score),
    }
