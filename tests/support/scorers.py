"""Scorers at work on small random programs, and what the golden model gives of the same samples."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hw_trigger.bundle.bundle import CONFIG, write_bundle
from hw_trigger.bundle.manifest import ChannelRecord, Manifest, ProvenanceRecord, ScalerRecord, ThresholdRecord
from hw_trigger.fixedpoint import golden, serialize
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import ErrorTrigger, MarginTrigger, Program
from hw_trigger.service.answers import Scores
from hw_trigger.service.batching import BatchLimits
from hw_trigger.service.experiment import Experiment
from hw_trigger.service.metrics import Metrics
from hw_trigger.service.model import Model
from hw_trigger.service.models import Models
from hw_trigger.service.scorer import Scorer
from hw_trigger.service.streams.state import LastRequest, StreamState
from hw_trigger.service.streams.store import StreamStore
from hw_trigger.service.variants.base import Variant
from hw_trigger.service.variants.integer import IntegerVariant
from hw_trigger.service.variants.onnx import OnnxVariant
from support.programs import Sizes, random_classifier, random_program, with_deviation

KINDS = ("deviation", "error", "margin")


def program_of(kind: str) -> Program:
    """Return a program with a trigger of a kind, whose threshold some windows exceed and others do not."""
    if kind == "margin":
        program = random_classifier(4, widths=(6, 9))
    else:
        program = random_program(7, Sizes(steps=5, n_features=2))
        if kind == "deviation":
            return with_deviation(program)
    scores = golden_stream(program, stream_codes(program, 400, 0)).score
    assert scores is not None
    assert isinstance(program.trigger, ErrorTrigger | MarginTrigger)
    return replace(program, trigger=replace(program.trigger, threshold=int(np.quantile(scores, 0.6))))


def manifest_of(program: Program) -> Manifest:
    trigger, scaling = program.trigger, program.scaling
    assert trigger is not None
    assert scaling is not None
    return Manifest(
        name=program.name,
        channel=ChannelRecord(name="X", spacecraft="S", source="a test", columns=(0,), sha256="0" * 64),
        threshold=ThresholdRecord(
            kind="error",
            rule="sigmas",
            parameter=4,
            unit=trigger.unit,
            value=float(trigger.values(trigger.threshold)),
            code=trigger.threshold,
            train_mean=0.1,
            train_sigma=0.05,
        ),
        scaler=ScalerRecord(
            gain=tuple(scaling.gain_format.values(scaling.gain).tolist()),
            offset=tuple(scaling.offset_format.values(scaling.offset).tolist()),
        ),
        formats={},
        program_sha256=serialize.digest(program),
        provenance=ProvenanceRecord(seed=0, versions={}, config_sha256="1" * 64),
        files={},
    )


@cache
def model_of(kind: str) -> Model:
    """Return a model with the two exact variants, of a bundle that is written and loaded."""
    program = program_of(kind)
    bundle = write_bundle(Path(mkdtemp()) / kind, manifest_of(program), program, {CONFIG: b"channel: X\n"})
    variants: dict[str, Variant] = {"integer": IntegerVariant(program, 1), "onnx": OnnxVariant(program, 1)}
    return Model(kind, bundle, variants)


def models_of(*models: Model) -> Models:
    return Models({model.id: model for model in models}, {})


@asynccontextmanager
async def serving(
    models: Models,
    store: StreamStore,
    *,
    limits: BatchLimits | None = None,
    experiment: Experiment | None = None,
    variant: str = "integer",
    metrics: Metrics | None = None,
    max_channels: int = 100,
) -> AsyncIterator[Scorer]:
    """Start a scorer, and stop it."""
    scorer = Scorer(
        models,
        store,
        limits or BatchLimits(),
        experiment=experiment,
        variant=variant,
        metrics=metrics or Metrics(),
        max_channels=max_channels,
    )
    await scorer.start()
    try:
        yield scorer
    finally:
        await scorer.stop()


def stream_codes(program: Program, count: int, seed: int) -> Codes:
    """Return raw codes of `count` samples, ``(count, n_features)``: a walk about 0, with jumps to anywhere in the format."""
    rng = np.random.default_rng(seed)
    raw = program.raw
    steps = rng.normal(0, (raw.high - raw.low) / 20, (count, program.n_features))
    walk = [np.zeros(program.n_features)]
    for step in steps:
        walk.append(0.9 * walk[-1] + step)
    codes = np.clip(np.array(walk[1:]).astype(np.int64), raw.low, raw.high)
    jumps = rng.random((count, 1)) < 0.1
    return np.where(jumps, rng.integers(raw.low, raw.high, codes.shape, endpoint=True), codes)


def windows_of(program: Program, codes: Codes) -> Codes:
    """Return all windows of a stream, ``(n, steps, n_features)``."""
    return sliding_window_view(codes, program.steps, axis=0).transpose(0, 2, 1).copy()


def golden_stream(program: Program, codes: Codes) -> Execution:
    """Return what the golden model gives of a stream in one go."""
    return golden.run(program, windows_of(program, codes))


class Answers:
    """Gathers what a stream was answered."""

    def __init__(self) -> None:
        self.parts: list[Scores] = []

    def add(self, scores: Scores) -> None:
        self.parts.append(scores)

    def check(self, program: Program, codes: Codes) -> None:
        """Compare all answers with the golden model on all of the stream, code for code."""
        if len(codes) < program.steps:
            assert sum(len(part.codes) for part in self.parts) == 0
            return
        wanted = golden_stream(program, codes)
        assert wanted.score is not None
        assert wanted.trigger is not None
        assert program.trigger is not None
        np.testing.assert_array_equal(np.concatenate([part.codes for part in self.parts]), wanted.score)
        np.testing.assert_array_equal(np.concatenate([part.triggers for part in self.parts]), wanted.trigger)
        np.testing.assert_array_equal(
            np.concatenate([part.values for part in self.parts]), program.trigger.values(wanted.score)
        )
        assert self.parts[-1].state == (None if wanted.state is None else wanted.state.tolist())


LAST = LastRequest(6, 3, "d" * 64, "integer", np.array([7, -8], np.int64), np.array([True, False]), 1)
STATE = StreamState("a" * 64, np.array([[1, -2], [300, 4]], np.int64), 9, np.arange(5, dtype=np.int64), LAST)


def same_state(one: StreamState, other: StreamState) -> bool:
    """Compare field for field."""
    plain = ("first", "samples", "digest", "variant", "saturated")
    assert (one.sha256, one.count) == (other.sha256, other.count)
    np.testing.assert_array_equal(one.samples, other.samples, strict=True)
    assert (one.trigger is None) == (other.trigger is None)
    if one.trigger is not None and other.trigger is not None:
        np.testing.assert_array_equal(one.trigger, other.trigger, strict=True)
    assert [getattr(one.last, name) for name in plain] == [getattr(other.last, name) for name in plain]
    np.testing.assert_array_equal(one.last.codes, other.last.codes, strict=True)
    np.testing.assert_array_equal(one.last.triggers, other.last.triggers, strict=True)
    return True
