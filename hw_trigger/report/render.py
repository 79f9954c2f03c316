"""Write a report: ``report.json``, ``report.md`` and the plots, all of them or none."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from matplotlib.figure import Figure

from hw_trigger.files import to_json, whole_directory
from hw_trigger.markdown import markdown_table
from hw_trigger.report import figures
from hw_trigger.report.data import ReportData
from hw_trigger.report.document import to_document
from hw_trigger.report.panels import choose
from hw_trigger.report.style import png
from hw_trigger.verification.rendering import to_markdown
from hw_trigger.verification.table import VerificationTable

JSON_NAME = "report.json"
MARKDOWN_NAME = "report.md"
CONFIG_NAME = "config.yaml"


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
    document = to_document(data, {name: f"{name}.png" for name in plots})
    with whole_directory(directory) as scratch:
        (scratch / JSON_NAME).write_text(to_json(document), "utf-8")
        (scratch / MARKDOWN_NAME).write_text(markdown(document), "utf-8")
        if configuration is not None:
            (scratch / CONFIG_NAME).write_text(configuration, "utf-8")
        for name, figure in plots.items():
            (scratch / f"{name}.png").write_bytes(png(figure))


def draw(data: ReportData) -> dict[str, Figure]:
    """Return the plots that the data suffice for, by name."""
    plots = {}
    if data.telemetry is not None:
        plots["reconstruction"] = figures.reconstruction(data.telemetry)
        plots["score"] = figures.causal_score(data.telemetry)
        if panels := choose(data.telemetry):
            plots["windows"] = figures.windows(panels, data.telemetry.unit)
    if data.losses:
        plots["loss"] = figures.loss_curves(data.losses)
    return plots


def markdown(document: dict[str, Any]) -> str:
    """Return the report of :func:`hw_trigger.report.document.to_document` as Markdown."""
    recorded = document["verification"]
    verification = None if recorded is None else to_markdown(VerificationTable.from_dict(recorded))
    text = _environment().get_template("report.md.jinja").render(report=document, verification=verification)
    return re.sub(r"\n{3,}", "\n\n", text)


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701 - what is written is Markdown, not HTML
        loader=jinja2.PackageLoader("hw_trigger.report", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["table"] = markdown_table
    environment.filters |= {"count": _count, "figure": _figure, "share": _share, "kib": _kib}
    return environment


def _count(value: int) -> str:
    return f"{value:,}"


def _figure(value: float | None) -> str:
    """Three decimals, or a dash for what is not defined."""
    return "-" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _kib(bits: int) -> str:
    return f"{bits / 8 / 1024:.2f}"
