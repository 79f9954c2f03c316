"""A classifier from labelled telemetry to bit-exact firmware."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from support.chain import small_classifier_config, small_config, tree

from hw_trigger.bundle.bundle import HISTORY, Bundle
from hw_trigger.config.schema import Config
from hw_trigger.detection.margin import best_margin
from hw_trigger.detection.metrics import evaluate
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.program import MarginTrigger
from hw_trigger.models.float_classifier import FloatClassifier
from hw_trigger.models.quant_classifier import QuantClassifier
from hw_trigger.models.spec import ANOMALY
from hw_trigger.stages.bundles import open_bundle
from hw_trigger.stages.csim import PYTORCH, RUNTIME, run_csim
from hw_trigger.stages.hls import run_hls
from hw_trigger.stages.networks import load_float, load_quantized
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.recorded import load_test
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.scoring import float_scores, integer_scores, quantized_scores
from hw_trigger.stages.supervised import prepare_classifier, prepare_network, share_labelled
from hw_trigger.stages.telemetry import load_channel
from hw_trigger.stages.untrained import untrained_program
from hw_trigger.telemetry.scaling import scaled_values
from hw_trigger.training.labelled import LabelledSplitError
from hw_trigger.training.losses import WeightedCrossEntropy


@dataclass(frozen=True)
class Classified:
    config: Config
    bundle: Bundle
    reporter: Silent


@pytest.fixture(scope="module")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Classified:
    config, reporter = small_classifier_config(tmp_path_factory.mktemp("classified"), "trigger.margin=f1"), Silent()
    return Classified(config, run_qat(config, reporter), reporter)


def test_what_is_trained_on(tmp_path: Path) -> None:
    config = small_classifier_config(tmp_path)
    training, channel = prepare_classifier(config, Silent()), load_channel(config, Silent())
    # Half of 3600 samples, and a fifth; windows of 16 at every fourth sample.
    assert (len(training.train), len(training.validation)) == (1 + (1800 - 16) // 4, 1 + (720 - 16) // 4)
    x = scaled_values(training.scaling, training.scaling.raw.quantize(channel.test)).astype(np.float32)
    for windows, begin in ((training.train, 0), (training.validation, 1800)):
        np.testing.assert_array_equal(windows[7], x[begin + 28 : begin + 44])
    assert training.targets is not None
    for classes, begin, end in zip(training.targets, (0, 1800), (1800, 2520), strict=True):
        np.testing.assert_array_equal(classes, channel.labels[begin + 15 : end : 4])
    share = float(training.targets[0].double().mean())
    assert isinstance(training.loss, WeightedCrossEntropy)
    assert training.loss.weights == pytest.approx((0.5 / (1 - share), 0.5 / share))
    plain = prepare_classifier(small_classifier_config(tmp_path, "training.supervised.class_weights=false"), Silent())
    assert plain.loss == WeightedCrossEntropy((1.0, 1.0))
    # Scaled by what trains alone: that fills the range, and what comes later goes where it goes.
    assert x[:1800].min() < -0.9
    assert x[:1800].max() > 0.9
    assert np.abs(x[:1800]).max() <= 1


def test_either_kind_is_prepared(tmp_path: Path) -> None:
    autoencoder, classifier = (
        prepare_network(config, Silent()) for config in (small_config(tmp_path), small_classifier_config(tmp_path))
    )
    assert autoencoder.samples.what == "the training data of channel 'SYN-1'"
    assert classifier.samples.what == "the test data of channel 'SYN-8'"
    assert autoencoder.targets is None
    assert classifier.targets is not None


def test_the_bundle(classified: Classified) -> None:
    bundle, (_, config) = classified.bundle, open_bundle(classified.config)
    trigger = bundle.program.trigger
    assert isinstance(trigger, MarginTrigger)
    assert [layer.name for layer in bundle.program.layers] == ["lstm", "dense", "logits"]
    assert set(json.loads(bundle.read(HISTORY))) == {"float", "quantized"}
    channel, samples = load_test(bundle, config, Silent())
    labelled = share_labelled(config, channel)
    raw = labelled.windows(samples, labelled.validation)
    # The threshold, from the bundle and the telemetry alone.
    logits = bundle.program.output.values(golden.run(bundle.program, raw).output)
    margins = logits[:, ANOMALY] - logits[:, 1 - ANOMALY]
    labels = channel.labels[1815:2520]
    threshold = bundle.manifest.threshold
    assert (threshold.kind, threshold.rule, threshold.unit) == ("margin", "greatest F1", "logits")
    assert threshold.value == threshold.parameter == best_margin(margins, labels)
    assert threshold.code == trigger.threshold == trigger.threshold_code(threshold.value)
    assert threshold.train_mean == pytest.approx(margins[~labels].mean())
    said = classified.reporter.said[-1]
    assert f"bundle {bundle.path}: channel SYN-8, validation loss float " in said
    assert " against labels (epoch " in said
    assert " against the float network (epoch 1 of 1), threshold " in said


def test_it_detects_what_it_was_not_trained_on(classified: Classified) -> None:
    bundle, (_, config) = classified.bundle, open_bundle(classified.config)
    channel, samples = load_test(bundle, config, Silent())
    labelled = share_labelled(config, channel)
    raw, labels = labelled.windows(samples, labelled.test), labelled.classes(labelled.test)
    model, quantized = load_float(bundle, config), load_quantized(bundle, config)
    assert isinstance(model, FloatClassifier)
    assert isinstance(quantized, QuantClassifier)
    program = bundle.program
    integer, exact = integer_scores(program, raw), float_scores(model, program, raw)
    np.testing.assert_array_equal(quantized_scores(quantized, program, raw).scores, integer.scores)
    areas = [evaluate(item.scores, labels, 0.0, ScoreKind.CAUSAL).auc_roc for item in (integer, exact)]
    assert areas[0] is not None
    assert areas[1] is not None
    assert areas[0] > 0.6
    assert abs(areas[0] - areas[1]) < 0.05
    assert (integer.alarms == (integer.scores > integer.threshold)).all()
    assert 0 < integer.alarms.sum() < len(raw)


def test_the_firmware_is_bit_exact(classified: Classified) -> None:
    run_hls(classified.config, Silent(), synth=False)
    table = run_csim(classified.config, Silent())
    assert table.mismatches == 0
    assert table.ok
    windows = {pair.windows for pair in table.pairs if {pair.first, pair.second} == {PYTORCH, RUNTIME}}
    assert windows == {3600 - 15, 8 + 16}
    assert {item.tensor for item in table.comparisons} == {
        "output", "score", "trigger", *(f"layer {name}" for name in ("scaling", "lstm", "dense", "logits")),
    }  # fmt: skip
    assert len(table.pairs) == len(list(itertools.combinations(range(7), 2))) + 3


def test_the_same_inputs_give_the_same_bytes(classified: Classified, tmp_path: Path) -> None:
    trees = []
    for place in ("here", "there"):
        config = small_classifier_config(Path(), "trigger.margin=f1")
        with pytest.MonkeyPatch.context() as patch:
            (tmp_path / place).mkdir()
            patch.chdir(tmp_path / place)
            run_qat(config, Silent())
        trees.append(tree(tmp_path / place))
    assert trees[0] == trees[1]
    assert len(trees[0]) == len(tree(classified.bundle.path))


def test_an_anomaly_in_two_parts_is_told(tmp_path: Path) -> None:
    reporter = Silent()
    # Up to sample 2260 of 3600.
    prepare_classifier(small_classifier_config(tmp_path, "training.supervised.validation=0.128"), reporter)
    assert len(reporter.warned) == 2
    assert reporter.warned[1] == (
        "the anomaly at samples 2207 to 2326 of channel 'SYN-8' is in the validation and the test part: "
        "figures are better than those of anomalies that the network has not seen"
    )


def test_a_channel_of_few_anomalies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelledSplitError) as caught:
        run_qat(small_classifier_config(tmp_path, "channel=SYN-2"), Silent())
    assert str(caught.value) == (
        "the test part of the labelled data of channel 'SYN-2' has 1065 nominal windows and no anomalous one, and a "
        "classifier needs both in every part; choose other shares (training.supervised.train, "
        "training.supervised.validation), or more training.supervised.rounds, which share out stretch by stretch"
    )


def test_an_untrained_classifier(tmp_path: Path) -> None:
    program = untrained_program(small_classifier_config(tmp_path))
    assert isinstance(program.trigger, MarginTrigger)
    assert program.output_shape == (2,)
    assert untrained_program(small_config(tmp_path)).reconstructs
