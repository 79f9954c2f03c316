"""Triggers that remember, classifiers and their ReLUs are read back as what was written, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import numpy as np
import pytest
import torch
from onnx import ModelProto, TensorProto, helper
from support import onnx_models as change
from support.brevitas_export import export, trained
from support.programs import random_classifier, random_program, with_deviation
from torch import Tensor, nn

from hw_trigger.fixedpoint import golden, serialize
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Dense, Program
from hw_trigger.models.quantizers import activation_quantizer, bias_quantizer, weight_quantizer
from hw_trigger.qonnx.contract import QONNX_DOMAIN, QonnxError
from hw_trigger.qonnx.reader import read
from hw_trigger.qonnx.writer import write

SETTINGS: list[dict[str, Any]] = [
    {},
    {"adaptive": False, "threshold": 0},
    {"settle": 1, "baseline": 24, "weight": 0, "excess_decay": 24, "record_decay": 0, "floor": 24},
]


def assert_same(program: Program) -> None:
    model = write(program)
    found = read(model)
    assert serialize.digest(found) == serialize.digest(program)
    assert write(found).SerializeToString(deterministic=True) == model.SerializeToString(deterministic=True)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("scaling", [True, False])
def test_deviation(settings: dict[str, Any], scaling: bool) -> None:
    for seed, widths in enumerate([(2, 6), (6, 10), (12, 16)]):
        assert_same(with_deviation(random_program(seed, widths=widths, scaling=scaling), **settings))


def test_every_setting_is_in_the_file() -> None:
    names = ("settle", "baseline", "weight", "excess_decay", "record_decay", "floor", "threshold")
    changes: list[dict[str, Any]] = [{}, {"adaptive": False}, *({name: 7} for name in names)]
    models = [write(with_deviation(random_program(1), **each)) for each in changes]
    assert len({model.SerializeToString(deterministic=True) for model in models}) == 9
    assert len({serialize.digest(read(model)) for model in models}) == 9


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("hidden", [(), (5,), (4, 3)])
def test_classifier(n_classes: int, hidden: tuple[int, ...]) -> None:
    for seed, widths in enumerate([(2, 6), (12, 16)]):
        assert_same(random_classifier(seed, n_classes=n_classes, hidden=hidden, widths=widths))


def test_an_unsigned_quant_rectifies_without_a_relu() -> None:
    program = random_classifier(1)
    model = write(program)
    model.graph.node.remove(change.node(model, "dense_0.rectified/Relu"))
    change.node(model, "dense_0.output/Quant").input[0] = "dense_0.sum"
    assert serialize.digest(read(model)) == serialize.digest(program)


class BrevitasClassifier(nn.Module):
    """The last state of an LSTM, a layer with ReLU, and logits, as somebody would write it with Brevitas alone."""

    def __init__(self) -> None:
        super().__init__()
        shared: dict[str, Any] = {
            "weight_quant": weight_quantizer(Format(7, 1)),
            "bias_quant": bias_quantizer(Format(12, 3)),
        }
        self.input = qnn.QuantIdentity(activation_quantizer(Format(9, 2)), return_quant_tensor=True)
        self.lstm = qnn.QuantLSTM(
            2,
            5,
            batch_first=True,
            io_quant=activation_quantizer(Format(8, 1)),
            gate_acc_quant=activation_quantizer(Format(9, 4)),
            sigmoid_quant=activation_quantizer(Format(8, 0, signed=False)),
            tanh_quant=activation_quantizer(Format(8, 1)),
            cell_state_quant=activation_quantizer(Format(10, 3)),
            **shared,
        )
        self.hidden = qnn.QuantLinear(5, 6, bias=True, **shared)
        self.relu = qnn.QuantReLU(activation_quantizer(Format(6, 2, signed=False)), return_quant_tensor=True)
        self.logits = qnn.QuantLinear(6, 3, bias=True, output_quant=activation_quantizer(Format(10, 4)), **shared)

    def forward(self, x: Tensor) -> Tensor:
        _, (h, _) = self.lstm(self.input(x))
        logits: Tensor = self.logits(self.relu(self.hidden(h[0])))
        return logits


def test_classifier_of_brevitas(tmp_path: Path) -> None:
    model = trained(BrevitasClassifier(), 1)
    rng = np.random.default_rng(7)
    x = torch.from_numpy((rng.normal(0, 1, (200, 6, 2)) * rng.uniform(0.1, 2.5, (200, 1, 1))).astype(np.float32))
    file = export(model, x[:4], tmp_path / "network.onnx", dynamo=False)
    assert "Relu" in {node.op_type for node in file.graph.node}
    program = read(file, name="network")
    hidden = program.layers[1]
    assert isinstance(hidden, Dense)
    assert hidden.rectifies
    assert program.output_shape == (3,)
    with torch.no_grad():
        expected = np.ldexp(model.double()(x.double()).numpy(), program.output.fraction)
    found = golden.run(program, program.input.quantize(x.numpy()), trace=True)
    np.testing.assert_array_equal(found.output, expected)
    assert len(np.unique(expected)) > 100
    assert 0 < np.count_nonzero(found.outputs[hidden.name] == 0) < found.outputs[hidden.name].size


def refused(model: ModelProto) -> str:
    with pytest.raises(QonnxError) as error:
        read(model)
    return str(error.value)


def _x_step(model: ModelProto) -> None:
    change.give_constant(model, "trigger", 2, np.float32(2))


def _error_step(model: ModelProto) -> None:
    change.give_constant(model, "trigger", 3, np.float32(2))


def _step_of_two_values(model: ModelProto) -> None:
    change.give_constant(model, "trigger", 3, np.array([0.125, 0.125], np.float32))


def _fractional_threshold(model: ModelProto) -> None:
    change.give_constant(model, "trigger", 4, np.float32(1.5))


def _high_threshold(model: ModelProto) -> None:
    change.give_constant(model, "trigger", 4, np.int64(10**9))


def _constant_state(model: ModelProto) -> None:
    change.give_constant(model, "trigger", 5, np.zeros(5, np.int64))
    del model.graph.input[1]


def _computed_state(model: ModelProto) -> None:
    change.node(model, "trigger").input[5] = "encoder_0.h"
    del model.graph.input[1]


def _float_state(model: ModelProto) -> None:
    model.graph.input[1].type.tensor_type.elem_type = TensorProto.FLOAT


def _short_state(model: ModelProto) -> None:
    model.graph.input[1].type.tensor_type.shape.dim[0].dim_value = 4


def _no_settle(model: ModelProto) -> None:
    change.drop_attribute(model, "trigger", "settle")


def _fractional_settle(model: ModelProto) -> None:
    change.set_attribute(model, "trigger", "settle", 1.5)


def _never_settled(model: ModelProto) -> None:
    change.set_attribute(model, "trigger", "settle", 0)


def _adaptive(model: ModelProto) -> None:
    change.set_attribute(model, "trigger", "adaptive", 2)


def _long_baseline(model: ModelProto) -> None:
    change.set_attribute(model, "trigger", "baseline", 25)


def _no_state(model: ModelProto) -> None:
    del change.node(model, "trigger").input[5]
    del model.graph.input[1]


def _four_outputs(model: ModelProto) -> None:
    change.node(model, "trigger").output.append("more")


def _other_input(model: ModelProto) -> None:
    change.node(model, "trigger").input[0] = "encoder_0.input"


def _second_trigger(model: ModelProto) -> None:
    first = change.node(model, "trigger")
    model.graph.node.append(first)
    model.graph.node[-1].name = "another"
    model.graph.node[-1].output[:] = ["s", "t", "n"]
    model.graph.output.append(helper.make_tensor_value_info("t", TensorProto.BOOL, ["windows"]))


DEVIATION = "node 'trigger' (DeviationScore)"

DEVIATIONS: list[tuple[Callable[[ModelProto], None], str]] = [
    (_x_step, f"{DEVIATION} takes tensor 'other' as the step of x; it must be a constant 0.125"),
    (_error_step, f"{DEVIATION} takes tensor 'other' as the step of its error; it must be a constant 0.125"),
    (_step_of_two_values, f"{DEVIATION} takes tensor 'other' as the step of its error; it must be a constant 0.125"),
    (_fractional_threshold, f"{DEVIATION} takes tensor 'other' as its threshold; it must be a constant whole number"),
    (
        _high_threshold,
        f"{DEVIATION}: trigger 'trigger' has the threshold 1000000000, and a score has codes 0 to 8191",
    ),
    (_constant_state, f"{DEVIATION} takes tensor 'other' as its state; it must be an input of the graph"),
    (_computed_state, f"{DEVIATION} takes tensor 'encoder_0.h' as its state; it must be an input of the graph"),
    (_float_state, "input 'state' is what a trigger remembers; it must be int64 of (5)"),
    (_short_state, "input 'state' is what a trigger remembers; it must be int64 of (5)"),
    (_no_settle, f"{DEVIATION} has no attribute settle"),
    (_fractional_settle, f"{DEVIATION} has the attribute settle of 1.5; it must be a whole number"),
    (_never_settled, f"{DEVIATION}: trigger 'trigger' has a settling time of 0 windows; 1 to 2147483647 are possible"),
    (_adaptive, f"{DEVIATION} has the attribute adaptive of 2; it must be 0 or 1"),
    (_long_baseline, f"{DEVIATION}: trigger 'trigger' has baseline 25, and 0 to 24 are possible"),
    (_no_state, f"{DEVIATION} has 5 inputs, and takes x, reconstruction, x_step, step, threshold, state"),
    (_four_outputs, f"{DEVIATION} has 4 outputs, and gives score, trigger, next_state"),
    (
        _other_input,
        (
            f"{DEVIATION} must compare the network's input 'x.quant' with its reconstruction, and is given "
            "'encoder_0.input' and 'reconstruction'"
        ),
    ),
    (_second_trigger, "node 'another' (DeviationScore) is a second trigger, beside 'trigger'"),
]


@pytest.mark.parametrize(("damage", "complaint"), DEVIATIONS, ids=[damage.__name__[1:] for damage, _ in DEVIATIONS])
def test_refused_deviations(damage: Callable[[ModelProto], None], complaint: str) -> None:
    model = write(with_deviation(random_program(1, widths=(4, 4))))
    damage(model)
    assert refused(model) == complaint


def _positive(model: ModelProto) -> None:
    change.set_attribute(model, "trigger", "positive", 2)


def _no_positive(model: ModelProto) -> None:
    change.drop_attribute(model, "trigger", "positive")


def _logit_step(model: ModelProto) -> None:
    change.give_constant(model, "trigger", 1, np.float32(8))


def _inner_logits(model: ModelProto) -> None:
    change.node(model, "trigger").input[0] = "dense_0.output"


def _error_of_a_classifier(model: ModelProto) -> None:
    node = change.node(model, "trigger")
    node.op_type = "WindowScore"
    node.input.insert(0, "x.quant")


def _signed_rectifier(model: ModelProto) -> None:
    change.set_attribute(model, "dense_0.output/Quant", "signed", 1)


def _late_rectifier(model: ModelProto) -> None:
    change.insert_before(
        model, "logits.input/Quant", helper.make_node("Relu", ["dense_0.output"], ["late"], name="late")
    )
    change.node(model, "logits.input/Quant").input[0] = "late"
    change.set_attribute(model, "logits.input/Quant", "signed", 1)


def _rectified_output(model: ModelProto) -> None:
    model.graph.output.append(helper.make_tensor_value_info("dense_0.rectified", TensorProto.FLOAT, ["windows", 5]))


def _rounded_output(model: ModelProto) -> None:
    for name, value in (("coarse", 4.0), ("three", 3.0)):
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, (), [value]))
    rounded = helper.make_node("Quant", ["logits", "coarse", "zero_point", "three"], ["y"], domain=QONNX_DOMAIN)
    change.insert_before(model, "trigger", rounded)
    change.node(model, "trigger").input[0] = "y"
    model.graph.output[0].name = "y"


MARGIN = "node 'trigger' (ClassMargin)"

CLASSIFIERS: list[tuple[Callable[[ModelProto], None], str]] = [
    (_positive, f"{MARGIN}: trigger 'trigger' is for class 2 of 2; it must be one of 2 or more"),
    (_no_positive, f"{MARGIN} has no attribute positive"),
    (_logit_step, f"{MARGIN} takes tensor 'other' as the step of its logits; it must be a constant 0.25"),
    (_inner_logits, f"{MARGIN} must compare the network's logits, and is given 'dense_0.output'"),
    (_rounded_output, f"{MARGIN} must compare the network's logits, and is given 'y'"),
    (
        _error_of_a_classifier,
        (
            "node 'trigger' (WindowScore) must compare the network's input 'x.quant' with its reconstruction, and is given "
            "'x.quant' and 'logits'"
        ),
    ),
    (
        _signed_rectifier,
        (
            "node 'dense_0.rectified/Relu' (Relu) gives tensor 'dense_0.rectified', which must go to an unsigned Quant node "
            "and nowhere else"
        ),
    ),
    (
        _late_rectifier,
        "node 'late' (Relu) gives tensor 'late', which must go to an unsigned Quant node and nowhere else",
    ),
    (
        _rectified_output,
        (
            "node 'dense_0.rectified/Relu' (Relu) gives tensor 'dense_0.rectified', which must go to an unsigned Quant node "
            "and nowhere else"
        ),
    ),
]


@pytest.mark.parametrize(("damage", "complaint"), CLASSIFIERS, ids=[damage.__name__[1:] for damage, _ in CLASSIFIERS])
def test_refused_classifiers(damage: Callable[[ModelProto], None], complaint: str) -> None:
    model = write(random_classifier(1, widths=(4, 4)))
    damage(model)
    assert refused(model) == complaint
