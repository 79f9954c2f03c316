"""Write the HLS project of a bundle, and with the vendor's tool on the PATH synthesize it."""

from __future__ import annotations

import numpy as np

from hw_trigger.bundle.bundle import CONFIG
from hw_trigger.config.compose import to_yaml
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.files import write_whole
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls.project import Project, open_project, write_project
from hw_trigger.hls.reuse import doubts
from hw_trigger.hls.synthesis import synthesize
from hw_trigger.stages.networks import open_bundle
from hw_trigger.stages.recorded import chosen_windows, load_test, recorded_windows
from hw_trigger.stages.reporter import Reporter


def run_hls(config: Config, reporter: Reporter, *, synth: bool) -> Project:
    """Write the project ``hls_projects/<run>``: firmware, testbench, recorded test windows and the codes expected of them.

    Raises
    ------
    BundleError
        There is no bundle.
    ReuseFactorError, HlsSettingsError
        The settings do not fit the program.
    UserError
        The channel cannot be had; or, with `synth`, the vendor's tool is missing.
    """
    bundle, config = open_bundle(config)
    channel, samples = load_test(bundle, config, reporter)
    windows = chosen_windows(bundle.program, recorded_windows(bundle.program, channel, samples), config.csim.windows)
    for doubt in doubts(bundle.program, config.hls):
        reporter.warn(doubt)
    project = _up_to_date(bundle.program, config, windows)
    if project is None:
        with reporter.task("writing the HLS project", 1) as advance:
            project = write_project(bundle.program, config.hls, config.project_path, windows=windows)
            write_whole(project.directory / CONFIG, to_yaml(config))
            advance(1)
    reporter.say(
        f"{config.hls.backend} HLS project {project.directory}: top function {project.top}, {config.hls.io_type}, "
        f"{config.hls.strategy} strategy, {len(windows)} recorded windows; next: hw-trigger csim"
    )
    if synth:
        synthesize(project)
        reporter.say(f"synthesis reports are in {project.directory}; next: hw-trigger report")
    return project


def _up_to_date(program: Program, config: Config, windows: Codes) -> Project | None:
    """Return the project that is there, where it is the one that would be written: what tools added to it then stays."""
    try:
        project = open_project(config.project_path)
        project.check()
        same = (serialize.digest(project.program), project.settings) == (serialize.digest(program), config.hls)
        return project if same and np.array_equal(project.windows(), windows) else None
    except UserError:  # there is none, or it is damaged: it is written anew
        return None
