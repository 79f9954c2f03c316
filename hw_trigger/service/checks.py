"""What clients and stores give, checked before it is used: numbers of samples, and what a trigger remembers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.decision import STATE
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.triggers import DeviationTrigger, Trigger
from hw_trigger.telemetry.channel import SamplesError


class StateError(UserError):
    """A trigger's state that it cannot have."""


def check_state(trigger: Trigger, state: Sequence[int] | Codes | None) -> Codes | None:
    """Return a state as int64 ``(5,)``; ``None`` stays ``None``.

    Parameters
    ----------
    state
        The numbers of :data:`hw_trigger.fixedpoint.decision.STATE`, as a request before gave them.

    Raises
    ------
    StateError
        The trigger remembers nothing, there are not 5 numbers, or one is outside the register that holds it.
    """
    if state is None:
        return None
    numbers = [int(number) for number in state]
    if not isinstance(trigger, DeviationTrigger):
        raise StateError(f"a state of {len(numbers)} numbers was given, and this model's trigger remembers nothing")
    if len(numbers) != len(STATE):
        raise StateError(f"a state has {len(STATE)} numbers ({', '.join(STATE)}), and {len(numbers)} were given")
    highest = (trigger.last_count, trigger.mean.high, trigger.mean.high, trigger.held.high, trigger.record.high)
    for name, number, high in zip(STATE, numbers, highest, strict=True):
        if not 0 <= number <= high:
            raise StateError(f"the state has {name} {number}, and it is 0 to {high}")
    return np.array(numbers, np.int64)


def check_samples(values: ArrayLike, shape: tuple[int, ...], what: str) -> NDArray[np.float64]:
    """Return samples or windows as float64 ``(n, *shape)``, n of 1 or more.

    Parameters
    ----------
    what
        The word for them.

    Raises
    ------
    SamplesError
        The shape is another. (Whether the numbers are finite is checked where they are quantized.)
    """
    array = np.asarray(values, np.float64)
    if array.ndim != len(shape) + 1 or array.shape[1:] != shape or not len(array):
        wanted = ", ".join(["n", *(str(size) for size in shape)])
        raise SamplesError(f"the {what} have the shape {array.shape}, and the model takes ({wanted}), n of 1 or more")
    return array
