"""Short texts for networks and formats."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hw_trigger.config.compose import load_config
from hw_trigger.explore.sizes import SizeError, quant, units, units_text
from hw_trigger.models.spec import Architecture, QuantSpec

PRESETS = sorted(path.stem for path in (Path(__file__).parents[2] / "configs" / "quant").glob("*.yaml"))
BASE = Architecture(encoder=(7, 5), decoder=(9,))


@pytest.mark.parametrize(
    ("text", "encoder", "decoder"),
    [
        (64, (64,), (64,)),
        ("64", (64,), (64,)),
        ("32x16", (32, 16), (16, 32)),
        ("32x16:48", (32, 16), (48,)),
        ("8:4x2", (8,), (4, 2)),
        ("configured", (7, 5), (9,)),
    ],
)
def test_units(text: int | str, encoder: tuple[int, ...], decoder: tuple[int, ...]) -> None:
    assert units(text, BASE) == (encoder, decoder)
    assert units(units_text(encoder, decoder), BASE) == (encoder, decoder)


@pytest.mark.parametrize("text", ["", "x", "32x", "0", "16:0", "3.5", "16:", -4])
def test_no_units(text: int | str) -> None:
    message = (
        f"the sweep's units have {text!r}, and each must be a number of units, as 64, several layers, as '32x16' (the decoder "
        "mirrored), encoder and decoder, as '32x16:48', or 'configured'"
    )
    with pytest.raises(SizeError, match=f"^{re.escape(message)}$"):
        units(text, BASE)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("base", PRESETS)
def test_the_presets_are_made_of_each_other(preset: str, base: str) -> None:
    assert quant(preset, load_config([f"quant={base}"]).quant) == load_config([f"quant={preset}"]).quant


def test_configured_formats() -> None:
    base = QuantSpec(name="own")
    assert quant("configured", base) is base
    assert quant("own", base) is base


@pytest.mark.parametrize("text", ["w8", "a8", "w1a8", "w25a8", "w8a17", "w8a1", "8", "W8A8"])
def test_no_formats(text: str) -> None:
    message = (
        f"the sweep's quant has {text!r}, and each must be 'w<bits of weights>a<bits of states>', as 'w8a12', with "
        "2 to 24 and 2 to 16 bits, or 'configured'"
    )
    with pytest.raises(SizeError, match=f"^{re.escape(message)}$"):
        quant(text, QuantSpec())
