"""Training a classifier: a channel's labelled samples are those of its test data, shared out to train, to validate and to test.

The scaling too is fitted to the part that trains alone. The channel's own training data, which have no labels, are not used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from hw_trigger.config.schema import ClassifierSection, Config
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.models.calibration import check_spec
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.telemetry import Samples, digitize, load_channel
from hw_trigger.stages.training import Training, place, prepare
from hw_trigger.telemetry.channel import Channel
from hw_trigger.telemetry.scaling import fit_scaling, scaled_values
from hw_trigger.training.labelled import Part, Shares, share_out, shared_anomalies, stretches
from hw_trigger.training.losses import WeightedCrossEntropy, balanced_weights
from hw_trigger.training.split import window_tensor


@dataclass(frozen=True, eq=False)
class Labelled:
    """The parts of a channel's labelled samples, as windows of a given length.

    Attributes
    ----------
    labels
        Whether each sample is anomalous, ``(N,)``.
    """

    window: int
    labels: NDArray[np.bool_]
    train: Part
    validation: Part
    test: Part

    def windows(self, samples: Samples, part: Part) -> Codes:
        """Return the windows of a part, ``(n, window, features)``, of the samples that the labels are of."""
        return samples.windows(self.window)[part.starts(self.window)]

    def classes(self, part: Part) -> NDArray[np.bool_]:
        """Return whether there is an anomaly in the newest sample of each window of a part, ``(n,)``."""
        return self.labels[part.ends]


def prepare_network(config: Config, reporter: Reporter) -> Training:
    """Prepare the training of the configured network, of either kind.

    Raises
    ------
    UserError
        As `hw_trigger.stages.training.prepare` and `prepare_classifier`.
    """
    is_classifier = isinstance(config.model, ClassifierSection)
    return prepare_classifier(config, reporter) if is_classifier else prepare(config, reporter)


def prepare_classifier(config: Config, reporter: Reporter) -> Training:
    """Load the configured channel, share out its labelled samples, fit the scaling, and cut them into windows.

    Raises
    ------
    LabelledSplitError
        A part lacks one of the classes.
    UserError
        The telemetry cannot be had or is not fit for training, or a format cannot be.
    """
    check_spec(config.quant)
    channel = load_channel(config, reporter)
    labelled = share_labelled(config, channel)
    for anomaly, names in shared_anomalies(channel.anomalies, (labelled.train, labelled.validation, labelled.test)):
        reporter.warn(
            f"the anomaly at samples {anomaly.start} to {anomaly.stop - 1} of channel {channel.name!r} is in the "
            f"{' and the '.join(names)} part: figures are better than those of anomalies that the network has not seen"
        )
    trained_on = [item for item in stretches(len(channel.test), shares_of(config)) if item.part == labelled.train.name]
    scaling = fit_scaling(
        np.concatenate([channel.test[item.start : item.stop] for item in trained_on]),
        config.quant.raw.format(),
        config.quant.input.format(),
        channel=channel.name,
        least_half_range=config.data.least_half_range,
    )
    samples = digitize(channel, "test", scaling)
    window, stride = config.model.window, config.training.stride
    everything = window_tensor(scaled_values(scaling, samples.raw), window)
    parts = [Part(part.name, part.ends[::stride]) for part in (labelled.train, labelled.validation)]
    train, validation = (everything[torch.from_numpy(part.starts(window))] for part in parts)
    classes, validation_classes = (torch.from_numpy(labelled.classes(part).astype(np.int64)) for part in parts)
    return Training(
        config,
        reporter,
        channel,
        scaling,
        samples,
        train,
        validation,
        *place(config, channel),
        targets=(classes, validation_classes),
        loss=WeightedCrossEntropy(class_weights(config, labelled)),
    )


def class_weights(config: Config, labelled: Labelled) -> tuple[float, ...]:
    """Return what each class counts in the loss, by the windows that are trained on."""
    if not config.training.supervised.class_weights:
        return (1.0, 1.0)
    classes = labelled.classes(labelled.train)[:: config.training.stride]
    return balanced_weights(np.bincount(classes.astype(np.int64), minlength=2).tolist())


def share_labelled(config: Config, channel: Channel) -> Labelled:
    """Share out a channel's labelled samples as configured.

    Raises
    ------
    LabelledSplitError
        A part lacks one of the classes.
    """
    window, what = config.model.window, f"the labelled data of channel {channel.name!r}"
    return Labelled(window, channel.labels, *share_out(channel.labels, window, shares_of(config), what=what))


def shares_of(config: Config) -> Shares:
    """Return how labelled samples are shared out."""
    supervised = config.training.supervised
    return Shares(supervised.train, supervised.validation, supervised.rounds)
