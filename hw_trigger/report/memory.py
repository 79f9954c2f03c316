"""How much memory a network takes: its weights as float32, as int8 and in the chosen formats, and what surrounds them.

These figures are exact: they follow from the program. How many block RAMs they fill is the estimator's question.
"""

from __future__ import annotations

from dataclasses import dataclass

from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.hls.fifo import trigger_depth


@dataclass(frozen=True)
class LayerMemory:
    """Memory of one layer, in bits.

    Attributes
    ----------
    weights, biases
        How many there are. An LSTM has one bias a gate and unit (PyTorch's two are added before quantization).
    float32_bits
        Weights and biases with 32 bits each.
    int8_bits
        Weights with 8 bits, biases with 32: what PyTorch's dynamic quantization stores, but for a scale and a zero point
        a tensor.
    chosen_bits
        Weights and biases in the formats of the program.
    table_bits
        One copy of each activation table: 2**width entries of the result's width.
    state_bits
        The LSTM's state and cell state.
    """

    name: str
    weights: int
    biases: int
    float32_bits: int
    int8_bits: int
    chosen_bits: int
    table_bits: int
    state_bits: int


@dataclass(frozen=True)
class Memory:
    """Memory of a program, in bits.

    Attributes
    ----------
    layers
        The layers of the network. The scaling's two constants a feature and the threshold are not counted.
    fifo_bits
        The FIFO in which x waits for its reconstruction; 0 without a trigger, and for a classifier.
    """

    layers: tuple[LayerMemory, ...]
    fifo_bits: int

    @property
    def total(self) -> LayerMemory:
        """The sum over all layers, without the FIFO."""
        names = [name for name in LayerMemory.__dataclass_fields__ if name != "name"]
        return LayerMemory("all", **{name: sum(getattr(layer, name) for layer in self.layers) for name in names})


def measure(program: Program) -> Memory:
    """Return the memory of a program."""
    waits = program.trigger is not None and program.reconstructs
    fifo = trigger_depth(program) * program.n_features * program.input.width if waits else 0
    return Memory(tuple(_layer(layer) for layer in program.layers), fifo)


def _layer(layer: Lstm | Dense) -> LayerMemory:
    weights, biases = int(layer.weight.size), int(layer.bias.size)
    chosen = weights * layer.weight_format.width + biases * layer.bias_format.width
    tables = state = 0
    if isinstance(layer, Lstm):
        recurrent = int(layer.recurrent_weight.size)
        weights += recurrent
        chosen += recurrent * layer.recurrent_format.width
        arguments, results = (*layer.gates, layer.cell), (*layer.activations, layer.cell_tanh)
        tables = sum(result.width << argument.width for argument, result in zip(arguments, results, strict=True))
        state = layer.n_units * (layer.hidden.width + layer.cell.width)
    return LayerMemory(
        name=layer.name,
        weights=weights,
        biases=biases,
        float32_bits=32 * (weights + biases),
        int8_bits=8 * weights + 32 * biases,
        chosen_bits=chosen,
        table_bits=tables,
        state_bits=state,
    )
