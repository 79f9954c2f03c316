"""The project's testbench: C++ that compares every output code, the recorded windows, and the codes expected of them."""

from __future__ import annotations

from importlib.resources import files
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls.graph import SAMPLES, node_names
from hw_trigger.hls.rendering import render

WINDOWS = "tb_data/windows.txt"
EXPECTED = "tb_data/expected.txt"


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
    (directory / WINDOWS).write_text(to_text(flat(windows)))
    (directory / EXPECTED).write_text(to_text(to_columns(expected)))


def to_text(codes: Codes) -> str:
    """Return codes ``(n, columns)`` as text, one window a line."""
    return "".join(" ".join(map(str, row)) + "\n" for row in codes.tolist())


def flat(codes: Codes) -> Codes:
    """Return ``(n, steps, features)`` as ``(n, steps * features)``."""
    return codes.reshape(len(codes), prod(codes.shape[1:]))


def to_columns(execution: Execution) -> Codes:
    """Return score, trigger bit and reconstruction side by side, ``(n, columns)``; the first two where there is a trigger."""
    parts = [] if execution.score is None else [execution.score[:, None]]
    parts += [] if execution.trigger is None else [execution.trigger[:, None].astype(np.int64)]
    reconstruction = execution.output
    return np.hstack([*parts, flat(reconstruction)])


def from_columns(program: Program, columns: Codes) -> Execution:
    """Return what :func:`to_columns` took."""
    first = 0 if program.trigger is None else 2
    return Execution(
        columns[:, first:].reshape(len(columns), program.steps, program.n_features),
        columns[:, 0] if first else None,
        columns[:, 1] != 0 if first else None,
    )


def _names(graph: Any, program: Program) -> dict[str, Any]:
    """Return what the template is filled in with."""
    samples = graph.graph[SAMPLES].get_output_variable()
    shape = (program.steps, program.n_features)
    reconstruction = {"title": "reconstruction", "steps": shape[0], "features": shape[1]}
    ports = []
    for variable in graph.get_output_variables():
        if len(variable.shape) == 2:
            ports.append(reconstruction | _port(variable, program.output))
        else:
            title = "score" if not ports else "trigger"
            ports.append({"title": title, "steps": 1, "features": 1, "signed": False} | _port(variable, None))
    traced = None
    if "reconstruction" not in [port["title"] for port in ports]:
        name = node_names(program)[program.layers[-1].name]
        traced = reconstruction | {"name": name, "fraction": program.output.fraction}
    traces = [
        {"name": layer.name, "size": prod(layer.get_output_variable().shape)}
        for layer in graph.get_layers()
        if layer.get_attr("trace", False)
    ]
    return {
        "top": graph.config.get_project_name(),
        "input": {"size": prod(shape)} | _port(samples, program.raw),
        "ports": ports,
        "traced": traced,
        "traces": traces,
    }


def _port(variable: Any, number_format: Format | None) -> dict[str, Any]:
    signed = {} if number_format is None else {"signed": number_format.signed}
    return {"name": variable.name, "definition": variable.definition_cpp()} | signed
