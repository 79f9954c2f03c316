import os
import re
from pathlib import Path

import numpy as np
import pytest
from support.telemetry import HEADER, npy, ramp, small_files, write_directory, write_zip

from hw_trigger.files import sha256_bytes
from hw_trigger.telemetry import archive
from hw_trigger.telemetry.archive import (
    ArchiveError,
    ArrayFileError,
    ChecksumError,
    UnknownChannelError,
    open_archive,
)
from hw_trigger.telemetry.channel import Interval, SamplesError
from hw_trigger.telemetry.checksums import KnownChannel, KnownFiles, labels_digest
from hw_trigger.telemetry.labels import LabelError

LABELS = "labeled_anomalies.csv"


@pytest.fixture(params=["directory", "zip"])
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The small archive, unpacked and packed."""
    if request.param == "zip":
        return write_zip(tmp_path / "small.zip", small_files())
    return write_directory(tmp_path / "small", small_files())


def test_a_channel_is_what_was_written(packed: Path) -> None:
    opened = open_archive(packed)
    assert opened.channels() == ["X-1", "X-2", "U-1"]
    assert not opened.verify
    channel = opened.load("X-1")
    assert (channel.name, channel.spacecraft, channel.source) == ("X-1", "ORBITER", f"archive {packed.name}")
    assert np.array_equal(channel.train, ramp(10))
    assert np.array_equal(channel.test, ramp(20))
    assert channel.anomalies == (Interval(2, 5, "contextual"), Interval(8, 12, "point"))


def test_a_channel_without_labels_has_no_anomalies(packed: Path) -> None:
    channel = open_archive(packed).load("U-1")
    assert (channel.spacecraft, channel.anomalies) == ("unknown", ())


@pytest.mark.parametrize("folder", ["", "data/", "data/data/"])
def test_the_arrays_may_lie_where_copies_have_them(tmp_path: Path, folder: str) -> None:
    files = {name.replace("data/", folder): content for name, content in small_files().items()}
    for path in (write_directory(tmp_path / "small", files), write_zip(tmp_path / "small.zip", files)):
        assert np.array_equal(open_archive(path).load("X-2").test, ramp(12))


def test_arrays_in_fortran_order_and_of_other_types_are_read(tmp_path: Path) -> None:
    files = small_files()
    files["data/train/X-1.npy"] = npy(np.asfortranarray(ramp(10).astype(">f4")))
    assert np.array_equal(open_archive(write_directory(tmp_path, files)).load("X-1").train, ramp(10))


def test_an_unknown_channel_names_the_nearest(packed: Path) -> None:
    message = f"{packed} has no channel 'X-11'; did you mean 'X-1'?; it has 3 channels"
    with pytest.raises(UnknownChannelError, match=f"^{re.escape(message)}$"):
        open_archive(packed).load("X-11")


def test_labels_without_arrays_are_told(packed: Path) -> None:
    message = f"channel 'X-9' is labelled in {packed}, but its arrays data/train/X-9.npy and data/test/X-9.npy are not both there"
    with pytest.raises(UnknownChannelError, match=f"^{re.escape(message)}$"):
        open_archive(packed).load("X-9")


def test_a_name_does_not_lead_out_of_the_archive(tmp_path: Path) -> None:
    path = write_directory(tmp_path / "small", small_files())
    write_directory(tmp_path, {"secret.npy": npy(ramp(3))})
    with pytest.raises(UnknownChannelError):
        open_archive(path).load("../../../secret")


def test_nothing_there(tmp_path: Path) -> None:
    path = tmp_path / "none"
    message = f"there is no telemetry at {path}; a directory or a zip file in the original layout is needed"
    with pytest.raises(ArchiveError, match=f"^{re.escape(message)}$"):
        open_archive(path)


def test_a_missing_label_file(tmp_path: Path) -> None:
    files = {name: content for name, content in small_files().items() if name != LABELS}
    path = write_zip(tmp_path / "small.zip", files)
    with pytest.raises(ArchiveError, match=f"^{re.escape(f'{path} has no file {LABELS}')}$"):
        open_archive(path)


def test_no_test_arrays(tmp_path: Path) -> None:
    files = {name: content for name, content in small_files().items() if "test" not in name}
    path = write_directory(tmp_path / "small", files)
    message = (
        f"{path} has no arrays of training and test data; one of data/train/*.npy, train/*.npy, data/data/train/*.npy is "
        "needed, and test beside it"
    )
    with pytest.raises(ArchiveError, match=f"^{re.escape(message)}$"):
        open_archive(path)


def test_a_file_that_vanished_after_opening(tmp_path: Path) -> None:
    path = write_directory(tmp_path / "small", small_files())
    opened = open_archive(path)
    (path / "data/test/X-1.npy").unlink()
    with pytest.raises(ArchiveError, match=f"^{re.escape(f'{path} has no file data/test/X-1.npy')}$"):
        opened.load("X-1")


def test_a_truncated_zip_file(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "small.zip", small_files())
    whole = path.read_bytes()
    for length in (0, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(
            ArchiveError, match=f"^{re.escape(f'{path} is no directory and no zip file, or it is cut off')}$"
        ):
            open_archive(path)


def test_an_altered_zip_file(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "small.zip", small_files())
    content = bytearray(path.read_bytes())
    stored = content.index(b"data/train/X-1.npy") + len("data/train/X-1.npy")
    content[stored + 60] ^= 0x10  # within the compressed data
    path.write_bytes(content)
    opened = open_archive(path)
    assert opened.load("X-2").name == "X-2"
    # zlib or the CRC-32 sees it, and each has its own words.
    with pytest.raises(ArchiveError, match=f"^{re.escape(f'data/train/X-1.npy in {path} is damaged: ')}.+$"):
        opened.load("X-1")


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    with pytest.raises(ArchiveError, match=f"^{re.escape(f'cannot read {path}: File name too long')}$"):
        open_archive(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write_directory(tmp_path / "small", small_files())
    (path / LABELS).chmod(0)
    with pytest.raises(ArchiveError, match=f"^{re.escape(f'cannot read {LABELS} in {path}: Permission denied')}$"):
        open_archive(path)


def test_another_number_of_test_samples_than_labelled(tmp_path: Path) -> None:
    files = small_files()
    files["data/test/X-1.npy"] = npy(ramp(19))
    path = write_directory(tmp_path / "small", files)
    message = f"{LABELS} in {path}: channel 'X-1' has num_values 20, and its test data have 19 samples"
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        open_archive(path).load("X-1")


def bad(samples: np.ndarray, index: tuple[int, int], value: float) -> np.ndarray:
    samples[index] = value
    return samples


whole = npy(ramp(10))


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (
            npy(bad(ramp(10), (7, 1), np.nan)),
            SamplesError,
            "{what}: 1 value is not finite, the first is nan at index (7, 1)",
        ),
        (
            npy(bad(ramp(10), (0, 1), np.inf)),
            SamplesError,
            "{what}: 1 value is not finite, the first is inf at index (0, 1)",
        ),
        (
            npy(ramp(10)[:, 0]),
            SamplesError,
            "{what}: the shape is (10,), and (samples, columns) with at least 1 of each is needed",
        ),
        (
            npy(np.array([["1.0", "2.0"]])),
            SamplesError,
            "{what}: the type is <U3, and integers or floats of at most 64 bits are needed",
        ),
        (npy(ramp(10, 3)), SamplesError, "channel 'X-1' has 3 columns in its training data and 2 in its test data"),
        (
            npy(np.array([{}], dtype=object)),
            ArrayFileError,
            "{what} is not a NumPy array file, or is cut off: Object arrays cannot be loaded when allow_pickle=False",
        ),
        (
            b"",
            ArrayFileError,
            "{what} is not a NumPy array file, or is cut off: EOF: reading magic string, expected 8 bytes got 0",
        ),
        (
            b"PK\x03\x04 no array",
            ArrayFileError,
            (
                "{what} is not a NumPy array file, or is cut off: the magic string is not correct; "
                r"expected b'\x93NUMPY', got b'PK\x03\x04 n'"
            ),
        ),
        (
            whole[:-8],
            ArrayFileError,
            "{what} is not a NumPy array file, or is cut off: EOF: reading array data, expected 160 bytes got 152",
        ),
        (whole + b"\0" * 3, ArrayFileError, "{what} has 3 bytes behind its array; it is damaged"),
    ],
)
def test_bad_arrays_are_refused(tmp_path: Path, content: bytes, error: type[Exception], message: str) -> None:
    path = write_directory(tmp_path / "small", {**small_files(), "data/train/X-1.npy": content})
    text = message.replace("{what}", f"data/train/X-1.npy in {path}")
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        open_archive(path).load("X-1")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the small archive's X-1 and U-1 for NASA's."""
    files = small_files()
    channels = {
        name: KnownChannel(
            "PROBE", sha256_bytes(files[f"data/train/{name}.npy"]), sha256_bytes(files[f"data/test/{name}.npy"])
        )
        for name in ("X-1", "U-1")
    }
    monkeypatch.setattr(archive, "known_files", lambda: KnownFiles(labels_digest(files[LABELS]), channels))


@pytest.mark.usefixtures("known")
def test_under_the_original_labels_an_altered_array_is_refused(tmp_path: Path) -> None:
    altered = npy(bad(ramp(20), (3, 0), 0.5))
    files = {**small_files(), "data/test/X-1.npy": altered}
    path = write_zip(tmp_path / "small.zip", files)
    opened = open_archive(path)
    assert opened.verify
    message = (
        f"data/test/X-1.npy in {path}: the SHA-256 is {sha256_bytes(altered)}, and "
        f"{sha256_bytes(small_files()['data/test/X-1.npy'])} is needed; the file is damaged or altered"
    )
    with pytest.raises(ChecksumError, match=f"^{re.escape(message)}$"):
        opened.load("X-1")
    assert opened.load("X-2").name == "X-2"  # not in the table
    assert opened.load("U-1").spacecraft == "PROBE"  # no label row, but known
    assert open_archive(path, verify=False).load("X-1").test[3, 0] == 0.5


@pytest.mark.usefixtures("known")
def test_under_other_labels_a_channel_may_have_a_known_name(tmp_path: Path) -> None:
    labels = HEADER + 'X-1,MINE,"[[1, 2]]",[point],7\n'
    files = {LABELS: labels.encode(), "train/X-1.npy": npy(ramp(5)), "test/X-1.npy": npy(ramp(7))}
    path = write_directory(tmp_path / "mine", files)
    assert open_archive(path).load("X-1").spacecraft == "MINE"
    with pytest.raises(ChecksumError):
        open_archive(path, verify=True).load("X-1")
