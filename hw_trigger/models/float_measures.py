"""What a trigger measures of windows where a float network is in the program's place.

What goes in is the exact output of the program's scaling, and what the trigger takes of the network is rounded to the
trigger's own format once: so what differs from the integer program is the network alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from hw_trigger.fixedpoint.decision import measure
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Saturations, scale
from hw_trigger.fixedpoint.program import MarginTrigger, Program, Trigger

BATCH = 256
"""Windows computed at a time."""


@torch.no_grad()
def float_measures(
    network: Callable[[Tensor], Tensor],
    program: Program,
    raw: Codes,
    *,
    progress: Callable[[int], None] | None = None,
) -> Codes:
    """Return what the program's trigger measures of raw windows, ``(n, k)``, of a float network's output.

    Parameters
    ----------
    network
        Takes scaled windows, float32 ``(n, steps, n_features)``; gives their reconstruction, or logits ``(n, n_classes)``.
    raw
        Codes of ``program.raw``, shape ``(n, steps, n_features)``.
    progress
        Called with the number of windows done, as they are done.
    """
    if program.trigger is None:
        raise RuntimeError(f"program {program.name!r} has no trigger")
    if not len(raw):
        return measure(program.trigger, raw, np.zeros((0, *program.output_shape), np.int64))
    measures = []
    for start in range(0, len(raw), BATCH):
        part = raw[start : start + BATCH]
        x = part if program.scaling is None else scale(program.scaling, part, Saturations())
        samples = torch.from_numpy(program.input.values(x).astype(np.float32))
        measures.append(_measure(program.trigger, x, samples, network(samples)))
        if progress is not None:
            progress(len(x))
    return np.concatenate(measures)


def _measure(trigger: Trigger, x: Codes, samples: Tensor, output: Tensor) -> Codes:
    """Return what the trigger measures of windows, with what it takes of the float network rounded to its format."""
    if isinstance(trigger, MarginTrigger):
        return measure(trigger, x, trigger.input.quantize(output.numpy()))
    energy = torch.square((output - samples).double()).sum(dim=(1, 2)).numpy()
    # All but the energy is of the input alone, which is the same in both networks.
    measures = measure(trigger, x, np.zeros_like(x))
    measures[:, 0] = np.minimum(np.rint(np.ldexp(energy, trigger.energy.fraction)), trigger.energy.high)
    return measures
