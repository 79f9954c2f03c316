"""The FIFO in which x waits: deep enough, not deeper than it helps, and as deep in the generated C++; all others are short."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from support.dataflow import ENDLESS, Deadlock, Stream, run
from support.programs import Sizes, random_program

from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.hls.fifo import STREAM_DEPTH, trigger_depth
from hw_trigger.hls.graph import build_graph
from hw_trigger.hls.settings import HlsSettings

STEPS, WINDOWS = 6, 8


def deepened(program: Program, latents: int) -> Program:
    """The program with more layers on the latent vector, one after another."""
    first = next(layer for layer in program.layers if isinstance(layer, Dense))
    more = [
        Dense(
            f"latent_{index}",
            1,
            first.output,
            first.weight_format,
            np.zeros((first.n_outputs, first.n_outputs), np.int64),
            first.bias_format,
            first.bias,
            first.output,
        )
        for index in range(latents - 1)
    ]
    layers = list(program.layers)
    place = layers.index(first) + 1
    return Program(
        "deep",
        program.steps,
        program.n_features,
        program.input,
        (*layers[:place], *more, *layers[place:]),
        None,
        program.trigger,
    )


PROGRAMS = {
    "default": random_program(0, Sizes(steps=STEPS), scaling=False),
    "layers": random_program(0, Sizes(steps=STEPS, encoder=(2, 3), decoder=(2, 3, 2)), scaling=False),
    "latents": deepened(random_program(0, Sizes(steps=STEPS), scaling=False), 3),
}


def cycles_of(program: Program, encoder: int, latent: int, decoder: int) -> dict[str, int]:
    """Cycles a step by the kind of layer; the output layer is as slow as the decoder."""
    kinds = {"encoder": encoder, "latent": latent, "decoder": decoder, "output": decoder}
    return {layer.name: kinds[layer.name.split("_")[0]] for layer in program.layers}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_depths_never_throttle(name: str) -> None:
    """The firmware is as fast as with endless streams everywhere."""
    program = PROGRAMS[name]
    depth = trigger_depth(program)
    for encoder, latent, decoder in itertools.product((1, 3, 8), (1, 7, 6 * 8, 6 * 9), (1, 3, 8)):
        cycles = cycles_of(program, encoder, latent, decoder)
        endless = run(program, Stream(ENDLESS), cycles, WINDOWS, others=ENDLESS)
        assert run(program, Stream(depth), cycles, WINDOWS) == endless, (encoder, latent, decoder)


@pytest.mark.parametrize("decoder", [1, 4, 8])
def test_two_words_hide_the_product_with_the_latent_vector(decoder: int) -> None:
    """While the decoder computes it, for two steps of a slower layer behind, that layer works on what is in the stream."""
    program = PROGRAMS["default"]
    cycles = {"encoder_0": 1, "latent": 1, "decoder_0": decoder, "output": 8}

    def lost(head: int, others: int) -> int:
        endless = run(program, Stream(ENDLESS), cycles, WINDOWS, others=ENDLESS, head=head)
        return run(program, Stream(trigger_depth(program)), cycles, WINDOWS, others=others, head=head) - endless

    assert [lost(head, STREAM_DEPTH) for head in range(2 * 8 + 1)] == [0] * 17
    # One word is not enough for that; nor are two for twice as long, unless the decoder itself is as slow.
    assert (lost(2 * 8, 1) > 0) == (decoder == 4)
    assert (lost(4 * 8, STREAM_DEPTH) > 0) == (decoder < 8)


@pytest.mark.parametrize(("name", "windows"), [("default", 2), ("layers", 2), ("latents", 4)])
def test_less_throttles_and_deadlocks(name: str, windows: int) -> None:
    """With encoder, latent layers and decoder equally slow, that many windows wait at a time."""
    program = PROGRAMS[name]
    assert trigger_depth(program) == windows * STEPS + 2 * len(program.layers) + 4
    cycles = cycles_of(program, 8, 8 * STEPS, 8)
    endless = run(program, Stream(ENDLESS), cycles, WINDOWS)
    times = [run(program, Stream(depth), cycles, WINDOWS) for depth in range(STEPS - 1, windows * STEPS - 2)]
    assert all(time > endless for time in times)
    assert times == sorted(times, reverse=True)
    with pytest.raises(Deadlock):
        run(program, Stream(STEPS - 2), cycles, WINDOWS)


@pytest.mark.parametrize("scaling", [False, True])
@pytest.mark.parametrize("backend", ["Vitis", "Vivado"])
def test_the_depth_is_in_the_firmware(backend: str, scaling: bool, tmp_path: Path) -> None:
    program = random_program(5, Sizes(steps=9), scaling=scaling)
    graph = build_graph(program, HlsSettings(backend=backend), tmp_path)
    graph.config.backend.writer.write_project_dir(graph)
    graph.config.backend.writer.write_project_cpp(graph)
    source = (tmp_path / "firmware" / "hw_trigger_top.cpp").read_text()
    call = re.search(r"hwt::trigger<.*>\((\w+), (\w+), ", source)
    assert call
    depths = {name: int(depth) for name, depth in re.findall(r"#pragma HLS STREAM variable=(\w+) depth=(\d+)", source)}
    assert depths.pop(call[1]) == trigger_depth(program) == 2 * 9 + 2 * 4 + 4
    # Copy of x, four layers; where there is a scaling, its output too.
    assert len(depths) == 5 + scaling
    assert call[2] in depths
    assert set(depths.values()) == {STREAM_DEPTH} == {2}
    # The other copy goes to the encoder, from the same process.
    copy = re.search(r"nnet::clone_stream<.*>\(\w+, (\w+), " + call[1] + r"\);", source)
    assert copy
    assert re.search(rf"hwt::lstm<.*>\({copy[1]}, .*// encoder_0", source)


def test_the_programs_are_what_they_say() -> None:
    assert [type(layer) for layer in PROGRAMS["latents"].layers] == [Lstm, Dense, Dense, Dense, Lstm, Dense]
