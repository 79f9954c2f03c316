"""Memory is counted from the program, bit for bit."""

from __future__ import annotations

from dataclasses import replace

from support.programs import Sizes, random_classifier, random_program

from hw_trigger.fixedpoint.program import Lstm
from hw_trigger.hls.fifo import trigger_depth
from hw_trigger.report.memory import measure


def test_counts_by_hand() -> None:
    """4 units on 1 input: 4 * 4 * (1 + 4) weights and 16 biases; the latent layer 3 x 4 + 3."""
    program = random_program(0, Sizes(steps=5, encoder=(4,), latent=3, decoder=(4,)), widths=(8, 8))
    memory = measure(program)
    encoder, latent, decoder, output = memory.layers
    assert (encoder.weights, encoder.biases) == (80, 16)
    assert encoder.float32_bits == 96 * 32
    assert encoder.int8_bits == 80 * 8 + 16 * 32
    assert encoder.chosen_bits == 96 * 8
    assert encoder.table_bits == 5 * 256 * 8
    assert encoder.state_bits == 4 * 16
    assert (latent.weights, latent.biases, latent.table_bits, latent.state_bits) == (12, 3, 0, 0)
    assert (decoder.weights, decoder.biases) == (4 * 4 * (3 + 4), 16)
    assert (output.weights, output.biases) == (4, 1)
    assert memory.total.weights == 80 + 12 + 112 + 4
    assert memory.total.chosen_bits == (memory.total.weights + memory.total.biases) * 8
    assert memory.fifo_bits == trigger_depth(program) * 8


def test_every_tensor_has_its_own_width() -> None:
    program = random_program(3, widths=(3, 11))
    layer = program.layers[0]
    assert isinstance(layer, Lstm)
    expected = (
        layer.weight.size * layer.weight_format.width
        + layer.recurrent_weight.size * layer.recurrent_format.width
        + layer.bias.size * layer.bias_format.width
    )
    found = measure(program).layers[0]
    assert found.chosen_bits == expected
    results = (*layer.activations, layer.cell_tanh)
    tables = (*layer.gate_tables, layer.cell_table)
    assert found.table_bits == sum(len(table) * form.width for table, form in zip(tables, results, strict=True))
    widths = {layer.weight_format.width, layer.recurrent_format.width, layer.bias_format.width}
    assert len(widths) > 1


def test_a_classifier_has_no_fifo() -> None:
    program = random_classifier(0)
    assert program.trigger is not None
    assert measure(program).fifo_bits == 0


def test_no_fifo_without_a_trigger() -> None:
    assert measure(replace(random_program(0), trigger=None)).fifo_bits == 0
