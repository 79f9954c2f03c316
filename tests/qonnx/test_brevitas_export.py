"""Files that Brevitas exports are read into programs that compute what PyTorch computes."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support.brevitas_export import BrevitasAutoencoder, export, mend_dynamo_export, trained
from torch import nn

from hw_trigger.fixedpoint import golden, serialize
from hw_trigger.fixedpoint.formats import Format, Overflow
from hw_trigger.fixedpoint.program import Program
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.spec import Architecture, DenseFormats, LstmFormats, NetworkFormats
from hw_trigger.qonnx import onnxruntime_executor
from hw_trigger.qonnx.contract import QonnxError
from hw_trigger.qonnx.reader import read
from hw_trigger.qonnx.writer import write

STEPS, FEATURES = 6, 2


def windows(n: int) -> NDArray[np.float32]:
    """Return noise of all loudnesses, which leaves the input's range in part."""
    rng = np.random.default_rng(7)
    return (rng.normal(0, 1, (n, STEPS, FEATURES)) * rng.uniform(0.1, 2.5, (n, 1, 1))).astype(np.float32)


def assert_same_codes(program: Program, model: nn.Module) -> None:
    """Compare the golden model and ONNX Runtime with PyTorch in double precision, on 200 windows."""
    x = windows(200)
    with torch.no_grad():
        y = copy.deepcopy(model).double()(torch.from_numpy(x).double()).numpy()
    expected = np.ldexp(y, program.output.fraction)
    raw = program.input.quantize(x)
    found = golden.run(program, raw)
    assert np.count_nonzero(found.output != expected) == 0
    assert len(np.unique(expected)) > 20
    assert sum(found.saturations.values()) > 0
    executed = onnxruntime_executor.execute(write(program), program, raw)
    assert np.count_nonzero(executed.output != expected) == 0


@pytest.mark.parametrize(
    ("bias", "steps_first", "free"),
    [(True, False, False), (True, True, True), (False, False, True)],
    ids=["plain", "steps first, any number of windows", "no bias, any number of windows"],
)
def test_torchscript_export(tmp_path: Path, bias: bool, steps_first: bool, free: bool) -> None:
    model = trained(BrevitasAutoencoder(STEPS, FEATURES, 5, 3, bias=bias, steps_first=steps_first), 1)
    options = {"dynamic_axes": {"x": {0: "n"}, "y": {0: "n"}}} if free else {}
    file = export(model, torch.from_numpy(windows(4)), tmp_path / "network.onnx", dynamo=False, **options)
    program = read(file, name="network")
    assert [layer.name for layer in program.layers] == ["encoder", "latent", "decoder", "output"]
    assert program.input == Format(9, 2)
    assert program.scaling is None
    assert program.trigger is None
    assert_same_codes(program, model)


@pytest.mark.long
@pytest.mark.parametrize("optimize", [True, False])
def test_both_exporters_give_one_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimize: bool) -> None:
    """Apart from the layers' names."""
    mend_dynamo_export(monkeypatch)
    model = trained(BrevitasAutoencoder(STEPS, FEATURES, 5, 3), 2)
    example = torch.from_numpy(windows(4))
    dynamo = export(model, example, tmp_path / "dynamo.onnx", dynamo=True, optimize=optimize, verbose=False)
    script = export(model, example, tmp_path / "script.onnx", dynamo=False)
    texts = []
    for program in (read(dynamo, name="network"), read(script, name="network")):
        text = serialize.to_text(program)
        for index, layer in enumerate(program.layers):
            text = text.replace(f'"name":"{layer.name}"', f'"name":"{index}"')
        texts.append(text)
    assert texts[0] == texts[1]
    assert_same_codes(read(dynamo), model)


def test_own_network_of_several_layers(tmp_path: Path) -> None:
    """The package's QAT network, whose layers take their inputs in formats of their own."""
    state = {
        "weight": Format(8, 1, overflow=Overflow.SAT_SYM),
        "bias": Format(14, 4),
        "gate": Format(8, 2),
        "sigmoid": Format(8, 0, signed=False),
        "tanh": Format(8, 1),
        "cell": Format(9, 3),
        "hidden": Format(8, 1),
    }
    linear = {"weight": state["weight"], "bias": state["bias"]}
    formats = NetworkFormats(
        Format(9, 2),
        (LstmFormats(input=Format(9, 2), **state), LstmFormats(input=Format(7, 1), **state)),
        DenseFormats(input=Format(8, 1), output=Format(8, 2), **linear),
        (LstmFormats(input=Format(6, 2), **state), LstmFormats(input=Format(8, 1), **state)),
        DenseFormats(input=Format(7, 1), output=Format(8, 2), **linear),
    )
    architecture = Architecture(n_features=FEATURES, window=STEPS, encoder=(5, 4), latent=3, decoder=(4, 5))
    model = trained(QuantAutoencoder(architecture, formats), 4)
    file = export(model, torch.from_numpy(windows(4)), tmp_path / "network.onnx", dynamo=False)
    program = read(file)
    names = ["encoder_0", "encoder_1", "latent", "decoder_0", "decoder_1", "output"]
    assert [layer.name for layer in program.layers] == names
    assert [layer.input for layer in program.layers] == [
        Format(9, 2), Format(7, 1), Format(8, 1), Format(6, 2), Format(8, 1), Format(7, 1),
    ]  # fmt: skip
    assert_same_codes(program, model)


@pytest.mark.long
def test_what_unpatched_dynamo_writes_is_refused(tmp_path: Path) -> None:
    """It loses the LSTM and writes zeros; to read that as a network would be the worst of errors."""
    model = trained(BrevitasAutoencoder(STEPS, FEATURES, 5, 3), 5)
    file = export(model, torch.from_numpy(windows(4)), tmp_path / "network.onnx", dynamo=True)
    assert not any(node.op_type == "QuantLSTMCell" for node in file.graph.node)
    with pytest.raises(QonnxError) as error:
        read(file)
    complaint = r"node '\w+' \(MatMul\) takes tensor '\w+' as its data, which is a constant; the weight comes second"
    assert re.fullmatch(complaint, str(error.value))
