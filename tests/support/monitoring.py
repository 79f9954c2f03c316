"""What is deployed to watch the service: alert rules, dashboard, and Debian's Prometheus tools to try them with."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "hw_trigger.json"

_METRIC = re.compile(r"(?<![\w\"{:])(?:hwt|process|python)_\w+|(?<![\w\"])model:[\w:]+|(?<![\w\"])up(?=\{)")


def tool(name: str) -> str:
    """Return the path of ``prometheus`` or ``promtool``; skip the test where it is not installed, and say so."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install prometheus)")
    return found


@dataclass(frozen=True)
class Query:
    """A panel's or the annotations' expression: as it is written, and with the dashboard's variables filled in."""

    panel: str
    written: str
    expression: str


def dashboard() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return document


def queries() -> list[Query]:
    """Return every expression of the dashboard; a variable stands for all, as it does at first."""
    document = dashboard()
    targets = [(panel["title"], target["expr"]) for panel in document["panels"] for target in panel.get("targets", [])]
    targets += [(annotation["name"], annotation["expr"]) for annotation in document["annotations"]["list"]]
    return [Query(title, text, filled(document, text)) for title, text in targets]


def filled(document: dict[str, Any], expression: str) -> str:
    """Return an expression as Grafana sends it."""
    for variable in document["templating"]["list"]:
        expression = expression.replace(f"${variable['name']}", variable["allValue"])
    return expression.replace("$__rate_interval", "1m")


def rules() -> list[dict[str, Any]]:
    """Return all rules, those that record too."""
    document = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """Return the rules that alert, by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def metrics_of(expression: str) -> set[str]:
    """Return the names of the metrics in an expression."""
    return set(_METRIC.findall(re.sub(r"by \([^)]*\)", "", expression)))
