import builtins
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.telemetry import npy

from hw_trigger.telemetry.archive import ArrayFileError
from hw_trigger.telemetry.tables import TableError, find_column, flags, moments, numbers, read_table


def refused(act: Callable[[], object], kind: type[Exception] = TableError) -> str:
    with pytest.raises(kind) as caught:
        act()
    return str(caught.value)


def csv(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_the_same_table_from_every_file(tmp_path: Path) -> None:
    """Every bit of every number comes through."""
    values = np.random.default_rng(1).normal(size=50) * 10.0 ** np.arange(-25, 25)
    table = pd.DataFrame({"volts": values, "on": np.arange(50) % 2})
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    np.savez(tmp_path / "t.npz", volts=values, on=np.arange(50) % 2)
    np.save(tmp_path / "t.npy", table.to_numpy())
    for suffix, names in (
        (".csv", ["volts", "on"]),
        (".parquet", ["volts", "on"]),
        (".npz", ["volts", "on"]),
        (".npy", ["0", "1"]),
    ):
        read = read_table(tmp_path / f"t{suffix}")
        assert list(read.columns) == names
        assert np.array_equal(numbers(read, names, "t"), table.to_numpy())


def test_arrays_of_one_and_two_dimensions(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.arange(4))
    assert list(read_table(tmp_path / "one.npy").columns) == ["0"]
    np.savez(tmp_path / "two.npz", values=np.arange(8).reshape(4, 2), label=np.zeros(4, bool))
    read = read_table(tmp_path / "two.npz")
    assert list(read.columns) == ["values.0", "values.1", "label"]
    assert numbers(read, ["values.1"], "two").tolist() == [[1], [3], [5], [7]]


def test_an_index_of_a_parquet_file_is_a_column(tmp_path: Path) -> None:
    index = pd.date_range("2024-03-01", periods=3, freq="s", name="timestamp")
    pd.DataFrame({"volts": [1, 2, 3]}, index=index).to_parquet(tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet")
    assert list(read.columns) == ["timestamp", "volts"]
    assert moments(read["timestamp"], "t").tolist() == index.to_numpy("datetime64[ns]").tolist()


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    def of(name: str, content: bytes, kind: type[Exception] = TableError) -> str:
        (tmp_path / name).write_bytes(content)
        return refused(lambda: read_table(tmp_path / name), kind).removeprefix(f"{tmp_path / name}")

    assert refused(lambda: read_table(tmp_path / "none.csv")) == f"there is no file {tmp_path / 'none.csv'}"
    assert of("t.txt", b"") == " is no table: its name must end in .csv, .npy, .npz, .parquet"
    assert of("t.csv", b"") == " is empty"
    assert of("t.csv", b"volts\n") == " has no rows"
    assert of("t.csv", b"0.5,1\n0.25,0\n") == " has no header: its first line must name the columns, and is 0.5,1"
    assert of("t.csv", b"volts\n\xff\n") == (
        " is not a CSV file in UTF-8: 'utf-8' codec can't decode byte 0xff in position 6: invalid start byte"
    )
    assert of("t.csv", b"volts\n1\n2,3\n") == (
        " is not a CSV file in UTF-8: Error tokenizing data. C error: Expected 1 fields in line 3, saw 2"
    )
    assert of("t.csv", b"volts\n1,7\n2,8\n") == (
        " is not a CSV file in UTF-8: Length of header or names does not match length of data. "
        "This leads to a loss of data with index_col=False."
    )
    assert (
        of("t.npy", npy(np.zeros((2, 2, 2))))
        == ": the shape is (2, 2, 2), and (samples,) or (samples, columns) is needed"
    )
    assert of("t.npy", npy(np.array([None])), ArrayFileError) == (
        " is not a NumPy array file, or is cut off: Object arrays cannot be loaded when allow_pickle=False"
    )
    assert of("t.npz", b"PK") == " is not an .npz file, or is cut off: File is not a zip file"
    assert of("t.parquet", b"PAR1").startswith(" is not a Parquet file: ")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("volts.npy", npy(np.zeros(3)))
        archive.writestr("label.npy", npy(np.zeros(2)))
    assert of("t.npz", stream.getvalue()) == " has arrays of different lengths: volts 3, label 2"
    np.savez(tmp_path / "u.npz", volts=np.zeros((1, 1, 1)))
    assert refused(lambda: read_table(tmp_path / "u.npz")) == (
        f"volts.npy in {tmp_path / 'u.npz'}: the shape is (1, 1, 1), and (samples,) or (samples, columns) is needed"
    )


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"volts": [1]}).to_parquet(path)
    real = builtins.__import__

    def hidden(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pyarrow":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", hidden)
    message = refused(lambda: read_table(path))
    monkeypatch.undo()
    assert message == f"{path} needs pyarrow: pip install 'hw_trigger[explore]', or write it as CSV"


def test_columns_by_name_and_number(tmp_path: Path) -> None:
    table = read_table(csv(tmp_path / "t.csv", "time,volts\n0,1\n"))
    assert (find_column(table, "volts", "t"), find_column(table, 0, "t")) == ("volts", "time")
    assert refused(lambda: find_column(table, "volt", "t.csv")) == (
        "t.csv has no column 'volt'; did you mean 'volts'?; its columns are time, volts"
    )
    assert refused(lambda: find_column(table, 2, "t.csv")) == "t.csv has no column 2; its columns are time, volts"
    assert refused(lambda: find_column(table, -1, "t.csv")) == "t.csv has no column -1; its columns are time, volts"


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    def of(text: str) -> str:
        return refused(lambda: numbers(read_table(csv(tmp_path / "t.csv", text)), ["volts"], "t.csv"))

    assert of("volts\n1\nhigh\n2\n") == "column 'volts' of t.csv is not numeric: row 1 has 'high'"
    assert of("time,volts\n0,1\n1,\n2,nan\n") == (
        "column 'volts' of t.csv: 2 values are not finite, the first is nan in row 1"
    )
    assert of("volts\n1\n-inf\n") == "column 'volts' of t.csv: 1 value is not finite, the first is -inf in row 1"
    times = pd.DataFrame({"volts": pd.date_range("2024-03-01", periods=2)})
    assert refused(lambda: numbers(times, ["volts"], "t")) == (
        "column 'volts' of t is not numeric: row 0 has Timestamp('2024-03-01 00:00:00')"
    )


def test_times() -> None:
    expected = np.array(["2024-03-01T00:00:00.5", "2024-03-01T00:00:01"], "datetime64[ns]")
    texts = pd.Series(["2024-03-01T01:00:00.5+01:00", "2024-03-01 00:00:01"], name="time")
    unix = pd.Series([1709251200.5, 1709251201], name="time")
    for given in (texts, unix, pd.Series(expected), pd.Series(expected).dt.tz_localize("UTC")):
        found = moments(given, "t")
        assert found.dtype == "datetime64[ns]"
        assert found.tolist() == expected.tolist()
    assert moments(texts[::-1], "t", ordered=False).tolist() == expected[::-1].tolist()
    assert refused(lambda: moments(texts[::-1], "t.csv")) == (
        "column 'time' of t.csv is not sorted: row 1 has 2024-03-01T01:00:00.5+01:00, and the row before it 2024-03-01 00:00:01"
    )
    for wrong in ("noon", None):
        column = pd.Series(["2024-03-01", wrong], name="time", dtype=object)
        assert refused(lambda given=column: moments(given, "t.csv")) == (  # type: ignore[misc]
            f"column 'time' of t.csv has {wrong!r} in row 1, and a time in ISO 8601 or in seconds since 1970 is needed"
        )


def test_missing_values_of_nullable_columns() -> None:
    missing = pd.DataFrame({"label": pd.array([0, None], "Int64")})
    assert refused(lambda: flags(missing["label"], "t")) == (
        "column 'label' of t has nan in row 1, and labels must be 0 or 1"
    )
    assert refused(lambda: numbers(missing, ["label"], "t")) == (
        "column 'label' of t: 1 value is not finite, the first is nan in row 1"
    )


def test_labels() -> None:
    for given in ([0, 1, 0], [False, True, False], [0.0, 1.0, 0.0], pd.array([0, 1, 0], "Int64")):
        found = flags(pd.Series(given, name="label"), "t")
        assert found.dtype == np.int64
        assert found.tolist() == [0, 1, 0]
    for wrong, told in ((2, "2"), (-1, "-1"), (0.5, "0.5"), (float("nan"), "nan"), ("1", "'1'")):
        column = pd.Series([0, wrong], name="label", dtype=object)
        assert refused(lambda given=column: flags(given, "t.csv")) == (  # type: ignore[misc]
            f"column 'label' of t.csv has {told} in row 1, and labels must be 0 or 1"
        )
