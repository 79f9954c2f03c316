"""The trained float network in PyTorch, with what the trigger takes of its output rounded to the trigger's formats."""

from __future__ import annotations

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import check_windows
from hw_trigger.fixedpoint.program import Program
from hw_trigger.models.float_measures import float_measures
from hw_trigger.models.networks import FloatNetwork


class FloatVariant:
    """The network as it was before quantization.

    `weight_bytes` is 4 for each parameter. PyTorch has two bias vectors in an LSTM, and both are counted.
    """

    name = "float32"

    def __init__(self, model: FloatNetwork, program: Program) -> None:
        self.weight_bytes = sum(parameter.nbytes for parameter in model.parameters())
        self._model, self._program = model, program

    def measure(self, raw: Codes) -> Codes:
        """See :class:`hw_trigger.service.variants.base.Variant`."""
        return float_measures(self._model, self._program, check_windows(self._program, raw))
