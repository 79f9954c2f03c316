"""A small run of the whole chain on synthetic telemetry."""

from __future__ import annotations

from pathlib import Path

from hw_trigger.config.compose import load_config
from hw_trigger.config.schema import Config

SMALL = (
    "channel=SYN-1",
    "model=lstm8",
    "model.window=16",
    "model.encoder=[4]",
    "model.latent=2",
    "model.decoder=[4]",
    "training.float_epochs=2",
    "training.epochs=1",
    "training.steps_per_epoch=null",
    "training.stride=8",
    "csim.windows=8",
    "trigger.settle=20",
)

SMALL_CLASSIFIER = (
    "channel=SYN-8",
    "model=classifier8",
    "model.window=16",
    "model.lstm=[4]",
    "model.dense=[3]",
    "training.float_epochs=6",
    "training.epochs=1",
    "training.steps_per_epoch=20",
    "training.stride=4",
    "csim.windows=8",
)


def small_config(root: Path, *overrides: str) -> Config:
    """Return the configuration of a run that takes seconds, with its outputs below `root`."""
    return load_config([*SMALL, *_paths(root), *overrides])


def small_classifier_config(root: Path, *overrides: str) -> Config:
    """Return the configuration of a classifier's run that takes seconds, with its outputs below `root`."""
    return load_config([*SMALL_CLASSIFIER, *_paths(root), *overrides])


def _paths(root: Path) -> list[str]:
    return [f"paths.{name}={root / name}" for name in ("models", "projects", "rtl", "reports")]


def tree(directory: Path) -> dict[str, bytes]:
    """Return the content of every file below a directory."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }
