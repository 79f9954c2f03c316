"""The table of results: a row a design, and what its columns hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hw_trigger.errors import UserError
from hw_trigger.estimate.resources import RESOURCES
from hw_trigger.files import write_whole
from hw_trigger.markdown import markdown_table

Row = Mapping[str, Any]


class TableError(UserError):
    """A file that holds no results of a sweep."""


@dataclass(frozen=True)
class Column:
    """A column: its name, type, unit (empty: none), and meaning."""

    name: str
    kind: pa.DataType
    unit: str
    meaning: str


TEXT, WHOLE, REAL, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()


def _resources(suffix: str, kind: pa.DataType, unit: str, meaning: str) -> list[Column]:
    names = {
        "dsp": "DSP slices",
        "bram18": "block RAMs of 18 Kbit",
        "uram": "UltraRAMs",
        "lut": "LUTs",
        "ff": "flip-flops",
    }
    return [Column(f"{name}{suffix}", kind, unit, f"{names[name]}{meaning}") for name in RESOURCES]


COLUMNS = (
    Column(
        "id", TEXT, "", "identity of the design: a hash of all that follows down to budget, and of what the part has"
    ),
    Column("network", TEXT, "", "identity of sizes and formats, on which alone the accuracy depends"),
    Column("model", TEXT, "", "name of the sizes"),
    Column("quant", TEXT, "", "widths of weights and states"),
    Column("n_features", WHOLE, "", "columns of the telemetry"),
    Column("window", WHOLE, "samples", "steps of a window"),
    Column("units", TEXT, "", "units of the encoder's layers, and of the decoder's where they do not mirror them"),
    Column("latent", WHOLE, "", "features of the latent vector"),
    Column("weight_bits", WHOLE, "bits", "width of weights"),
    Column("state_bits", WHOLE, "bits", "width of the hidden state"),
    Column("backend", TEXT, "", "Vitis or Vivado"),
    Column("strategy", TEXT, "", "Latency or Resource"),
    Column("io_type", TEXT, "", "io_stream or io_parallel"),
    Column("part", TEXT, "", "the FPGA"),
    Column("clock_ns", REAL, "ns", "clock period"),
    Column("reuse_factor", WHOLE, "", "of every LSTM's product with its input; null where balanced"),
    Column("recurrent_reuse_factor", WHOLE, "", "of every LSTM's product with its state; null where balanced"),
    Column("dense_reuse_factor", WHOLE, "", "of every dense layer; null where balanced"),
    Column("gate_unroll", WHOLE, "", "units whose gates are computed at a time; null where balanced"),
    Column("budget", TEXT, "", "what the factors are balanced for; null where they are given"),
    Column(
        "layers",
        TEXT,
        "",
        "factors of each layer, as JSON: reuse factor, and of an LSTM that of the state and gate unroll",
    ),
    Column("multipliers", WHOLE, "", "multiplications done side by side"),
    *_resources("", REAL, "", " that logic synthesis leaves"),
    *_resources("_high", REAL, "", ", upper end of the error bar"),
    *_resources("_share", REAL, "", ": share of the part's; null where it has none"),
    *_resources("_c_synthesis", REAL, "", " as C-synthesis reports them"),
    Column("tightest", TEXT, "", "resource of which the largest share is taken"),
    Column("tightest_share", REAL, "", "that share"),
    Column("tightest_high", TEXT, "", "resource of the largest share at the upper end of the error bars"),
    Column("tightest_share_high", REAL, "", "that share"),
    Column("fits", FLAG, "", "no resource is used beyond what the part has"),
    Column("fits_high", FLAG, "", "nor is it at the upper end of the error bars"),
    Column("doubts", TEXT, "", "why HLS may not synthesize it; empty where nothing is known"),
    Column("latency_cycles", WHOLE, "cycles", "from a window's first sample to its result"),
    Column("latency_us", REAL, "us", "the same at the clock, were it met"),
    Column("interval_cycles", WHOLE, "cycles", "from one window to the next"),
    Column("interval_us", REAL, "us", "the same at the clock"),
    Column("windows_per_second", REAL, "1/s", "throughput"),
    Column("bottleneck", TEXT, "", "layer that sets the interval"),
    Column(
        "auc_roc", REAL, "", "area under the ROC curve of the causal score of the integer program; null: not evaluated"
    ),
    Column("auc_pr", REAL, "", "area under its precision-recall curve"),
    Column("auc_roc_window_spread", REAL, "", "AUC-ROC of the window-spread score, which no trigger has in time"),
    Column("auc_roc_float", REAL, "", "AUC-ROC of the causal score of the float network"),
    Column("estimator", TEXT, "", "version of the package and hash of the sources that rows are computed by"),
)

ACCURACY = ("auc_roc", "auc_pr", "auc_roc_window_spread", "auc_roc_float")
"""Columns that are null where no network was trained."""

SCHEMA = pa.schema(
    [
        pa.field(column.name, column.kind, metadata={"unit": column.unit, "meaning": column.meaning})
        for column in COLUMNS
    ]
)


def columns_markdown() -> str:
    """Return the columns as a table in Markdown."""
    rows = [(f"`{column.name}`", str(column.kind), column.unit, column.meaning) for column in COLUMNS]
    return markdown_table(("column", "type", "unit", "meaning"), rows)


def to_table(rows: Iterable[Row]) -> pa.Table:
    """Return rows as a table of :data:`SCHEMA`; what a row lacks is null."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table for computing: nulls are NaN or None."""
    frame: pd.DataFrame = table.to_pandas()
    return frame


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file, whole; the same bytes for the same rows.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_whole(path, sink.getvalue().to_pybytes())


def read_table(path: Path) -> pa.Table:
    """Read what :func:`write_table` wrote.

    Raises
    ------
    TableError
        It is damaged, or of another release.
    """
    try:
        table = pq.read_table(path, partitioning=None)
    except (OSError, pa.ArrowInvalid) as error:
        raise TableError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}; remove it") from error
    if table.schema.names != SCHEMA.names or table.schema.types != SCHEMA.types:
        raise TableError(f"{path} holds no results of a sweep, or those of another release; remove it")
    return table
