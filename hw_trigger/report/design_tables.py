"""The tables on what the design costs: estimated, synthesized, and beside other designs."""

from __future__ import annotations

from hw_trigger.estimate.resources import RESOURCES
from hw_trigger.report import schema
from hw_trigger.report.estimate_schema import Estimate
from hw_trigger.report.numbers import NONE, bar, count, share, short
from hw_trigger.report.tables import Table
from hw_trigger.vendor.compare import CO_SIMULATION, QUANTITIES

RESOURCE_NAMES = {name: QUANTITIES[name] for name in RESOURCES}
"""How resources are called."""

COUNTINGS = {"c_synthesis": "C-synthesis", "logic": "logic synthesis"}
"""How the two countings of resources are called."""


def resources(found: Estimate) -> Table:
    """The whole design's resources in both countings, against what the part has."""
    headers = ("resource", "counting", "estimated", "error bar", "available", "share", "share, error bar")
    rows = tuple(
        (
            label,
            COUNTINGS[counting],
            count(amount.value),
            bar(amount),
            count(amount.available),
            share(amount.share),
            NONE if amount.share is None else f"{share(amount.share_low)} to {share(amount.share_high)}",
        )
        for name, label in RESOURCE_NAMES.items()
        for counting in COUNTINGS
        for amount in (getattr(getattr(found, counting), name),)
    )
    return Table("Resources of the design", headers, rows, numbers=tuple(range(2, 7)))


def times(found: Estimate) -> Table:
    """The whole design's latency and interval."""
    headers = ("time", "cycles", "error bar (cycles)", "µs", "error bar (µs)")
    named = (("latency of a window", found.latency), ("interval of windows (II)", found.interval))
    rows = tuple(
        (
            name,
            count(time.cycles),
            f"{time.low:,} to {time.high:,}",
            short(time.us),
            f"{short(time.us_low)} to {short(time.us_high)}",
        )
        for name, time in named
    )
    return Table(f"Times at a clock of {short(found.clock_ns)} ns", headers, rows, numbers=tuple(range(1, 5)))


def layer_resources(found: Estimate) -> Table:
    """Every layer's resources in both countings."""
    names = tuple(RESOURCE_NAMES.values())
    headers = (
        "part of the design",
        "multipliers",
        *names,
        *(f"{name} (logic)" for name in names),
        "BRAM18: weights",
        "tables",
        "buffers",
    )
    rows = [
        (
            layer.name,
            count(layer.multipliers),
            *(count(getattr(layer.c_synthesis, name)) for name in RESOURCE_NAMES),
            *(count(getattr(layer.logic, name)) for name in RESOURCE_NAMES),
            *map(count, (layer.bram18_weights, layer.bram18_tables, layer.bram18_buffers)),
        )
        for layer in found.layers
    ]
    kinds = ("bram18_weights", "bram18_tables", "bram18_buffers")
    rows.append(
        (
            "all",
            count(found.multipliers),
            *(count(getattr(found.c_synthesis, name).value) for name in RESOURCE_NAMES),
            *(count(getattr(found.logic, name).value) for name in RESOURCE_NAMES),
            *(count(sum(getattr(layer, kind) for layer in found.layers)) for kind in kinds),
        )
    )
    title = "Resources by part of the design: by C-synthesis, and what logic synthesis leaves"
    return Table(title, headers, tuple(rows), numbers=tuple(range(1, len(headers))))


def layer_times(found: Estimate) -> Table:
    """Every layer's cycles."""
    headers = (
        *("part of the design", "reuse (input, state; gates a cycle)", "cycles to the first output", "cycles a step"),
        *("cycles a window (II)", "µs a window", "busy from cycle", "to"),
    )
    rows = tuple(
        (
            layer.name,
            layer.reuse or NONE,
            count(layer.first_output_cycles),
            count(layer.step_cycles),
            count(layer.interval_cycles),
            short(layer.interval_us),
            *map(count, layer.busy),
        )
        for layer in found.layers
        if layer.interval_cycles
    )
    return Table("Times by part of the design", headers, rows, numbers=tuple(range(2, 8)))


def errors(found: Estimate) -> Table:
    """How far off the estimator was."""
    headers = ("quantity", "counting", "median error", "worst error", "recorded designs")
    rows = tuple(
        (
            QUANTITIES[error.quantity],
            COUNTINGS[error.counting],
            share(error.median),
            share(error.worst),
            count(error.designs),
        )
        for error in found.errors
    )
    return Table("Errors on recorded designs, each kept out of the fit in turn", headers, rows, numbers=(2, 3, 4))


def vendor(found: schema.Vendor) -> Table:
    """Estimated and vendor's figures."""
    headers = ("module", "quantity", "estimated", "vendor", "deviation", "vendor's figure from", "origin")
    rows = tuple(
        (
            row.module,
            QUANTITIES[row.quantity],
            count(row.estimated),
            count(row.vendor),
            NONE if row.deviation_percent is None else f"{row.deviation_percent:+.1f}%",
            row.origin,
            "simulated" if row.origin == CO_SIMULATION else "synthesized",
        )
        for row in found.rows
    )
    return Table("Estimate and vendor's reports, side by side", headers, rows, numbers=(2, 3, 4))


def exploration(found: schema.Exploration) -> Table:
    """The designs on the Pareto front, and this one."""
    objectives = found.front.objectives
    units = [f"{each.name} ({each.unit})" if each.unit else each.name for each in objectives]
    rows = tuple(
        (point.label, *map(short, point.values), "yes" if point.on_front else "no", "yes" if point.this else "")
        for point in found.front.points
        if point.on_front or point.this
    )
    headers = ("design", *units, "on the front", "this design")
    return Table("Designs on the Pareto front", headers, rows, numbers=tuple(range(1, 1 + len(objectives))))
