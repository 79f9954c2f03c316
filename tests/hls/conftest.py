"""Projects that are written once a session; compiling them is what takes the time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.hls import CASES, Case, written

from hw_trigger.hls.project import Project

Given = Callable[[str], Project]


@pytest.fixture(scope="session")
def project_of(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Return the project of a case, by its name; tests that change it take a copy."""
    projects: dict[str, Project] = {}

    def given(name: str) -> Project:
        if name not in projects:
            projects[name] = written(CASES[name], tmp_path_factory.mktemp(name) / "project")
        return projects[name]

    return given


@pytest.fixture
def case_project(tmp_path: Path) -> Callable[[Case], Project]:
    return lambda case: written(case, tmp_path / "project")
