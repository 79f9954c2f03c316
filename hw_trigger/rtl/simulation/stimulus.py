"""What happens to a design while it is simulated: pauses of the streams, accesses to its registers, resets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.rtl.interface import ADDRESS_WIDTH, Register

Clock = Literal["cycle", "beats", "results"]
CLOCKS: tuple[Clock, ...] = ("cycle", "beats", "results")


class StimulusError(UserError):
    """Pauses or events that cannot be."""


@dataclass(frozen=True)
class Stalls:
    """Random pauses, the same for the same seed.

    In each cycle that is no pause, one begins with the stream's probability, and lasts 1 to `burst` cycles, each as likely.

    Attributes
    ----------
    seed
        Of the pauses, 0 or more; also of what the registers hold that have no initial value.
    input, result, output
        Probability, 0 to 1 but less than 1, that ``s_axis_tvalid`` is held back (never while a sample is on offer), that
        ``m_axis_tready`` is 0, and that ``m_axis_output_tready`` is 0.
    registers
        The same for each channel of the AXI4-Lite accesses: addresses, data and responses are delayed independently.
    burst
        Longest pause, in cycles.

    Raises
    ------
    StimulusError
        A value is out of its range.
    """

    seed: int = 0
    input: float = 0.0
    result: float = 0.0
    output: float = 0.0
    registers: float = 0.0
    burst: int = 1

    def __post_init__(self) -> None:
        for name in ("input", "result", "output", "registers"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise StimulusError(f"the probability of a stall must be 0 or more and less than 1, not {name}={value}")
        if not 1 <= self.burst < 1 << 31:
            raise StimulusError(f"the longest stall must be 1 to {(1 << 31) - 1} cycles, not burst={self.burst}")
        if not 0 <= self.seed < 1 << 60:
            raise StimulusError(f"the seed of stalls must be 0 to 2**60 - 1, not {self.seed}")

    @property
    def chances(self) -> tuple[int, ...]:
        """The probabilities in units of 2**-32: input, result, output, registers."""
        return tuple(int(p * 2**32) for p in (self.input, self.result, self.output, self.registers))


NO_STALLS = Stalls()


@dataclass(frozen=True)
class Moment:
    """When an event begins: once so many of something have passed, but not before the event ahead of it in the list is done.

    Attributes
    ----------
    clock
        ``"cycle"``: the number of the cycle; ``"beats"``: samples accepted since the last reset; ``"results"``: beats of
        ``m_axis`` received since the last reset.
    count
        How many, 0 or more.
    """

    clock: Clock
    count: int

    def __post_init__(self) -> None:
        if self.clock not in CLOCKS:
            raise StimulusError(f"a moment's clock must be one of {', '.join(CLOCKS)}, not {self.clock!r}")
        if self.count < 0:
            raise StimulusError(f"a moment's count must be 0 or more, not {self.count}")


START = Moment("cycle", 0)
"""The first cycle."""


def _check_address(address: int) -> None:
    if not 0 <= address < 1 << ADDRESS_WIDTH:
        raise StimulusError(f"a register's address must be 0 to {(1 << ADDRESS_WIDTH) - 1:#x}, not {address:#x}")


@dataclass(frozen=True)
class Write:
    """Write a 32-bit value to the register with a byte address."""

    when: Moment
    address: int
    value: int

    def __post_init__(self) -> None:
        _check_address(self.address)
        if not 0 <= self.value < 1 << 32:
            raise StimulusError(f"a register's value must be 0 to 2**32 - 1, not {self.value}")


@dataclass(frozen=True)
class Read:
    """Read the register with a byte address."""

    when: Moment
    address: int

    def __post_init__(self) -> None:
        _check_address(self.address)


@dataclass(frozen=True, eq=False)
class Reset:
    """Reset the design; then come other windows, from the beginning of the first.

    Attributes
    ----------
    when
        It begins. What is accepted and put out after it is told apart from what was before it.
    windows
        What is sent after it, as :meth:`~hw_trigger.rtl.simulation.simulator.Simulator.run` takes windows.
    kind
        ``"hard"``: ``aresetn`` is 0 for `cycles` cycles, and a sample on offer is taken back. ``"soft"``: the control register
        is written. Its sender may not take a sample back, so it waits until the one on offer is accepted, sends no other,
        and begins anew when the write's response has come.
    cycles
        How long a hard reset lasts, 1 or more.
    """

    when: Moment
    windows: Codes
    kind: Literal["hard", "soft"] = "hard"
    cycles: int = 1

    def __post_init__(self) -> None:
        if self.kind not in {"hard", "soft"}:
            raise StimulusError(f"a reset must be hard or soft, not {self.kind!r}")
        if self.cycles < 1:
            raise StimulusError(f"a reset lasts 1 cycle or more, not {self.cycles}")


Event = Write | Read | Reset


def set_threshold(when: Moment, threshold: int, channel: int | None = None) -> list[Event]:
    """Return the writes that set a threshold, of one of several channels where `channel` is given.

    Parameters
    ----------
    threshold
        Code of the score's fraction, 64-bit two's complement.
    """
    bits = threshold & ((1 << 64) - 1)
    chosen: list[Event] = [] if channel is None else [Write(when, Register.CHANNEL, channel)]
    return [
        *chosen,
        Write(when, Register.THRESHOLD_LOW, bits & 0xFFFFFFFF),
        Write(when, Register.THRESHOLD_HIGH, bits >> 32),
    ]
