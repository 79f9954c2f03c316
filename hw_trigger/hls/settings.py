"""How a program becomes an HLS project: back end, part, clock, and how much hardware each layer gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hw_trigger.errors import UserError, nearest

BACKENDS = ("Vitis", "Vivado")
IO_TYPES = ("io_stream", "io_parallel")
STRATEGIES = ("Latency", "Resource")
WEIGHTS = ("constant", "ports")

# Names that the generated C++ uses itself, or that the language does.
_RESERVED_NAMES = frozenset(
    {"hwt", "nnet", "hls", "std", "main", "firmware", "int", "long", "float", "double", "class"}
)


class HlsSettingsError(UserError):
    """A setting of the HLS project that cannot be."""


@dataclass(frozen=True)
class LayerReuse:
    """How often one layer's multipliers are used again; ``None`` leaves it to the settings of the whole project.

    Attributes
    ----------
    reuse_factor
        Of the product with the input: the only one of a dense layer, the first of an LSTM.
    recurrent_reuse_factor
        Of the product with the state (LSTM only).
    gate_unroll
        Units whose gates are computed at a time (LSTM only).
    """

    reuse_factor: int | None = None
    recurrent_reuse_factor: int | None = None
    gate_unroll: int | None = None


@dataclass(frozen=True)
class ResolvedReuse:
    """The factors of one layer, none left open; 1 where its kind has none, as a dense layer has no state and no gates."""

    reuse_factor: int
    recurrent_reuse_factor: int = 1
    gate_unroll: int = 1


@dataclass(frozen=True)
class HlsSettings:
    """Settings of an HLS project.

    Attributes
    ----------
    backend
        ``"Vitis"`` (Vitis HLS) or ``"Vivado"`` (Vivado HLS, up to 2020.1).
    part
        The FPGA, as AMD writes it.
    clock_ns
        Clock period in nanoseconds.
    io_type
        ``"io_stream"``: one packed word a step between layers, the next window following at once; ``"io_parallel"``: arrays
        that hold a window, in ping-pong buffers between layers, for short windows.
    strategy
        hls4ml's kernel of the matrix products: ``"Latency"`` (unrolled logic) or ``"Resource"`` (weights in block RAM).
    reuse_factor, recurrent_reuse_factor
        Of the two products of every LSTM: products that one multiplier computes, one after another.
    dense_reuse_factor
        Of every dense layer.
    gate_unroll
        Units of an LSTM whose gates are computed at a time; each two of them need a copy of the five tables.
    layers
        Exceptions for single layers, by the name of the layer.
    weights
        ``"constant"``: the constants of training are part of the firmware; ``"ports"``: they are in memories behind ports of the
        top function, so that one firmware serves many channels (:mod:`hw_trigger.hls.memories`). So is then what a trigger
        remembers. Needs the strategy Resource: Latency's products read all their weights at once.
    with_output
        The top function puts out what the network does too, the reconstruction or the logits. Without a trigger it always does.
        In io_stream the reader must take a reconstruction as it comes: the score comes last, and whoever waits for it first waits
        forever.
    project_name
        Name of the project and of its top function.

    Raises
    ------
    HlsSettingsError
        A value is not allowed. What depends on the program is checked by :func:`hw_trigger.hls.reuse.resolve`.
    """

    backend: str = "Vitis"
    part: str = "xcvu13p-flga2577-2-e"
    clock_ns: float = 5.0
    io_type: str = "io_stream"
    strategy: str = "Latency"
    reuse_factor: int = 1
    recurrent_reuse_factor: int = 1
    dense_reuse_factor: int = 1
    gate_unroll: int = 1
    weights: str = "constant"
    with_output: bool = False
    project_name: str = "hw_trigger_top"
    layers: Mapping[str, LayerReuse] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _choice("backend", self.backend, BACKENDS)
        _choice("io_type", self.io_type, IO_TYPES)
        _choice("strategy", self.strategy, STRATEGIES)
        _choice("weights", self.weights, WEIGHTS)
        if self.weights == "ports" and self.strategy != "Resource":
            raise HlsSettingsError(
                "the HLS setting weights='ports' needs strategy='Resource': the products of the strategy "
                f"{self.strategy!r} read all their weights at once, which a memory cannot"
            )
        if not 0.1 <= self.clock_ns <= 1000:
            raise HlsSettingsError(f"the HLS setting clock_ns must be 0.1 to 1000 nanoseconds, not {self.clock_ns}")
        if not re.fullmatch(r"[A-Za-z0-9_-]+", self.part):
            raise HlsSettingsError(
                f"the HLS setting part must be a name like 'xcvu13p-flga2577-2-e', not {self.part!r}"
            )
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", self.project_name) or self.project_name in _RESERVED_NAMES:
            raise HlsSettingsError(
                f"the HLS setting project_name must be letters, digits and underscores, a letter first, and no name of C++ or "
                f"of the libraries, not {self.project_name!r}"
            )
        for name in ("reuse_factor", "recurrent_reuse_factor", "dense_reuse_factor", "gate_unroll"):
            _positive(f"the HLS setting {name}", getattr(self, name))
        for layer, reuse in self.layers.items():
            for name in ("reuse_factor", "recurrent_reuse_factor", "gate_unroll"):
                if (value := getattr(reuse, name)) is not None:
                    _positive(f"the HLS setting layers[{layer!r}].{name}", value)


def _choice(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise HlsSettingsError(
            f"the HLS setting {name} must be {' or '.join(map(repr, allowed))}, not {value!r}{nearest(str(value), allowed)}"
        )


def _positive(what: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise HlsSettingsError(f"{what} must be a whole number of at least 1, not {value!r}")
