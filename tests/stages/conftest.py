"""One run of the whole chain for all tests of the stages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from support.chain import small_config

from hw_trigger.bundle.bundle import Bundle
from hw_trigger.config.schema import Config
from hw_trigger.hls.project import Project
from hw_trigger.stages.csim import run_csim
from hw_trigger.stages.hls import run_hls
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.report import run_report
from hw_trigger.stages.reporter import Silent
from hw_trigger.verification.table import VerificationTable


@dataclass(frozen=True)
class Chain:
    root: Path
    config: Config
    bundle: Bundle
    project: Project
    table: VerificationTable
    report: Path
    reporter: Silent


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    root = tmp_path_factory.mktemp("chain")
    config, reporter = small_config(root), Silent()
    bundle = run_qat(config, reporter)
    project = run_hls(config, reporter, synth=False)
    table = run_csim(config, reporter)
    return Chain(root, config, bundle, project, table, run_report(config, reporter), reporter)
