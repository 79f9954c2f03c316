"""The network in stock ONNX Runtime, as the bundle's QONNX file has it; the trigger's measures of its output are exact integers.

What runs is written anew from the program that was read from the file and checked: the same graph as the file's, less the
trigger. So nothing else that a file may hold, such as another function by the name of a known operator, is ever run.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hw_trigger.fixedpoint.decision import measure
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Saturations, check_windows, scale
from hw_trigger.fixedpoint.program import Program
from hw_trigger.qonnx.graph import to_array
from hw_trigger.qonnx.onnxruntime_executor import BATCH, open_session, run_session
from hw_trigger.qonnx.writer import output_name, write


class OnnxVariant:
    """One session, kept.

    `weight_bytes` is the size of all initializers of the network: its weights and biases in float32 (float64 where sums need it),
    and the few constants of its quantizers.
    """

    name = "onnx"

    def __init__(self, program: Program, threads: int) -> None:
        if program.trigger is None:
            raise RuntimeError(f"program {program.name!r} has no trigger")
        network = write(replace(program, trigger=None))
        self.weight_bytes = sum(to_array(tensor).nbytes for tensor in network.graph.initializer)
        self._program, self._trigger = program, program.trigger
        self._output = output_name(program)
        self._session = open_session(network, threads)

    def measure(self, raw: Codes) -> Codes:
        """See :class:`hw_trigger.service.variants.base.Variant`."""
        raw = check_windows(self._program, raw)
        parts = [self._measure(raw[start : start + BATCH]) for start in range(0, len(raw), BATCH)]
        return np.concatenate(parts) if parts else self._nothing(raw)

    def _measure(self, raw: Codes) -> Codes:
        program = self._program
        x = raw if program.scaling is None else scale(program.scaling, raw, Saturations())
        output = run_session(self._session, program.raw.values(raw))[self._output]
        return measure(self._trigger, x, program.output.exact_codes(output, self._output))

    def _nothing(self, raw: Codes) -> Codes:
        """Return the measures of no windows, which ONNX Runtime takes none of."""
        return measure(self._trigger, raw, np.zeros((0, *self._program.output_shape), np.int64))
