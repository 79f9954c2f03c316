"""Schemathesis over the whole API, on a real server: every check that it has finds nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.api import models_directory

from hw_trigger.service.process import service_process

HOOKS = '''
"""A file of numpy.save, for bodies that are one: Schemathesis knows no such type."""

import io

import numpy as np
import schemathesis
from hypothesis import strategies as st


def _file(values):
    stream = io.BytesIO()
    np.save(stream, np.array(values).reshape(-1, 16, 1))
    return stream.getvalue()


schemathesis.openapi.media_type(
    "application/x-npy",
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=16 * n, max_size=16 * n)
    ).map(_file),
)
'''


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve with everything on: an experiment and a state directory."""
    root = tmp_path_factory.mktemp("api")
    overrides = (
        f"paths.models={models_directory()}",
        "serve.variants=[integer,float32]",
        "serve.experiment={variant: float32, shadow: false, share: 0.5}",
        f"serve.state={root / 'state'}",
    )
    with service_process(root / "log", *overrides) as service:
        yield service.url


def schemathesis(url: str, directory: Path, *options: str) -> None:
    (directory / "npy_hooks.py").write_text(HOOKS)
    command = (sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--checks", "all", "--no-color")
    found = subprocess.run(
        [*command, "--seed", "1", *options],
        cwd=directory,
        env={
            "SCHEMATHESIS_HOOKS": "npy_hooks",
            "PYTHONPATH": str(directory),
            "PATH": "/usr/bin:/bin",
            "HOME": str(directory),
        },
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
    assert "Test cases:" in found.stdout


def test_schemathesis_finds_nothing(url: str, tmp_path: Path) -> None:
    """A few examples of each phase; without the benchmark, which is a second each time."""
    schemathesis(url, tmp_path, "--max-examples", "6", "--exclude-path", "/benchmark")


@pytest.mark.long
def test_schemathesis_finds_nothing_in_many_examples(url: str, tmp_path: Path) -> None:
    schemathesis(url, tmp_path, "--max-examples", "60")
