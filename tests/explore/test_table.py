"""Rows, their columns, and the files they are in."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hw_trigger.estimate.program import estimate
from hw_trigger.explore.designs import Design
from hw_trigger.explore.evaluate import estimator_version, evaluate, settings_of
from hw_trigger.explore.networks import untrained_program
from hw_trigger.explore.store import Store
from hw_trigger.explore.table import (
    ACCURACY,
    COLUMNS,
    SCHEMA,
    TableError,
    columns_markdown,
    read_table,
    to_frame,
    to_table,
    write_table,
)
from hw_trigger.parts.database import known_parts

PARTS = known_parts()


@pytest.fixture(scope="module")
def rows(designs: list[Design]) -> tuple[dict[str, object], ...]:
    return evaluate(designs, PARTS).rows


def test_rows_are_the_estimator_s(designs: list[Design], rows: tuple[dict[str, object], ...]) -> None:
    for design, row in zip(designs, rows, strict=True):
        program = untrained_program(design.architecture, design.quant)
        found = estimate(program, settings_of(design, program, PARTS))
        assert row["id"] == design.id
        for name in ("dsp", "bram18", "uram", "lut", "ff"):
            assert row[name] == getattr(found.logic, name)
            assert row[f"{name}_c_synthesis"] == getattr(found.c_synthesis, name)
            assert row[f"{name}_high"] == found.range(name, "logic").high
            assert row[f"{name}_share"] == found.share(name)
        for name in (
            "latency_cycles",
            "latency_us",
            "interval_us",
            "windows_per_second",
            "bottleneck",
            "fits",
            "tightest",
        ):
            assert row[name] == getattr(found, name)
        device = found.device
        assert device is not None
        high = {name: found.range(name, "logic").high for name in ("dsp", "bram18", "lut", "ff")}
        assert row["fits_high"] == all(value <= getattr(device, name) for name, value in high.items())
        assert row["estimator"] == estimator_version()


def test_every_column_is_filled_and_described(rows: tuple[dict[str, object], ...]) -> None:
    given = {name for row in rows for name in row}
    assert given == {column.name for column in COLUMNS} - set(ACCURACY)
    table = to_table(rows)
    assert table.schema.equals(SCHEMA)
    assert table["auc_roc"].null_count == len(rows)
    assert (table["uram_share"].null_count, table["lut_share"].null_count) == (len(rows), 0)
    lines = columns_markdown().splitlines()
    assert len(lines) == len(COLUMNS) + 2
    assert "| `latency_us` | double | us | the same at the clock, were it met |" in lines


def test_a_table_is_written_and_read(rows: tuple[dict[str, object], ...], tmp_path: Path) -> None:
    table = to_table(rows)
    write_table(tmp_path / "one.parquet", table)
    write_table(tmp_path / "two.parquet", table)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    again = read_table(tmp_path / "one.parquet")
    assert again.equals(table)
    assert again.schema.field("latency_us").metadata == {
        b"unit": b"us",
        b"meaning": b"the same at the clock, were it met",
    }
    assert list(to_frame(again).columns) == SCHEMA.names


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "part-x.parquet"
    path.write_bytes(b"nothing")
    with pytest.raises(TableError, match=f"^{re.escape(str(path))} cannot be read as Parquet: .*; remove it$"):
        read_table(path)
    pq.write_table(pa.table({"id": ["a"]}), path)
    message = f"{path} holds no results of a sweep, or those of another release; remove it"
    with pytest.raises(TableError, match=f"^{re.escape(message)}$"):
        read_table(path)


def test_a_store_gives_what_is_asked_for(rows: tuple[dict[str, object], ...], tmp_path: Path) -> None:
    store = Store(tmp_path / "results", estimator_version())
    assert store.load(["a"]).num_rows == 0
    store.append(rows[:5])
    store.append(rows[3:8])
    store.append([])
    ids = [str(row["id"]) for row in rows]
    wanted = [ids[7], ids[20], ids[0], ids[4]]
    assert store.load(wanted)["id"].to_pylist() == [ids[7], ids[0], ids[4]]
    assert len(list((tmp_path / "results").iterdir())) == 2
    # What another estimator said does not count, not even where it was damaged.
    other = Store(tmp_path / "results", "0.0 other")
    assert other.load(wanted).num_rows == 0
    for path in (tmp_path / "results").iterdir():
        path.write_bytes(b"nothing")
    other.append([{**row, "estimator": "0.0 other"} for row in rows[:2]])
    assert other.load(ids)["id"].to_pylist() == ids[:2]
    assert store.load(ids).num_rows == 0
