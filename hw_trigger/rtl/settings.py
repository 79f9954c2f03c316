"""How a program becomes RTL: how many multipliers, which layers share them how, channels, and what it is synthesized for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hw_trigger.errors import UserError, nearest
from hw_trigger.fixedpoint.program import Program
from hw_trigger.rtl.plan import plan
from hw_trigger.rtl.schedule import LstmSchedule, ProductSchedule, Schedule, check
from hw_trigger.rtl.synthesis.routing import DEVICES
from hw_trigger.rtl.synthesis.targets import Target

TARGETS = tuple(target.value for target in Target)

Shape = tuple[int, int]
"""Rows and columns of a product that are worked on in one cycle."""


class RtlSettingsError(UserError):
    """A setting of the RTL project that cannot be."""


@dataclass(frozen=True)
class LayerParallelism:
    """Multipliers of one layer, as ``(rows, columns)`` of a product; ``None`` leaves it to the plan.

    Attributes
    ----------
    input, state
        Of an LSTM: the product of its input, and of its state.
    product
        Of a dense layer.
    """

    input: Shape | None = None
    state: Shape | None = None
    product: Shape | None = None


@dataclass(frozen=True)
class RtlSettings:
    """Settings of an RTL project, of its simulation and of its synthesis.

    Attributes
    ----------
    multipliers
        The most that the matrix products of all layers have together; 0: as many as make the time between windows shortest.
    channels
        Independent streams of samples that share the design, interleaved sample by sample.
    pack
        Two products of narrow operands share one multiplication of 27 x 18 bits where the weights allow it.
    with_output
        What the network puts out, the reconstruction or the logits, has a port of its own.
    layers
        Exceptions for single layers, by the name of the layer.
    target
        Family of chips to synthesize for: ``xcup`` (UltraScale+), ``xc7`` (7-series) or ``ecp5`` (placed and routed too).
    device
        The ECP5 that is placed and routed for, as nextpnr names it; the other targets have none.
    clock_mhz
        Clock that place and route aims at, in MHz.
    windows
        Windows of the test data that the simulation computes; ``None``: all of them.
    seconds
        Time limit of each run of a tool, in seconds.

    Raises
    ------
    RtlSettingsError
        A value is not allowed. What depends on the program is checked by :func:`chosen_schedule`.
    """

    multipliers: int = 0
    channels: int = 1
    pack: bool = True
    with_output: bool = False
    layers: Mapping[str, LayerParallelism] = field(default_factory=dict)
    target: str = Target.ULTRASCALE_PLUS.value
    device: str = "85k"
    clock_mhz: float = 100.0
    windows: int | None = None
    seconds: float = 3600.0

    def __post_init__(self) -> None:
        _whole("multipliers", self.multipliers, 0)
        _whole("channels", self.channels, 1)
        if self.windows is not None:
            _whole("windows", self.windows, 1)
        _choice("target", self.target, TARGETS)
        _choice("device", self.device, DEVICES)
        if not 1 <= self.clock_mhz <= 1000:
            raise RtlSettingsError(f"the RTL setting clock_mhz must be 1 to 1000 MHz, not {self.clock_mhz}")
        if not 1 <= self.seconds <= 1_000_000:
            raise RtlSettingsError(f"the RTL setting seconds must be 1 to 1000000 s, not {self.seconds}")
        for layer, shapes in self.layers.items():
            for name in ("input", "state", "product"):
                for count in getattr(shapes, name) or ():
                    _whole(f"layers[{layer!r}].{name}", count, 1)


def _choice(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise RtlSettingsError(
            f"the RTL setting {name} must be {' or '.join(map(repr, allowed))}, not {value!r}{nearest(str(value), allowed)}"
        )


def _whole(name: str, value: Any, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise RtlSettingsError(f"the RTL setting {name} must be a whole number of at least {least}, not {value!r}")


def chosen_schedule(program: Program, settings: RtlSettings) -> Schedule:
    """Return the planned schedule of a program, with the exceptions of the settings.

    Raises
    ------
    RtlSettingsError
        An exception is of a layer that the program has not, or of a product that the layer has not.
    ScheduleError
        There are fewer multipliers than products, or the program cannot have an exception's schedule.
    """
    planned = plan(program, settings.multipliers, channels=settings.channels, pack=settings.pack)
    layers = dict(planned.layers)
    for name, shapes in settings.layers.items():
        if name not in layers:
            raise RtlSettingsError(
                f"the RTL setting layers[{name!r}] is of no layer{nearest(name, layers)}; program {program.name!r} has "
                f"{', '.join(layers)}"
            )
        layers[name] = _with_exceptions(name, layers[name], shapes)
    schedule = replace(planned, layers=layers)
    check(program, schedule)
    return schedule


def _with_exceptions(
    name: str, planned: LstmSchedule | ProductSchedule, shapes: LayerParallelism
) -> LstmSchedule | ProductSchedule:
    possible = ("input", "state") if isinstance(planned, LstmSchedule) else ("product",)
    given = {
        product: ProductSchedule(*shape)
        for product in ("input", "state", "product")
        if (shape := getattr(shapes, product)) is not None
    }
    foreign = [product for product in given if product not in possible]
    if foreign:
        raise RtlSettingsError(
            f"the RTL setting layers[{name!r}] is of the product {foreign[0]!r}, and the layer has "
            f"{' and '.join(map(repr, possible))}"
        )
    if isinstance(planned, LstmSchedule):
        return replace(planned, **given)
    return given.get("product", planned)
