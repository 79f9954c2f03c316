"""The formats of a program's tensors as text, by the tensors' names, for people and tools to read."""

from __future__ import annotations

from hw_trigger.fixedpoint.program import GATES, Dense, Layer, Program


def layer_formats(layer: Layer) -> dict[str, str]:
    """Return the format of every tensor of a layer but its accumulator, which follows from the others."""
    formats = {"input": layer.input, "weight": layer.weight_format, "bias": layer.bias_format}
    if isinstance(layer, Dense):
        formats["output"] = layer.output
    else:
        formats["recurrent_weight"] = layer.recurrent_format
        formats |= {f"gate_{letter}": gate for letter, gate in zip(GATES, layer.gates, strict=True)}
        formats |= {f"activation_{letter}": result for letter, result in zip(GATES, layer.activations, strict=True)}
        formats |= {"cell": layer.cell, "cell_tanh": layer.cell_tanh, "hidden": layer.hidden}
    return {tensor: str(number_format) for tensor, number_format in formats.items()}


def formats_of(program: Program) -> dict[str, str]:
    """Return the format of every tensor of the network, accumulators and the trigger's score too, by ``layer.tensor``."""
    formats = {"input": str(program.input), "raw": str(program.raw)}
    for layer in program.layers:
        tensors = layer_formats(layer) | {"accumulator": str(layer.accumulator)}
        formats |= {f"{layer.name}.{tensor}": text for tensor, text in tensors.items()}
    if program.trigger is not None:
        formats[f"{program.trigger.name}.score"] = str(program.trigger.score)
    return formats
