"""The triggers for qonnx' own executor, from what their nodes say alone: on exact integers, those that remember on Python's.

Independent of the function definitions in the file and of :mod:`hw_trigger.fixedpoint.decision`, though not of the equations that
all three follow. Steps, floors and logarithms are computed in another way here: as fractions, and from binary digits.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto

from hw_trigger.qonnx.contract import TRIGGER_ATTRIBUTES, TRIGGER_INPUTS
from hw_trigger.qonnx.qonnx_operator import AttributeTypes, Context, Executable

Integers = NDArray[np.int64]

OCTAVE = 2**8
"""Steps of a score in an octave."""

FINE = 2**20
"""Steps of what is remembered in an octave, or in 1 of what x exceeds its range by."""


class _Trigger(Executable):
    """A node's inputs, settings and outputs by their names."""

    def get_nodeattr_types(self) -> AttributeTypes:
        """Return the attributes: type, whether required, default."""
        return dict.fromkeys(TRIGGER_ATTRIBUTES[self.onnx_node.op_type], ("i", True, 0))

    def execute_node(self, context: Context, graph: GraphProto) -> None:
        """Compute score and trigger of each window, and what is remembered."""
        del graph
        names = TRIGGER_INPUTS[self.onnx_node.op_type]
        inputs = {name: context[tensor] for name, tensor in zip(names, self.onnx_node.input, strict=True)}
        for tensor, result in zip(self.onnx_node.output, self.decide(**inputs), strict=True):
            context[tensor] = result

    def decide(self, **inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Return the node's outputs."""
        raise NotImplementedError


class WindowScore(_Trigger):
    """The sum of squares, and comparison."""

    def decide(self, **inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Return score and trigger."""
        score = _squares(_codes(inputs["x"], inputs["step"]) - _codes(inputs["reconstruction"], inputs["step"]))
        return score, score > inputs["threshold"]


class ClassMargin(_Trigger):
    """How far one logit is above the best of the others, and comparison."""

    def decide(self, **inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Return score and trigger."""
        logits = _codes(inputs["logits"], inputs["step"])
        positive: int = self.get_nodeattr("positive")
        score = np.min([logits[:, positive] - logits[:, k] for k in range(logits.shape[1]) if k != positive], axis=0)
        return score, score > inputs["threshold"]


class DeviationScore(_Trigger):
    """How far windows are from what came before them, and comparison."""

    def decide(self, **inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Return score, trigger and what is remembered behind the last window."""
        adaptive, settle, baseline, weight, excess_decay, record_decay, floor = (
            self.get_nodeattr(name) for name in TRIGGER_ATTRIBUTES["DeviationScore"]
        )
        x, x_step, step = _codes(inputs["x"], inputs["x_step"]), inputs["x_step"], inputs["step"]
        error = _codes(inputs["x"], step) - _codes(inputs["reconstruction"], step)
        mean_square = Fraction(x[0].size, 2**floor)
        energies = _squares(error) + _whole(mean_square / Fraction(float(step)) ** 2)
        activities = _squares(np.diff(x, axis=1)) + _whole(mean_square / Fraction(float(x_step)) ** 2)
        beyond = np.max(np.abs(x[:, -1]), axis=1) - _whole(1 / Fraction(float(x_step)))
        code = int(Fraction(float(x_step)) * 2**weight * FINE)
        fine = FINE // OCTAVE
        bar = int(inputs["threshold"]) * fine
        count, mean_e, mean_a, held, record = inputs["state"].tolist()
        scores, triggers = [], []
        for energy, activity, excess in zip(energies.tolist(), activities.tolist(), beyond.tolist(), strict=True):
            e, a = _octaves(energy) * fine, _octaves(activity) * fine
            if count == 0:
                mean_e, mean_a = e, a
            away = abs(e - mean_e) // fine + abs(a - mean_a) // fine
            windows = min(2 ** (len(f"{count + 1:b}") - 1), 2**baseline)
            mean_e, mean_a = mean_e + (e - mean_e) // windows, mean_a + (a - mean_a) // windows
            held = max(max(0, excess) * code, held - held // 2**excess_decay)
            score = away + held // fine
            scores.append(score)
            triggers.append(count >= settle and score * fine > max(bar, record))
            if adaptive:
                record = max(score * fine, record - record // 2**record_decay)
            count = min(count + 1, max(settle, 2**baseline))
        state = [count, mean_e, mean_a, held, record]
        return np.array(scores, np.int64), np.array(triggers, np.bool_), np.array(state, np.int64)


def _codes(values: NDArray[Any], step: NDArray[Any]) -> Integers:
    return np.asarray(np.rint(values.astype(np.float64) / step), np.int64)


def _squares(codes: Integers) -> Integers:
    return np.asarray(np.sum(codes * codes, axis=(1, 2)))


def _whole(steps: Fraction) -> int:
    """Return whole steps, 1 at least."""
    return max(1, int(steps))


def _octaves(number: int) -> int:
    """Return Mitchell's logarithm, in 2**-8: behind the place of the leading 1 stand the digits that follow it."""
    digits = f"{number:b}"
    return (len(digits) - 1) * OCTAVE + int((digits[1:] + 8 * "0")[:8], 2)
