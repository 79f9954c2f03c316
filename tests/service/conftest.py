"""Three small trained bundles, one of each kind of trigger, for all tests of the service."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.chain import small_classifier_config, small_config

from hw_trigger.bundle.bundle import Bundle
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.reporter import Silent


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Bundle]:
    """Bundles named as their triggers' kinds, in one directory; tests leave them as they are."""
    root = tmp_path_factory.mktemp("trained")
    quick = ("training.float_epochs=1", "training.stride=16")
    configs = {
        "deviation": small_config(root, *quick, "run=deviation"),
        "error": small_config(root, *quick, "run=error", "trigger.kind=error"),
        "margin": small_classifier_config(root, *quick, "run=margin"),
    }
    return {name: run_qat(config, Silent()) for name, config in configs.items()}


@pytest.fixture(scope="session")
def models_directory(trained: Mapping[str, Bundle]) -> Path:
    """The directory of the bundles of `trained`."""
    return trained["deviation"].path.parent
