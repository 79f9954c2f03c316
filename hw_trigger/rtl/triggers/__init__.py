"""Triggers as blocks: what is measured of windows, and the decision, bit for bit :mod:`hw_trigger.fixedpoint.decision`."""

from __future__ import annotations

from dataclasses import replace

from hw_trigger.fixedpoint.triggers import DeviationTrigger, ErrorTrigger, MarginTrigger, Trigger
from hw_trigger.rtl.triggers.deviation import DeviationBlock, deviation_cycles
from hw_trigger.rtl.triggers.deviation_steps import STEPS
from hw_trigger.rtl.triggers.error import ErrorBlock, error_cycles
from hw_trigger.rtl.triggers.margin import MarginBlock, margin_cycles

__all__ = ["TriggerBlock", "decision_cycles", "decision_interval", "trigger_block"]

TriggerBlock = ErrorBlock | DeviationBlock | MarginBlock


def trigger_block(members: tuple[Trigger, ...], channels: int) -> TriggerBlock:
    """Return the block that decides on the windows of all channels.

    Its ports are the streams ``x`` and ``output`` (vectors, in the order step, then channel, one beat of both taken together
    each cycle; only ``output``, one vector a window and channel, for a margin); ``thresholds``, a code for each channel; and the
    stream ``decision`` of score, trigger bit and channel, one beat a window and channel, channels in turn. The members' own
    thresholds are what whoever drives ``thresholds`` starts with.

    Parameters
    ----------
    members
        The trigger of all channels, or one for each; they differ in the threshold only.
    channels
        Channels whose beats are interleaved.

    Raises
    ------
    RuntimeError
        The members differ in more than their thresholds.
    """
    first = members[0]
    for member in members[1:]:
        if type(member) is not type(first) or replace(member, threshold=first.threshold) != first:
            raise RuntimeError(f"triggers {first.name!r} and {member.name!r} differ in more than their thresholds")
    match first:
        case ErrorTrigger():
            return ErrorBlock(first, channels)
        case DeviationTrigger():
            return DeviationBlock(first, channels)
        case MarginTrigger():
            return MarginBlock(first, channels)


def decision_cycles(trigger: Trigger, channels: int = 1) -> int:
    """Return the cycles from the one in which a window's last beat is taken to the one in which its decision is valid.

    It is that of the first channel where nothing stalls; the others follow as :func:`decision_interval` says.
    """
    match trigger:
        case ErrorTrigger():
            return error_cycles(trigger)
        case DeviationTrigger():
            return deviation_cycles(trigger, channels)
        case MarginTrigger():
            return margin_cycles(trigger)


def decision_interval(trigger: Trigger) -> int:
    """Return the least cycles between two decisions, of successive channels or of windows of a single step."""
    return STEPS if isinstance(trigger, DeviationTrigger) else 1
