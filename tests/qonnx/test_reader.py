"""The reader is the writer's inverse, and refuses what no program equals."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper
from support import onnx_models as change
from support.programs import Sizes, random_program

from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.qonnx.contract import QONNX_DOMAIN, QonnxError
from hw_trigger.qonnx.reader import read
from hw_trigger.qonnx.writer import write

SHAPES = [
    Sizes(),
    Sizes(steps=7, n_features=3, encoder=(5, 4), latent=2, decoder=(3, 6)),
    Sizes(steps=1, encoder=(3,), decoder=(2,)),
    Sizes(encoder=(1, 1), latent=1, decoder=(1,)),
]


@pytest.mark.parametrize("scaling", [True, False], ids=["scaled", "unscaled"])
@pytest.mark.parametrize("trigger", [True, False], ids=["trigger", "no trigger"])
@pytest.mark.parametrize("shape", SHAPES, ids=["one layer", "layers", "one step", "one unit"])
def test_inverse_of_the_writer(shape: Sizes, trigger: bool, scaling: bool) -> None:
    digests = set()
    for seed, widths in enumerate([(2, 6), (6, 10), (12, 16)] * 2):
        program = random_program(seed, shape, widths=widths, scaling=scaling, trigger=trigger)
        found = read(write(program))
        assert serialize.digest(found) == serialize.digest(program)
        digests.add(serialize.digest(found))
    assert len(digests) == 6


def test_name() -> None:
    assert read(write(random_program(1)), name="other").name == "other"
    model = write(random_program(1))
    model.graph.name = ""
    assert read(model).name == "network"


# Each of these changes the model of random program 1 so that it must be refused, and tells how.


def _zero_point(model: ModelProto) -> None:
    change.give_constant(model, "latent.output/Quant", 2, np.float32(3))


def _scale(model: ModelProto) -> None:
    change.give_constant(model, "latent.output/Quant", 1, np.float32(0.3))


def _no_scale(model: ModelProto) -> None:
    change.give_constant(model, "latent.output/Quant", 1, np.float32(0))


def _negative_scale(model: ModelProto) -> None:
    change.give_constant(model, "latent.output/Quant", 1, np.float32(-0.5))


def _nan_scale(model: ModelProto) -> None:
    change.give_constant(model, "latent.output/Quant", 1, np.float32(np.nan))


def _channel_scales(model: ModelProto) -> None:
    change.give_constant(model, "latent.weight/Quant", 1, np.array([[0.5, 0.25, 0.5]], np.float32))


def _computed_scale(model: ModelProto) -> None:
    change.node(model, "latent.output/Quant").input[1] = "encoder_0.h"


def _broken_bit_width(model: ModelProto) -> None:
    change.give_constant(model, "latent.output/Quant", 3, np.float32(7.5))


def _zero_bit_width(model: ModelProto) -> None:
    change.give_constant(model, "latent.output/Quant", 3, np.float32(0))


def _one_bit(model: ModelProto) -> None:
    change.give_constant(model, "latent.output/Quant", 3, np.float32(1))


def _wide(model: ModelProto) -> None:
    change.give_constant(model, "latent.weight/Quant", 3, np.float32(60))
    change.give_constant(model, "latent.weight/Quant", 1, np.float32(2.0**-58), "tiny")


def _rounding_mode(model: ModelProto) -> None:
    change.set_attribute(model, "latent.output/Quant", "rounding_mode", "FLOOR")


def _unsigned_narrow(model: ModelProto) -> None:
    change.set_attribute(model, "latent.output/Quant", "signed", 0)
    change.set_attribute(model, "latent.output/Quant", "narrow", 1)


def _cell_scale(model: ModelProto) -> None:
    change.give_constant(model, "encoder_0", 18, np.float32(0.75))


def _cell_rounding_mode(model: ModelProto) -> None:
    change.set_attribute(model, "encoder_0", "cell_state_rounding_mode", "CEIL")


def _cell_attribute(model: ModelProto) -> None:
    change.drop_attribute(model, "encoder_0", "cell_state_signed")


def _cell_inputs(model: ModelProto) -> None:
    del change.node(model, "encoder_0").input[-1]


def _cifg(model: ModelProto) -> None:
    change.set_attribute(model, "encoder_0", "cifg", 1)


def _reverse(model: ModelProto) -> None:
    change.set_attribute(model, "encoder_0", "reverse_input", 1)


def _steps_first(model: ModelProto) -> None:
    change.set_attribute(model, "encoder_0", "batch_first", 0)


def _initial_state(model: ModelProto) -> None:
    change.give_constant(model, "encoder_0", 1, np.full((1, 4), 0.5, np.float32))


def _initial_cell_state(model: ModelProto) -> None:
    change.node(model, "decoder_0").input[2] = "encoder_0.c"


def _weight_shape(model: ModelProto) -> None:
    change.initializer(model, "encoder_0.weight_if.value").CopyFrom(
        helper.make_tensor("encoder_0.weight_if.value", TensorProto.FLOAT, (2, 2), [0.0] * 4)
    )


def _dense_shape(model: ModelProto) -> None:
    change.initializer(model, "latent.weight.value").CopyFrom(
        helper.make_tensor("latent.weight.value", TensorProto.FLOAT, (5, 3), [0.0] * 15)
    )


def _bias_shape(model: ModelProto) -> None:
    change.initializer(model, "latent.bias.value").CopyFrom(
        helper.make_tensor("latent.bias.value", TensorProto.FLOAT, (2,), [0.0] * 2)
    )


def _infinite_weight(model: ModelProto) -> None:
    change.give_constant(model, "latent.weight/Quant", 0, np.full((4, 3), np.inf, np.float32))


def _bare_weight(model: ModelProto) -> None:
    change.node(model, "latent").input[1] = "latent.weight.value"


def _computed_weight(model: ModelProto) -> None:
    change.node(model, "latent").input[1] = "encoder_0.h"


def _unknown_operator(model: ModelProto) -> None:
    change.insert_before(
        model, "latent.input/Quant", helper.make_node("Softsign", ["encoder_0.h"], ["bent"], name="bend")
    )
    change.node(model, "latent.input/Quant").input[0] = "bent"


def _unknown_domain(model: ModelProto) -> None:
    change.node(model, "latent").domain = "com.acme"


def _dangling(model: ModelProto) -> None:
    change.node(model, "latent.input/Quant").input[0] = "nowhere"


def _missing_initializer(model: ModelProto) -> None:
    model.graph.initializer.remove(change.initializer(model, "latent.weight.value"))


def _missing_initializer_of_an_input(model: ModelProto) -> None:
    model.graph.initializer.remove(change.initializer(model, "latent.weight.value"))
    model.graph.input.append(helper.make_tensor_value_info("latent.weight.value", TensorProto.FLOAT, [4, 3]))


def _missing_output(model: ModelProto) -> None:
    model.graph.output[0].name = "y"


def _two_producers(model: ModelProto) -> None:
    change.node(model, "latent.input/Quant").output[0] = "encoder_0.h"


def _truncated_tensor(model: ModelProto) -> None:
    tensor = change.initializer(model, "latent.weight.value")
    tensor.raw_data = tensor.raw_data[:-1]


def _external(model: ModelProto) -> None:
    change.initializer(model, "latent.weight.value").data_location = TensorProto.EXTERNAL


def _fork(model: ModelProto) -> None:
    fork = helper.make_node(
        "Quant", ["encoder_0.h", "one", "zero_point", "eight"], ["fork"], name="fork", domain=QONNX_DOMAIN
    )
    for name, value in (("one", 1.0), ("eight", 8.0)):
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, (), [value]))
    change.insert_before(model, "latent.input/Quant", fork)
    model.graph.output.append(helper.make_tensor_value_info("fork", TensorProto.FLOAT, ["windows", 4]))


def _residual(model: ModelProto) -> None:
    add = helper.make_node("Add", ["encoder_0.sequence", "decoder_0.sequence"], ["total"], name="residual")
    change.insert_before(model, "output.input/Quant", add)
    change.node(model, "output.input/Quant").input[0] = "total"


def _unquantized_sum(model: ModelProto) -> None:
    change.node(model, "latent.output/Quant").op_type = "Tanh"
    change.node(model, "latent.output/Quant").domain = ""
    del change.node(model, "latent.output/Quant").input[1:]


def _unquantized_input(model: ModelProto) -> None:
    change.node(model, "scaling").input[0] = "raw"


def _rounded_twice(model: ModelProto) -> None:
    for name, value in (("once.scale", 0.5), ("twice.scale", 2.0), ("eight", 8.0)):
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, (), [value]))
    nodes = [
        helper.make_node(
            "Quant",
            [source, f"{name}.scale", "zero_point", "eight"],
            [name],
            name=name,
            domain=QONNX_DOMAIN,
            signed=1,
            narrow=0,
        )
        for source, name in (("encoder_0.h", "once"), ("once", "twice"))
    ]
    change.insert_before(model, "latent.input/Quant", *nodes)
    change.node(model, "latent.input/Quant").input[0] = "twice"


def _cell_state_used(model: ModelProto) -> None:
    change.node(model, "latent.input/Quant").input[0] = "encoder_0.c"


def _another_output(model: ModelProto) -> None:
    model.graph.output.append(helper.make_tensor_value_info("latent.output", TensorProto.FLOAT, ["windows", 3]))


def _no_reconstruction(model: ModelProto) -> None:
    del model.graph.output[0]


def _repeated_vector_output(model: ModelProto) -> None:
    while len(model.graph.output) > 1:
        model.graph.output.pop()
    model.graph.output[0].name = "decoder_0.repeated"


def _two_inputs(model: ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, ["windows", 5, 1]))


def _free_steps(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "steps"


def _flat_input(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim.pop()


def _other_steps(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 6


def _other_features(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 2


def _threshold(model: ModelProto) -> None:
    change.give_constant(model, "trigger", 3, np.float32(1.5))


def _negative_threshold(model: ModelProto) -> None:
    change.give_constant(model, "trigger", 3, np.int64(-1))


def _score_step(model: ModelProto) -> None:
    change.give_constant(model, "trigger", 2, np.float32(2))


def _score_of_the_raw_input(model: ModelProto) -> None:
    change.node(model, "trigger").input[0] = "raw.quant"


def _gemm(model: ModelProto) -> None:
    change.node(model, "latent").op_type = "Gemm"
    change.set_attribute(model, "latent", "alpha", 0.5)


REFUSALS: list[tuple[Callable[[ModelProto], None], str]] = [
    (_zero_point, "node 'latent.output/Quant' (Quant) has the zero point 'other' of 3; it must be 0"),
    (_scale, "node 'latent.output/Quant' (Quant) has the scale 'other' of 0.3; only powers of two are exact"),
    (_no_scale, "node 'latent.output/Quant' (Quant) has the scale 'other' of 0; only powers of two are exact"),
    (_negative_scale, "node 'latent.output/Quant' (Quant) has the scale 'other' of -0.5; only powers of two are exact"),
    (_nan_scale, "node 'latent.output/Quant' (Quant) has the scale 'other' of nan; only powers of two are exact"),
    (
        _channel_scales,
        (
            "node 'latent.weight/Quant' (Quant) takes tensor 'other' with 2 values as part of a "
            "quantizer; it must be one for the "
            "whole tensor, not one a channel"
        ),
    ),
    (
        _computed_scale,
        "node 'latent.output/Quant' (Quant) takes tensor 'encoder_0.h' as part of a quantizer; it must be a constant",
    ),
    (
        _broken_bit_width,
        (
            "node 'latent.output/Quant' (Quant) has the bit width 'other' of 7.5; it must be a whole "
            "number of at least 1"
        ),
    ),
    (
        _zero_bit_width,
        "node 'latent.output/Quant' (Quant) has the bit width 'other' of 0; it must be a whole number of at least 1",
    ),
    (
        _one_bit,
        "node 'latent.output/Quant' (Quant) has the bit width 'other' of 1 for signed numbers; it must be 2 at least",
    ),
    (
        _rounding_mode,
        (
            "node 'latent.output/Quant' (Quant) has the rounding mode 'FLOOR' for the scale "
            "'scale_2^-3'; it must be one of ROUND, "
            "HALF_EVEN"
        ),
    ),
    (
        _unsigned_narrow,
        (
            "node 'latent.output/Quant' (Quant) has an unsigned narrow range for the scale "
            "'scale_2^-3', which no fixed-point format "
            "has"
        ),
    ),
    (_cell_scale, "node 'encoder_0' (QuantLSTMCell) has the scale 'other' of 0.75; only powers of two are exact"),
    (
        _cell_rounding_mode,
        (
            "node 'encoder_0' (QuantLSTMCell) has the rounding mode 'CEIL' for the scale 'scale_2^-1'; "
            "it must be one of ROUND, "
            "HALF_EVEN"
        ),
    ),
    (_cell_attribute, "node 'encoder_0' (QuantLSTMCell) has no attribute cell_state_signed"),
    (_cell_inputs, "node 'encoder_0' (QuantLSTMCell) has 47 inputs, and takes 48"),
    (_cifg, "node 'encoder_0' (QuantLSTMCell) has the attribute cifg of 1; coupled gates is not supported"),
    (
        _reverse,
        "node 'encoder_0' (QuantLSTMCell) has the attribute reverse_input of 1; running backwards is not supported",
    ),
    (
        _steps_first,
        (
            "node 'encoder_0' (QuantLSTMCell) takes a tensor of (steps, windows, features), and is "
            "given one of (windows, steps, "
            "features)"
        ),
    ),
    (
        _initial_state,
        "node 'encoder_0' (QuantLSTMCell) takes tensor 'other' as h0; the initial state must be a constant of zeros",
    ),
    (
        _initial_cell_state,
        (
            "node 'decoder_0' (QuantLSTMCell) takes tensor 'encoder_0.c' as c0; the initial state must "
            "be a constant of zeros"
        ),
    ),
    (
        _weight_shape,
        (
            "node 'encoder_0' (QuantLSTMCell) takes tensor 'encoder_0.weight_if' of shape (2, 2) as "
            "weight_if; (4, 1) is needed"
        ),
    ),
    (_dense_shape, "node 'latent' (Dense) takes 5 features, and tensor 'latent.input' has 4"),
    (_bias_shape, "node 'latent.sum/Add' (Add) takes tensor 'latent.bias' of shape (2,); it must be a vector of 3"),
    (_infinite_weight, "node 'latent.weight/Quant' (Quant) takes tensor 'other' with values that are not finite"),
    (
        _bare_weight,
        (
            "node 'latent' (MatMul) takes tensor 'latent.weight.value', a constant without a Quant "
            "node, so that it has no format"
        ),
    ),
    (
        _computed_weight,
        "node 'latent' (MatMul) takes tensor 'encoder_0.h', which must be a constant behind a Quant node",
    ),
    (
        _unknown_operator,
        "node 'bend' (Softsign) has an operator that no program has; see docs/qonnx.md for those that are read",
    ),
    (
        _unknown_domain,
        (
            "node 'latent' (com.acme::MatMul) has an operator that no program has; see docs/qonnx.md "
            "for those that are read"
        ),
    ),
    (
        _dangling,
        (
            "node 'latent.input/Quant' (Quant) takes tensor 'nowhere', which no node before it, input "
            "or initializer gives"
        ),
    ),
    (
        _missing_initializer,
        (
            "node 'latent.weight/Quant' (Quant) takes tensor 'latent.weight.value', which no node "
            "before it, input or initializer "
            "gives"
        ),
    ),
    (
        _missing_initializer_of_an_input,
        (
            "graph 'random_1' must have one input, and has 'raw', 'latent.weight.value'; an input that "
            "is a weight lacks its "
            "initializer"
        ),
    ),
    (_missing_output, "output 'y' of the graph is given by no node"),
    (
        _two_producers,
        "node 'latent.input/Quant' (Quant) gives tensor 'encoder_0.h', which is given already",
    ),
    (_external, "tensor 'latent.weight.value' is kept in another file; store the model in one file"),
    (
        _fork,
        (
            "node 'latent.input/Quant' (Quant) takes tensor 'encoder_0.h', and 'fork' holds the data "
            "there; the graph must be a chain"
        ),
    ),
    (_residual, "node 'residual' (Add) has an operator that no program has; see docs/qonnx.md for those that are read"),
    (
        _unquantized_sum,
        "node 'latent.sum/Add' (Add) gives tensor 'latent.sum', which must go to one Quant node and nowhere else",
    ),
    (_unquantized_input, "node 'scaling' (Scaling) scales what is not the raw input behind its one Quant node"),
    (
        _cell_state_used,
        (
            "node 'latent.input/Quant' (Quant) takes tensor 'encoder_0.c', and no tensor holds the "
            "data there; the graph must be a chain"
        ),
    ),
    (_another_output, "output 'latent.output' of the graph is neither the network's output nor one of the trigger's"),
    (
        _no_reconstruction,
        (
            "graph 'random_1' must give a reconstruction of (windows, steps, features), or logits of (windows, features), and "
            "gives no output"
        ),
    ),
    (
        _repeated_vector_output,
        (
            "graph 'random_1' must give a reconstruction of (windows, steps, features), or logits of (windows, features), and "
            "gives (windows, repeated steps, features)"
        ),
    ),
    (
        _two_inputs,
        (
            "graph 'random_1' must have one input, and has 'raw', 'more'; an input that is a weight "
            "lacks its initializer"
        ),
    ),
    (
        _free_steps,
        "input 'raw' has the shape (?, ?, 1); it must be (windows, steps, features), with known steps and features",
    ),
    (
        _flat_input,
        "input 'raw' has the shape (?, 5); it must be (windows, steps, features), with known steps and features",
    ),
    (
        _other_steps,
        (
            "node 'decoder_0.repeated/Expand' (Expand) does to a tensor of (windows, 1, features) what "
            "no layer of a program does; a "
            "vector may be repeated for every step, the last step taken, and axes of 1 added and dropped"
        ),
    ),
    (_other_features, "node 'encoder_0' (QuantLSTMCell) takes 1 features, and tensor 'encoder_0.input' has 2"),
    (
        _threshold,
        "node 'trigger' (WindowScore) takes tensor 'other' as its threshold; it must be a constant whole number",
    ),
    (
        _score_of_the_raw_input,
        (
            "node 'trigger' (WindowScore) must compare the network's input 'x.quant' with its "
            "reconstruction, and is given "
            "'raw.quant' and 'reconstruction'"
        ),
    ),
    (_gemm, "node 'latent' (Gemm) has a transA, alpha or beta other than 0, 1 and 1"),
]


@pytest.mark.parametrize(("damage", "complaint"), REFUSALS, ids=[damage.__name__[1:] for damage, _ in REFUSALS])
def test_refuses(damage: Callable[[ModelProto], None], complaint: str) -> None:
    model = write(random_program(1, widths=(4, 4)))
    damage(model)
    with pytest.raises(QonnxError) as error:
        read(model)
    assert str(error.value) == complaint


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (_wide, r"node 'latent' \(Dense\): tensor 'latent.accumulator' needs \d+ bits .* and 53 are available; .*"),
        (_truncated_tensor, r"tensor 'latent.weight.value' is damaged: .*"),
        (
            _rounded_twice,
            r"node 'twice' \(Quant\) rounds data to ap_fixed<8,9,.*> that was rounded to ap_fixed<8,7,.*> before; .*",
        ),
        (
            _negative_threshold,
            r"node 'trigger' \(WindowScore\): trigger 'trigger' has the threshold -1, and a score has codes .*",
        ),
        (
            _score_step,
            (
                r"node 'trigger' \(WindowScore\) takes tensor 'other' as the step of its error; it must be "
                r"a constant 0.\d+"
            ),
        ),
    ],
)
def test_refuses_with_numbers(damage: Callable[[ModelProto], None], complaint: str) -> None:
    model = write(random_program(1, widths=(4, 8)))
    damage(model)
    with pytest.raises(QonnxError) as error:
        read(model)
    assert re.fullmatch(complaint, str(error.value)), str(error.value)


def test_tables_that_are_too_large() -> None:
    """The program itself refuses them; the reader says at which node."""
    model = write(random_program(1))
    change.give_constant(model, "encoder_0", 23, np.float32(20))
    with pytest.raises(QonnxError) as error:
        read(model)
    assert str(error.value).startswith(
        "node 'encoder_0' (QuantLSTMCell): tensor 'encoder_0.gate_i' has the format ap_fixed<20,"
    )


def test_random_damage_is_refused_or_harmless() -> None:
    """Whatever is done to a model, the reader says what is wrong with it or reads it; it never fails otherwise."""
    refused = 0
    whole = write(random_program(1, Sizes(steps=3, encoder=(2,), latent=2, decoder=(2,))))
    for seed in range(400):
        model = ModelProto()
        model.CopyFrom(whole)
        _damage(model, np.random.default_rng(seed))
        try:
            read(model)
        except QonnxError:
            refused += 1
    assert 200 < refused < 400


def _damage(model: ModelProto, rng: np.random.Generator) -> None:
    node = model.graph.node[rng.integers(len(model.graph.node))]
    tensor = model.graph.initializer[rng.integers(len(model.graph.initializer))]
    match rng.integers(9):
        case 0:
            model.graph.node.remove(node)
        case 1:
            model.graph.initializer.remove(tensor)
        case 2 if node.attribute:
            del node.attribute[rng.integers(len(node.attribute))]
        case 3 if node.input:
            del node.input[rng.integers(len(node.input)) :]
        case 4:
            del node.output[-1]
        case 5 if node.input:
            node.input[rng.integers(len(node.input))] = tensor.name
        case 6 if node.input:
            other = model.graph.node[rng.integers(len(model.graph.node))]
            node.input[rng.integers(len(node.input))] = other.output[0]
        case 7:
            values = rng.integers(-3, 9, rng.integers(0, 3, rng.integers(4)))
            tensor.CopyFrom(helper.make_tensor(tensor.name, tensor.data_type, values.shape, values.ravel().tolist()))
        case _:
            node.op_type = str(
                rng.choice(
                    ["MatMul", "Gemm", "Mul", "Gather", "Slice", "Transpose", "Squeeze", "Tile", "Quant", "Shape"]
                )
            )
            node.domain = QONNX_DOMAIN if node.op_type == "Quant" else ""


def test_scaling_and_trigger_are_optional() -> None:
    program = random_program(3, scaling=False, trigger=False)
    found = read(write(program))
    assert found.scaling is None
    assert found.trigger is None


def test_keeps_a_lossless_second_quantizer_out() -> None:
    """Two Quant nodes in a row, of which one changes nothing, are one input format."""
    program = random_program(1, widths=(4, 4), trigger=False)
    model = write(program)
    for name, value in (("fine", 2.0**-20), ("many", 40.0)):
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, (), [value]))
    extra = helper.make_node(
        "Quant",
        ["encoder_0.h", "fine", "zero_point", "many"],
        ["same"],
        name="same",
        domain=QONNX_DOMAIN,
        signed=1,
        narrow=0,
    )
    change.insert_before(model, "latent.input/Quant", extra)
    change.node(model, "latent.input/Quant").input[0] = "same"
    assert serialize.digest(read(model)) == serialize.digest(program)
    # The other way round: a layer that takes exactly what the wide format holds.
    wide = replace(program.layers[1], input=Format(40, 20))
    assert (
        read(write(replace(program, layers=(program.layers[0], wide, *program.layers[2:])))).layers[1].input
        == wide.input
    )
