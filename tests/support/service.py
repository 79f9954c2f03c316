"""A small bundle to serve, for all tests of the service; `hw_trigger.service.process` starts the service on it."""

from __future__ import annotations

from pathlib import Path

from hw_trigger.bundle.bundle import Bundle
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.reporter import Silent
from support.chain import small_config


def small_bundle(root: Path, *overrides: str) -> Bundle:
    """Train a small network in seconds, and return its bundle, in ``root/models``."""
    return run_qat(small_config(root, *overrides), Silent())
