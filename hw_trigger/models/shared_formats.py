"""One set of formats for several networks, so that one firmware serves them all and only its weights change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.models.spec import DenseFormats, LstmFormats, NetworkFormats

Node = TypeVar("Node")


class SharedFormatsError(UserError):
    """Networks that no common formats exist for."""


def shared_formats(networks: Sequence[NetworkFormats]) -> NetworkFormats:
    """Return the formats that every one of these networks can have: each tensor's with the most integer bits of all.

    Widths stay, so a network that needs fewer integer bits gets a coarser step. A bias is no finer than the products that it is
    added to, as in calibration: more digits would widen the sum and decide nothing.

    Raises
    ------
    SharedFormatsError
        There are no networks, or they have other layers, or a tensor of other widths or modes.
    """
    if not networks:
        raise SharedFormatsError("formats are shared by 1 network at least, and there is none")
    merged = _merged("network", networks)
    return replace(
        merged,
        encoder=tuple(map(_lstm_bias, merged.encoder)),
        latent=_dense_bias(merged.latent),
        decoder=tuple(map(_lstm_bias, merged.decoder)),
        output=_dense_bias(merged.output),
    )


def _merged(name: str, nodes: Sequence[Node]) -> Node:
    """Merge formats, tuples of layers, and what has such as fields."""
    first = nodes[0]
    if isinstance(first, Format):
        return cast("Node", _widest(name, cast("Sequence[Format]", nodes)))
    if isinstance(first, tuple):
        layers = cast("Sequence[tuple[Any, ...]]", nodes)
        if len({len(item) for item in layers}) > 1:
            counts = sorted({len(item) for item in layers})
            raise SharedFormatsError(
                f"networks with {' and '.join(map(str, counts))} layers in {name!r} cannot share formats"
            )
        return cast(
            "Node", tuple(_merged(f"{name}_{index}", group) for index, group in enumerate(zip(*layers, strict=True)))
        )
    if not is_dataclass(first):
        raise TypeError(f"{name} is no format: {type(first).__name__}")
    prefix = "" if name == "network" else f"{name}."
    return replace(  # type: ignore[type-var]
        first,
        **{
            item.name: _merged(f"{prefix}{item.name}", [getattr(node, item.name) for node in nodes])
            for item in fields(first)
        },
    )


def _widest(name: str, formats: Sequence[Format]) -> Format:
    """Return the format with the most integer bits, of formats that differ in nothing else."""
    most = max(formats, key=lambda item: item.integer)
    for item in formats:
        if replace(item, integer=most.integer) != most:
            raise SharedFormatsError(
                f"tensor {name!r} has the formats {item} and {most}, which differ in more than their integer bits"
            )
    return most


def _lstm_bias(layer: LstmFormats) -> LstmFormats:
    finest = layer.weight.fraction + max(layer.input.fraction, layer.hidden.fraction)
    return replace(layer, bias=_no_finer(layer.bias, finest))


def _dense_bias(layer: DenseFormats) -> DenseFormats:
    return replace(layer, bias=_no_finer(layer.bias, layer.weight.fraction + layer.input.fraction))


def _no_finer(bias: Format, finest: int) -> Format:
    """Return the format with at most `finest` fractional bits."""
    return replace(bias, integer=max(bias.integer, bias.width - finest))
