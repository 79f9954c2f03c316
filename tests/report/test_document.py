"""The report as data: complete, labelled, and fit for JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from support.reports import STEPS, UNITS, bare_report, classifier_report, sample_report

from hw_trigger.detection.evaluation import Protocol, evaluate_channel
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.files import to_json
from hw_trigger.report.data import LossCurve
from hw_trigger.report.detection_data import Detection
from hw_trigger.report.document import to_report


def _document(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        to_json(to_report(replace(sample_report(), **changes), {}).model_dump(mode="json"))
    )
    return found


def test_every_section_says_where_its_figures_are_from() -> None:
    document = _document()
    assert document["format"] == "hw_trigger report"
    assert document["version"] == 4
    assert document["missing"] == {}
    assert document["split"] is None  # a classifier's alone
    origins = {
        name: {part["origin"] for part in (section if isinstance(section, list) else [section])}
        for name, section in document.items()
        if name not in {"format", "version", "run", "plots", "missing", "split"}
    }
    assert origins == {
        "network": {"exact"},
        "channel": {"measured"},
        "training": {"measured"},
        "detection": {"measured"},
        "verification": {"simulated"},
        "memory": {"exact"},
        "estimate": {"estimated"},
        "vendor": {"synthesized"},
        "exploration": {"estimated"},
        "hls": {"recorded"},
        "rtl": {"calculated"},
        "saturations": {"measured"},
        "provenance": {"recorded"},
        "commands": {"recorded"},
    }


def test_figures_are_those_of_the_data() -> None:
    data, document = sample_report(), _document()
    assert [(item["executor"], item["score"]) for item in document["detection"]] == [
        (item.executor, item.metrics.score.value) for item in data.detection
    ]
    assert document["detection"][0]["auc_roc"] == data.detection[0].metrics.auc_roc
    assert data.saturations is not None
    tensors = document["saturations"]["tensors"]
    assert tensors == {name: count for name, count in data.saturations.counts.items() if count}
    assert tensors
    assert document["training"][1]["validation"] == list(data.losses[1].validation)
    assert data.verification is not None
    assert document["verification"]["comparisons"] == [asdict(item) for item in data.verification.comparisons]
    assert document["verification"]["codes"] == data.verification.codes > 0
    encoder = document["network"]["layers"][0]
    assert (encoder["inputs"], encoder["outputs"], encoder["steps"]) == (1, UNITS, STEPS)
    assert encoder["formats"]["gate_g"] == "ap_fixed<8,3,AP_RND_CONV,AP_SAT>"
    assert document["network"]["kind"] == "autoencoder"
    assert data.program.trigger is not None
    assert document["network"]["trigger"]["code"] == data.program.trigger.threshold
    assert data.vendor is not None
    assert document["vendor"]["rows"] == [asdict(row) for row in data.vendor.rows]
    assert data.pareto is not None
    assert [point["values"] for point in document["exploration"]["front"]["points"]] == [
        list(point.values) for point in data.pareto.points
    ]
    assert document["estimate"]["errors"] == [asdict(error) for error in data.estimator_errors]
    assert document["hls"]["layers"]["encoder_0"] == {"reuse_factor": 1, "recurrent_reuse_factor": 1, "gate_unroll": 1}


def test_events_are_those_of_the_evaluation() -> None:
    data, document = sample_report(), _document()
    for item, section in zip(data.detection, document["detection"], strict=True):
        found, events = item.evaluation, section["events"]
        figures = found.figures()
        assert (events["found"], events["missed"], events["false"]) == (
            found.events.found,
            found.events.missed,
            found.events.false,
        )
        for name, figure in {
            "precision": "event_precision",
            "recall": "event_recall",
            "f1": "event_f1",
            "delay_mean": "delay_mean",
            "delay_median": "delay_median",
            "false_alarms_a_day": "false_alarms_a_day",
            "false_alarm_share": "false_alarm_share",
            "vus_roc": "vus_roc",
            "vus_pr": "vus_pr",
        }.items():
            assert events[name] == figures[figure], name
        assert (events["gap"], events["buffer"], events["sample_period"]) == (STEPS, 20, 60.0)
    causal, spread = document["detection"][2]["events"], document["detection"][3]["events"]
    assert causal["found"] < spread["found"] == 3


def test_a_classifier_has_a_split_and_no_reconstruction() -> None:
    data = classifier_report()
    document = to_report(data, {}).model_dump()
    assert document["network"]["kind"] == "classifier"
    assert document["split"]["origin"] == "measured"
    assert document["split"]["parts"] == tuple(asdict(part) for part in data.split)
    assert [part["windows"] for part in document["split"]["parts"]] == [1440 - 23, 1080 - 23, 1080 - 23]
    assert document["split"]["class_weights"] == (0.53, 8.2)
    assert {item["score"] for item in document["detection"]} == {"causal"}
    assert document["memory"]["fifo_bits"] == 0
    assert "split" not in document["missing"]
    assert to_report(replace(data, split=()), {}).missing["split"] == "make report"


def test_missing_sections_name_their_command() -> None:
    document = to_report(bare_report(), {}).model_dump(mode="json")
    assert document["missing"] == {
        "channel": "make report",
        "training": "make qat",
        "detection": "make report",
        "verification": "make csim",
        "estimate": "make hls",
        "vendor": "make hls SYNTH=1",
        "exploration": "hw-trigger explore",
        "hls": "make hls",
        "rtl": "make rtl",
        "saturations": "make report",
    }
    assert all(document[name] is None for name in document["missing"])
    assert document["network"]["trigger"] is None
    assert document["memory"]["total"]["weights"] > 0
    assert to_json(document)


def test_what_is_not_finite_is_null() -> None:
    document = _document(losses=(LossCurve("float", [0.5, math.nan], [math.inf, 0.25], 1),))
    assert document["training"][0]["train"] == [0.5, None]
    assert document["training"][0]["validation"] == [None, 0.25]


def test_undefined_metrics_are_null_with_their_reason() -> None:
    found = evaluate_channel(np.array([0.1, 0.2]), np.array([False, False]), 1.0, ScoreKind.CAUSAL)
    (item,) = _document(detection=(Detection("float network", found, Protocol()),))["detection"]
    assert item["auc_roc"] is item["events"]["f1"] is item["events"]["delay_median"] is item["events"]["vus_pr"] is None
    assert item["undefined"]["auc_roc"] == "no scored sample is labelled anomalous"
