"""The examples in docs/qonnx.md run as they stand."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from support.programs import random_program, random_windows, with_deviation

from hw_trigger.fixedpoint import golden
from hw_trigger.qonnx.file import save
from hw_trigger.qonnx.writer import write

PAGE = Path(__file__).parents[2] / "docs" / "qonnx.md"


def examples() -> list[str]:
    section = PAGE.read_text().split("## Running it in ONNX Runtime")[1].split("\n## ")[0]
    return [textwrap.dedent(code) for code in re.findall(r"\n\n((?:    .*\n|\n)+)", section)]


def test_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = random_program(1)
    save(program, tmp_path / "network.onnx")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    code, _ = examples()
    exec(code, names)
    expected = golden.run(program, np.zeros((1, program.steps, program.n_features), np.int64))
    np.testing.assert_array_equal(np.ldexp(names["reconstruction"], program.output.fraction), expected.output)
    np.testing.assert_array_equal(names["score"], expected.score)
    np.testing.assert_array_equal(names["trigger"], expected.trigger)


def test_example_of_a_stream() -> None:
    """The names that it does not define are those of the first one."""
    program = with_deviation(random_program(1))
    raw = random_windows(program, 50)
    session = onnxruntime.InferenceSession(write(program).SerializeToString(), providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    dtype = {"tensor(float)": np.float32, "tensor(double)": np.float64}[source.type]
    names: dict[str, Any] = {"np": np, "session": session, "source": source, "dtype": dtype}
    names["stream"] = program.raw.values(raw)
    _, code = examples()
    exec(code, names)
    expected = golden.run(program, raw)
    assert expected.score is not None
    np.testing.assert_array_equal(names["score"], expected.score[-len(names["score"]) :])
    np.testing.assert_array_equal(names["state"], expected.state)
