"""Windows that reach the corners of a program's arithmetic, which recorded telemetry may never do."""

from __future__ import annotations

import numpy as np

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program


def stress_windows(program: Program, n: int, seed: int = 0) -> Codes:
    """Return raw windows ``(n, steps, n_features)``: in turn noise over the whole range, slow waves, constants at the limits
    of the range, and single spikes. The same for the same seed.
    """
    rng = np.random.default_rng(seed)
    raw, shape = program.raw, (program.steps, program.n_features)
    middle = (raw.low + raw.high) / 2
    swing = (raw.high - raw.low) / 2
    windows = np.empty((n, *shape), np.int64)
    for index in range(n):
        kind = index % 4
        if kind == 0:
            window = rng.integers(raw.low, raw.high, shape, endpoint=True)
        elif kind == 1:
            phase = rng.uniform(0, 2 * np.pi, (1, shape[1]))
            wave = np.sin(np.arange(shape[0])[:, None] * rng.uniform(0.1, 1.5) + phase)
            window = np.rint(middle + swing * rng.uniform(0.05, 1) * wave)
        elif kind == 2:
            window = np.full(shape, raw.low if rng.random() < 0.5 else raw.high)
        else:
            window = np.full(shape, round(middle))
            window[rng.integers(shape[0])] = raw.high
        windows[index] = np.clip(window, raw.low, raw.high)
    return windows
