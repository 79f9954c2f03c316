"""The short texts by which a sweep names networks and formats: ``32x16`` for units, ``w8a12`` for widths."""

from __future__ import annotations

import re
from dataclasses import fields, replace

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.tables import MAX_TABLE_BITS
from hw_trigger.models.spec import Architecture, QuantSpec, TensorSpec

STATES = ("gate", "sigmoid", "tanh", "cell", "hidden", "latent")
"""Tensors that have the width of the states."""

LEAST_SAMPLE_WIDTH = 12
"""Bits of x and of its reconstruction, which have the states' width where that is more."""

WEIGHT_BITS = range(2, 25)
STATE_BITS = range(2, MAX_TABLE_BITS + 1)

CONFIGURED = "configured"
"""The sizes or the formats that the configuration has, beside the sweep."""

_UNITS = re.compile(r"(\d+(?:x\d+)*)(?::(\d+(?:x\d+)*))?")
_QUANT = re.compile(r"w(\d+)a(\d+)")


class SizeError(UserError):
    """A text that names no network or no formats."""


def units(text: int | str, base: Architecture) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the units of the encoder's and the decoder's layers: of ``64``, ``"32x16"`` (mirrored) or ``"32x16:48"``.

    ``"configured"`` gives those of `base`.

    Raises
    ------
    SizeError
        It is none of these.
    """
    if text == CONFIGURED:
        return base.encoder, base.decoder
    match = _UNITS.fullmatch(str(text))
    encoder, decoder = (_layers(part) for part in match.groups()) if match else ((), ())
    if 0 in (*encoder, *decoder) or not encoder:
        raise SizeError(
            f"the sweep's units have {text!r}, and each must be a number of units, as 64, several layers, as '32x16' "
            f"(the decoder mirrored), encoder and decoder, as '32x16:48', or {CONFIGURED!r}"
        )
    return encoder, decoder or encoder[::-1]


def units_text(encoder: tuple[int, ...], decoder: tuple[int, ...]) -> str:
    """Return the shortest text of which :func:`units` gives these layers."""
    first, second = ("x".join(map(str, layers)) for layers in (encoder, decoder))
    return first if decoder == encoder[::-1] else f"{first}:{second}"


def quant(text: str, base: QuantSpec) -> QuantSpec:
    """Return the formats of ``"w<bits of weights>a<bits of states>"``: those of `base` with other widths.

    Weights get the one width; gates, activations, cell, state and latent vector the other; x and its reconstruction get the
    states' width, but at least :data:`LEAST_SAMPLE_WIDTH` bits. So the presets of ``configs/quant`` are made. `base` itself is
    given for its name, and for ``"configured"``.

    Raises
    ------
    SizeError
        It is no such text, or the widths cannot be.
    """
    if text in {CONFIGURED, base.name}:
        return base
    match = _QUANT.fullmatch(text)
    weights, states = (int(group) for group in match.groups()) if match else (0, 0)
    if weights not in WEIGHT_BITS or states not in STATE_BITS:
        raise SizeError(
            f"the sweep's quant has {text!r}, and each must be 'w<bits of weights>a<bits of states>', as 'w8a12', with "
            f"{WEIGHT_BITS[0]} to {WEIGHT_BITS[-1]} and {STATE_BITS[0]} to {STATE_BITS[-1]} bits, or {CONFIGURED!r}"
        )
    sample = max(LEAST_SAMPLE_WIDTH, states)
    widths = {"weight": weights, **dict.fromkeys(STATES, states), "input": sample, "output": sample}
    specs = {item.name: getattr(base, item.name) for item in fields(base)}
    changed = {name: replace(specs[name], width=width) for name, width in widths.items()}
    return replace(base, name=text, **{name: spec for name, spec in changed.items() if isinstance(spec, TensorSpec)})


def _layers(text: str | None) -> tuple[int, ...]:
    return tuple(map(int, text.split("x"))) if text else ()
