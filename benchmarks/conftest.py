"""What the figures were measured on, printed with them."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def pytest_report_header() -> str:
    """Return a line on the machine."""
    cpuinfo = Path("/proc/cpuinfo")
    models = [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
    model = models[0] if models else platform.processor()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"machine: {model}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}"
