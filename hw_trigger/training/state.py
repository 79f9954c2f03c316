"""Files of weights and of training states: tensors and plain values only, never code."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hw_trigger.errors import UserError
from hw_trigger.files import write_whole


class StateFileError(UserError):
    """A file of weights or of a training state that is missing, damaged, or another network's."""


def save_state(model: nn.Module, path: Path) -> None:
    """Write a model's weights; the file appears whole or not at all, with the same bytes for the same weights.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    write_value(model.state_dict(), path)


def load_state(model: nn.Module, path: Path) -> None:
    """Read a model's weights.

    Raises
    ------
    StateFileError
        The file is missing or damaged, or it holds the weights of another network.
    """
    state = read_value(path)
    if not isinstance(state, dict):
        raise StateFileError(f"the file {path} holds no weights; train the network again")
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) if torch.is_tensor(tensor) else None for name, tensor in state.items()}
    unlike = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    if unlike:
        name = unlike[0]
        raise StateFileError(
            f"the file {path} holds the weights of another network: {name!r} has the shape {found.get(name)} there, "
            f"and {wanted.get(name)} is needed"
        )
    model.load_state_dict(state)


def write_value(value: Any, path: Path) -> None:
    """Write tensors and plain values.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(value, buffer)
    write_whole(path, buffer.getvalue())


def read_value(path: Path) -> Any:
    """Read tensors and plain values.

    Raises
    ------
    StateFileError
        The file is missing or damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StateFileError(f"the file {path} cannot be read ({error.strerror}); train the network first") from error
    try:
        # PyTorch does not look at the checksums of its own file, which is a zip archive.
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            flipped = archive.testzip()
        if flipped is not None:
            raise zipfile.BadZipFile(flipped)
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, RuntimeError, ValueError, KeyError, EOFError, pickle.UnpicklingError) as error:
        raise StateFileError(f"the file {path} is damaged; remove it and train again") from error
