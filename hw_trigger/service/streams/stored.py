"""Whether a stored stream is one of the model that is served."""

from __future__ import annotations

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.decision import initial_state
from hw_trigger.fixedpoint.program import Program, Trigger
from hw_trigger.service.checks import check_state
from hw_trigger.service.streams.state import LastRequest, StoredStreamError, StreamState


class _DamageError(UserError):
    """What is wrong with a stored state."""


def check_stored(state: StreamState, program: Program, trigger: Trigger, sha256: str, channel: str) -> None:
    """Refuse a stored state that the program cannot go on from.

    Parameters
    ----------
    sha256
        Of the program.

    Raises
    ------
    StoredStreamError
        The state is of another program, or is none that this one can have come to.
    """
    if state.sha256 != sha256:
        raise StoredStreamError(
            f"channel {channel!r} is stored with the state of program {state.sha256}, and {sha256} is served now; "
            "reset the channel to begin it again, or serve the program that it was scored with"
        )
    try:
        _check_samples(state, program)
        _check_last(state.last, state.count, program.steps)
        if (state.trigger is None) != (initial_state(trigger) is None):
            raise _DamageError("its trigger is another one")
        check_state(trigger, state.trigger)
    except UserError as error:
        raise StoredStreamError(
            f"what is stored of channel {channel!r} is damaged ({error}); reset the channel to begin it again"
        ) from error


def _check_samples(state: StreamState, program: Program) -> None:
    wanted = (min(state.count, program.steps - 1), program.n_features)
    if state.samples.shape != wanted:
        raise _DamageError(f"its samples have the shape {state.samples.shape}, and {wanted} is needed")
    low, high = program.raw.low, program.raw.high
    if state.samples.size and not (low <= state.samples.min() and state.samples.max() <= high):
        raise _DamageError(f"it has samples outside {program.raw}")


def _check_last(last: LastRequest, count: int, steps: int) -> None:
    scored = count - min(count, max(last.first, steps - 1))
    if last.samples < 1 or last.first + last.samples != count or len(last.codes) != scored:
        raise _DamageError(f"its last request does not end at its {count} samples")
