"""What the stages behind training work on: the program of the run's bundle, or of a QONNX file of another origin."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import ModelProto

from hw_trigger.bundle.bundle import Bundle
from hw_trigger.config.schema import Config
from hw_trigger.files import sha256_file
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.program import Program
from hw_trigger.qonnx.file import load
from hw_trigger.qonnx.reader import read
from hw_trigger.qonnx.writer import write
from hw_trigger.stages.bundles import open_bundle
from hw_trigger.stages.provenance import versions


@dataclass(frozen=True, eq=False)
class Subject:
    """A program, and where it is from.

    Attributes
    ----------
    config
        The configuration that goes with it.
    model
        The program as this package writes it in ONNX.
    bundle
        The run's bundle; ``None`` where the network is from a file of another origin, which has no telemetry and no PyTorch.
    """

    config: Config
    program: Program
    model: ModelProto
    bundle: Bundle | None

    @property
    def provenance(self) -> dict[str, str]:
        """What an output of it was made from, and with."""
        if self.bundle is None:
            origin = {} if self.config.onnx is None else {"QONNX file SHA-256": sha256_file(self.config.onnx)}
        else:
            manifest = self.bundle.manifest
            origin = {
                "seed": str(manifest.provenance.seed),
                "telemetry SHA-256": manifest.channel.sha256,
                "configuration SHA-256": manifest.provenance.config_sha256,
            }
        return {**origin, "program SHA-256": serialize.digest(self.program), **versions()}


def open_subject(config: Config) -> Subject:
    """Return what the configuration names: ``onnx``, or else the run's bundle.

    Raises
    ------
    BundleError
        There is no bundle, or it is damaged.
    QonnxError
        The file is damaged, or no fixed-point program equals it exactly.
    """
    if config.onnx is None:
        bundle, config = open_bundle(config)
        return Subject(config, bundle.program, bundle.model, bundle)
    program = read(load(config.onnx))
    return Subject(config, program, write(program), None)
