"""The written model: valid, reproducible, in the precision it needs, and refused where QONNX cannot say it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import onnx
import pytest
from onnx import TensorProto
from support.programs import Sizes, random_classifier, random_program, with_deviation

from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding
from hw_trigger.fixedpoint.precision import float64_reasons
from hw_trigger.fixedpoint.program import Dense, Program
from hw_trigger.qonnx.contract import QonnxError
from hw_trigger.qonnx.writer import write


@pytest.mark.parametrize("scaling", [True, False])
@pytest.mark.parametrize("trigger", [True, False])
def test_is_a_valid_flat_graph(scaling: bool, trigger: bool) -> None:
    program = random_program(1, Sizes(n_features=2, encoder=(3, 4), decoder=(4, 3)), scaling=scaling, trigger=trigger)
    model = write(program)
    onnx.checker.check_model(model, full_check=False)
    graph = model.graph
    assert [info.name for info in graph.input] == ["raw" if scaling else "x"]
    assert [info.name for info in graph.output] == ["reconstruction", *(["score", "trigger"] if trigger else [])]
    layers = [node for node in graph.node if node.op_type in {"QuantLSTMCell", "MatMul", "Mul", "WindowScore"}]
    names = [*(["scaling"] if scaling else []), *(layer.name for layer in program.layers)]
    assert [node.name for node in layers] == names + (["trigger"] if trigger else [])
    assert {function.name for function in model.functions} == {"Quant", "QuantLSTMCell"} | (
        {"WindowScore"} if trigger else set()
    )
    assert not any(attribute.HasField("g") for node in graph.node for attribute in node.attribute)
    described = {info.name for info in (*graph.input, *graph.output, *graph.value_info)}
    assert {output for node in graph.node for output in node.output} <= described


def test_graph_of_a_trigger_that_remembers() -> None:
    model = write(with_deviation(random_program(1)))
    onnx.checker.check_model(model, full_check=False)
    assert [info.name for info in model.graph.input] == ["raw", "state"]
    assert [info.name for info in model.graph.output] == ["reconstruction", "score", "trigger", "next_state"]
    for info in (model.graph.input[1], model.graph.output[3]):
        assert info.type.tensor_type.elem_type == TensorProto.INT64
        assert [dim.dim_value for dim in info.type.tensor_type.shape.dim] == [5]
    assert {function.name for function in model.functions} == {"Quant", "QuantLSTMCell", "DeviationScore"}
    assert model.graph.node[-1].name == "trigger"


def test_graph_of_a_classifier() -> None:
    """Where a layer rectifies, there is what Brevitas' QuantReLU exports: Relu, and an unsigned Quant."""
    model = write(random_classifier(1, hidden=(5, 4), n_classes=3))
    onnx.checker.check_model(model, full_check=False)
    output = model.graph.output[0]
    assert output.name == "logits"
    assert [dim.dim_param or dim.dim_value for dim in output.type.tensor_type.shape.dim] == ["windows", 3]
    rectified = [node for node in model.graph.node if node.op_type == "Relu"]
    assert [node.output[0] for node in rectified] == ["dense_0.rectified", "dense_1.rectified"]
    for node in rectified:
        (quant,) = (other for other in model.graph.node if node.output[0] in other.input)
        assert quant.op_type == "Quant"
        assert next(attribute.i for attribute in quant.attribute if attribute.name == "signed") == 0
    assert {function.name for function in model.functions} == {"Quant", "QuantLSTMCell", "ClassMargin"}
    assert model.graph.node[-1].name == "trigger"


def test_same_bytes_for_the_same_program() -> None:
    script = (
        "import sys, hashlib; from support.programs import random_program; from hw_trigger.qonnx.writer import write;"
        "print(hashlib.sha256(write(random_program(5)).SerializeToString(deterministic=True)).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(["tests", *sys.path])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
    other = write(random_program(6)).SerializeToString(deterministic=True)
    assert other != write(random_program(5)).SerializeToString(deterministic=True)


def test_double_precision_only_where_it_is_needed() -> None:
    elements = set()
    for seed in range(20):
        program = random_program(seed, widths=(3, 5 + seed % 6))
        element = write(program).graph.input[0].type.tensor_type.elem_type
        assert element == (TensorProto.DOUBLE if float64_reasons(program) else TensorProto.FLOAT)
        elements.add(element)
    assert elements == {TensorProto.DOUBLE, TensorProto.FLOAT}


def _with_output(program: Program, output: Format) -> Program:
    last = program.layers[-1]
    assert isinstance(last, Dense)
    return replace(program, layers=(*program.layers[:-1], replace(last, output=output)))


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        (
            Format(8, 2, rounding=Rounding.TRN),
            (
                "tensor 'output.output' has the format ap_fixed<8,2,AP_TRN,AP_SAT>; QONNX' Quant rounds half to even and "
                "saturates: AP_RND_CONV with AP_SAT or AP_SAT_SYM"
            ),
        ),
        (
            Format(8, 2, overflow=Overflow.WRAP),
            (
                "tensor 'output.output' has the format ap_fixed<8,2,AP_RND_CONV,AP_WRAP>; QONNX' Quant rounds half to even and "
                "saturates: AP_RND_CONV with AP_SAT or AP_SAT_SYM"
            ),
        ),
        (
            Format(8, 2, signed=False, overflow=Overflow.SAT_SYM),
            (
                "tensor 'output.output' has the format ap_ufixed<8,2,AP_RND_CONV,AP_SAT_SYM>; an unsigned one has no symmetric "
                "range: AP_SAT"
            ),
        ),
        (
            Format(1, 1),
            (
                "tensor 'output.output' has the format ap_fixed<1,1,AP_RND_CONV,AP_SAT>; QONNX' Quant takes 1 signed bit for -1 "
                "and +1: 2 bits"
            ),
        ),
        (
            Format(54, 10),
            "tensor 'output.output' has the format ap_fixed<54,10,AP_RND_CONV,AP_SAT>; double precision holds 53 bits",
        ),
    ],
    ids=["rounding", "wrapping", "unsigned symmetric", "one bit", "wide"],
)
def test_refuses_formats_that_quant_has_not(output: Format, complaint: str) -> None:
    program = _with_output(random_program(2, trigger=False), output)
    with pytest.raises(QonnxError) as error:
        write(program)
    assert str(error.value) == complaint


def test_refuses_a_name_that_is_no_identifier() -> None:
    program = random_program(2)
    layers = (replace(program.layers[0], name="first layer"), *program.layers[1:])
    with pytest.raises(QonnxError) as error:
        write(replace(program, layers=layers))
    assert str(error.value) == "layer 'first layer' of program 'random_2' needs a name of letters, digits and _"
