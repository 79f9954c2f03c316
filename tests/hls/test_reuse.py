"""Which reuse factors are allowed, and what is said of the others."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from support.programs import Sizes, random_program

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Lstm
from hw_trigger.hls.reuse import ReuseFactorError, allowed_reuse_factors, doubts, resolve
from hw_trigger.hls.settings import HlsSettings, HlsSettingsError, LayerReuse, ResolvedReuse

PROGRAM = random_program(1, Sizes(encoder=(6,), latent=3, decoder=(4,)))


@pytest.mark.parametrize(("n_in", "n_out"), [(1, 12), (6, 24), (4, 16), (10, 256), (64, 256), (7, 5)])
def test_resource_allows_what_the_kernels_assert(n_in: int, n_out: int) -> None:
    """The assertions of ``nnet_dense_resource.h``, by which of its kernels we choose, and every product computed once."""

    def computes(factor: int) -> bool:
        multfactor = min(n_in, factor)
        limit, block = -(-n_in * n_out // multfactor), -(-n_in * n_out // factor)
        if n_in * n_out % factor or not (limit % n_out == 0 or factor >= n_in):
            return False
        return limit == block if factor <= n_in else factor % n_in == 0

    expected = tuple(factor for factor in range(1, n_in * n_out + 1) if computes(factor))
    assert allowed_reuse_factors(n_in, n_out, "Resource") == expected


def test_latency_allows_every_divisor() -> None:
    assert allowed_reuse_factors(3, 4, "Latency") == (1, 2, 3, 4, 6, 12)


def test_factors_of_each_layer() -> None:
    settings = HlsSettings(
        strategy="Resource",
        recurrent_reuse_factor=2,
        dense_reuse_factor=3,
        layers={"decoder_0": LayerReuse(reuse_factor=12, gate_unroll=4), "output": LayerReuse(2)},
    )
    assert resolve(PROGRAM, settings) == {
        "encoder_0": ResolvedReuse(1, 2, 1),
        "latent": ResolvedReuse(3),
        "decoder_0": ResolvedReuse(12, 2, 4),
        "output": ResolvedReuse(2),
    }


REFUSED: list[tuple[HlsSettings, type[UserError], str]] = [
    (
        HlsSettings(reuse_factor=5),
        ReuseFactorError,
        (
            "layer 'encoder_0' cannot have the reuse factor 5 with its product of 1 inputs and 24 outputs and the strategy "
            "Latency; the nearest allowed are 4 and 6, and all are 1, 2, 3, 4, 6, 8, 12, 24"
        ),
    ),
    (
        HlsSettings(strategy="Resource", recurrent_reuse_factor=4),
        ReuseFactorError,
        (
            "layer 'encoder_0' cannot have the recurrent reuse factor 4 with its product of 6 inputs and 24 outputs and the "
            "strategy Resource; the nearest allowed are 3 and 6, and all are 1, 2, 3, 6, 12, 18, 24, 36, 48, 72, 144"
        ),
    ),
    (
        HlsSettings(dense_reuse_factor=99, layers={"latent": LayerReuse(1)}),
        ReuseFactorError,
        (
            "layer 'output' cannot have the reuse factor 99 with its product of 4 inputs and 1 outputs and the strategy "
            "Latency; the nearest allowed are 4, and all are 1, 2, 4"
        ),
    ),
    (
        HlsSettings(gate_unroll=4),
        ReuseFactorError,
        (
            "layer 'encoder_0' cannot have the gate unroll factor 4: it must divide the 6 units; the nearest allowed are 3 "
            "and 6, and all are 1, 2, 3, 6"
        ),
    ),
    (
        HlsSettings(layers={"latend": LayerReuse(1)}),
        HlsSettingsError,
        (
            "the HLS setting layers names 'latend', and the layers of program 'random_1' are encoder_0, latent, decoder_0, "
            "output; did you mean 'latent'?"
        ),
    ),
    (
        HlsSettings(layers={"latent": LayerReuse(gate_unroll=1)}),
        HlsSettingsError,
        "the HLS setting layers['latent'] may have a reuse_factor only: it is a dense layer, without a state or gates",
    ),
]


@pytest.mark.parametrize(("settings", "error", "message"), REFUSED)
def test_refused(settings: HlsSettings, error: type[UserError], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        resolve(PROGRAM, settings)


def test_doubts() -> None:
    """Unrolled products of more than 4096 multiplications, and tables of more than 2**14 entries."""
    program = random_program(0, Sizes(4, 1, (40,), 3, (2,)), widths=(5, 6))
    assert doubts(program, HlsSettings(strategy="Resource", recurrent_reuse_factor=2)) == []
    assert doubts(program, HlsSettings(recurrent_reuse_factor=2)) == [
        (
            "layer 'encoder_0': the product with the state unrolls 6400 multiplications with the strategy Latency, and more than "
            "4096 are unlikely to be synthesized; choose Resource and a factor of at least 2"
        )
    ]
    lstm = program.layers[0]
    assert isinstance(lstm, Lstm)
    wide = replace(lstm, cell=Format(15, 3))
    assert doubts(replace(program, layers=(wide, *program.layers[1:])), HlsSettings(strategy="Resource")) == [
        (
            "layer 'encoder_0': the product with the state unrolls 6400 multiplications with the strategy Resource, and more "
            "than 4096 are unlikely to be synthesized; choose Resource and a factor of at least 2"
        ),
        (
            "layer 'encoder_0': its tables have up to 2**15 entries, which take the tools long; "
            "choose gates and cell state of at most 14 bits"
        ),
    ]
