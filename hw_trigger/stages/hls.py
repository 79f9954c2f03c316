"""Write the HLS project of a program, and with the vendor's tool on the PATH synthesize it."""

from __future__ import annotations

import numpy as np

from hw_trigger.bundle.bundle import CONFIG
from hw_trigger.config.compose import to_yaml
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.hls.manifest import read_manifest
from hw_trigger.hls.project import Project, open_project, write_project
from hw_trigger.hls.reuse import doubts
from hw_trigger.hls.synthesis import synthesize
from hw_trigger.stages.recorded import chosen_windows, load_test
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.subject import Subject, open_subject
from hw_trigger.verification.stress import stress_windows


def run_hls(config: Config, reporter: Reporter, *, synth: bool) -> Project:
    """Write the project ``hls_projects/<run>``: firmware, testbench, recorded windows and the codes expected of them.

    A project that is there and is the one that would be written is kept, with what tools added to it.

    Raises
    ------
    BundleError, QonnxError
        There is no bundle, or the QONNX file has no exact program.
    ReuseFactorError, HlsSettingsError
        The settings do not fit the program.
    UserError
        The channel cannot be had; or, with `synth`, the vendor's tool is missing.
    """
    subject = open_subject(config)
    program, config = subject.program, subject.config
    windows = _windows(subject, reporter)
    for doubt in doubts(program, config.hls):
        reporter.warn(doubt)
    project = _up_to_date(subject, windows)
    if project is None:
        with reporter.task("writing the HLS project", 1) as advance:
            project = write_project(
                program,
                config.hls,
                config.project_path,
                windows=windows,
                extra={CONFIG: to_yaml(config)},
                provenance=subject.provenance,
            )
            advance(1)
    reporter.say(
        f"{config.hls.backend} HLS project {project.directory}: top function {project.top}, {config.hls.io_type}, "
        f"{config.hls.strategy} strategy, {len(windows)} recorded windows; next: hw-trigger csim"
    )
    if synth:
        synthesize(project)
        reporter.say(f"synthesis reports are in {project.directory}; next: hw-trigger report")
    return project


def _windows(subject: Subject, reporter: Reporter) -> Codes:
    """Return the windows to record: of the test data where there are some, and such that reach the corners."""
    count = subject.config.csim.windows
    if subject.bundle is None:
        return stress_windows(subject.program, count)
    _, samples = load_test(subject.bundle, subject.config, reporter)
    return chosen_windows(subject.program, samples.windows(subject.program.steps), count)


def _up_to_date(subject: Subject, windows: Codes) -> Project | None:
    """Return the project that is there, where it is the one that would be written: what tools added to it then stays."""
    try:
        project = open_project(subject.config.project_path)
        project.check()
        found = (read_manifest(project.directory).provenance, project.settings)
        same = found == (subject.provenance, subject.config.hls) and np.array_equal(project.windows(), windows)
    except UserError:  # there is none, or it is damaged: it is written anew
        return None
    return project if same else None
