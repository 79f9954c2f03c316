"""Small archives in the original layout, made on the spot, and the real one where it is at hand."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

HEADER = "chan_id,spacecraft,anomaly_sequences,class,num_values\n"

_BESIDE = Path(__file__).parents[2].parent / "shared" / "data" / "telemanom-smap.zip"
REAL_ARCHIVE = Path(os.environ.get("HW_TRIGGER_DATA") or _BESIDE)

needs_real_archive = pytest.mark.skipif(
    not REAL_ARCHIVE.is_file(), reason="the SMAP archive is not here (set HW_TRIGGER_DATA to it)"
)


def npy(array: object) -> bytes:
    """The content of an .npy file."""
    stream = io.BytesIO()
    np.save(stream, np.asarray(array))
    return stream.getvalue()


def ramp(count: int, columns: int = 2) -> np.ndarray:
    """Samples that all differ."""
    return np.arange(count * columns, dtype=np.float64).reshape(count, columns) / 128


def small_files() -> dict[str, bytes]:
    """An archive of two labelled channels, an unlabelled one, and a label row without arrays."""
    files = {
        "labeled_anomalies.csv": (
            HEADER
            + 'X-1,ORBITER,"[[8, 11], [2, 4]]","[point, contextual]",20\n'
            + "X-2,ORBITER,[],[],12\n"
            + 'X-9,ORBITER,"[[0, 0]]",[point],5\n'
        ).encode()
    }
    for name, train, test in (("X-1", 10, 20), ("X-2", 11, 12), ("U-1", 3, 4)):
        files[f"data/train/{name}.npy"] = npy(ramp(train))
        files[f"data/test/{name}.npy"] = npy(ramp(test))
    return files


def write_directory(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
