"""What PyTorch computes of raw codes, as codes: the reference that every other executor is compared with."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import check_windows
from hw_trigger.fixedpoint.precision import float64_reasons
from hw_trigger.fixedpoint.program import Scaling
from hw_trigger.models.export import to_program
from hw_trigger.models.networks import QuantNetwork


@torch.no_grad()
def network_codes(
    model: QuantNetwork,
    scaling: Scaling | None,
    raw: Codes,
    *,
    batch: int = 512,
    progress: Callable[[int], None] | None = None,
) -> Codes:
    """Return what the network puts out of raw windows in codes of its output format, ``(n, *program.output_shape)``.

    The scaling too is computed by PyTorch, in floating point: float64 where float32 would not be exact.

    Parameters
    ----------
    raw
        Codes of the scaling's raw format, or of the network's input without a scaling, ``(n, steps, n_features)``.
    batch
        Windows computed at a time.
    progress
        Called with the number of windows done, as they are done.

    Raises
    ------
    WindowsError
        The shape is not the network's, or a code is outside the raw format.
    """
    program = to_program(model, name=model.architecture.name, scaling=scaling)
    raw = check_windows(program, raw)
    dtype = torch.float64 if float64_reasons(program) else torch.float32
    network = copy.deepcopy(model).to(dtype).eval()
    codes = np.empty((len(raw), *program.output_shape), np.int64)
    for start in range(0, len(raw), batch):
        samples = torch.from_numpy(program.raw.values(raw[start : start + batch])).to(dtype)
        if scaling is not None:
            samples = _scale(scaling, samples)
        codes[start : start + batch] = program.output.exact_codes(network(samples).numpy(), "output")
        if progress is not None:
            progress(len(samples))
    return codes


def _scale(scaling: Scaling, samples: Tensor) -> Tensor:
    """Return what the network's input quantizer is given."""
    gain = torch.from_numpy(scaling.gain_format.values(scaling.gain)).to(samples.dtype)
    offset = torch.from_numpy(scaling.offset_format.values(scaling.offset)).to(samples.dtype)
    return samples * gain + offset
