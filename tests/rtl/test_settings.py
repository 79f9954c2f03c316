"""Settings of the RTL: what is allowed, and what exceptions make of the plan."""

from __future__ import annotations

from typing import Any

import pytest
from support.programs import random_program

from hw_trigger.rtl.plan import plan
from hw_trigger.rtl.schedule import LstmSchedule, ProductSchedule
from hw_trigger.rtl.settings import LayerParallelism, RtlSettings, RtlSettingsError, chosen_schedule

PROGRAM = random_program(1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"multipliers": -1}, "the RTL setting multipliers must be a whole number of at least 0, not -1"),
        ({"channels": 0}, "the RTL setting channels must be a whole number of at least 1, not 0"),
        ({"windows": 0}, "the RTL setting windows must be a whole number of at least 1, not 0"),
        (
            {"target": "xcu"},
            "the RTL setting target must be 'xc7' or 'xcup' or 'ecp5', not 'xcu'; did you mean 'xcup'?",
        ),
        ({"clock_mhz": 0.5}, "the RTL setting clock_mhz must be 1 to 1000 MHz, not 0.5"),
        ({"seconds": 0}, "the RTL setting seconds must be 1 to 1000000 s, not 0"),
        (
            {"layers": {"latent": LayerParallelism(product=(0, 1))}},
            "the RTL setting layers['latent'].product must be a whole number of at least 1, not 0",
        ),
    ],
)
def test_values_that_cannot_be(values: dict[str, Any], message: str) -> None:
    with pytest.raises(RtlSettingsError) as caught:
        RtlSettings(**values)
    assert str(caught.value) == message


def test_an_unknown_device() -> None:
    with pytest.raises(
        RtlSettingsError, match=r"^the RTL setting device must be '12k' or .*, not '86k'; did you mean '85k'\?$"
    ):
        RtlSettings(device="86k")


def test_without_exceptions_it_is_the_plan() -> None:
    assert chosen_schedule(PROGRAM, RtlSettings(multipliers=10, channels=3, pack=False)) == plan(
        PROGRAM, 10, channels=3, pack=False
    )


def test_exceptions_replace_single_products() -> None:
    settings = RtlSettings(
        multipliers=10,
        layers={"encoder_0": LayerParallelism(state=(8, 2)), "latent": LayerParallelism(product=(3, 2))},
    )
    found, planned = chosen_schedule(PROGRAM, settings), plan(PROGRAM, 10)
    encoder = planned.layers["encoder_0"]
    assert isinstance(encoder, LstmSchedule)
    assert found.layers["encoder_0"] == LstmSchedule(encoder.input, ProductSchedule(8, 2))
    assert found.layers["latent"] == ProductSchedule(3, 2)
    assert found.layers["decoder_0"] == planned.layers["decoder_0"]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            {"latend": LayerParallelism(product=(4, 1))},
            "the RTL setting layers['latend'] is of no layer; did you mean 'latent'?; program 'random_1' has "
            + ", ".join(layer.name for layer in PROGRAM.layers),
        ),
        (
            {"latent": LayerParallelism(state=(4, 1))},
            "the RTL setting layers['latent'] is of the product 'state', and the layer has 'product'",
        ),
        (
            {"encoder_0": LayerParallelism(product=(4, 1))},
            "the RTL setting layers['encoder_0'] is of the product 'product', and the layer has 'input' and 'state'",
        ),
    ],
)
def test_exceptions_that_fit_nothing(layers: dict[str, LayerParallelism], message: str) -> None:
    with pytest.raises(RtlSettingsError) as caught:
        chosen_schedule(PROGRAM, RtlSettings(layers=layers))
    assert str(caught.value) == message
