"""What hls4ml is told: names, types, outputs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.programs import Sizes, random_classifier, random_program, with_deviation

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.hls.fifo import trigger_depth
from hw_trigger.hls.graph import NamesError, build_graph, node_names, part_names
from hw_trigger.hls.layers import precision
from hw_trigger.hls.settings import HlsSettings


def renamed(program: Program, *names: str) -> Program:
    layers = [replace(layer, name=name) for layer, name in zip(program.layers, names, strict=True)]
    return replace(program, layers=tuple(layers))


def test_names_are_identifiers_and_unique() -> None:
    program = renamed(random_program(1), "lstm/cell:0", "LSTM_cell_0", "0", "clone_samples")
    assert part_names(program) == ["scaling", "lstm/cell:0", "LSTM_cell_0", "0", "clone_samples", "trigger"]
    assert node_names(program) == {
        "scaling": "scaling",
        "lstm/cell:0": "lstm_cell_0",
        "LSTM_cell_0": "LSTM_cell_0_2",
        "0": "layer_0",
        "clone_samples": "layer_clone_samples",
        "trigger": "trigger",
    }


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_names_that_hls4ml_uses(io_type: str, tmp_path: Path) -> None:
    program = renamed(random_program(1), "samples", "input", "samples_copy", "output_copy")
    graph = build_graph(program, HlsSettings(io_type=io_type, with_output=True), tmp_path)
    assert {"samples_2", "input_2", "samples_copy_2", "output_copy_2"} <= graph.graph.keys()


@pytest.mark.parametrize(
    ("names", "project", "clash", "layer"),
    [
        (("a", "a_gate", "b", "c"), "top", "a_gate_i_t", None),
        (("a", "b", "c", "d"), "A_WEIGHT", "a_weight", "a"),
    ],
)
def test_names_that_clash(names: tuple[str, ...], project: str, clash: str, layer: str | None, tmp_path: Path) -> None:
    program = random_program(1, Sizes(encoder=(4,), latent=3, decoder=(4,)))
    if layer is None:  # two LSTMs: type of the gate of one, type of the table of the other
        program = random_program(1, Sizes(encoder=(4, 3), latent=3, decoder=(4,)))
        names, layer = ("a", "a_gate", "b", "c", "d"), "a_gate"
    message = (
        f"program 'random_1' gives two things the name {clash!r} in C++, one of them in its layer {layer!r}; "
        "rename that layer, or the project"
    )
    with pytest.raises(NamesError, match=f"^{re.escape(message)}$"):
        build_graph(renamed(program, *names), HlsSettings(project_name=project), tmp_path)


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.parametrize(
    ("trigger", "with_output", "shapes"),
    [
        (True, False, [[1], [1]]),
        (True, True, [[1], [1], [5, 2]]),
        (False, False, [[5, 2]]),
        (False, True, [[5, 2]]),
    ],
)
def test_outputs(trigger: bool, with_output: bool, shapes: list[list[int]], io_type: str, tmp_path: Path) -> None:
    program = random_program(1, Sizes(n_features=2), trigger=trigger)
    graph = build_graph(program, HlsSettings(io_type=io_type, with_output=with_output), tmp_path)
    variables = graph.get_output_variables()
    assert [list(variable.shape) for variable in variables] == shapes
    if trigger:
        assert program.trigger is not None
        score = program.trigger.score
        assert (variables[0].type.precision.width, variables[0].type.precision.integer) == (score.width, score.integer)
        assert (variables[1].type.precision.width, variables[1].type.precision.signed) == (1, False)


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.parametrize(("with_output", "shapes"), [(False, [[1], [1]]), (True, [[1], [1], [3]])])
def test_outputs_of_a_classifier(with_output: bool, shapes: list[list[int]], io_type: str, tmp_path: Path) -> None:
    """Its trigger takes the logits alone: x is not kept for it, and only the logits are copied."""
    program = random_classifier(1, n_classes=3)
    graph = build_graph(program, HlsSettings(io_type=io_type, with_output=with_output), tmp_path)
    score, *others = graph.get_output_variables()
    assert [list(score.shape), *(list(variable.shape) for variable in others)] == shapes
    assert program.trigger is not None
    assert str(score.type.precision) == str(precision(program.trigger.score))
    assert score.type.precision.signed
    copies = [node.name for node in graph.get_layers() if "copy" in node.name or "clone" in node.name]
    copied = {"io_stream": "clone_logits", "io_parallel": "output_copy"}[io_type]
    assert copies == ([copied] if with_output else [])
    if io_type == "io_stream":
        assert all(graph.output_vars[f"{layer.name}_out"].pragma == ("stream", 2) for layer in program.layers[:-1])


def test_x_waits_for_a_trigger_that_remembers(tmp_path: Path) -> None:
    program = random_program(1)
    depths = [
        [str(variable.pragma) for variable in build_graph(given, HlsSettings(), tmp_path).output_vars.values()]
        for given in (program, with_deviation(program))
    ]
    assert depths[0] == depths[1]
    assert any(f"'stream', {trigger_depth(program)}" in pragma for pragma in depths[1])


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_every_type_is_the_programs(io_type: str, tmp_path: Path) -> None:
    """hls4ml infers nothing: each layer's output has the format that the program gives it."""
    program = random_program(4, any_mode=True)
    graph = build_graph(program, HlsSettings(io_type=io_type, with_output=True), tmp_path)
    names = node_names(program)

    def assert_type(node: str, expected: Format) -> None:
        for variable in graph.graph[node].get_variables():
            assert str(variable.type.precision) == str(precision(expected))

    assert_type("samples", program.raw)
    assert_type(names["scaling"], program.input)
    for layer in program.layers:
        assert_type(names[layer.name], layer.output)
        if isinstance(layer, Lstm):
            for letter, gate in zip("ifgo", layer.gates, strict=True):
                named = graph.graph[names[layer.name]].types[f"gate_{letter}_t"]
                assert str(named.precision) == str(precision(gate))
    for node in graph.get_layers():
        if "clone" in node.name or "copy" in node.name:
            assert_type(node.name, program.output if "output" in node.name or "recon" in node.name else program.input)
