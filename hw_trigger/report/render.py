"""Write a report: ``report.json``, ``report.md``, ``report.html`` and the plots, all of them or none.

Markdown and HTML are rendered from the report as data, which is what the JSON file holds; only the plots of telemetry are drawn
from more than it does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from hw_trigger.files import to_json, whole_directory
from hw_trigger.markdown import markdown_table
from hw_trigger.report import (
    design_tables,
    detection_figures,
    diagram,
    figures,
    numbers,
    rtl_bars,
    rtl_tables,
    rtl_timeline,
    schema,
    tables,
    telemetry_figures,
    timeline,
    utilization,
)
from hw_trigger.report.data import ReportData
from hw_trigger.report.detection_data import Telemetry
from hw_trigger.report.document import to_report
from hw_trigger.report.headlines import headlines
from hw_trigger.report.panels import choose
from hw_trigger.report.section import ORIGINS
from hw_trigger.report.style import inline_svg, png
from hw_trigger.report.tables import Table
from hw_trigger.templates import environment
from hw_trigger.verification.rendering import verdict

JSON_NAME = "report.json"
MARKDOWN_NAME = "report.md"
HTML_NAME = "report.html"
CONFIG_NAME = "config.yaml"

CAPTIONS = {
    "design": "Block diagram: formats are exact; cycles, and resources as logic synthesis would leave them, are estimated",
    "utilization": "Utilization of the part in both countings, with error bars",
    "pipeline": f"Which layer is busy when, for {timeline.WINDOWS} windows that follow each other as soon as they can",
    "rtl_resources": "Resources of the RTL by block, as shares of the whole design: synthesized",
    "rtl_cycles": "When the RTL takes samples and gives results, windows back to back: simulated",
    "pareto": "Designs that were explored, and their Pareto front",
    "reconstruction": "Test telemetry and its reconstruction",
    "score": "Causal score, threshold, labelled anomalies and alarms",
    "curves": "ROC and precision-recall curves of the causal score; the dots are the alarms that the trigger raises",
    "confusion": "Confusion matrices: samples, and their share of those with the same label",
    "windows": "Windows and their reconstruction",
    "loss": "Loss of every epoch",
}
"""What each plot shows."""


def write_report(data: ReportData, directory: Path, *, configuration: str | None = None) -> None:
    """Write the report of a run to a directory, in place of what is there.

    Parameters
    ----------
    configuration
        The run's whole configuration as YAML, written beside the report.

    Raises
    ------
    OutputError
        The directory cannot be written.
    ReuseFactorError, HlsSettingsError
        The HLS settings do not fit the program.
    """
    plots = draw(data)
    drawn = drawings(to_report(data, {}), alone=True)
    names = {name: f"{name}.svg" for name in drawn} | {name: f"{name}.png" for name in plots}
    report = to_report(data, names)
    with whole_directory(directory) as scratch:
        (scratch / JSON_NAME).write_text(to_json(report.model_dump(mode="json")), "utf-8")
        (scratch / MARKDOWN_NAME).write_text(markdown(report), "utf-8")
        (scratch / HTML_NAME).write_text(page(report, plots), "utf-8")
        if configuration is not None:
            (scratch / CONFIG_NAME).write_text(configuration, "utf-8")
        for name, text in drawn.items():
            (scratch / names[name]).write_text(text, "utf-8")
        for name, figure in plots.items():
            (scratch / names[name]).write_bytes(png(figure))


def draw(data: ReportData) -> dict[str, Figure]:
    """Return the plots that the data suffice for, by name."""
    plots = {}
    if data.pareto is not None:
        plots["pareto"] = figures.pareto(data.pareto)
    if data.telemetry is not None:
        plots |= _draw_telemetry(data.telemetry)
    if data.losses:
        plots["loss"] = figures.loss_curves(data.losses)
    return plots


def _draw_telemetry(telemetry: Telemetry) -> dict[str, Figure]:
    plots = {"score": telemetry_figures.causal_score(telemetry)}
    if detection_figures.has_curves(telemetry):
        plots["curves"] = detection_figures.curves(telemetry)
    if telemetry.windows is None:
        return plots | {"confusion": detection_figures.confusion(telemetry)}
    plots["reconstruction"] = telemetry_figures.reconstruction(telemetry)
    if panels := choose(telemetry):
        plots["windows"] = telemetry_figures.windows(panels, telemetry.unit)
    return plots


def drawings(report: schema.Report, *, alone: bool = False) -> dict[str, str]:
    """Return the drawings that follow from the report as SVG elements, by name; `alone`, each has its style in it."""
    values: dict[str, tuple[str, Any]] = {"design": ("diagram", diagram.draw(report))}
    if report.estimate is not None:
        values["pipeline"] = ("timeline", timeline.draw(report.estimate))
        values["utilization"] = ("bars", utilization.draw(report.estimate))
    if report.rtl is not None:
        if report.rtl.simulation is not None:
            values["rtl_cycles"] = ("timeline", rtl_timeline.draw(report.rtl.simulation))
        if report.rtl.syntheses:
            values["rtl_resources"] = ("bars", rtl_bars.draw(report.rtl.syntheses[0]))
    templates = {"rtl_cycles": "pipeline"}  # a timeline, too
    return {
        name: _render(
            f"{templates.get(name, name)}.svg.jinja", {key: drawing}, id=name, title=CAPTIONS[name], alone=alone
        )
        for name, (key, drawing) in values.items()
        if drawing is not None
    }


def markdown(report: schema.Report) -> str:
    """Return the report as Markdown."""
    text = _render("report.md.jinja", _shared(report), table=_markdown_table)
    return re.sub(r"\n{3,}", "\n\n", text)


def page(report: schema.Report, plots: Mapping[str, Figure]) -> str:
    """Return the report as one HTML page that needs nothing else: no network, no script, no other file.

    Parameters
    ----------
    plots
        By name, those that are drawn from more than the report holds.
    """
    inline = drawings(report) | {name: inline_svg(figure, name, CAPTIONS[name]) for name, figure in plots.items()}
    return _render("report.html.jinja", _shared(report), inline=inline)


def _shared(report: schema.Report) -> dict[str, Any]:
    """Return what both templates see."""
    return {
        "report": report,
        "headlines": headlines(report),
        "tables": tables,
        "design_tables": design_tables,
        "rtl_tables": rtl_tables,
        "numbers": numbers,
        "captions": CAPTIONS,
        "origins": ORIGINS,
        "verdict": None if report.verification is None else verdict(report.verification.table),
    }


def _render(template: str, values: Mapping[str, Any], **more: Any) -> str:
    return environment("hw_trigger.report").get_template(template).render(**values, **more)


def _markdown_table(table: Table) -> str:
    rows = [[f"`{cell}`" if column in table.code else cell for column, cell in enumerate(row)] for row in table.rows]
    return markdown_table(table.headers, rows, right=table.numbers)
