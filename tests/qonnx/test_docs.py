"""The example in docs/qonnx.md runs as it stands."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.programs import random_program

from hw_trigger.fixedpoint import golden
from hw_trigger.qonnx.file import save

PAGE = Path(__file__).parents[2] / "docs" / "qonnx.md"


def test_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = PAGE.read_text().split("## Running it in ONNX Runtime")[1]
    code = re.search(r"\n\n((?:    .*\n|\n)+)", section)
    assert code is not None
    program = random_program(1)
    save(program, tmp_path / "network.onnx")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(textwrap.dedent(code[1]), names)
    expected = golden.run(program, np.zeros((1, program.steps, program.n_features), np.int64))
    np.testing.assert_array_equal(np.ldexp(names["reconstruction"], program.output.fraction), expected.output)
    np.testing.assert_array_equal(names["score"], expected.score)
    np.testing.assert_array_equal(names["trigger"], expected.trigger)
