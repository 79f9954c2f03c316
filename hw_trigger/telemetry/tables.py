"""Tables in CSV, NumPy and Parquet files, and their columns as numbers, times and labels.

NumPy arrays are read without pickles. The columns of an ``.npy`` file are called ``"0"``, ``"1"``, ...; an ``.npz`` file has
a column for each array, called as the array, and ``name.0``, ``name.1``, ... for an array of two dimensions.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError, nearest
from hw_trigger.telemetry.archive import read_array
from hw_trigger.telemetry.channel import Samples
from hw_trigger.telemetry.recording import Codes, Times

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES: Final = (".csv", ".npy", ".npz", ".parquet")


class TableError(UserError):
    """A file that is not there, cannot be read or lacks a column, or a column that is not what it should be."""


def read_table(path: Path) -> pd.DataFrame:
    """Read a file whole; its ending tells what it is.

    Raises
    ------
    TableError
        The file is not there, is damaged, has no rows or another ending, or is Parquet and pyarrow is not installed.
    ArrayFileError
        An array is damaged, or has Python objects in it.
    """
    readers = dict(zip(SUFFIXES, (_read_csv, _read_npy, _read_npz, _read_parquet), strict=True))
    if path.suffix not in readers:
        raise TableError(f"{path} is no table: its name must end in {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise TableError(f"there is no file {path}")
    try:
        table = readers[path.suffix](path)
    except OSError as error:
        raise TableError(f"cannot read {path}: {error.strerror or error}") from error
    if not len(table):
        raise TableError(f"{path} has no rows")
    return table.set_axis([str(name) for name in table.columns], axis="columns")


def find_column(table: pd.DataFrame, column: str | int, where: str) -> str:
    """Return the name of a column that is given by name or by number, from 0; `where` names the table in the error.

    Raises
    ------
    TableError
        There is none.
    """
    names = list(table.columns)
    if isinstance(column, int) and 0 <= column < len(names):
        return str(names[column])
    if isinstance(column, str) and column in names:
        return column
    hint = nearest(column, names) if isinstance(column, str) else ""
    raise TableError(f"{where} has no column {column!r}{hint}; its columns are {', '.join(map(str, names))}")


def numbers(table: pd.DataFrame, columns: Sequence[str], where: str) -> Samples:
    """Return columns as float64, shape ``(rows, columns)``.

    Raises
    ------
    TableError
        A value is no number, NaN or infinite; the message has its column and row, counted from 0.
    """
    found = []
    for name in columns:
        column = table[name]
        if column.dtype.kind not in "fiub":
            raise TableError(f"column {name!r} of {where} is not numeric: {_first_text(column)}")
        values = column.to_numpy(np.float64, na_value=np.nan)
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            many = f"{bad.size} values are" if bad.size > 1 else "1 value is"
            raise TableError(
                f"column {name!r} of {where}: {many} not finite, the first is {values[bad[0]]} in row {bad[0]}"
            )
        found.append(values)
    return np.stack(found, axis=1)


def moments(column: pd.Series[Any], where: str, *, ordered: bool = True) -> Times:
    """Return a column of times, ``datetime64[ns]`` in UTC: ISO 8601 texts, or numbers, which are seconds since 1970.

    Raises
    ------
    TableError
        A value is no time, or where they should be `ordered` one is before that of the row above it.
    """
    import pandas as pd

    numeric = column.dtype.kind in "fiu"
    how = {"unit": "s"} if numeric else {"format": "ISO8601"}
    parsed = pd.to_datetime(column, utc=True, errors="coerce", **how)  # type: ignore[call-overload]
    bad = np.flatnonzero(parsed.isna())
    if bad.size:
        value = column.iloc[bad[0]]
        raise TableError(
            f"column {column.name!r} of {where} has {value!r} in row {bad[0]}, and a time in ISO 8601 or in seconds since 1970 "
            "is needed"
        )
    times: Times = parsed.dt.tz_localize(None).to_numpy("datetime64[ns]")
    back = np.flatnonzero(np.diff(times) < np.timedelta64(0)) + 1
    if ordered and back.size:
        row = back[0]
        raise TableError(
            f"column {column.name!r} of {where} is not sorted: row {row} has {column.iloc[row]}, and the row before it "
            f"{column.iloc[row - 1]}"
        )
    return times


def flags(column: pd.Series[Any], where: str) -> Codes:
    """Return a column of labels, 1 where a sample is anomalous, else 0.

    Raises
    ------
    TableError
        A label is neither 0 nor 1 (false and true are these).
    """
    values = column.to_numpy(object, na_value=np.nan).tolist()
    for row, value in enumerate(values):
        if value not in (0, 1):
            raise TableError(f"column {column.name!r} of {where} has {value!r} in row {row}, and labels must be 0 or 1")
    return np.array(values, np.int64)


def _read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file with a header, in UTF-8, separated by commas."""
    import warnings

    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # of rows longer than the header
            table = pd.read_csv(path, index_col=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError as error:
        raise TableError(f"{path} is empty") from error
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise TableError(f"{path} is not a CSV file in UTF-8: {' '.join(str(error).split())}") from error
    if all(_is_number(str(name)) for name in table.columns):
        raise TableError(
            f"{path} has no header: its first line must name the columns, and is {','.join(table.columns)}"
        )
    return table


def _read_npy(path: Path) -> pd.DataFrame:
    """Read one array of one or two dimensions."""
    import pandas as pd

    array = read_array(path.read_bytes(), str(path))
    if array.ndim not in (1, 2):
        raise TableError(f"{path}: the shape is {array.shape}, and (samples,) or (samples, columns) is needed")
    return pd.DataFrame(array)


def _read_npz(path: Path) -> pd.DataFrame:
    """Read the arrays of an archive, of one or two dimensions and all with as many rows."""
    import pandas as pd

    columns: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {
                member.removesuffix(".npy"): read_array(archive.read(member), f"{member} in {path}")
                for member in archive.namelist()
            }
    except zipfile.BadZipFile as error:
        raise TableError(f"{path} is not an .npz file, or is cut off: {error}") from error
    for name, array in arrays.items():
        if array.ndim == 1:
            columns[name] = array
        elif array.ndim == 2:
            columns |= {f"{name}.{index}": column for index, column in enumerate(array.T)}
        else:
            raise TableError(
                f"{name}.npy in {path}: the shape is {array.shape}, and (samples,) or (samples, columns) is needed"
            )
    if len({len(column) for column in columns.values()}) > 1:
        lengths = ", ".join(f"{name} {len(column)}" for name, column in columns.items())
        raise TableError(f"{path} has arrays of different lengths: {lengths}")
    return pd.DataFrame(columns)


def _read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file; an index that was written with it becomes a column."""
    import pandas as pd

    try:
        import pyarrow as pa
    except ImportError as error:
        raise TableError(f"{path} needs pyarrow: pip install 'hw_trigger[explore]', or write it as CSV") from error
    try:
        table = pd.read_parquet(path, engine="pyarrow")
    except (pa.ArrowException, ValueError) as error:
        raise TableError(f"{path} is not a Parquet file: {' '.join(str(error).split())}") from error
    return table if isinstance(table.index, pd.RangeIndex) else table.reset_index()


def _first_text(column: pd.Series[Any]) -> str:
    """Say which value is no number."""
    for row, value in enumerate(column.tolist()):
        if not isinstance(value, int | float) and not _is_number(str(value)):
            return f"row {row} has {value!r}"
    return f"its type is {column.dtype}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
