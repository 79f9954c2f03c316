from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from hw_trigger.training.state import StateFileError, load_state, save_state, write_value


def test_round_trip_and_equal_bytes(tmp_path: Path) -> None:
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    save_state(model, tmp_path / "a.pt")
    load_state(other, tmp_path / "a.pt")
    assert torch.equal(model.weight, other.weight)
    save_state(other, tmp_path / "other_name.pt")
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "other_name.pt").read_bytes()


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    with pytest.raises(
        StateFileError,
        match=f"^the file {re.escape(str(path))} cannot be read .No such file or directory.; train the network first$",
    ):
        load_state(nn.Linear(1, 1), path)


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "flipped", "code"])
def test_a_damaged_file(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.pt"
    model = nn.Linear(300, 20)
    save_state(model, path)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "garbage":
        data = bytearray(b"not a file of weights")
    elif damage == "empty":
        data = bytearray()
    elif damage == "flipped":
        data[300:340] = bytes(40)
    else:
        data = bytearray(pickle.dumps(Path))
    path.write_bytes(data)
    with pytest.raises(
        StateFileError, match=f"^the file {re.escape(str(path))} is damaged; remove it and train again$"
    ):
        load_state(model, path)


def test_a_flipped_weight_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    model = nn.Linear(300, 20)
    save_state(model, path)
    data = bytearray(path.read_bytes())
    place = data.index(model.weight.detach().numpy().tobytes()[:64])
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        StateFileError, match=f"^the file {re.escape(str(path))} is damaged; remove it and train again$"
    ):
        load_state(model, path)


def test_another_network(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    save_state(nn.Linear(3, 2), path)
    with pytest.raises(StateFileError) as caught:
        load_state(nn.Linear(4, 2), path)
    assert str(caught.value) == (
        f"the file {path} holds the weights of another network: 'weight' has the shape (2, 3) there, and (2, 4) is needed"
    )
    with pytest.raises(StateFileError) as caught:
        load_state(nn.Linear(3, 2, bias=False), path)
    assert str(caught.value) == (
        f"the file {path} holds the weights of another network: 'bias' has the shape (2,) there, and None is needed"
    )
    write_value([1, 2], path)
    with pytest.raises(
        StateFileError, match=f"^the file {re.escape(str(path))} holds no weights; train the network again$"
    ):
        load_state(nn.Linear(3, 2), path)
