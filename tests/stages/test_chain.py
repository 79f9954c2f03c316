"""From telemetry to a report: every stage takes what the one before wrote, and all executors agree."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stages.conftest import Chain
from support.chain import small_config, tree
from support.programs import Sizes, random_program
from support.vendor import HLS_2024

from hw_trigger.bundle.bundle import CONFIG
from hw_trigger.config.compose import from_yaml, load_config
from hw_trigger.config.schema import Config
from hw_trigger.estimate.program import estimate
from hw_trigger.fixedpoint import compiled, serialize
from hw_trigger.fixedpoint.program import Dense, DeviationTrigger
from hw_trigger.hls.project import ProjectError
from hw_trigger.models.export import to_program
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.qonnx.file import save
from hw_trigger.stages.bundles import open_bundle
from hw_trigger.stages.csim import (
    GOLDEN,
    LIBRARY,
    PYTORCH,
    QONNX,
    REFERENCE,
    RUNTIME,
    TESTBENCH,
    read_verification,
    run_csim,
)
from hw_trigger.stages.explore import run_explore
from hw_trigger.stages.hls import run_hls
from hw_trigger.stages.networks import load_float, load_quantized
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.recorded import TelemetryChangedError, load_test
from hw_trigger.stages.report import run_report
from hw_trigger.stages.report_sources import ExplorationError, read_front
from hw_trigger.stages.reporter import Silent
from hw_trigger.telemetry.scaling import scaled_values
from hw_trigger.vendor.source import VendorReportError
from hw_trigger.verification.table import VerificationFileError

NOT_OF_THE_CHAIN = {"vendor": "make hls SYNTH=1", "rtl": "make rtl", "exploration": "hw-trigger explore"}
"""Sections of the report that need more than the chain."""


def test_every_pair_of_executors_is_compared(chain: Chain) -> None:
    names = (PYTORCH, RUNTIME, GOLDEN, REFERENCE, QONNX, TESTBENCH, LIBRARY)
    # Recorded are the windows in which the trigger settles, as many as are configured, and those that reach the corners.
    everywhere, recorded = 3600 - 15, 20 + 8 + 16
    wanted = {(*pair, everywhere) for pair in itertools.combinations((PYTORCH, RUNTIME, GOLDEN), 2)}
    wanted |= {(*pair, recorded) for pair in itertools.combinations(names, 2)}
    assert {(pair.first, pair.second, pair.windows) for pair in chain.table.pairs} == wanted
    assert chain.table.mismatches == 0
    assert chain.table.ok
    layers = {item.tensor for item in chain.table.comparisons if item.tensor.startswith("layer")}
    assert layers == {f"layer {name}" for name in ("scaling", "encoder", "latent", "decoder", "output")}


def test_the_trigger_is_the_configured_one(chain: Chain) -> None:
    """And the record of its threshold computed again from the bundle alone."""
    channel, _ = load_test(chain.bundle, chain.config, Silent())
    program, threshold = chain.bundle.program, chain.bundle.manifest.threshold
    trigger = program.trigger
    assert program.scaling is not None
    assert isinstance(trigger, DeviationTrigger)
    assert (trigger.threshold, trigger.settle, trigger.adaptive) == (5 * 256, 20, True)
    assert (threshold.kind, threshold.value, threshold.unit, threshold.code) == ("deviation", 5.0, "octaves", 5 * 256)
    raw = program.raw.quantize(channel.train)
    windows = np.lib.stride_tricks.sliding_window_view(raw, program.steps, axis=0).transpose(0, 2, 1)
    score = compiled.run(program, windows).score
    assert score is not None
    assert threshold.train_mean == pytest.approx((score / 256).mean(), rel=1e-12)
    assert threshold.train_sigma == pytest.approx((score / 256).std(), rel=1e-12)
    assert scaled_values(program.scaling, raw).min() >= -1


def test_a_report_of_everything(chain: Chain) -> None:
    document = json.loads((chain.report.parent / "report.json").read_text("utf-8"))
    assert document["missing"] == NOT_OF_THE_CHAIN
    assert document["verification"]["ok"] is True
    assert {(item["executor"], item["score"]) for item in document["detection"]} == {
        (executor, score) for executor in ("float network", "integer program") for score in ("causal", "window-spread")
    }
    suffixes = {".json", ".md", ".html", ".svg", ".png", ".yaml"}
    assert {path.suffix for path in chain.report.parent.iterdir()} == suffixes
    found = estimate(chain.bundle.program, chain.config.hls)
    assert document["estimate"]["latency"]["cycles"] == found.latency_cycles
    assert document["estimate"]["logic"]["lut"]["value"] == round(found.logic.lut)
    assert document["estimate"]["errors"]
    assert from_yaml((chain.report.parent / "config.yaml").read_text("utf-8")).run_name == chain.config.run_name


def test_what_the_user_is_told(chain: Chain) -> None:
    said = "\n".join(chain.reporter.said)
    assert f"bundle {chain.bundle.path}: channel SYN-1, validation loss float " in said
    assert "next: hw-trigger hls" in said
    assert "codes are equal." in said
    assert f"report {chain.report}" in said
    assert any("SYNTHETIC TELEMETRY" in text for text in chain.reporter.warned)


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the run is: bundle and project to the last file."""
    trees = []
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        config = small_config(Path())
        run_qat(config, Silent())
        run_hls(config, Silent(), synth=False)
        trees.append(tree(Path()))
    assert sorted(trees[0]) == sorted(trees[1])
    assert [name for name in trees[0] if trees[0][name] != trees[1][name]] == []
    assert {"bundle.json", "network.onnx", "project.json", "config.yaml"} <= {Path(name).name for name in trees[0]}


def test_an_unchanged_project_is_kept(tmp_path: Path) -> None:
    """With what tools added to it; other settings write it anew."""
    config = small_config(tmp_path)
    run_qat(config, Silent())
    added = run_hls(config, Silent(), synth=False).directory / "vendor.rpt"
    added.write_text("a synthesis took hours")
    run_hls(config, Silent(), synth=False)
    assert added.exists()
    run_hls(small_config(tmp_path, "hls.recurrent_reuse_factor=16"), Silent(), synth=False)
    assert not added.exists()


def test_the_saved_configuration_does_it_again(chain: Chain) -> None:
    config = load_config([], directory=chain.bundle.path.resolve())
    assert config == chain.config.model_copy(update={"run": None})
    assert from_yaml(chain.bundle.read(CONFIG).decode()) == config


class _Interrupted(Silent):
    """Stops the run at a certain task, as a killed process would between two epochs."""

    def __init__(self, description: str) -> None:
        super().__init__()
        self.description = description

    def task(self, description: str, total: int):  # type: ignore[no-untyped-def]
        if description.startswith(self.description):
            raise KeyboardInterrupt
        return super().task(description, total)


@pytest.mark.parametrize("where", ["quantized training", "scoring"])
def test_an_interrupted_run_goes_on(chain: Chain, tmp_path: Path, where: str) -> None:
    config = small_config(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_qat(config, _Interrupted(where))
    assert not config.bundle_path.exists()
    assert list(config.paths.models.rglob("float.pt"))
    bundle = run_qat(config, Silent())
    assert bundle.manifest.program_sha256 == chain.bundle.manifest.program_sha256
    assert [path.name for path in config.paths.models.iterdir()] == [config.run_name]


def test_a_project_of_another_program_is_refused(chain: Chain, tmp_path: Path) -> None:
    config = small_config(tmp_path, "seed=1")
    run_qat(config, Silent())
    shutil.copytree(chain.config.project_path, config.project_path)
    with pytest.raises(ProjectError) as caught:
        run_csim(config, Silent())
    assert str(caught.value) == (
        f"the HLS project {config.project_path} was written for another program than that of bundle {config.bundle_path}; "
        "run hw-trigger hls again"
    )
    # Nor does its verification speak for this program.
    document = json.loads((run_report(config, Silent()).parent / "report.json").read_text("utf-8"))
    assert document["missing"] == {"verification": "make csim"} | NOT_OF_THE_CHAIN


def test_other_telemetry_is_refused(chain: Chain) -> None:
    config = chain.config.model_copy(update={"channel": "SYN-2"})
    with pytest.raises(
        TelemetryChangedError, match=r"^channel 'SYN-2' of built-in synthetic telemetry has the SHA-256 "
    ):
        load_test(chain.bundle, config, Silent())


def test_networks_are_those_that_were_trained(chain: Chain) -> None:
    bundle, config = open_bundle(chain.config)
    program = bundle.program
    again = to_program(load_quantized(bundle, config), name=program.name, scaling=program.scaling)
    assert serialize.digest(replace(again, trigger=program.trigger)) == serialize.digest(program)
    # The float network's latent layer differs from the quantized one's by training and rounding only.
    latent = next(layer for layer in program.layers if layer.name == "latent")
    assert isinstance(latent, Dense)
    network = load_float(bundle, config)
    assert isinstance(network, FloatAutoencoder)
    found = network.latent.weight.detach().numpy()
    np.testing.assert_allclose(found, latent.weight_format.values(latent.weight), atol=0.05)


def test_a_file_of_another_origin(tmp_path: Path) -> None:
    """No bundle, no telemetry: the same firmware, and all executors but PyTorch."""
    file = tmp_path / "foreign.onnx"
    program = random_program(3, Sizes(steps=6, encoder=(4,), latent=2, decoder=(4,)), scaling=False, trigger=False)
    save(program, file)
    config, reporter = small_config(tmp_path, f"onnx={file}"), Silent()
    assert run_hls(config, reporter, synth=False).directory == tmp_path / "projects" / "foreign"
    table = run_csim(config, reporter)
    names = (RUNTIME, GOLDEN, REFERENCE, QONNX, TESTBENCH, LIBRARY)
    assert {(pair.first, pair.second) for pair in table.pairs} == set(itertools.combinations(names, 2))
    assert table.ok


def test_the_report_speaks_of_the_project_that_is_there(chain: Chain, tmp_path: Path) -> None:
    paths = {"projects": tmp_path / "projects", "reports": tmp_path / "reports"}
    config = chain.config.model_copy(update={"paths": chain.config.paths.model_copy(update=paths)})
    latency = load_config(["hls=latency"]).hls
    run_hls(config.model_copy(update={"hls": latency}), Silent(), synth=False)
    document = json.loads((run_report(config, Silent()).parent / "report.json").read_text("utf-8"))
    assert document["hls"]["strategy"] == "Latency"
    assert document["missing"] == {"verification": "make csim"} | NOT_OF_THE_CHAIN


def test_vendor_reports_in_the_project_are_compared(chain: Chain, tmp_path: Path) -> None:
    paths = {"projects": tmp_path / "projects", "reports": tmp_path / "reports"}
    config = chain.config.model_copy(update={"paths": chain.config.paths.model_copy(update=paths)})
    shutil.copytree(chain.config.project_path, config.project_path)
    reports = config.project_path / "hw_trigger_top_prj" / "solution1" / "syn" / "report"
    reports.mkdir(parents=True)
    part = chain.project.settings.part
    for path in HLS_2024.glob("*csynth*"):
        text = path.read_text("utf-8").replace("xc7z020-clg484-1", part)
        name = path.name.replace("tiny", chain.project.top)
        (reports / name).write_text(re.sub(r"\btiny\b", chain.project.top, text), "utf-8")
    document = json.loads((run_report(config, Silent()).parent / "report.json").read_text("utf-8"))
    assert document["missing"] == {"rtl": "make rtl", "exploration": "hw-trigger explore"}
    rows = {(row["module"], row["quantity"]): row for row in document["vendor"]["rows"]}
    assert document["vendor"]["remarks"] == [
        "C synthesis was run for a clock period of 15 ns, and the project is for 5 ns"
    ]
    # These are another design's, by this one's name; its module of config2 is taken for the layer that has this number here.
    assert {name for name, _ in rows} == {"design", "scaling", "encoder", "other"}
    design = rows["design", "latency_cycles"]
    assert (design["vendor"], design["origin"]) == (44, "C synthesis")
    assert design["estimated"] == document["estimate"]["latency"]["cycles"]
    whole = (reports / "csynth.xml").read_text("utf-8")
    (reports / "csynth.xml").write_text("<profile>")
    with pytest.raises(VendorReportError, match=r"csynth\.xml"):
        run_report(config, Silent())
    for path in reports.iterdir():
        path.unlink()
    (reports / "csynth.xml").write_text(whole.replace(chain.project.top, "myproject"), "utf-8")
    with pytest.raises(VendorReportError) as caught:
        run_report(config, Silent())
    assert str(caught.value) == (
        f"{reports / 'csynth.xml'} is of the design 'myproject', and the HLS project is of 'hw_trigger_top'; "
        "keep the reports of this project only in it"
    )
    (reports / "csynth.xml").write_text(whole.replace(part, "xcu250-figd2104-2L-e"), "utf-8")
    with pytest.raises(VendorReportError) as caught:
        run_report(config, Silent())
    assert str(caught.value) == (
        f"{reports / 'csynth.xml'} is of the part 'xcu250-figd2104-2L-e', and the HLS project is of {part!r}; "
        "keep the reports of this project only in it"
    )


def run_report_of_another_part(config: Config) -> tuple[dict[str, Any], Silent]:
    """Report without a project, whose part would be that of the report."""
    reporter = Silent()
    paths = config.paths.model_copy(update={"projects": config.paths.reports / "none"})
    path = run_report(config.model_copy(update={"paths": paths}), reporter)
    document: dict[str, Any] = json.loads((path.parent / "report.json").read_text("utf-8"))
    return document, reporter


def test_a_sweep_is_shown_with_this_design(chain: Chain, tmp_path: Path) -> None:
    config = chain.config.model_copy(
        update={
            "paths": chain.config.paths.model_copy(update={"reports": tmp_path}),
            "explore": chain.config.explore.model_copy(update={"maximum": 40}),
        }
    )
    exploration = run_explore(config, Silent(), workers=1)
    document = json.loads((run_report(config, Silent()).parent / "report.json").read_text("utf-8"))
    assert document["missing"] == {"vendor": "make hls SYNTH=1", "rtl": "make rtl"}
    front, summary = document["exploration"]["front"], json.loads((exploration.directory / "explore.json").read_text())
    assert front["explored"] == 40
    assert len(front["objectives"]) == len(summary["objectives"]) > 1
    assert sum(point["on_front"] for point in front["points"] if not point["this"]) == len(summary["front"])
    (this,) = [point for point in front["points"] if point["this"]]
    latency = summary["objectives"].index("latency_us")
    assert this["values"][latency] == pytest.approx(document["estimate"]["latency"]["us"])
    other = config.model_copy(update={"hls": replace(config.hls, part="xczu7ev-ffvc1156-2-e")})
    elsewhere, reporter = run_report_of_another_part(other)
    assert elsewhere["missing"]["exploration"] == "hw-trigger explore"
    assert reporter.warned[-1] == (
        f"the report goes without {exploration.directory / 'results.parquet'}: none of its designs is for xczu7ev-ffvc1156-2-e"
    )
    damages: list[Any] = [
        [],
        {},
        *(summary | {"objectives": wrong} for wrong in (["foo", "bar"], 3, [3, 4], [], "dsp")),
    ]
    damages += [summary | {"front": wrong} for wrong in (None, [1, 2], summary["front"][0])]
    for damage in damages:
        (exploration.directory / "explore.json").write_text(json.dumps(damage))
        with pytest.raises(ExplorationError) as caught:
            read_front(config, estimate(chain.bundle.program, config.hls), (), Silent())
        assert str(caught.value) == f"{exploration.directory / 'explore.json'} is damaged; run hw-trigger explore again"


@pytest.mark.parametrize("content", ["garbage", "[]", "{}", '{"provenance": {}, "table": {}}'])
def test_a_damaged_verification(chain: Chain, tmp_path: Path, content: str) -> None:
    path = tmp_path / "verification.json"
    path.write_text(content)
    with pytest.raises(VerificationFileError) as caught:
        read_verification(tmp_path, chain.bundle.program)
    assert str(caught.value) == f"{path} is damaged; run hw-trigger csim again"


def test_a_trigger_that_never_fires_is_no_mismatch(chain: Chain, tmp_path: Path) -> None:
    """It is told that its bit proves nothing; the score varies, and does."""
    config = small_config(tmp_path, "trigger.kind=error", "trigger.sigmas=500")
    run_qat(config, Silent())
    run_hls(config, Silent(), synth=False)
    reporter = Silent()
    table = run_csim(config, reporter)
    assert table.mismatches == 0
    assert {note.split(",")[0] for note in table.notes} == {"trigger"}
    assert any(text.startswith("VERIFICATION: ") for text in reporter.warned)
    assert chain.table.ok


@pytest.mark.parametrize(
    "overrides",
    [
        (
            "channel=SYN-6",
            "data.columns=[0,1]",
            "model.encoder=[4,3]",
            "model.decoder=[3,4]",
            "quant=w4a8",
            "hls=latency",
        ),
        ("quant=w8a16", "hls.backend=Vivado", "hls.io_type=io_parallel", "hls.with_output=true"),
    ],
    ids=["two columns, two layers", "16-bit states in float64"],
)
def test_other_networks_and_projects(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    config, reporter = small_config(tmp_path, *overrides), Silent()
    run_qat(config, reporter)
    run_hls(config, reporter, synth=False)
    table = run_csim(config, reporter)
    assert table.ok, table.notes
    assert table.codes > 100_000
    document = json.loads((run_report(config, reporter).parent / "report.json").read_text("utf-8"))
    assert document["missing"] == NOT_OF_THE_CHAIN
