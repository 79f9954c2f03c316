"""Prove the firmware bit-exact: every executor on the same windows, every pair compared code for code."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hw_trigger.config.schema import Config
from hw_trigger.files import to_json, write_whole
from hw_trigger.fixedpoint import compiled, golden, serialize
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls import csim, library
from hw_trigger.hls.compiler import compiler_version, find_compiler
from hw_trigger.hls.differences import first_difference
from hw_trigger.hls.project import Project, ProjectError, open_project
from hw_trigger.models.execution import network_codes
from hw_trigger.qonnx import onnxruntime_executor, qonnx_executor
from hw_trigger.stages.networks import load_quantized
from hw_trigger.stages.recorded import load_test
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.subject import Subject, open_subject
from hw_trigger.verification.rendering import LAYER, to_markdown, to_rich, verdict
from hw_trigger.verification.table import Comparison, VerificationFileError, VerificationTable, compare

JSON_NAME = "verification.json"
MARKDOWN_NAME = "verification.md"

PYTORCH, RUNTIME, QONNX = "PyTorch", "ONNX Runtime", "qonnx"
GOLDEN, REFERENCE = "golden (compiled)", "golden (NumPy)"
TESTBENCH, LIBRARY = "C-sim testbench", "C-sim library"


def run_csim(config: Config, reporter: Reporter) -> VerificationTable:
    """Compare PyTorch, ONNX Runtime, qonnx, the golden model and C-simulation, and write the verification table.

    PyTorch, ONNX Runtime and the golden model compute every window of the test data; qonnx and the C-simulations the windows
    that are recorded in the project. A QONNX file of another origin has no PyTorch network and no test data. The table lies in
    the project's directory, and goes with it.

    Raises
    ------
    BundleError, QonnxError, ProjectError
        There is no bundle or no project, or the project is of another program.
    CompilerError, SimulationError
        There is no C++ compiler, or a simulation crashed.
    """
    subject = open_subject(config)
    find_compiler()  # before minutes of other executors
    project = _open(subject)
    recorded = project.windows()
    everywhere: list[Comparison] = []
    if subject.bundle is not None:
        _, samples = load_test(subject.bundle, subject.config, reporter)
        everywhere = _compare_pairs(_execute_all(subject, samples.windows(subject.program.steps), reporter))
    # A trigger may remember: the recorded windows are a stream of their own. There every executor is compared with every other.
    fast = _execute_all(subject, recorded, reporter)
    slow = _execute_recorded(subject, project, recorded, reporter)
    table = VerificationTable((*everywhere, *_compare_pairs(fast | slow)))
    _write(subject, project, table)
    _tell(table, project.directory, reporter)
    difference = first_difference(slow[REFERENCE].outputs, slow[LIBRARY].outputs)
    if difference is not None:
        reporter.warn(f"{LIBRARY} first differs from {REFERENCE} at {difference}")
    return table


def read_verification(project: Path, program: Program) -> VerificationTable | None:
    """Return the table that `run_csim` left in a project's directory; ``None`` where there is none of this program.

    Raises
    ------
    VerificationFileError
        The file is damaged.
    """
    path = project / JSON_NAME
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text("utf-8"))
        recorded = document["provenance"]["program SHA-256"]
        table = document["table"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VerificationFileError(f"{path} is damaged; run hw-trigger csim again") from error
    return VerificationTable.from_dict(table) if recorded == serialize.digest(program) else None


def _open(subject: Subject) -> Project:
    """Open the project, and refuse one that was written for another program or changed since."""
    project = open_project(subject.config.project_path)
    if serialize.digest(project.program) != serialize.digest(subject.program):
        origin = subject.config.onnx if subject.bundle is None else f"bundle {subject.bundle.path}"
        raise ProjectError(
            f"the HLS project {project.directory} was written for another program than that of {origin}; "
            "run hw-trigger hls again"
        )
    project.check()
    return project


def _execute_all(subject: Subject, windows: Codes, reporter: Reporter) -> dict[str, Execution]:
    """Execute the whole test data where that takes seconds."""
    program, found = subject.program, {}
    if subject.bundle is not None:
        with reporter.task(PYTORCH, len(windows)) as advance:
            model = load_quantized(subject.bundle, subject.config)
            reconstruction = network_codes(model, program.scaling, windows, progress=advance)
        # PyTorch has the network only: the trigger behind it is no part of the trained model.
        found[PYTORCH] = Execution(reconstruction, None, None)
    with reporter.task(RUNTIME, len(windows)) as advance:
        found[RUNTIME] = onnxruntime_executor.execute(subject.model, program, windows, progress=advance)
    with reporter.task(GOLDEN, len(windows)) as advance:
        found[GOLDEN] = compiled.run(program, windows, progress=advance)
    return found


def _execute_recorded(subject: Subject, project: Project, windows: Codes, reporter: Reporter) -> dict[str, Execution]:
    """Execute the project's recorded windows where that takes longer."""
    program, jobs = subject.program, subject.config.csim.jobs
    with reporter.task(REFERENCE, 1) as advance:
        reference = golden.run(program, windows, trace=True)
        advance(1)
    with reporter.task(QONNX, 1) as advance:
        by_qonnx = qonnx_executor.execute(subject.model, program, windows)
        advance(1)
    with reporter.task(f"{TESTBENCH}, compiled on the first run", len(windows)) as advance:
        testbench = csim.run(project, jobs=jobs, progress=advance)
    with reporter.task(f"{LIBRARY}, compiled on the first run", len(windows)) as advance:
        traced = library.trace(project, windows, jobs=jobs, progress=advance)
    return {REFERENCE: reference, QONNX: by_qonnx, TESTBENCH: testbench.found, LIBRARY: traced}


def _compare_pairs(executions: Mapping[str, Execution]) -> list[Comparison]:
    """Compare every pair of executors in every tensor that both have."""
    tensors = {name: _tensors(execution) for name, execution in executions.items()}
    return [
        # Not every tensor has a row for each window: the state is that behind the last one.
        replace(
            compare(tensor, (first, codes), (second, tensors[second][tensor])), windows=len(executions[first].output)
        )
        for first, second in itertools.combinations(tensors, 2)
        for tensor, codes in tensors[first].items()
        if tensor in tensors[second]
    ]


def _tensors(execution: Execution) -> dict[str, Any]:
    found: dict[str, Any] = {"output": execution.output}
    if execution.score is not None:
        found["score"] = execution.score
    if execution.trigger is not None:
        found["trigger"] = execution.trigger
    if execution.state is not None:
        found["state"] = execution.state
    return found | {f"{LAYER}{name}": codes for name, codes in execution.outputs.items()}


def _tell(table: VerificationTable, directory: Path, reporter: Reporter) -> None:
    """Show the table, and say the verdict."""
    reporter.show(to_markdown(table), to_rich(table))
    if table.ok:
        reporter.say(f"{verdict(table)} Table: {directory / MARKDOWN_NAME}; next: hw-trigger report")
    else:
        for note in table.notes:
            reporter.warn(note)
        reporter.warn(f"VERIFICATION: {verdict(table)} Table: {directory / MARKDOWN_NAME}")


def _write(subject: Subject, project: Project, table: VerificationTable) -> None:
    """Write the table beside what it speaks of, with the configuration and all that computed it."""
    document = {
        "provenance": {**subject.provenance, "C++ compiler": compiler_version()},
        "table": table.to_dict(),
        "configuration": subject.config.model_dump(mode="json"),
    }
    write_whole(project.directory / JSON_NAME, to_json(document))
    write_whole(
        project.directory / MARKDOWN_NAME, f"# Verification of {subject.program.name}\n\n{to_markdown(table)}\n"
    )
