"""The project's testbench: C++ that compares every output code, the recorded windows, and the codes expected of them."""

from __future__ import annotations

from importlib.resources import files
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls import memories
from hw_trigger.hls.graph import SAMPLES, node_names
from hw_trigger.hls.rendering import render

TB_DATA = "tb_data"
"""Directory of the recorded windows that the vendor's tool simulates."""

WINDOWS = "windows.txt"
EXPECTED = "expected.txt"


def write_testbench(graph: Any, program: Program, windows: Codes, expected: Execution, directory: Path) -> None:
    """Write the testbench of a graph's project over hls4ml's own.

    Parameters
    ----------
    windows, expected
        Raw codes ``(n, steps, n_features)``, and what the golden model computed of them.
    """
    top = graph.config.get_project_name()
    (directory / f"{top}_test.cpp").write_text(render("testbench.cpp.jinja", **_names(graph, program)))
    header = files("hw_trigger.hls") / "headers" / "hwt_testbench.h"
    (directory / "hwt_testbench.h").write_text(header.read_text())
    for name, text in (recorded(windows, expected) | memories.files(graph)).items():
        (directory / TB_DATA / name).write_text(text)


def recorded(windows: Codes, expected: Execution) -> dict[str, str]:
    """Return the files of windows and of what the golden model computed of them, by their names."""
    return {WINDOWS: to_text(flat(windows)), EXPECTED: to_text(to_columns(expected))}


def to_text(codes: Codes) -> str:
    """Return codes ``(n, columns)`` as text, one window a line."""
    return "".join(" ".join(map(str, row)) + "\n" for row in codes.tolist())


def flat(codes: Codes) -> Codes:
    """Return ``(n, steps, features)`` as ``(n, steps * features)``."""
    return codes.reshape(len(codes), prod(codes.shape[1:]))


def to_columns(execution: Execution) -> Codes:
    """Return score and trigger bit, where there are any, and the network's output side by side, ``(n, columns)``."""
    parts = [] if execution.score is None else [execution.score[:, None]]
    parts += [] if execution.trigger is None else [execution.trigger[:, None].astype(np.int64)]
    return np.hstack([*parts, flat(execution.output)])


def columns(program: Program) -> int:
    """Return how many codes are compared of a window: those of :func:`to_columns`."""
    return prod(program.output_shape) + (0 if program.trigger is None else 2)


def from_columns(program: Program, codes: Codes) -> Execution:
    """Return what :func:`to_columns` took."""
    first = 0 if program.trigger is None else 2
    return Execution(
        codes[:, first:].reshape(len(codes), *program.output_shape),
        codes[:, 0] if first else None,
        codes[:, 1] != 0 if first else None,
    )


def _names(graph: Any, program: Program) -> dict[str, Any]:
    """Return what the template is filled in with."""
    samples = graph.graph[SAMPLES].get_output_variable()
    # A reconstruction has places of step and feature, logits have classes.
    steps, width = program.output_shape if program.reconstructs else (1, *program.output_shape)
    output = {"title": "reconstruction" if program.reconstructs else "logits", "steps": steps, "width": width}
    one = {"steps": 1, "width": 1}
    described = []
    if program.trigger is not None:
        described = [
            (one | {"title": "score"}, program.trigger.score.signed),
            (one | {"title": "trigger"}, False),
        ]
    described.append((output, program.output.signed))
    variables = graph.get_output_variables()
    ports = [port | _port(variable, signed) for (port, signed), variable in zip(described, variables, strict=False)]
    traced = None
    if len(variables) < len(described):
        name = node_names(program)[program.layers[-1].name]
        traced = output | {"name": name, "fraction": program.output.fraction}
    traces = [
        {"name": layer.name, "size": prod(layer.get_output_variable().shape)}
        for layer in graph.get_layers()
        if layer.get_attr("trace", False)
    ]
    return {
        "top": graph.config.get_project_name(),
        "input": {"size": program.steps * program.n_features} | _port(samples, program.raw.signed),
        "ports": ports,
        "memories": [
            {"name": memory.port, "words": memory.words, "lanes": memory.lanes}
            for memory, _ in memories.memories(graph)
        ],
        "traced": traced,
        "traces": traces,
    }


def _port(variable: Any, signed: bool) -> dict[str, Any]:
    return {"name": variable.name, "definition": variable.definition_cpp(), "signed": signed}
