"""The triggers as ONNX model-local functions, on 64-bit integers; :mod:`hw_trigger.fixedpoint.triggers` has their equations.

Two things of ONNX Runtime bound them: its sum of int64 is exact up to 53 bits alone, which is what a program's sums have at most;
and ONNX shifts unsigned integers alone, so that shifts are products and quotients with powers of two from a table.
"""

from __future__ import annotations

import numpy as np
from onnx import FunctionProto, GraphProto, TensorProto, helper

from hw_trigger.fixedpoint.triggers import GUARD, SCORE_FRACTION
from hw_trigger.qonnx.body import OPSETS, Body, untyped
from hw_trigger.qonnx.contract import TRIGGER_ATTRIBUTES, TRIGGER_DOMAIN, TRIGGER_INPUTS, TRIGGER_OUTPUTS

_INT64 = np.iinfo(np.int64)


def trigger_functions() -> list[FunctionProto]:
    """Return the functions of all triggers."""
    return [_window_score(), _class_margin(), _deviation_score()]


def _function(name: str, body: Body) -> FunctionProto:
    inputs, outputs, attributes = TRIGGER_INPUTS[name], TRIGGER_OUTPUTS[name], TRIGGER_ATTRIBUTES[name]
    return helper.make_function(TRIGGER_DOMAIN, name, inputs, outputs, body.nodes, OPSETS, attributes=attributes)


def _codes(body: Body, value: str, step: str) -> str:
    return body.add("Cast", body.add("Div", value, step), to=TensorProto.INT64)


def _window_score() -> FunctionProto:
    """``score = sum(((x - reconstruction) / step)**2)``, and ``trigger = score > threshold``."""
    body = Body("t")
    # Codes before their difference: that one may need more bits than a float has.
    x, reconstruction = (_codes(body, value, "step") for value in ("x", "reconstruction"))
    code = body.add("Sub", x, reconstruction)
    body.add("ReduceSum", body.add("Mul", code, code), body.constant(np.array([1, 2])), out="score", keepdims=0)
    body.add("Greater", "score", "threshold", out="trigger")
    return _function("WindowScore", body)


def _class_margin() -> FunctionProto:
    """``score = logits[positive] - max of the others``, in steps, and ``trigger = score > threshold``."""
    body = Body("m")
    codes, positive = _codes(body, "logits", "step"), body.attribute("positive")
    zero, one = body.constant(0), body.constant(1)
    classes = body.add("Range", zero, body.add("Gather", body.add("Shape", codes), one), one)
    others = body.add("Where", body.add("Equal", classes, positive), body.constant(_INT64.min), codes)
    own = body.add("Gather", codes, positive, axis=1)
    body.add("Sub", own, body.add("ReduceMax", others, axes=[1], keepdims=0), out="score")
    body.add("Greater", "score", "threshold", out="trigger")
    return _function("ClassMargin", body)


def _deviation_score() -> FunctionProto:
    """:class:`~hw_trigger.fixedpoint.triggers.DeviationTrigger`: what each window is alone, then a Scan over the windows."""
    body = _DeviationBody("d")
    x = _codes(body, "x", "x_step")
    levels = body.add("Concat", body.energy_level(), body.activity_level(x), axis=1)
    beyond = body.excess(x)

    body.nodes.append(
        helper.make_node(
            "Split", ["state", body.constant(np.array([1, 2, 1, 1]))], ["count", "mean", "held", "record"], axis=0
        )
    )
    # How many windows came before each of these follows from their number alone.
    windows = body.add("Gather", body.add("Shape", x), body.zero)
    last_count = body.add("Max", body.attribute("settle"), body.power(body.attribute("baseline")))
    counts = body.column(body.add("Add", body.add("Range", body.zero, windows, body.one), "count"))
    counts = body.add("Min", counts, last_count)
    first = body.add("Equal", counts, body.zero)
    settled = body.add("GreaterOrEqual", counts, body.attribute("settle"))
    octaves = body.add("Min", body.exponent(body.add("Add", counts, body.one)), body.attribute("baseline"))
    next_count = body.add("Min", body.add("Add", "count", windows), last_count)

    memory, outputs = ["mean_last", "held_last", "record_last"], ["scores", "triggers"]
    body.nodes.append(
        helper.make_node(
            "Scan",
            ["mean", "held", "record", levels, beyond, first, settled, body.power(octaves)],
            memory + outputs,
            body=_window(body),
            num_scan_inputs=5,
        )
    )
    second = body.constant(np.array([1]))
    for column, out in zip(outputs, ("score", "trigger"), strict=True):
        body.add("Squeeze", column, second, out=out)
    body.add("Concat", next_count, *memory, axis=0, out="next_state")
    return _function("DeviationScore", body)


class _DeviationBody(Body):
    """The parts of a deviation's function that concern each window alone; all are ``(windows, 1)``."""

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix)
        self.zero, self.one = self.constant(0), self.constant(1)
        self.powers = self.constant(1 << np.arange(63))
        self.octave = self.constant(1 << SCORE_FRACTION)
        self.guard = self.constant(1 << GUARD)

    def power(self, exponents: str) -> str:
        return self.add("Gather", self.powers, exponents)

    def column(self, vector: str) -> str:
        return self.add("Unsqueeze", vector, self.constant(np.array([1])))

    def double(self, value: str) -> str:
        return self.add("Cast", value, to=TensorProto.DOUBLE)

    def exponent(self, numbers: str) -> str:
        """Return floor(log2(numbers)) of whole numbers of 1 or more: how many powers of two they reach, less one."""
        last = self.constant(np.array([-1]))
        reached = self.add("GreaterOrEqual", self.add("Unsqueeze", numbers, last), self.powers)
        total = self.add("ReduceSum", self.add("Cast", reached, to=TensorProto.INT64), last, keepdims=0)
        return self.add("Sub", total, self.one)

    def level(self, codes: str, step: str) -> str:
        """Return the logarithm of the sum of squares of each window and of the floor, in steps of the mean."""
        squares = self.add("ReduceSum", self.add("Mul", codes, codes), self.constant(np.array([1, 2])), keepdims=0)
        # The floor is a mean square of 2**-floor, in codes 1 at least; powers of two are exact in doubles.
        shape = self.add("Slice", self.add("Shape", "x"), *(self.constant(np.array([end])) for end in (1, 3)))
        count = self.double(self.add("ReduceProd", shape, keepdims=0))
        wide = self.double(step)
        square = self.add("Mul", self.add("Mul", wide, wide), self.double(self.power(self.attribute("floor"))))
        floor = self.add("Cast", self.add("Floor", self.add("Div", count, square)), to=TensorProto.INT64)
        number = self.column(self.add("Add", squares, self.add("Max", floor, self.one)))
        exponent = self.exponent(number)
        mantissa = self.add("Div", self.add("Mul", number, self.octave), self.power(exponent))
        whole = self.add("Mul", self.add("Sub", exponent, self.one), self.octave)
        return self.add("Mul", self.add("Add", whole, mantissa), self.guard)

    def energy_level(self) -> str:
        error = self.add("Sub", _codes(self, "x", "step"), _codes(self, "reconstruction", "step"))
        return self.level(error, "step")

    def activity_level(self, x: str) -> str:
        later, earlier = (
            self.add("Slice", x, *(self.constant(np.array([end])) for end in (*ends, 1)))
            for ends in ((1, _INT64.max), (0, -1))
        )
        return self.level(self.add("Sub", later, earlier), "x_step")

    def excess(self, x: str) -> str:
        """Return by how much the last step of x exceeds 1, weighted, in steps of what is held."""
        step = self.double("x_step")
        # Where the steps of x are greater than 1, the first code beyond 0 is the first beyond 1.
        unit = self.add("Cast", self.add("Div", self.double(self.one), step), to=TensorProto.INT64)
        last = self.add("Abs", self.add("Gather", x, self.constant(-1), axis=1))
        beyond = self.add("Max", self.add("Sub", last, self.add("Max", unit, self.one)), self.zero)
        shift = self.add("Add", self.attribute("weight"), self.constant(SCORE_FRACTION + GUARD))
        factor = self.add("Cast", self.add("Mul", self.double(self.power(shift)), step), to=TensorProto.INT64)
        return self.add("Mul", self.add("ReduceMax", beyond, axes=[1], keepdims=1), factor)


def _window(outside: _DeviationBody) -> GraphProto:
    """What a window does to the state; settings come from the scope around it."""
    guard = outside.guard
    adaptive = outside.add("Cast", outside.attribute("adaptive"), to=TensorProto.BOOL)
    bar = outside.add("Mul", "threshold", guard)
    held_period, record_period = (outside.power(outside.attribute(name)) for name in ("excess_decay", "record_decay"))

    body = Body("w")
    start = body.add("Where", "first", "level", "mean")
    deviation = body.add("Sub", "level", start)
    # A quotient that rounds down, whatever the sign.
    multiple = body.add("Sub", deviation, body.add("Mod", deviation, "windows"))
    body.add("Add", start, body.add("Div", multiple, "windows"), out="mean_next")
    faded = body.add("Sub", "held", body.add("Div", "held", held_period))
    body.add("Max", "excess", faded, out="held_next")
    deviations = body.add("ReduceSum", body.add("Div", body.add("Abs", deviation), guard), keepdims=1)
    score = body.add("Add", deviations, body.add("Div", "held_next", guard), out="score")
    raised = body.add("Mul", score, guard)
    higher = body.add("Greater", raised, body.add("Max", "record", bar))
    body.add("And", "settled", higher, out="trigger")
    forgotten = body.add("Sub", "record", body.add("Div", "record", record_period))
    body.add("Where", adaptive, body.add("Max", raised, forgotten), "record", out="record_next")
    return helper.make_graph(
        body.nodes,
        "window",
        [untyped(name) for name in ("mean", "held", "record", "level", "excess", "first", "settled", "windows")],
        [untyped(name) for name in ("mean_next", "held_next", "record_next", "score", "trigger")],
    )
