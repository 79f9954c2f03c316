"""The state of a training run between two epochs, on disk: a killed run goes on from it as if it had not been killed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hw_trigger.files import to_json
from hw_trigger.training.losses import Loss
from hw_trigger.training.settings import FitSettings, History
from hw_trigger.training.state import StateFileError, read_value, write_value

VERSION = 1


class CheckpointError(StateFileError):
    """A checkpoint of another run, or of another release."""


@dataclass(frozen=True)
class Checkpoint:
    """What training goes on from. The order of an epoch's windows follows from the seed and the epoch: no state is needed for it.

    Attributes
    ----------
    model, best
        Weights now, and those of the best epoch.
    optimizer, scheduler
        Their states.
    """

    history: History
    model: dict[str, Any]
    best: dict[str, Any]
    optimizer: dict[str, Any]
    scheduler: dict[str, Any]


def fingerprint(model: nn.Module, data: Mapping[str, Tensor], settings: FitSettings, loss: Loss) -> str:
    """Return the SHA-256 of all that a run's result depends on: the network and its first weights, data, settings and loss."""
    digest = hashlib.sha256()
    network = [type(model).__name__, *(repr(getattr(model, name, None)) for name in ("architecture", "formats"))]
    digest.update(to_json([network, asdict(settings), repr(loss)]).encode())
    for name, tensor in model.state_dict().items():
        _update(digest, name, tensor.unsqueeze(0))
    for name, windows in data.items():
        _update(digest, name, windows)
    return digest.hexdigest()


def save(path: Path, checkpoint: Checkpoint, run: str) -> None:
    """Write the checkpoint of the run with that fingerprint; the file appears whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    history = {
        key: list(value) if isinstance(value, tuple) else value for key, value in vars(checkpoint.history).items()
    }
    write_value({"version": VERSION, "run": run, **vars(checkpoint), "history": history}, path)


def load(path: Path, run: str) -> Checkpoint | None:
    """Read the checkpoint of the run with that fingerprint; ``None`` where there is no file.

    Raises
    ------
    CheckpointError
        The checkpoint belongs to another run or another release of hw_trigger.
    StateFileError
        The file is damaged.
    """
    if not path.exists():
        return None
    value = read_value(path)
    if not isinstance(value, dict) or value.get("version") != VERSION:
        raise CheckpointError(f"the file {path} is no checkpoint of this release; remove it and train again")
    if value["run"] != run:
        raise CheckpointError(
            f"the checkpoint {path} belongs to another run: its network, data or settings differ; "
            "remove it, or train into another directory"
        )
    history = value["history"]
    return Checkpoint(
        History(tuple(history["train"]), tuple(history["validation"]), history["stopped_early"]),
        *(value[name] for name in ("model", "best", "optimizer", "scheduler")),
    )


def _update(digest: Any, name: str, windows: Tensor) -> None:
    digest.update(f"{name} {tuple(windows.shape)} {windows.dtype}".encode())
    # Windows overlap in memory: some at a time, so that they are never all there as a copy.
    for part in torch.split(windows, 1024):
        digest.update(part.contiguous().view(torch.uint8).numpy().tobytes() if part.numel() else b"")
