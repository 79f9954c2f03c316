"""The streams that variants are compared on: the test data of channels, or parts of their training data with an anomaly put in.

The networks, and what takes time to compute of a stream, are kept in a cache; remove it to measure a changed program.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hw_trigger.config.schema import Config
from hw_trigger.detection.baselines.detector import Detector
from hw_trigger.detection.baselines.windowed import NearestWindow, SubPCA
from hw_trigger.detection.scores import ScoreKind, Scores
from hw_trigger.evaluation.injection import KINDS, inject, mismatch
from hw_trigger.files import write_whole
from hw_trigger.fixedpoint.decision import measure
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Saturations, scale
from hw_trigger.fixedpoint.triggers import DeviationTrigger
from hw_trigger.models.networks import FloatNetwork
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.telemetry import digitize, load_channel, open_telemetry
from hw_trigger.stages.training import prepare_channel
from hw_trigger.telemetry.channel import Channel
from hw_trigger.telemetry.scaling import scaled_values

TAILS = {"network": 0, "last 25": 25, "last 8": 8}
"""Of how many of a window's steps, the last ones, the network's error is; 0: of all."""

BATCH = 512

DONORS = ("E-8", "P-1")
"""Channels that foreign pieces are of, the second one for the first itself."""


@dataclass(frozen=True, eq=False)
class Stream:
    """What is known of the n windows, stride 1, over M samples.

    Attributes
    ----------
    group
        Which figures it counts to.
    labels
        bool, ``(M,)``.
    trigger
        For these windows. Reconstructions are in the format of the input.
    x
        The network's input, codes, ``(n, steps, 1)``.
    measures
        What the trigger measures, ``(n, 3)``, by what the energy is of: see `TAILS`, and two baselines.
    training
        What it measures of the windows that the network was trained on, the validation part of them included.
    scores
        Of samples, ``(M,)``, by what gave them: detectors that are nothing but a baseline.
    """

    name: str
    group: str
    labels: NDArray[np.bool_]
    trigger: DeviationTrigger
    x: Codes
    measures: dict[str, Codes]
    training: Codes
    scores: dict[str, Scores]


@dataclass(frozen=True)
class Source:
    """Makes streams.

    Attributes
    ----------
    backwards
        The network is to put out the last sample of a window first.
    commands
        Scores of baselines on the commands too, which take minutes.
    """

    config: Config
    cache: Path
    backwards: bool = False
    commands: bool = False

    def test(self, name: str) -> Iterator[Stream]:
        """Yield the test data of a channel."""
        channel = self._load(name)
        scores = self._command_scores(name) if self.commands else {}
        yield replace(_Fitted(self, channel).stream(channel, "test", "test"), scores=scores)

    def validation(self, name: str, seeds: int) -> Iterator[Stream]:
        """Yield the second half of a channel's training data with an anomaly in its last quarter: one for each seed, as it is and
        with a mismatch.

        All is fitted to the first half. Kinds take turns. Channels with so few samples that the anomaly could come before the
        trigger has settled, and anomalies that change nothing, are left out.
        """
        channel = self._load(name)
        half = len(channel.train) // 2
        if half < 2 * (self.config.trigger.settle + self.config.model.window):
            return
        cut = replace(channel, train=channel.train[:half], test=channel.train[half:], anomalies=())
        fitted = _Fitted(self, cut)
        donor = self._load(DONORS[name == DONORS[0]]).train[:, 0]
        turn = sum(name.encode())
        for seed in range(seeds):
            random = np.random.default_rng([seed, *name.encode()])
            samples, anomaly = inject(cut.test[:, 0], list(KINDS)[(turn + seed) % len(KINDS)], donor, random)
            if np.array_equal(samples, cut.test[:, 0]):
                continue
            for group, values in (("as is", samples), ("mismatch", mismatch(samples, random))):
                case = replace(cut, test=values[:, None], anomalies=(anomaly,))
                yield fitted.stream(case, group, f"{group.replace(' ', '-')}-{seed}")

    def _load(self, name: str) -> Channel:
        return load_channel(self.config.model_copy(update={"channel": name}), Silent())

    def _command_scores(self, name: str) -> dict[str, Scores]:
        """Return scores of kNN on the test samples with commands and without, in the units of the source."""
        channel, steps = open_telemetry(self.config, Silent()).load(name), self.config.model.window
        chosen = {"value": slice(1), "value and commands": slice(None), "commands": slice(1, None)}

        def compute() -> dict[str, Scores]:
            detector, found = NearestWindow(steps), {}
            for title, columns in chosen.items():
                scorer = detector.fit(channel.train[:, columns])
                found[title] = scorer.score(channel.test[:, columns], ScoreKind.CAUSAL)
            return found

        return remembered(self.cache / "commands" / f"{name}-{steps}.npz", compute)


class _Fitted:
    """What is fitted to the training data of a channel."""

    def __init__(self, source: Source, channel: Channel) -> None:
        networks = source.config.paths.model_copy(update={"models": source.cache / "networks"})
        config = source.config.model_copy(update={"channel": channel.name, "paths": networks})
        training = prepare_channel(config, channel, Silent())
        if source.backwards:
            targets = (training.train.flip(1), training.validation.flip(1))
            training = replace(training, targets=targets, directory=training.directory / "backwards")
        self.source, self.training, self.steps = source, training, config.model.window
        self.values = scaled_values(training.scaling, training.samples.raw)
        self.x = self._scaled(training.samples.windows(self.steps))
        form = config.quant.input.format()
        settle, adaptive = config.trigger.settle, config.trigger.adaptive
        bare = DeviationTrigger("trigger", self.steps, 1, form, form, 0, adaptive, settle)
        self.trigger = replace(bare, threshold=bare.threshold_code(config.trigger.octaves))

    @cached_property
    def network(self) -> FloatNetwork:
        return self.training.float_network()[0]

    def stream(self, channel: Channel, group: str, key: str) -> Stream:
        """Return the stream of the channel's test data."""
        samples = digitize(channel, "test", self.training.scaling)
        x = self._scaled(samples.windows(self.steps))

        def compute() -> dict[str, Scores]:
            values = scaled_values(self.training.scaling, samples.raw)
            found = {"training": self._network_errors(self.x)["network"], **self._network_errors(x)}
            for detector in (NearestWindow(self.steps), SubPCA(self.steps)):
                found[detector.name] = self._baseline_errors(detector, values)
            return found

        name = f"{channel.name}-{key}{'-backwards' if self.source.backwards else ''}-{self.training.identity}.npz"
        errors = remembered(self.source.cache / "streams" / name, compute)
        training = self._measures(self.x, errors.pop("training"))
        measures = {of: self._measures(x, found) for of, found in errors.items()}
        return Stream(channel.name, group, channel.labels, self.trigger, x, measures, training, {})

    def _scaled(self, raw: Codes) -> Codes:
        return scale(self.training.scaling, raw, Saturations())

    def _measures(self, x: Codes, mean_squares: Scores) -> Codes:
        """Return the trigger's measures of windows whose mean square errors are given."""
        found, energy = measure(self.trigger, x, np.zeros_like(x)), self.trigger.energy
        found[:, 0] = np.minimum(np.rint(np.ldexp(mean_squares * self.steps, energy.fraction)), energy.high)
        return found

    def _network_errors(self, x: Codes) -> dict[str, Scores]:
        """Return the mean square error of windows, and of their last steps, ``(n,)`` each; see `TAILS`."""
        network, parts = self.network, []
        for start in range(0, len(x), BATCH):
            samples = torch.from_numpy(self.trigger.input.values(x[start : start + BATCH]).astype(np.float32))
            with torch.no_grad():
                output = network(samples)
            error = (output.flip(1) if self.source.backwards else output) - samples
            parts.append(torch.square(error.double()).mean(dim=2).numpy())
        squares = np.concatenate(parts)
        return {name: squares[:, -tail:].mean(axis=1) for name, tail in TAILS.items()}

    def _baseline_errors(self, detector: Detector, values: NDArray[np.float64]) -> Scores:
        """Return the detector's mean square errors of windows, ``(n,)``, in scaled units squared."""
        scores = detector.fit(self.values).score(values, ScoreKind.CAUSAL)[self.steps - 1 :]
        return scores * (self.values.var() if np.ptp(self.values) else 1.0)


def remembered(path: Path, compute: Callable[[], dict[str, Scores]]) -> dict[str, Scores]:
    """Return arrays by name from a file, or compute them and write it."""
    if not path.is_file():
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, **compute())
        write_whole(path, stream.getvalue())
    with np.load(path) as found:
        return dict(found)
