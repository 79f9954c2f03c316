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
    "training.stride=8",
    "csim.windows=8",
)


def small_config(root: Path, *overrides: str) -> Config:
    """Return the configuration of a run that takes seconds, with its outputs below `root`."""
    paths = [f"paths.{name}={root / name}" for name in ("models", "projects", "reports")]
    return load_config([*SMALL, *paths, *overrides])


def tree(directory: Path) -> dict[str, bytes]:
    """Return the content of every file below a directory."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }
