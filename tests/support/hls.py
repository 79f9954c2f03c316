"""HLS projects of random programs, and ways to damage them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.program import Dense, MarginTrigger, Program
from hw_trigger.hls.project import Project, write_project
from hw_trigger.hls.settings import HlsSettings, LayerReuse
from support.programs import Sizes, random_classifier, random_program, random_windows, with_deviation

FAST = "-O0"
"""Compiling takes longer than simulating a few windows."""


@dataclass(frozen=True)
class Case:
    program: Program
    settings: HlsSettings = field(default_factory=HlsSettings)
    seed: int = 0

    def windows(self, n: int = 24) -> Codes:
        return random_windows(self.program, n, self.seed)


SMALL = Sizes(steps=4, encoder=(3,), latent=2, decoder=(3,))
TWO_FEATURES = Sizes(steps=4, n_features=2, encoder=(4,), latent=2, decoder=(4,))


def clipping_classifier(seed: int, *, positive: int = 1, **options: Any) -> Program:
    """A random classifier whose first dense layer clips at both ends, ReLU's and the format's, as its range is a quarter."""
    program = random_classifier(seed, **({"steps": 4, "n_classes": 3} | options))
    index = next(index for index, layer in enumerate(program.layers) if layer.name == "dense_0")
    first, second = program.layers[index : index + 2]
    assert isinstance(first, Dense)
    assert isinstance(second, Dense)
    narrow = Format(first.output.width, first.output.integer - 2, signed=False)
    layers = (*program.layers[:index], replace(first, output=narrow), replace(second, input=narrow))
    trigger = program.trigger
    assert isinstance(trigger, MarginTrigger)
    layers += program.layers[index + 2 :]
    return replace(program, layers=layers, trigger=replace(trigger, positive=positive))


CASES = {
    # Vitis and Vivado, streams and arrays, Latency and Resource, with and without scaling, output; every trigger, and none.
    "default": Case(random_program(27, SMALL)),
    "any_mode": Case(
        random_program(12, TWO_FEATURES, any_mode=True),
        HlsSettings("Vivado", with_output=True, reuse_factor=2, recurrent_reuse_factor=4, gate_unroll=2),
    ),
    "arrays": Case(
        with_deviation(
            random_program(20, TWO_FEATURES, widths=(6, 10), scaling=False),
            adaptive=False,
            settle=2,
            weight=0,
            floor=6,
            threshold=500,
        ),
        HlsSettings(
            io_type="io_parallel",
            strategy="Resource",
            with_output=True,
            reuse_factor=16,
            recurrent_reuse_factor=2,
            dense_reuse_factor=4,
            layers={"latent": LayerReuse(8), "decoder_0": LayerReuse(1, 64, 4)},
        ),
    ),
    "no_trigger": Case(
        random_program(53, SMALL, trigger=False, any_mode=True),
        HlsSettings("Vivado", io_type="io_parallel", strategy="Resource", recurrent_reuse_factor=6),
    ),
    "deviation": Case(with_deviation(random_program(13, SMALL)), HlsSettings("Vivado")),
    "classifier": Case(clipping_classifier(77), HlsSettings("Vivado", with_output=True)),
    "classifier_arrays": Case(
        clipping_classifier(120, positive=0, n_features=1, units=(4,), hidden=(4, 3)),
        HlsSettings(io_type="io_parallel"),
    ),
}


def varied_program(seed: int, sizes: Sizes, **options: Any) -> Program:
    """The first random program, of every hundredth seed, whose layers all put out several codes: a constant proves nothing."""
    while True:
        program = random_program(seed, sizes, **options)
        outputs = golden.run(program, random_windows(program, 40), trace=True).outputs
        if all(len(np.unique(codes)) > 3 for codes in outputs.values()):
            return program
        seed += 100


def written(case: Case, directory: Path) -> Project:
    return write_project(case.program, case.settings, directory, windows=case.windows())


def copied(project: Project, directory: Path) -> Project:
    """A copy to damage; what was compiled comes along."""
    shutil.copytree(project.directory, directory)
    return replace(project, directory=directory)


def set_constant(project: Project, name: str, index: int, value: float) -> None:
    """Change one number that the simulated firmware computes with."""
    path = project.directory / "firmware" / "weights" / f"{name}.txt"
    numbers = path.read_text().split(", ")
    numbers[index] = f"{value:.30f}"
    path.write_text(", ".join(numbers))


def limited(call: str, project: Project, size: int, scratch: Path) -> str:
    """Run a call of :mod:`csim` or :mod:`library` where no file may have more bytes, as on a full disk; return its error."""
    code = """
        import resource, sys
        from pathlib import Path
        from hw_trigger.errors import UserError
        from hw_trigger.hls import csim, library
        from hw_trigger.hls.project import open_project
        project = open_project(Path(sys.argv[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
        try:
            {call}
        except UserError as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(code).replace("{call}", call), str(project.directory), str(size)]
    environment = os.environ | {"TMPDIR": str(scratch)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.rstrip()
