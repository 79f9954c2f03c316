"""Common formats: each tensor's with the most integer bits, the same widths, and no bias finer than its products."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hw_trigger.fixedpoint.formats import Format, Overflow
from hw_trigger.models.shared_formats import SharedFormatsError, shared_formats
from hw_trigger.models.spec import DenseFormats, LstmFormats, NetworkFormats


def network(weight: int = 0, gate: int = 3, bias: int = 1, output: int = 2) -> NetworkFormats:
    """Formats of a network, those that differ by their integer bits."""
    unit, narrow = Format(8, 1), Format(8, weight, overflow=Overflow.SAT_SYM)
    lstm = LstmFormats(
        unit, narrow, Format(16, bias), Format(8, gate), Format(8, 0, signed=False), unit, Format(8, 2), unit
    )
    dense = DenseFormats(unit, narrow, Format(16, bias), unit)
    return NetworkFormats(unit, (lstm,), dense, (lstm,), replace(dense, output=Format(8, output)))


def test_each_tensor_has_the_most_integer_bits() -> None:
    merged = shared_formats([network(weight=1, gate=3), network(weight=0, gate=5), network(output=4)])
    assert merged.encoder[0].weight == Format(8, 1, overflow=Overflow.SAT_SYM)
    assert merged.decoder[0].gate == Format(8, 5)
    assert merged.output.output == Format(8, 4)
    assert merged.input == Format(8, 1)


def test_a_bias_is_no_finer_than_its_products() -> None:
    """Each network's own bias has 14 fractional bits of at most 15; with the other's weights of 7 - 4 there may be 3 + 7."""
    own = network(weight=0, bias=2)
    merged = shared_formats([own, network(weight=5, bias=6)])
    assert (own.encoder[0].bias.fraction, merged.encoder[0].weight.fraction) == (14, 3)
    assert merged.encoder[0].bias == Format(16, 6)  # 10 fractional bits
    assert shared_formats([own, network(weight=5, bias=2)]).latent.bias == Format(16, 6)


def test_one_network_keeps_its_formats_whatever_the_order() -> None:
    one, other = network(weight=2, bias=4), network(gate=6, bias=4)
    assert shared_formats([one]) == one
    assert shared_formats([one, other]) == shared_formats([other, one, one])


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ([], "formats are shared by 1 network at least, and there is none"),
        (
            [network(), replace(network(), encoder=network().encoder * 2)],
            "networks with 1 and 2 layers in 'encoder' cannot share formats",
        ),
        (
            [network(), replace(network(), decoder=(replace(network().decoder[0], cell=Format(12, 2)),))],
            (
                "tensor 'decoder_0.cell' has the formats ap_fixed<12,2,AP_RND_CONV,AP_SAT> and "
                "ap_fixed<8,2,AP_RND_CONV,AP_SAT>, which differ in more than their integer bits"
            ),
        ),
    ],
)
def test_networks_that_cannot_share(networks: list[NetworkFormats], message: str) -> None:
    with pytest.raises(SharedFormatsError, match=f"^{re.escape(message)}$"):
        shared_formats(networks)
