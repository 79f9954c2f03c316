"""Settings of the service are the configuration's."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hw_trigger.config.compose import load_config
from hw_trigger.service.batching import BatchLimits
from hw_trigger.service.experiment import Experiment
from hw_trigger.service.settings import Limits, ServeSettings, read_settings
from hw_trigger.stages.bundles import LATER


def test_the_defaults_are_the_configurations() -> None:
    assert read_settings(load_config().serve) == ServeSettings()


def test_everything_is_read(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(hashlib.sha256(b"key").hexdigest())
    overrides = [
        "serve.host=::1",
        "serve.port=0",
        "serve.models=one",
        "serve.variants=[onnx,integer]",
        "serve.variant=onnx",
        "serve.threads=2",
        "serve.batch={windows: 3, delay_ms: 0.5, queue: 7}",
        "serve.experiment={variant: integer, share: 0.25, shadow: false}",
        "serve.state=somewhere",
        "serve.limits={body_bytes: 2048, windows: 5, samples: 6, channels: 8}",
        f"serve.api_keys={keys}",
        "serve.benchmark=false",
        "serve.drain=2.5",
    ]
    assert read_settings(load_config(overrides).serve) == ServeSettings(
        host="::1",
        port=0,
        models=("one",),
        variant="onnx",
        variants=("onnx", "integer"),
        threads=2,
        batch=BatchLimits(3, 0.0005, 7),
        experiment=Experiment("integer", 0.25, False),
        state=Path("somewhere"),
        limits=Limits(2048, 5, 6, 8),
        keys=(hashlib.sha256(b"key").digest(),),
        benchmark=False,
        drain=2.5,
    )


def test_training_does_not_see_it() -> None:
    assert "serve" in LATER
