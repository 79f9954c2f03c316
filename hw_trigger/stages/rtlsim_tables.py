"""The tables of a simulation of RTL: cycles, simulated and calculated, and what was compared of each channel of a fleet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.table import Table

from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.markdown import markdown_table
from hw_trigger.rtl.calculated import output_step, window_interval
from hw_trigger.rtl.design import Design
from hw_trigger.rtl.latency import passage
from hw_trigger.rtl.records import CyclesRecord
from hw_trigger.rtl.simulation.cycles import Interval
from hw_trigger.rtl.simulation.run import Run

Row = tuple[str, ...]


@dataclass(frozen=True)
class ShownTable:
    """A table whose first column is text, and whose others are numbers."""

    title: str
    headers: Row
    rows: tuple[Row, ...]

    @property
    def markdown(self) -> str:
        """The table in Markdown, without its title. No newline at the end."""
        return markdown_table(self.headers, self.rows, right=tuple(range(1, len(self.headers))))

    @property
    def drawing(self) -> Table:
        """The table for a Rich console."""
        result = Table(title=self.title)
        for number, header in enumerate(self.headers):
            result.add_column(header, justify="right" if number else "left")
        for row in self.rows:
            result.add_row(*row)
        return result


def cycles_table(design: Design, record: CyclesRecord) -> ShownTable:
    """Return what was counted, simulated and calculated; ``-`` where there is no closed form."""
    found, program, schedule = record.found, design.program, design.schedule
    way = passage(program, schedule)
    every: list[tuple[str, Interval | int | None, int | None]] = [
        ("from a window's first sample to its result", found.first_result, way.result),
        ("from its last sample to its result", found.after_last_sample, way.after_last_sample),
        ("from its first sample to the network's first output", found.first_output, way.outputs[0]),
        ("from an output to the next of the same window", found.step, output_step(program, schedule)),
        ("from a window to the next", found.window, window_interval(program, schedule)),
    ]
    rows = tuple(
        (what, shown(simulated), "-" if calculated is None else f"{calculated:,}")
        for what, simulated, calculated in every
        if simulated is not None
    )
    title = f"Cycles of {design.name}, {record.windows:,} windows a channel"
    return ShownTable(title, ("cycles", "simulated", "calculated"), rows)


def channels_table(channels: tuple[str, ...], wanted: tuple[Execution, ...], run: Run) -> ShownTable:
    """Return what was compared of each channel without stalls: every code that has a port.

    Parameters
    ----------
    wanted
        What the golden model computed of each channel's stream with its own program.
    run
        What the simulation put out of all channels, the channel first.
    """
    rows = []
    for number, (name, golden) in enumerate(zip(channels, wanted, strict=True)):
        compared = mismatches = 0
        for tensor, codes in (("output", run.outputs), ("score", run.scores), ("trigger", run.triggers)):
            if codes is not None:
                each = np.asarray(getattr(golden, tensor))
                compared += each.size
                mismatches += int(np.count_nonzero(codes[number].reshape(each.shape) != each))
        alarms = 0 if golden.trigger is None else int(golden.trigger.sum())
        numbers = (len(golden.output), alarms, compared, mismatches)
        rows.append((f"{number}: {name}", *(f"{each:,}" for each in numbers)))
    headers = ("channel", "windows", "alarms", "codes compared", "mismatches")
    return ShownTable(f"{len(channels)} channels, each with its own weights", headers, tuple(rows))


def shown(cycles: Interval | int | None) -> str:
    """Write cycles for people: the least and the most where they differ."""
    if not isinstance(cycles, Interval):
        return "-" if cycles is None else f"{cycles:,}"
    if cycles.least == cycles.most:
        return f"{cycles.least:,}"
    return f"{cycles.mean:,.1f} ({cycles.least:,} to {cycles.most:,})"
