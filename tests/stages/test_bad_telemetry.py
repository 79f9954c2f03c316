"""Telemetry that cannot be used is refused before anything is written; values far outside the trained range are counted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.chain import small_config
from support.telemetry import HEADER, npy, write_directory

from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.models.calibration import CalibrationError
from hw_trigger.stages.hls import run_hls
from hw_trigger.stages.preflight import preflight
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.reporter import Advance, Silent
from hw_trigger.stages.telemetry import DownloadProgress, NoRunError, choose_channel, find_channel


def wave(count: int) -> NDArray[np.float64]:
    return np.sin(np.arange(count) / 3.0)[:, None]


def config_of(root: Path, train: NDArray[np.float64], test: NDArray[np.float64], *overrides: str) -> Config:
    """Return the configuration of a run on a channel X-1 with these samples."""
    row = f"X-1,ORBITER,[],[],{len(test)}\n"
    files = {
        "labeled_anomalies.csv": (HEADER + row).encode(),
        "data/train/X-1.npy": npy(train),
        "data/test/X-1.npy": npy(test),
    }
    data = write_directory(root / "telemetry", files)
    return small_config(root, "channel=X-1", f"data.path={data}", *overrides)


def refused(config: Config) -> str:
    with pytest.raises(UserError) as caught:
        run_qat(config, Silent())
    assert not config.paths.models.exists()
    return str(caught.value)


def test_not_finite(tmp_path: Path) -> None:
    train = wave(100)
    train[7, 0] = np.nan
    where = f"data/train/X-1.npy in {tmp_path / 'telemetry'}"
    assert refused(config_of(tmp_path, train, wave(50))) == (
        f"{where}: 1 value is not finite, the first is nan at index (7, 0)"
    )


def test_constant_in_training(tmp_path: Path) -> None:
    """The user is told; the network is trained all the same."""
    train = np.stack([np.full(100, 0.999), wave(100)[:, 0], np.full(100, -1.0)], axis=1)
    reporter = Silent()
    bundle = run_qat(config_of(tmp_path, train, train, "data.columns=[0,1,2]"), reporter)
    assert bundle.path.is_dir()
    (warning,) = reporter.warned
    assert warning == (
        "channel 'X-1' is constant in training (column 0 is 0.999 throughout, column 2 is -1 throughout): "
        "its detection figures say little"
    )


def test_shorter_than_two_windows(tmp_path: Path) -> None:
    assert refused(config_of(tmp_path, wave(31), wave(50))) == (
        "the training data of channel 'X-1' have 31 samples, and 32 are needed for one window of 16 to train on and one to "
        "validate on; choose a shorter window"
    )


def test_test_data_shorter_than_a_window(tmp_path: Path) -> None:
    config = config_of(tmp_path, wave(100), wave(15))
    run_qat(config, Silent())
    with pytest.raises(UserError) as caught:
        run_hls(config, Silent(), synth=False)
    assert str(caught.value) == (
        "the test data of channel 'X-1' have 15 samples, fewer than the window of 16; choose a shorter window"
    )
    assert not config.paths.projects.exists()


def test_unknown_channel_and_column(tmp_path: Path) -> None:
    config = config_of(tmp_path, wave(100), wave(50))
    message = refused(config.model_copy(update={"channel": "X-2"}))
    assert message.startswith(f"{tmp_path / 'telemetry'} has no channel 'X-2'; did you mean 'X-1'?; it has 1 channels")
    data = config.data.model_copy(update={"columns": (0, 1)})
    assert refused(config.model_copy(update={"data": data})) == (
        "channel 'X-1' has no column 1: data.columns must be of 0 to 0"
    )


def test_a_width_that_cannot_be(tmp_path: Path) -> None:
    config = config_of(tmp_path, wave(100), wave(50), "quant.gate.width=17")
    with pytest.raises(CalibrationError) as caught:
        run_qat(config, Silent())
    assert str(caught.value) == (
        "quant 'w8a8': tensor 'gate' has a width of 17 bits, and 2 to 16 are possible "
        "(an activation table has an entry for each code)"
    )


def test_values_far_outside_are_saturated_and_counted(tmp_path: Path) -> None:
    """M-6 of MSL reaches 258; the raw format of 16 bits holds -4 to 4."""
    test = wave(50)
    test[20:23] = 258.0
    config = config_of(tmp_path, wave(100), test)
    run_qat(config, Silent())
    reporter = Silent()
    run_hls(config, reporter, synth=False)
    assert reporter.warned == [
        "3 test values are outside the raw format ap_fixed<16,3,AP_RND_CONV,AP_SAT> and were saturated"
    ]


def test_without_recorded_telemetry_the_synthetic_one_is_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HW_TRIGGER_DATA", raising=False)
    monkeypatch.setenv("HW_TRIGGER_MIRROR", "http://127.0.0.1:9")  # nobody listens there
    config = small_config(tmp_path, "channel=auto", f"data.cache={tmp_path / 'cache'}")
    reporter = Silent()
    monkeypatch.setattr("hw_trigger.telemetry.download.Patience.__init__.__defaults__", (1, 1.0, 1.0, 0.0))
    assert choose_channel(config, reporter).channel == "SYN-1"
    assert reporter.warned[-1].startswith("NO RECORDED TELEMETRY: ")


def test_the_channel_that_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reporter = Silent()
    archive = config_of(tmp_path, wave(100), wave(50), "channel=auto")
    assert choose_channel(archive, reporter).channel == "X-1"
    synthetic = small_config(tmp_path, "channel=auto", "data.source=synthetic")
    assert choose_channel(synthetic, reporter).channel == "SYN-1"
    named = small_config(tmp_path, "channel=SYN-2")
    assert choose_channel(named, reporter) == named


def test_the_run_that_is_chosen(tmp_path: Path) -> None:
    """Behind training, ``auto`` is the channel of the one bundle of that model and preset."""
    config = small_config(tmp_path, "channel=auto")
    models = config.paths.models
    with pytest.raises(NoRunError) as caught:
        find_channel(config)
    assert str(caught.value) == f"there is no bundle *-lstm8-w8a8 in {models}; `hw-trigger qat` writes one"
    for name in ("X-1-lstm8-w8a8", "X-2-lstm8-w8a8"):
        (models / name).mkdir(parents=True)
        (models / name / "bundle.json").touch()
        if name.startswith("X-1"):
            assert find_channel(config).channel == "X-1"
    with pytest.raises(NoRunError) as caught:
        find_channel(config)
    assert str(caught.value) == (
        f"there are several bundles *-lstm8-w8a8 in {models}: X-1-lstm8-w8a8, X-2-lstm8-w8a8; choose one with run=<name>"
    )
    for named in (
        small_config(tmp_path, "channel=auto", "run=mine"),
        small_config(tmp_path, "channel=auto", "onnx=a.onnx"),
    ):
        assert find_channel(named) == named


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ("hls.recurrent_reuse_factor=3",),
            (
                "layer 'encoder' cannot have the recurrent reuse factor 3 with its product of 4 inputs and 16 outputs and the "
                "strategy Resource; the nearest allowed are 2 and 4, and all are 1, 2, 4, 8, 16, 32, 64"
            ),
        ),
        (
            ("quant.input.width=24", "quant.output.width=24", "quant.output.integer=1"),
            (
                "tensor 'trigger.energy' needs 57 bits to be exact, and 53 are available; "
                "choose a narrower input or output format, or a shorter window"
            ),
        ),
    ],
)
def test_what_would_fail_later_is_told_before_training(
    tmp_path: Path, overrides: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        preflight(small_config(tmp_path, *overrides), Silent())
    assert str(caught.value) == message


def test_the_rest_that_is_told_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preflight(small_config(tmp_path), Silent())
    with pytest.raises(
        UserError, match=r"^the test data of channel 'X-1' have 15 samples, fewer than the window of 16; "
    ):
        preflight(config_of(tmp_path, wave(100), wave(15)), Silent())
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UserError, match=r"^the C\+\+ compiler 'no-such-compiler' is not on the PATH; "):
        preflight(small_config(tmp_path), Silent())


class _Told(Silent):
    """Keeps the names of tasks, and how far they came."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, list[int]] = {}

    @contextlib.contextmanager
    def task(self, description: str, total: int) -> Iterator[Advance]:
        done = self.tasks.setdefault(description, [total, 0])

        def advance(count: int, note: str = "") -> None:
            del note
            done[1] += count

        yield advance


def test_downloads_show_their_progress() -> None:
    reporter = _Told()
    progress = DownloadProgress(reporter)
    for name, total in (("labels", 2048), ("A-1.npy", 10_000)):
        for done in range(0, total + 1, 500):
            progress(name, done, total)
        progress(name, total, total)
    assert reporter.tasks == {"labels, KiB": [2, 2], "A-1.npy, KiB": [9, 9]}
