"""What a record depends on beside telemetry, settings and bundle: the code and the packages that measure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

import hw_trigger
from hw_trigger.files import sha256_bytes, to_json

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "brevitas")

DETECTORS = (
    "detection",
    "telemetry",
    "evaluation/record.py",
    "evaluation/baseline.py",
    "evaluation/rows.py",
    "stages/measuring.py",
)
"""Sources, below the package, that the figures of a baseline depend on."""

NETWORKS = (
    *DETECTORS,
    "fixedpoint",
    "models",
    "qonnx",
    "stages/scoring.py",
    "stages/thresholds.py",
    "stages/telemetry.py",
)
"""Those that the figures of a network depend on."""


def measuring_version(sources: Iterable[str]) -> str:
    """Return a digest of the sources and of the versions of `PACKAGES`: records of another one are not used again."""
    root = files(hw_trigger)
    contents = [sha256_bytes(path.read_bytes()) for source in sources for path in _files(root.joinpath(source))]
    return sha256_bytes(to_json([contents, [version(package) for package in PACKAGES]]).encode())


def _files(source: Traversable) -> Iterator[Traversable]:
    """Yield a module's file, or those of a package and of the packages in it."""
    if source.is_file():
        yield source
        return
    for path in sorted(source.iterdir(), key=lambda item: item.name):
        if path.is_dir() or path.name.endswith(".py"):
            yield from _files(path)
