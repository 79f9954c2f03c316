"""The version that rows carry, and the figures that follow from an estimate."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import hw_trigger
from hw_trigger.estimate.resources import RESOURCES, Resources
from hw_trigger.estimate.result import Estimate, LayerEstimate
from hw_trigger.explore import evaluate
from hw_trigger.parts.database import known_parts


def test_the_version_follows_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "hw_trigger"
    shutil.copytree(Path(hw_trigger.__file__).parent, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(evaluate, "files", lambda _package: root)
    version = evaluate.estimator_version.__wrapped__
    first = version()
    assert first == evaluate.estimator_version()
    for name, counts in {
        "estimate/products.py": True,
        "estimate/calibration.json": True,
        "explore/balance.py": True,
        "fixedpoint/formats.py": True,
        "hls/reuse.py": True,
        "models/integer_bits.py": True,
        "models/spec.py": True,
        "parts/parts.json": True,
        "telemetry/scaling.py": True,
        "telemetry/labels.py": False,
        "cli/main.py": False,
    }.items():
        path = root / name
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        assert (version() != first) is counts, name
        path.write_bytes(content)


def test_each_share_names_its_own_resource() -> None:
    """At the upper end of the error bars another resource may be the tightest."""
    device = known_parts().resolve("xc7z020").part
    logic = Resources(dsp=22, lut=10_640)
    layer = LayerEstimate("encoder", "lstm", 1, "", logic, logic, 0, 0, 0, 1, 1, 1, (0, 1))
    # At the upper ends 110 DSP slices and 15,960 LUTs.
    factors = {**dict.fromkeys((*RESOURCES, "latency_cycles", "interval_cycles"), 1.0), "dsp": 5.0, "lut": 1.5}
    errors = {"c_synthesis": factors, "logic": factors}
    columns: dict[str, Any] = evaluate.figures(Estimate("xc7z020", device, 5.0, (layer,), 1, 1, errors))
    names = ("tightest", "tightest_share", "tightest_high", "tightest_share_high")
    assert [columns[name] for name in names] == ["lut", 0.2, "dsp", 0.5]
