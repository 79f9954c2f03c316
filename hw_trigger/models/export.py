"""A quantized network as a fixed-point program, and the triggers that may stand behind it."""

from __future__ import annotations

from dataclasses import replace

from hw_trigger.fixedpoint.program import (
    Dense,
    DeviationTrigger,
    ErrorTrigger,
    Layer,
    Lstm,
    MarginTrigger,
    Program,
    ProgramError,
    Scaling,
)
from hw_trigger.models.layer_export import dense_formats, dense_layer, lstm_formats, lstm_layers, numbered
from hw_trigger.models.networks import QuantNetwork
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.quant_classifier import QuantClassifier
from hw_trigger.models.spec import ANOMALY, ClassifierFormats, DenseFormats, LstmFormats, NetworkFormats


def to_program(model: QuantNetwork, *, name: str, scaling: Scaling | None = None) -> Program:
    """Return the program that computes what the model computes, without a trigger.

    An autoencoder's layers are called ``encoder``, ``latent``, ``decoder`` and ``output``, a classifier's ``lstm``, ``dense`` and
    ``logits``; where there are several of a kind, ``encoder_0``, ``encoder_1``, and so on.

    Raises
    ------
    ProgramError
        The scaling does not give what the network takes.
    FormatTooWideError
        A sum is too wide to be exact.
    """
    layers = _autoencoder(model) if isinstance(model, QuantAutoencoder) else _classifier(model)
    architecture = model.architecture
    return Program(name, architecture.window, architecture.n_features, model.formats.input, layers, scaling)


def _autoencoder(model: QuantAutoencoder) -> tuple[Layer, ...]:
    formats, steps = model.formats, model.architecture.window
    return (
        *lstm_layers("encoder", model.encoder, formats.encoder, steps, return_sequence=False),
        dense_layer("latent", model.latent, formats.latent, 1),
        *lstm_layers("decoder", model.decoder, formats.decoder, steps, repeat_input=True, return_sequence=True),
        dense_layer("output", model.output, formats.output, steps),
    )


def _classifier(model: QuantClassifier) -> tuple[Layer, ...]:
    formats, steps = model.formats, model.architecture.window
    dense = zip(numbered("dense", len(model.dense)), model.dense, formats.dense, strict=True)
    return (
        *lstm_layers("lstm", model.lstm, formats.lstm, steps, return_sequence=False),
        *(dense_layer(name, linear, given, 1) for name, linear, given in dense),
        dense_layer("logits", model.logits, formats.logits, 1),
    )


def with_error_trigger(program: Program, mean_square: float = 0.0) -> Program:
    """Return the program with a trigger of the window's error behind it, in place of one that it may have.

    Parameters
    ----------
    mean_square
        The threshold of the mean over steps and features of the squared error, in units of the scaled samples squared. It is
        known once training windows have been scored, for which the program with any threshold will do.
    """
    trigger = ErrorTrigger("trigger", program.steps, program.n_features, program.input, program.output, 0)
    return with_threshold(replace(program, trigger=trigger), mean_square)


def with_deviation_trigger(
    program: Program, octaves: float = 0.0, *, adaptive: bool = True, settle: int = 512
) -> Program:
    """Return the program with a trigger of the deviation from running means behind it, in place of one that it may have.

    Parameters
    ----------
    octaves
        The threshold; the other two as :class:`hw_trigger.fixedpoint.triggers.DeviationTrigger` has them.
    """
    window = (program.steps, program.n_features, program.input, program.output)
    trigger = DeviationTrigger("trigger", *window, 0, adaptive, settle)
    return with_threshold(replace(program, trigger=trigger), octaves)


def with_margin_trigger(program: Program, margin: float = 0.0) -> Program:
    """Return the classifier's program with a trigger of the class :data:`~hw_trigger.models.spec.ANOMALY` behind it.

    Parameters
    ----------
    margin
        By how much that class' logit must exceed the greatest of the others.
    """
    (n_classes,) = program.output_shape
    trigger = MarginTrigger("trigger", n_classes, ANOMALY, program.output, 0)
    return with_threshold(replace(program, trigger=trigger), margin)


def with_threshold(program: Program, value: float) -> Program:
    """Return the program with its trigger's threshold at a value, in the trigger's unit.

    Raises
    ------
    ProgramError
        The program has no trigger.
    """
    if program.trigger is None:
        raise ProgramError(f"program {program.name!r} has no trigger whose threshold could be set")
    return replace(program, trigger=replace(program.trigger, threshold=program.trigger.threshold_code(value)))


def network_formats(program: Program) -> NetworkFormats | ClassifierFormats:
    """Return the formats that a model must have to compute a program that `to_program` made: its inverse, for the formats."""
    if program.reconstructs:
        encoder, decoder = _lstms(program, "encoder"), _lstms(program, "decoder")
        (latent,), (output,) = _denses(program, "latent"), _denses(program, "output")
        return NetworkFormats(program.input, encoder, latent, decoder, output)
    (logits,) = _denses(program, "logits")
    return ClassifierFormats(program.input, _lstms(program, "lstm"), _denses(program, "dense"), logits)


def _lstms(program: Program, kind: str) -> tuple[LstmFormats, ...]:
    return tuple(lstm_formats(layer) for layer in _layers(program, kind) if isinstance(layer, Lstm))


def _denses(program: Program, kind: str) -> tuple[DenseFormats, ...]:
    return tuple(dense_formats(layer) for layer in _layers(program, kind) if isinstance(layer, Dense))


def _layers(program: Program, kind: str) -> list[Layer]:
    """Return the layers that are called so, with or without a number."""
    return [layer for layer in program.layers if layer.name.partition("_")[0] == kind]
