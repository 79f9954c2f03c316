"""Training tells the tracker every epoch once, however often it was killed, and its results are the same with and without."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from stages.conftest import Chain
from support.chain import small_config, tree

from hw_trigger.bundle.bundle import CONFIG, HISTORY
from hw_trigger.stages.bundles import OutdatedBundleError, open_bundle
from hw_trigger.stages.provenance import config_digest
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.report import run_report
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.tracking import run_identity
from hw_trigger.stages.training import prepare


class Told:
    """A tracker that keeps what it is told."""

    where = ""

    def __init__(self) -> None:
        self.logged: dict[str, list[tuple[int, float]]] = {}
        self.final: dict[str, float] = {}

    def params(self, values: Mapping[str, object]) -> None: ...

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.logged.setdefault(name, []).append((step, value))

    def summary(self, values: Mapping[str, float]) -> None:
        self.final |= dict(values)

    def close(self) -> None: ...


class _Killed(Silent):
    """Stops the run in a certain task, after so many epochs."""

    def __init__(self, description: str, after: int) -> None:
        super().__init__()
        self.description, self.after = description, after

    @contextlib.contextmanager
    def task(self, description: str, total: int) -> Iterator[object]:  # type: ignore[override]
        left = self.after if description.startswith(self.description) else total + 1

        def advance(count: int, note: str = "") -> None:
            nonlocal left
            left -= count
            if left <= 0:
                raise KeyboardInterrupt

        yield advance


@pytest.mark.parametrize(("description", "after"), [("float", 1), ("float", 2), ("quantized", 1)])
def test_the_tracker_is_told_every_epoch_once(tmp_path: Path, description: str, after: int) -> None:
    """By each process, of those before it, too: what a killed one has told may not have been written."""
    config = small_config(tmp_path, "training.float_epochs=3", "training.epochs=2", "training.stride=40")
    told: list[Told] = []
    for reporter in (_Killed(description, after), Silent()):
        told.append(Told())
        training = replace(prepare(config, reporter), tracker=told[-1])
        with contextlib.suppress(KeyboardInterrupt):
            model, history = training.float_network()
            refined = training.refine(training.calibrated(model), model)
    wanted = {}
    for name, found in (("float", history), ("quantized", refined)):
        wanted[f"{name}/train_loss"] = list(enumerate(found.train, 1))
        wanted[f"{name}/validation_loss"] = list(enumerate(found.validation, 1))
    assert told[1].logged == wanted
    assert told[1].final == {"float/validation_loss": history.best, "quantized/validation_loss": refined.best}
    assert told[0].logged[f"{description}/train_loss"] == wanted[f"{description}/train_loss"][:after]


def test_tensorboard_beside_the_same_bundle(chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    trees = []
    for kind in ("none", "tensorboard"):
        (tmp_path / kind).mkdir()
        monkeypatch.chdir(tmp_path / kind)
        reporter = Silent()
        config = small_config(Path(), f"tracking.kind={kind}")
        bundle = run_qat(config, reporter)
        trees.append(tree(Path("models")))
    assert trees[0] == trees[1]
    assert bundle.manifest.program_sha256 == chain.bundle.manifest.program_sha256
    assert reporter.said[0] == "losses and metrics are kept; show them with: tensorboard --logdir reports/tracking"
    manifest = bundle.manifest
    identity = run_identity(manifest.provenance.config_sha256, manifest.channel.sha256)
    # A later stage adds to the same run, which it knows from the bundle: the report what the test data say.
    report = json.loads((run_report(config, Silent()).parent / "report.json").read_text("utf-8"))
    (directory,) = Path("reports/tracking").iterdir()
    assert directory.name == f"{config.run_name}-{identity}"
    events = accumulator.EventAccumulator(str(directory)).Reload()
    history = json.loads(bundle.read(HISTORY))
    for name in ("float", "quantized"):
        for part in ("train", "validation"):
            found = [(item.step, item.value) for item in events.Scalars(f"{name}/{part}_loss")]
            assert found == [(step, pytest.approx(loss, rel=1e-6)) for step, loss in enumerate(history[name][part], 1)]
    for detection in report["detection"]:
        if detection["score"] == "causal":
            found = [item.value for item in events.Scalars(f"summary/{detection['executor']}/auc_roc")]
            assert found == [pytest.approx(detection["auc_roc"], rel=1e-6)]
    (text,) = (event.tensor_proto.string_val[0].decode() for event in events.Tensors("parameters/text_summary"))
    assert "    training:\n      float_epochs: 2\n" in text


def test_what_a_run_depends_on(tmp_path: Path) -> None:
    """Where the tracker is changes nothing; the least range that is scaled does."""
    digest = config_digest(small_config(tmp_path))
    assert config_digest(small_config(tmp_path, "tracking.kind=wandb", "tracking.project=x")) == digest
    assert config_digest(small_config(tmp_path, "data.least_half_range=0.5")) != digest


def test_a_bundle_of_another_release_is_refused(chain: Chain, tmp_path: Path) -> None:
    config = small_config(tmp_path)
    shutil.copytree(chain.bundle.path, config.bundle_path)
    saved = (config.bundle_path / CONFIG).read_text("utf-8")
    _replace_in_bundle(config.bundle_path, saved.replace("least_half_range: 0.0625", "allow_constant: false"))
    with pytest.raises(OutdatedBundleError) as caught:
        open_bundle(config)
    assert str(caught.value) == (
        f"the bundle {config.bundle_path} is of another release of hw_trigger, and its configuration cannot be read; "
        "train again with `hw-trigger qat`"
    )


def _replace_in_bundle(bundle: Path, config: str) -> None:
    """Change the bundle's configuration, and what its manifest says of it."""
    from hw_trigger.files import sha256_bytes

    before = sha256_bytes((bundle / CONFIG).read_bytes())
    (bundle / CONFIG).write_text(config, "utf-8")
    manifest = bundle / "bundle.json"
    manifest.write_text(manifest.read_text("utf-8").replace(before, sha256_bytes(config.encode())), "utf-8")
