"""What a run was made with: seed, versions, and the hash of every setting that its result depends on."""

from __future__ import annotations

import platform
from importlib.metadata import version

import hw_trigger
from hw_trigger.bundle.manifest import ProvenanceRecord
from hw_trigger.config.schema import Config
from hw_trigger.files import sha256_bytes, to_json

PACKAGES = ("torch", "brevitas", "numpy", "onnx", "qonnx", "onnxruntime", "hls4ml", "numba")


def provenance(config: Config) -> ProvenanceRecord:
    """Return the record; the same for the same settings and versions, wherever the files are."""
    return ProvenanceRecord(seed=config.seed, versions=versions(), config_sha256=config_digest(config))


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package, and of the packages that compute."""
    return {
        "hw_trigger": hw_trigger.__version__,
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def config_digest(config: Config) -> str:
    """Return the SHA-256 of what training depends on: where files are, and the settings of later stages, are left out."""
    values = config.model_dump(
        mode="json", include={"channel", "seed", "data", "model", "quant", "training", "trigger"}
    )
    values["data"] = {key: values["data"][key] for key in ("columns", "least_half_range", "sample_period")}
    return sha256_bytes(to_json(values).encode())
