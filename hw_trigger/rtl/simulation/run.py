"""What a simulation saw, in the shapes of the golden model, and the checks that every run must pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.rtl.interface import Interface
from hw_trigger.rtl.simulation.exchange import Records


class SimulationError(RuntimeError):
    """The design broke a rule of its interface, stood still, or its simulation crashed: a bug, not a user's mistake."""


@dataclass(frozen=True)
class Done:
    """An event that took place.

    Attributes
    ----------
    first, last
        Cycle in which it began, and in which it ended: of a register's access that of the response.
    value
        What was read; 0 for other events.
    response
        The access' AXI response; 0 is OKAY.
    """

    first: int
    last: int
    value: int
    response: int


@dataclass(frozen=True, eq=False)
class Stretch:
    """What was transferred between two resets, beat by beat, in order.

    Attributes
    ----------
    input_cycles, result_cycles, output_cycles
        Cycle in which each beat was transferred; cycle n is the one that ends with the n-th rising edge (from 0) after the reset
        at the start.
    scores, triggers
        Of each result; empty without a trigger.
    outputs
        Codes ``(beats, n_outputs)`` of what the network put out; no beats where the design has no such port.
    """

    input_cycles: Codes
    result_cycles: Codes
    output_cycles: Codes
    scores: Codes
    triggers: NDArray[np.bool_]
    outputs: Codes


@dataclass(frozen=True, eq=False)
class Run:
    """What a simulation saw.

    Attributes
    ----------
    scores, triggers
        Of each window sent after the last reset (of all, where there was none), ``(n,)``; with several channels
        ``(channels, n)``. ``None`` without a trigger.
    outputs
        What the network put out, ``(n, vectors, n_outputs)``, ``(n, n_outputs)`` where that is one vector a window; with several
        channels ``(channels, n, ...)``. ``None`` where the design has no such port.
    last
        The same beats with their cycles.
    interrupted
        What was transferred up to each reset.
    events
        What became of each event, in the order given.
    cycles
        Cycles simulated, with those at the end in which nothing more came.
    """

    scores: Codes | None
    triggers: NDArray[np.bool_] | None
    outputs: Codes | None
    last: Stretch
    interrupted: tuple[Stretch, ...]
    events: tuple[Done, ...]
    cycles: int


def collect(interface: Interface, records: Records, resets: Sequence[int]) -> Run:
    """Return a run from what the simulation wrote.

    Parameters
    ----------
    resets
        Which events were resets.

    Raises
    ------
    SimulationError
        TLAST, TID or a response is wrong, or a code is outside its format.
    """
    transfers, events = (records.inputs, records.results, records.outputs), records.events
    stretches = []
    begin = np.zeros(3, np.int64)
    for end in [*events[list(resets), 4:], np.array([len(rows) for rows in transfers])]:
        parts = [rows[a:b] for rows, a, b in zip(transfers, begin, end, strict=True)]
        stretches.append(_stretch(interface, *parts))
        begin = end
    for index, row in enumerate(events):
        if row[3]:
            raise SimulationError(
                f"design {interface.name!r}: event {index} got the response {row[3]} in cycle {row[1]}, not OKAY"
            )
    last = stretches[-1]
    scores, triggers, vectors = None, None, None
    if interface.score is not None:
        scores, triggers = _by_channel(interface, last.scores), _by_channel(interface, last.triggers)
    if interface.has_output:
        shape = (-1, interface.output_vectors, interface.channels, interface.n_outputs)
        vectors = np.moveaxis(last.outputs.reshape(shape), 2, 0)
        vectors = vectors[:, :, 0] if interface.output_vectors == 1 else vectors
        vectors = vectors[0] if interface.channels == 1 else vectors
    done = tuple(Done(*(int(word) for word in row[:4])) for row in events)
    return Run(scores, triggers, vectors, last, tuple(stretches[:-1]), done, records.cycles)


def _by_channel(interface: Interface, values: NDArray[np.generic]) -> NDArray:  # type: ignore[type-arg]
    shaped = values.reshape(-1, interface.channels).T
    return shaped[0] if interface.channels == 1 else shaped


def _stretch(interface: Interface, inputs: Codes, results: Codes, outputs: Codes) -> Stretch:
    channels, name = interface.channels, f"design {interface.name!r}"
    if interface.score is not None:
        _check(f"{name}: m_axis", "TLAST", results[:, 3], np.ones(len(results)), results[:, 0])
        _check(f"{name}: m_axis", "TID", results[:, 4], np.arange(len(results)) % channels, results[:, 0])
        _check_range(f"{name}: m_axis", results[:, 1], interface.score, results[:, 0])
    if interface.has_output:
        vector = np.arange(len(outputs)) // channels % interface.output_vectors
        _check(f"{name}: m_axis_output", "TLAST", outputs[:, 1], vector == interface.output_vectors - 1, outputs[:, 0])
        _check_range(f"{name}: m_axis_output", outputs[:, 2:], interface.output, outputs[:, 0])
    return Stretch(inputs[:, 0], results[:, 0], outputs[:, 0], results[:, 1], results[:, 2] != 0, outputs[:, 2:])


def _check(port: str, wire: str, found: Codes, wanted: NDArray[np.generic], cycles: Codes) -> None:
    wrong = np.flatnonzero(found != wanted)
    if len(wrong):
        beat = wrong[0]
        raise SimulationError(
            f"{port}: {wire} of beat {beat} is {found[beat]}, not {int(wanted[beat])}, in cycle {cycles[beat]}"
        )


def _check_range(port: str, codes: Codes, number_format: Format, cycles: Codes) -> None:
    outside = np.argwhere((codes < number_format.low) | (codes > number_format.high))
    if len(outside):
        beat = outside[0][0]
        raise SimulationError(
            f"{port}: beat {beat} has the code {codes[tuple(outside[0])]}, outside {number_format}, in cycle {cycles[beat]}"
        )
