"""What a tracker is told can be read back from its own files; the fits tell it every epoch once."""

from __future__ import annotations

import importlib.util
import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hw_trigger.training.tracking import (
    MissingTrackerError,
    NoTracker,
    TrackedRun,
    Tracker,
    TrackerError,
    TrackerKind,
    open_tracker,
)

PARAMS = {"channel": "X-1", "training": {"epochs": 2, "learning_rate": 0.5}, "columns": [0, 3]}


def run_below(directory: Path) -> TrackedRun:
    return TrackedRun(directory, "trials", "X-1-small", "0123abcd")


def tell(tracker: Tracker) -> None:
    """Two fits of two epochs, one after the other, and what came of them."""
    tracker.params(PARAMS)
    for name, losses in (("float", (0.5, 0.25)), ("quantized", (0.125, 0.0625))):
        for epoch, loss in enumerate(losses, 1):
            tracker.log(epoch, {f"{name}/train_loss": loss, f"{name}/validation_loss": loss / 2})
    tracker.summary({"auc_roc": 0.75, "quantized/validation_loss": 0.03125})
    tracker.close()


def scalars(directory: Path) -> dict[str, list[tuple[int, float]]]:
    """Read TensorBoard's event files."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(directory)).Reload()
    return {tag: [(item.step, item.value) for item in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def records(file: Path) -> Iterator[Any]:
    """Read the records of a run of Weights & Biases: LevelDB's log format behind a header of 7 bytes.

    In blocks of 32 KiB, each piece has a checksum (4 bytes), its length (2), and whether it is a whole record, or the first, a
    middle or the last piece of one (1).
    """
    record = pytest.importorskip("wandb.proto.wandb_internal_pb2").Record
    data = file.read_bytes()
    assert data[:4] == b":W&B"
    position, whole = 7, b""
    while position < len(data):
        left = 32768 - position % 32768
        if left < 7:
            position += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, position)
        whole += data[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in {1, 4}:
            yield record.FromString(whole)
            whole = b""


def pairs(items: Any) -> dict[str, str]:
    return {item.key or "/".join(item.nested_key): item.value_json for item in items}


def test_tensorboard(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    tracker = open_tracker("tensorboard", "offline", run_below(tmp_path / "a" / "b"))
    tell(tracker)
    assert tracker.where == f"losses and metrics are kept; show them with: tensorboard --logdir {tmp_path / 'a' / 'b'}"
    directory = tmp_path / "a" / "b" / "X-1-small-0123abcd"
    assert scalars(directory) == {
        "float/train_loss": [(1, 0.5), (2, 0.25)],
        "float/validation_loss": [(1, 0.25), (2, 0.125)],
        "quantized/train_loss": [(1, 0.125), (2, 0.0625)],
        "quantized/validation_loss": [(1, 0.0625), (2, 0.03125)],
        "summary/auc_roc": [(0, 0.75)],
        "summary/quantized/validation_loss": [(0, 0.03125)],
    }
    events = accumulator.EventAccumulator(str(directory)).Reload()
    (text,) = (event.tensor_proto.string_val[0].decode() for event in events.Tensors("parameters/text_summary"))
    assert text == (
        "    channel: X-1\n    training:\n      epochs: 2\n      learning_rate: 0.5\n    columns:\n    - 0\n    - 3\n"
    )


def test_tensorboard_goes_on_in_the_same_directory(tmp_path: Path) -> None:
    """As a stage after training does, or a run that was killed."""
    for epoch in (1, 2):
        tracker = open_tracker("tensorboard", "offline", run_below(tmp_path))
        tracker.log(epoch, {"loss": 0.5 / epoch})
        tracker.close()
    assert [path.name for path in tmp_path.iterdir()] == ["X-1-small-0123abcd"]
    assert scalars(tmp_path / "X-1-small-0123abcd") == {"loss": [(1, 0.5), (2, 0.25)]}


def test_weights_and_biases_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / name))
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    tracker = open_tracker("wandb", "offline", run_below(tmp_path / "here"))
    tell(tracker)
    (directory,) = (tmp_path / "here" / "wandb").glob("offline-run-*-0123abcd")
    assert tracker.where == f"losses and metrics are kept; upload them with: wandb sync {directory}"
    history: list[dict[str, str]] = []
    summary: dict[str, str] = {}
    config: dict[str, str] = {}
    names: tuple[str, ...] = ()
    axes: set[tuple[str, str]] = set()
    for record in records(directory / "run-0123abcd.wandb"):
        if record.HasField("run"):
            names = (record.run.project, record.run.display_name, record.run.run_id)
        elif record.HasField("history"):
            history.append({key: value for key, value in pairs(record.history.item).items() if key[0] != "_"})
        elif record.HasField("summary"):
            summary |= pairs(record.summary.update)
        elif record.HasField("config"):
            config |= pairs(record.config.update)
        elif record.HasField("metric"):
            axes.add((record.metric.glob_name or record.metric.name, record.metric.step_metric))
    assert names == ("trials", "X-1-small", "0123abcd")
    assert history == [
        {"float/train_loss": "0.5", "float/validation_loss": "0.25", "epoch": "1"},
        {"float/train_loss": "0.25", "float/validation_loss": "0.125", "epoch": "2"},
        {"quantized/train_loss": "0.125", "quantized/validation_loss": "0.0625", "epoch": "1"},
        {"quantized/train_loss": "0.0625", "quantized/validation_loss": "0.03125", "epoch": "2"},
    ]
    assert {key: summary[key] for key in ("auc_roc", "quantized/validation_loss")} == {
        "auc_roc": "0.75",
        "quantized/validation_loss": "0.03125",
    }
    assert {key: json.loads(config[key]) for key in PARAMS} == PARAMS
    assert ("*", "epoch") in axes


def test_weights_and_biases_without_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message of Weights & Biases itself is told, with what to do."""
    pytest.importorskip("wandb")
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))  # where a .netrc would be
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    with pytest.raises(TrackerError) as caught:
        open_tracker("wandb", "online", run_below(tmp_path))
    message = str(caught.value)
    assert message.startswith("Weights & Biases does not begin the run: ")
    assert message.endswith("; log in with `wandb login`, or set tracking.mode=offline")


def test_no_tracker(tmp_path: Path) -> None:
    tracker = open_tracker("none", "offline", run_below(tmp_path / "a"))
    tell(tracker)
    assert isinstance(tracker, NoTracker)
    assert tracker.where == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["tensorboard", "wandb"])
def test_a_package_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: TrackerKind) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingTrackerError) as caught:
        open_tracker(kind, "offline", run_below(tmp_path / "a"))
    assert str(caught.value) == (
        f'tracking.kind={kind} needs the package {kind}: install it with `pip install "hw_trigger[tracking]"`, '
        "or set tracking.kind=none"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "file").touch()
    with pytest.raises(TrackerError) as caught:
        open_tracker("tensorboard", "offline", run_below(tmp_path / "file" / "a"))
    assert str(caught.value) == f"tracking.kind=tensorboard cannot write to {tmp_path / 'file' / 'a'}: Not a directory"


def test_packages_are_imported_where_they_are_asked_for() -> None:
    """The command line starts without them."""
    code = "import sys, hw_trigger.config.schema; print({'torch', 'wandb', 'tensorboard'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
