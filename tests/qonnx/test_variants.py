"""One network said in other ways that exporters use: each is read as the very same program."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from support import onnx_models as change
from support.programs import random_program

from hw_trigger.fixedpoint import golden, serialize
from hw_trigger.fixedpoint.formats import Format, align
from hw_trigger.fixedpoint.program import Lstm
from hw_trigger.qonnx.contract import BREVITAS_DOMAIN, QONNX_DOMAIN
from hw_trigger.qonnx.reader import read
from hw_trigger.qonnx.writer import write


def _old_domain(model: ModelProto) -> None:
    for node in model.graph.node:
        if node.domain == QONNX_DOMAIN:
            node.domain = BREVITAS_DOMAIN


def _int_quant(model: ModelProto) -> None:
    for node in model.graph.node:
        if node.op_type == "Quant":
            node.op_type = "IntQuant"


def _half_even(model: ModelProto) -> None:
    change.set_attribute(model, "latent.output/Quant", "rounding_mode", "half_even")


def _constant_nodes(model: ModelProto) -> None:
    constants = [
        helper.make_node("Constant", [], [tensor.name], name=f"constant/{tensor.name}", value=tensor)
        for tensor in model.graph.initializer
    ]
    del model.graph.initializer[:]
    change.insert_before(model, model.graph.node[0].name, *constants)


def _initializers_as_inputs(model: ModelProto) -> None:
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))


def _no_node_names(model: ModelProto) -> None:
    kept = {"scaling", "encoder_0", "latent", "decoder_0", "output", "trigger"}
    for node in model.graph.node:
        if node.name not in kept:
            node.name = ""


def _identities(model: ModelProto) -> None:
    for name, op in (("latent.input/Quant", "Identity"), ("latent", "Dropout"), ("output.input/Quant", "Identity")):
        source = change.node(model, name).input[0]
        change.insert_before(model, name, helper.make_node(op, [source], [f"{name}.same"]))
        change.node(model, name).input[0] = f"{name}.same"
    model.graph.node.append(helper.make_node("Identity", ["reconstruction"], ["y"]))
    model.graph.output[0].name = "y"


def _dead_branch(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("Softmax", ["encoder_0.sequence"], ["unused"]))


def _gemm(model: ModelProto) -> None:
    product, total = change.node(model, "latent"), change.node(model, "latent.sum/Add")
    weight = change.initializer(model, "latent.weight.value")
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).T.copy(), weight.name))
    product.op_type = "Gemm"
    product.input.append(total.input[1])
    product.output[0] = total.output[0]
    change.set_attribute(model, "latent", "transB", 1)
    model.graph.node.remove(total)


def _bias_first(model: ModelProto) -> None:
    total = change.node(model, "output.sum/Add")
    total.input[0], total.input[1] = total.input[1], total.input[0]
    factor = change.node(model, "scaling")
    factor.input[0], factor.input[1] = factor.input[1], factor.input[0]


def _transposed_weight(model: ModelProto) -> None:
    weight = change.initializer(model, "latent.weight.value")
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).T.copy(), weight.name))
    change.insert_before(model, "latent", helper.make_node("Transpose", ["latent.weight"], ["turned"], perm=[1, 0]))
    change.node(model, "latent").input[1] = "turned"


def _sliced_weight(model: ModelProto) -> None:
    weight = change.initializer(model, "latent.weight.value")
    values = numpy_helper.to_array(weight)
    weight.CopyFrom(numpy_helper.from_array(np.concatenate([values, values]), weight.name))
    for name, value in (("start", 0), ("end", len(values))):
        model.graph.initializer.append(numpy_helper.from_array(np.array([value]), name))
    change.insert_before(
        model, "latent.weight/Quant", helper.make_node("Slice", ["latent.weight.value", "start", "end"], ["part"])
    )
    change.node(model, "latent.weight/Quant").input[0] = "part"


def _last_step(model: ModelProto) -> None:
    """Take the last step of the sequence, as ``y[:, -1]`` is exported."""
    model.graph.initializer.append(numpy_helper.from_array(np.array(-1), "minus_one"))
    change.insert_before(
        model, "latent.input/Quant", helper.make_node("Gather", ["encoder_0.sequence", "minus_one"], ["last"], axis=1)
    )
    change.node(model, "latent.input/Quant").input[0] = "last"


def _last_step_sliced(model: ModelProto) -> None:
    """Take it as ``y[:, -1:].squeeze(1)``."""
    for name, value in (("minus_one", -1), ("end", 2**63 - 1), ("one", 1)):
        model.graph.initializer.append(numpy_helper.from_array(np.array([value]), name))
    change.insert_before(
        model,
        "latent.input/Quant",
        helper.make_node("Slice", ["encoder_0.sequence", "minus_one", "end", "one"], ["slice"]),
        helper.make_node("Squeeze", ["slice", "one"], ["last"]),
    )
    change.node(model, "latent.input/Quant").input[0] = "last"


def _tile(model: ModelProto) -> None:
    expand = change.node(model, "decoder_0.repeated/Expand")
    expand.op_type = "Tile"


def _expand_by_the_input(model: ModelProto) -> None:
    """Repeat to a shape that is computed from the input's, as ``x.shape[1]`` is exported."""
    for name, value in (("index", [1]), ("one", [1])):
        model.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    change.insert_before(
        model,
        "decoder_0.repeated/Expand",
        helper.make_node("Shape", ["raw.quant"], ["shape"]),
        helper.make_node("Gather", ["shape", "index"], ["steps"], axis=0),
        helper.make_node("Concat", ["one", "steps", "one"], ["repeats"], axis=0),
    )
    change.node(model, "decoder_0.repeated/Expand").input[1] = "repeats"


def _turned_twice(model: ModelProto) -> None:
    """Put steps first and windows first again; Brevitas does for layers that are not batch first."""
    change.insert_before(
        model,
        "output.input/Quant",
        helper.make_node("Transpose", ["decoder_0.sequence"], ["turned"], perm=[1, 0, 2]),
        helper.make_node("Transpose", ["turned"], ["back"], perm=[1, 0, 2]),
    )
    change.node(model, "output.input/Quant").input[0] = "back"


def _steps_first(model: ModelProto) -> None:
    change.insert_before(
        model, "encoder_0", helper.make_node("Transpose", ["encoder_0.input"], ["turned"], perm=[1, 0, 2])
    )
    change.node(model, "encoder_0").input[0] = "turned"
    change.set_attribute(model, "encoder_0", "batch_first", 0)


def _local_function(model: ModelProto) -> None:
    """Hide the latent layer's sum in a function of the exporter's."""
    total = change.node(model, "latent.sum/Add")
    total.domain, total.op_type = "exporter", "plus"
    body = [helper.make_node("Add", ["a", "b"], ["y"])]
    model.functions.append(
        helper.make_function("exporter", "plus", ["a", "b"], ["y"], body, [helper.make_opsetid("", 17)])
    )
    model.opset_import.append(helper.make_opsetid("exporter", 1))


def _fixed_number_of_windows(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 8
    change.give_constant(model, "decoder_0.repeated/Expand", 1, np.array([8, 5, 3]))


VARIANTS = [
    _old_domain,
    _int_quant,
    _half_even,
    _constant_nodes,
    _initializers_as_inputs,
    _no_node_names,
    _identities,
    _dead_branch,
    _gemm,
    _bias_first,
    _transposed_weight,
    _sliced_weight,
    _last_step,
    _last_step_sliced,
    _tile,
    _expand_by_the_input,
    _turned_twice,
    _steps_first,
    _local_function,
    _fixed_number_of_windows,
]


@pytest.mark.parametrize("vary", VARIANTS, ids=[vary.__name__[1:] for vary in VARIANTS])
def test_is_read_as_the_same_program(vary: Callable[[ModelProto], None]) -> None:
    program = random_program(1, widths=(4, 8))
    model = write(program)
    before = model.SerializeToString()
    vary(model)
    assert model.SerializeToString() != before
    assert serialize.digest(read(model)) == serialize.digest(program)


def test_gates_of_different_weight_formats() -> None:
    """The program has one format for the four gates: a common one, with the same values."""
    program = random_program(1, widths=(4, 8))
    model = write(program)
    first, found = program.layers[0], None
    assert isinstance(first, Lstm)
    for name, value in (("fine", 2.0**-9), ("bits", 12.0)):
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, (), [value]))
    change.node(model, "encoder_0.weight_ic/Quant").input[1] = "fine"
    change.node(model, "encoder_0.weight_ic/Quant").input[3] = "bits"
    weight = change.initializer(model, "encoder_0.weight_ic.value")
    weight.CopyFrom(numpy_helper.from_array(np.full((4, 1), 3 * 2.0**-9, np.float32), weight.name))
    found = read(model).layers[0]
    assert isinstance(found, Lstm)
    common = found.weight_format
    assert common == Format(9 + max(3, first.weight_format.integer), max(3, first.weight_format.integer))
    for gate in range(4):
        rows = slice(4 * gate, 4 * gate + 4)
        wanted = align(first.weight[rows], first.weight_format.fraction, 9) if gate != 2 else np.full((4, 1), 3)
        np.testing.assert_array_equal(found.weight[rows], wanted)
    np.testing.assert_array_equal(found.recurrent_weight, first.recurrent_weight)


def test_float_weights_are_rounded_by_their_quant_node() -> None:
    """Brevitas exports the weights of training; their Quant nodes are part of the network."""
    program = random_program(1, widths=(4, 8))
    model = write(program)
    weight = change.initializer(model, "latent.weight.value")
    values = numpy_helper.to_array(weight)
    step = program.layers[1].weight_format.step
    weight.CopyFrom(numpy_helper.from_array((values + 0.3 * step).astype(np.float32), weight.name))
    assert serialize.digest(read(model)) == serialize.digest(program)
    weight.CopyFrom(numpy_helper.from_array(np.full_like(values, 1e9), weight.name))
    assert set(np.ravel(read(model).layers[1].weight)) == {program.layers[1].weight_format.high}


def test_no_bias() -> None:
    program = random_program(1, widths=(4, 8))
    model = write(program)
    change.node(model, "latent.output/Quant").input[0] = "latent.product"
    model.graph.node.remove(change.node(model, "latent.sum/Add"))
    found = read(model).layers[1]
    np.testing.assert_array_equal(found.bias, np.zeros(3))
    np.testing.assert_array_equal(found.weight, program.layers[1].weight)


def test_names_of_nodes_become_names_of_layers() -> None:
    model = write(random_program(1, trigger=False))
    for name, node in (
        ("/encoder/layers.0.0/export_handler/QuantLSTMCell", "encoder_0"),
        ("/encoder/layers.1.0/export_handler/QuantLSTMCell", "decoder_0"),
        ("/0/Gemm", "latent"),
        ("", "output"),
    ):
        change.node(model, node).name = name
    assert [layer.name for layer in read(model).layers] == ["encoder", "layer_0", "encoder_2", "output_product"]


def test_only_the_last_step_of_an_lstm() -> None:
    program = random_program(1, widths=(4, 8))
    model = write(program)
    _last_step(model)
    found = read(model).layers[0]
    assert isinstance(found, Lstm)
    assert not found.return_sequence
    raw = np.arange(-10, 10).reshape(4, 5, 1)
    assert np.array_equal(golden.run(read(model), raw).output, golden.run(program, raw).output)
