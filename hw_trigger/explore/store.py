"""Results on disk while a sweep goes on: a directory of Parquet files, one for each finished batch, each whole or not there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hw_trigger.explore.table import SCHEMA, Row, TableError, read_table, to_table, write_table
from hw_trigger.files import sha256_bytes


@dataclass(frozen=True)
class Store:
    """A directory of results; of several sweeps where their spaces changed.

    Attributes
    ----------
    version
        Of the estimator: files of another one are not read, as if they were not there.
    """

    directory: Path
    version: str

    @property
    def _prefix(self) -> str:
        return f"part-{sha256_bytes(self.version.encode())[:8]}"

    def append(self, rows: Sequence[Row]) -> None:
        """Write the rows of a batch. The file is called after the designs in it: the same batch again replaces it.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        if rows:
            key = sha256_bytes(" ".join(row["id"] for row in rows).encode())[:16]
            write_table(self.directory / f"{self._prefix}-{key}.parquet", to_table(rows))

    def load(self, ids: Iterable[str]) -> pa.Table:
        """Return the rows of these designs that are there, each once, in this order.

        A damaged file is as good as none: its designs are computed again.
        """
        wanted = {name: place for place, name in enumerate(ids)}
        tables = [SCHEMA.empty_table()]
        for path in sorted(self.directory.glob(f"{self._prefix}-*.parquet")):
            with contextlib.suppress(TableError):
                tables.append(read_table(path))
        table = pa.concat_tables(tables)
        # Workers of a scheduler elsewhere may have another version.
        table = table.filter(pc.equal(table["estimator"], self.version))
        places: dict[int, int] = {}
        for index, name in enumerate(table["id"].to_pylist()):
            if name in wanted:
                places.setdefault(wanted[name], index)
        return table.take(pa.array([places[place] for place in sorted(places)], pa.int64()))
