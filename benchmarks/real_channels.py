"""The whole chain on real channels and several quantization presets, and the README's table of its results.

Needs the SMAP archive (``HW_TRIGGER_DATA``). Run with ``make results``. Outputs are in ``build/results``: runs that are complete
there are not done again, so remove it to measure a changed program.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

from hw_trigger.markdown import markdown_table

CHANNELS = ("S-1", "D-3", "E-8", "A-4", "A-1")
PRESETS = ("w8a8", "w6a8", "w4a8")
JOBS = 2
ROOT = Path("build") / "results"
HEADERS = (
    "channel",
    "preset",
    "AUC-ROC float",
    "AUC-ROC integer",
    "difference",
    "windows: PyTorch, ONNX Runtime, golden",
    "windows: all seven executors",
    "codes compared",
    "mismatches",
)


def main() -> None:
    """Run what is not there yet, two at a time, and print the table."""
    runs = list(product(CHANNELS, PRESETS))
    with ThreadPoolExecutor(JOBS) as pool:
        rows = list(pool.map(lambda run: _row(*run), runs))
    print(markdown_table(HEADERS, rows, right=range(2, len(HEADERS))))


def _row(channel: str, preset: str) -> list[str]:
    """Run the chain where its report is not there yet, and return the table's row."""
    name = f"{channel}-lstm16w50-{preset}"
    report = ROOT / "reports" / name / "report.json"
    if not report.is_file():
        start = time.perf_counter()
        overrides = [f"channel={channel}", f"quant={preset}", "csim.jobs=1"]
        overrides += [f"paths.{kind}={ROOT / kind}" for kind in ("models", "projects", "reports")]
        command = [str(Path(sys.executable).with_name("hw-trigger")), "run", *overrides]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(f"{name}: exit code {done.returncode} after {time.perf_counter() - start:.0f} s", file=sys.stderr)
        if done.returncode:
            sys.exit(done.stderr)
    return _cells(channel, preset, json.loads(report.read_text("utf-8")))


def _cells(channel: str, preset: str, report: dict[str, Any]) -> list[str]:
    auc = {item["executor"]: item["auc_roc"] for item in report["detection"] if item["score"] == "causal"}
    float_auc, integer_auc = auc["float network"], auc["integer program"]
    table = report["verification"]
    windows = sorted({item["windows"] for item in table["comparisons"]})
    return [
        channel,
        preset,
        f"{float_auc:.4f}",
        f"{integer_auc:.4f}",
        f"{integer_auc - float_auc:+.4f}",
        f"{windows[-1]:,}",
        f"{windows[0]:,}",
        f"{table['codes']:,}",
        f"{table['mismatches']:,}",
    ]


if __name__ == "__main__":
    main()
