"""The reference: the integer program, compiled. Its answers are the firmware's, code for code."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from hw_trigger.fixedpoint.compiled import CHUNK, prepare
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Lstm, Program


class IntegerVariant:
    """The program, planned once; several threads share out the windows of a call.

    `weight_bytes` is what the codes of weights and biases need in the widths of their formats, each tensor rounded up to bytes;
    the tables of the activations, which other variants have none of, are not counted. (It is what the firmware stores; a CPU
    holds the codes as floats.)
    """

    name = "integer"

    def __init__(self, program: Program, threads: int) -> None:
        self.weight_bytes = weight_bytes(program)
        self._prepared = prepare(program)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "integer") if threads > 1 else None

    def measure(self, raw: Codes) -> Codes:
        """See :class:`hw_trigger.service.variants.base.Variant`."""
        if self._pool is None or len(raw) < 2:
            return self._prepared.measure(raw)
        pieces = max(math.ceil(len(raw) / CHUNK), min(self._threads, len(raw)))
        return np.concatenate(list(self._pool.map(self._prepared.measure, np.array_split(raw, pieces))))


def weight_bytes(program: Program) -> int:
    """Return the bytes of a program's weights and biases in the widths of their formats."""
    bits = []
    for layer in program.layers:
        bits += [layer.weight.size * layer.weight_format.width, layer.bias.size * layer.bias_format.width]
        if isinstance(layer, Lstm):
            bits.append(layer.recurrent_weight.size * layer.recurrent_format.width)
    return sum(math.ceil(count / 8) for count in bits)
