"""A bundle with its test data: what an autoencoder's whole test data, and the part that tests a classifier, have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from hw_trigger.bundle.bundle import Bundle
from hw_trigger.config.schema import Config
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program
from hw_trigger.models.export import with_threshold
from hw_trigger.models.networks import FloatNetwork
from hw_trigger.report.detection_data import SplitPart, Telemetry
from hw_trigger.stages.margin import choose_margin
from hw_trigger.stages.networks import load_float
from hw_trigger.stages.report_detection import labelled_telemetry, split_parts, telemetry
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.scoring import Scored, float_scores, scored
from hw_trigger.stages.supervised import Labelled, class_weights, share_labelled, shares_of
from hw_trigger.stages.telemetry import Samples, digitize
from hw_trigger.stages.thresholds import choose_threshold
from hw_trigger.telemetry.channel import Channel
from hw_trigger.telemetry.scaling import scaled_values
from hw_trigger.training.labelled import stretches


@dataclass(frozen=True, eq=False)
class ReportedRun:
    """A bundle with its test data, as :func:`hw_trigger.stages.recorded.load_test` gives them."""

    bundle: Bundle
    config: Config
    reporter: Reporter
    channel: Channel
    samples: Samples

    @property
    def program(self) -> Program:
        """The bundle's program."""
        return self.bundle.program

    @cached_property
    def labelled(self) -> Labelled | None:
        """The parts of the labelled samples; ``None`` for an autoencoder."""
        return None if self.program.reconstructs else share_labelled(self.config, self.channel)

    @property
    def windows(self) -> Codes:
        """Raw windows that nothing was fitted to, ``(n, steps, n_features)``."""
        if self.labelled is None:
            return self.samples.windows(self.program.steps)
        return self.labelled.windows(self.samples, self.labelled.test)

    def telemetry(self, execution: Execution) -> Telemetry:
        """Return what the float network and the integer program, with its `execution`, make of the windows."""
        samples = scaled_values(self.bundle.scaling, self.samples.raw)[:, 0]
        found = (("float network", self._float_scores()), ("integer program", scored(self.program, execution)))
        if self.labelled is None:
            return telemetry(self.program, self.channel, samples, found, execution)
        return labelled_telemetry(self.channel, samples, self.labelled, found)

    def split(self) -> tuple[SplitPart, ...]:
        """Return how a classifier's labelled samples were shared out; nothing for an autoencoder."""
        if self.labelled is None:
            return ()
        return split_parts(self.labelled, stretches(len(self.channel.test), shares_of(self.config)))

    def class_weights(self) -> tuple[float, ...]:
        """Return what each class counts in a classifier's loss; nothing for an autoencoder."""
        return () if self.labelled is None else class_weights(self.config, self.labelled)

    def _float_scores(self) -> Scored:
        """Score the windows with the float network, at a threshold fitted to its own scores as the integer program's is."""
        model, program = load_float(self.bundle, self.config), self.program
        if self.labelled is None:
            fitted_to = digitize(self.channel, "training", self.bundle.scaling).windows(program.steps)
            scores = self._score(model, program, fitted_to, "training").scores
            threshold = choose_threshold(self.config, program, scores).value
        else:
            part = self.labelled.validation
            scores = self._score(model, program, self.labelled.windows(self.samples, part), part.name).scores
            _, _, threshold = choose_margin(self.config, scores, self.labelled.classes(part), program.steps)
        return self._score(model, with_threshold(program, threshold), self.windows, "test")

    def _score(self, model: FloatNetwork, program: Program, raw: Codes, part: str) -> Scored:
        with self.reporter.task(f"float network on the {part} data", len(raw)) as advance:
            return float_scores(model, program, raw, progress=advance)
