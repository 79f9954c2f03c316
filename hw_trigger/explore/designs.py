"""A design of a sweep: a network, its formats, and how it becomes hardware."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import Literal

from hw_trigger.files import sha256_bytes
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.models.spec import Architecture, QuantSpec

Resource = Literal["multipliers", "dsp"]

_ID_DIGITS = 16


@dataclass(frozen=True)
class Factors:
    """Reuse factors that all layers share; see :class:`hw_trigger.hls.settings.HlsSettings`."""

    reuse_factor: int
    recurrent_reuse_factor: int
    dense_reuse_factor: int
    gate_unroll: int


@dataclass(frozen=True)
class Budget:
    """Reuse factors are chosen layer by layer: no more than `amount` of a resource is used, and no layer waits for another.

    Attributes
    ----------
    resource
        ``"multipliers"``: multiplications done side by side, wherever they are made; ``"dsp"``: DSP slices, if products of
        narrow operands get them too.
    """

    resource: Resource
    amount: int

    def __str__(self) -> str:
        return f"{self.resource}={self.amount}"


@dataclass(frozen=True)
class Design:
    """One point of a sweep.

    Attributes
    ----------
    part
        The full name, as vendors' tools take it.
    device
        Family and figures of the part: one of the user's own may have others next time, under the same name.
    """

    architecture: Architecture
    quant: QuantSpec
    backend: str
    strategy: str
    io_type: str
    part: str
    device: tuple[str | int, ...]
    clock_ns: float
    reuse: Factors | Budget

    @property
    def network(self) -> str:
        """Identity of the network: of its sizes and formats, not of their names."""
        return network_id(self.architecture, self.quant)

    @cached_property
    def id(self) -> str:
        """Identity of the design, the same whenever and wherever it is computed: 16 hexadecimal digits."""
        hardware = [self.backend, self.strategy, self.io_type, self.part, self.device, float(self.clock_ns)]
        return _digest([self.network, *hardware, asdict(self.reuse)])

    def settings(self) -> HlsSettings:
        """Return the settings of its project, as far as they do not follow from a budget."""
        return HlsSettings(
            backend=self.backend,
            part=self.part,
            clock_ns=self.clock_ns,
            io_type=self.io_type,
            strategy=self.strategy,
            **(asdict(self.reuse) if isinstance(self.reuse, Factors) else {}),
        )


@lru_cache(maxsize=4096)
def network_id(architecture: Architecture, quant: QuantSpec) -> str:
    """Return the identity of a network, as :attr:`Design.network`."""
    parts = [asdict(architecture), asdict(quant)]
    return _digest([{key: value for key, value in part.items() if key != "name"} for part in parts])


def _digest(value: object) -> str:
    return sha256_bytes(json.dumps(value, sort_keys=True).encode())[:_ID_DIGITS]
