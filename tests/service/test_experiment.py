"""Experiments: dealing is sticky, answers are those of the dealt variant, and the shadow disturbs nobody."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from support.scorers import KINDS, Answers, golden_stream, model_of, models_of, serving, stream_codes, windows_of

from hw_trigger.fixedpoint.decision import decide
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.batching import BatchLimits
from hw_trigger.service.experiment import Experiment, ExperimentError
from hw_trigger.service.metrics import Metrics
from hw_trigger.service.model import Model
from hw_trigger.service.scorer import Scorer
from hw_trigger.service.streams.store import MemoryStore

KIND = "deviation"
MODEL = model_of(KIND)
VALUES = MODEL.program.raw.values(stream_codes(MODEL.program, 60, 1))


class Altered:
    """A variant that computes something else: measures of the integer variant with their last 3 bits set, when it may."""

    name = "altered"
    weight_bytes = 0

    def __init__(self) -> None:
        self.may = threading.Event()
        self.may.set()
        self.fails = False

    def measure(self, raw: Codes) -> Codes:
        assert self.may.wait(30)
        if self.fails:
            raise ZeroDivisionError("of a variant")
        return MODEL.variants["integer"].measure(raw) | 7


def run(
    call: Callable[[Scorer, Altered], Awaitable[None]],
    experiment: Experiment,
    *,
    metrics: Metrics | None = None,
    limits: BatchLimits | None = None,
) -> None:
    altered = Altered()
    model = Model(KIND, MODEL.bundle, {"integer": MODEL.variants["integer"], "altered": altered})

    async def main() -> None:
        async with serving(
            models_of(model), MemoryStore(), experiment=experiment, metrics=metrics, limits=limits
        ) as scorer:
            try:
                await call(scorer, altered)
            finally:
                altered.may.set()

    asyncio.run(main())


async def idle(scorer: Scorer) -> None:
    assert scorer._trial is not None
    await scorer._trial.idle()


def test_dealing_is_sticky_and_keeps_the_share() -> None:
    names = [f"channel-{index}" for index in range(4000)]
    dealt = {share: {name for name in names if Experiment("x", share).chosen(name)} for share in (0.0, 0.1, 0.5, 1.0)}
    assert len(dealt[0.0]) == 0
    assert 320 < len(dealt[0.1]) < 480
    assert 1850 < len(dealt[0.5]) < 2150
    assert len(dealt[1.0]) == 4000
    assert dealt[0.1] < dealt[0.5]  # a greater share moves no channel away from B
    code = (
        "from hw_trigger.service.experiment import Experiment\n"
        "print(*(int(Experiment('x', 0.5).chosen(f'channel-{i}')) for i in range(100)))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.split() == [str(int(name in dealt[0.5])) for name in names[:100]]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(ExperimentError, match=f"^experiment has the share {share}, and a share is 0 to 1$"):
        Experiment("onnx", share)


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ("integer", "the experiment compares the variant 'integer' with itself; choose another one"),
        ("float32", "no model is served with both variants of the experiment, 'integer' and 'float32'"),
    ],
)
def test_variants_that_cannot_be_compared(variant: str, message: str) -> None:
    async def main() -> None:
        async with serving(models_of(MODEL), MemoryStore(), experiment=Experiment(variant)):
            pass

    with pytest.raises(ExperimentError, match=f"^{re.escape(message)}$"):
        asyncio.run(main())


@pytest.mark.parametrize("shadow", [False, True])
def test_the_exact_variants_agree(shadow: bool) -> None:
    """Whichever answers, streams are the golden model's; no difference, no disagreement, whatever the pieces."""
    models = models_of(*(model_of(kind) for kind in KINDS))
    answers = {(kind, channel): Answers() for kind in KINDS for channel in range(6)}
    metrics = Metrics()

    async def send(scorer: Scorer, kind: str, channel: int) -> None:
        program = model_of(kind).program
        values = program.raw.values(stream_codes(program, 50, channel))
        place, rng = 0, np.random.default_rng(channel)
        while place < 50:
            size = int(rng.integers(1, 9))
            answers[kind, channel].add(await scorer.push(kind, f"c{channel}", values[place : place + size]))
            place += size

    async def main() -> None:
        experiment = Experiment("onnx", 0.5 if not shadow else 1.0, shadow)
        async with serving(models, MemoryStore(), experiment=experiment, metrics=metrics) as scorer:
            await asyncio.gather(*(send(scorer, *key) for key in answers))
            await idle(scorer)
            summary = scorer.experiment_summary()
            assert summary is not None
            assert (summary.a, summary.b, summary.share, summary.shadow) == (
                "integer",
                "onnx",
                experiment.share,
                shadow,
            )
            for kind in KINDS:
                compared = summary.models[kind]
                chosen = sum(experiment.chosen(f"c{channel}") for channel in range(6))
                assert 0 < chosen <= 6
                assert compared.windows == chosen * 46
                assert (compared.disagreements, compared.max_difference, compared.mean_difference) == (0, 0.0, 0.0)
                assert compared.dropped == 0
                for latency in compared.latency.values():
                    assert latency.requests == compared.requests
                    assert latency.p50 is not None
                    assert latency.p99 is not None
                    assert 0 < latency.p50 <= latency.p99
            for (_, channel), found in answers.items():
                wanted = "onnx" if not shadow and experiment.chosen(f"c{channel}") else "integer"
                assert {part.variant for part in found.parts} == {wanted}

    asyncio.run(main())
    for (kind, channel), found in answers.items():
        found.check(model_of(kind).program, stream_codes(model_of(kind).program, 50, channel))


def test_differences_are_those_of_the_whole_stream() -> None:
    """The shadow has a trigger state of its own, which goes on from request to request."""
    metrics = Metrics()
    codes = stream_codes(MODEL.program, 60, 1)

    async def call(scorer: Scorer, altered: Altered) -> None:
        for start in range(0, 60, 7):
            await scorer.push(KIND, "c", VALUES[start : start + 7])
        await idle(scorer)
        wanted = golden_stream(MODEL.program, codes)
        other = decide(MODEL.trigger, altered.measure(windows_of(MODEL.program, codes)))
        assert wanted.score is not None
        assert wanted.trigger is not None
        differences = np.abs(MODEL.trigger.values(wanted.score) - MODEL.trigger.values(other.score))
        disagreements = int((wanted.trigger != other.trigger).sum())
        assert differences.max() > 0
        summary = scorer.experiment_summary()
        assert summary is not None
        compared = summary.models[KIND]
        assert (compared.unit, compared.requests, compared.windows) == ("octaves", 9, 56)
        assert (compared.max_difference, compared.disagreements) == (differences.max(), disagreements)
        assert compared.mean_difference == pytest.approx(differences.mean())
        text = metrics.text()[0].decode()
        assert f'hwt_disagreements_total{{model="deviation",variant="altered"}} {float(disagreements)}' in text
        assert 'hwt_divergence_count{model="deviation",variant="altered"} 56' in text

    run(call, Experiment("altered"), metrics=metrics)


@pytest.mark.parametrize("what", ["stuck", "failing"])
def test_the_shadow_never_delays_or_fails_an_answer(what: str, caplog: pytest.LogCaptureFixture) -> None:
    answers, metrics = Answers(), Metrics()

    async def call(scorer: Scorer, altered: Altered) -> None:
        altered.fails = what == "failing"
        if what == "stuck":
            altered.may.clear()
        for start in range(0, 60, 6):
            answers.add(await asyncio.wait_for(scorer.push(KIND, "c", VALUES[start : start + 6]), 20))
        summary = scorer.experiment_summary()
        assert summary is not None
        if what == "stuck":
            # 20 windows may wait, beside those that are taken into a run.
            assert 56 - 20 - 20 <= summary.models[KIND].dropped <= 56 - 20
            altered.may.set()
        await idle(scorer)
        summary = scorer.experiment_summary()
        assert summary is not None
        compared = summary.models[KIND]
        assert compared.windows + compared.dropped == 56
        assert (compared.windows == 0) == (what == "failing")
        text = metrics.text()[0].decode()
        assert f'hwt_shadow_dropped_total{{model="deviation",variant="altered"}} {float(compared.dropped)}' in text

    run(call, Experiment("altered"), metrics=metrics, limits=BatchLimits(8, 0, 20))
    answers.check(MODEL.program, stream_codes(MODEL.program, 60, 1))
    assert ("the shadow variant 'altered' failed" in caplog.text) == (what == "failing")


def test_behind_a_gap_the_shadow_takes_the_answering_variants_state() -> None:
    """A request that names its variant is no part of the experiment; nor is what does not fit the queue."""

    async def call(scorer: Scorer, altered: Altered) -> None:
        await scorer.push(KIND, "c", VALUES[:20])
        await idle(scorer)
        gap = await scorer.push(KIND, "c", VALUES[20:30], variant="integer")
        await scorer.push(KIND, "c", VALUES[30:60])
        await idle(scorer)
        codes = stream_codes(MODEL.program, 60, 1)
        windows = windows_of(MODEL.program, codes)
        assert gap.state is not None
        first = decide(MODEL.trigger, altered.measure(windows[:16])).score
        second = decide(MODEL.trigger, altered.measure(windows[26:]), np.array(gap.state)).score
        wanted = golden_stream(MODEL.program, codes).score
        assert wanted is not None
        values = MODEL.trigger.values
        differences = np.abs(values(np.concatenate([first, second])) - values(np.delete(wanted, np.arange(16, 26))))
        summary = scorer.experiment_summary()
        assert summary is not None
        compared = summary.models[KIND]
        assert (compared.windows, compared.max_difference) == (46, differences.max())
        assert compared.mean_difference == pytest.approx(differences.mean())

    run(call, Experiment("altered"))


def test_a_stream_that_was_reset_begins_anew_in_the_shadow_too() -> None:
    async def call(scorer: Scorer, altered: Altered) -> None:
        del altered
        await scorer.push(KIND, "c", VALUES[:20])
        await idle(scorer)
        once = scorer.experiment_summary()
        await scorer.reset(KIND, "c")
        await scorer.push(KIND, "c", VALUES[:20])
        await idle(scorer)
        twice = scorer.experiment_summary()
        assert once is not None
        assert twice is not None
        assert once.models[KIND].max_difference == twice.models[KIND].max_difference
        assert once.models[KIND].mean_difference == pytest.approx(twice.models[KIND].mean_difference)
        assert twice.models[KIND].windows == 2 * once.models[KIND].windows

    run(call, Experiment("altered"))


def test_requests_without_a_channel_are_dealt_by_their_content() -> None:
    async def call(scorer: Scorer, altered: Altered) -> None:
        del altered
        windows = windows_of(MODEL.program, stream_codes(MODEL.program, 104, 2))
        values = MODEL.program.raw.values(windows)
        found = [(await scorer.score(KIND, values[i : i + 1])).variant for i in range(100)]
        again = [(await scorer.score(KIND, values[i : i + 1])).variant for i in range(100)]
        assert found == again
        assert 25 < found.count("altered") < 75
        named = {(await scorer.score(KIND, values[i : i + 1], channel="c")).variant for i in range(20)}
        assert len(named) == 1
        await idle(scorer)
        summary = scorer.experiment_summary()
        assert summary is not None
        assert summary.models[KIND].requests == 2 * found.count("altered") + 20 * (named == {"altered"})

    run(call, Experiment("altered", 0.5, shadow=False))


def test_many_windows_pass_the_shadow_in_pieces() -> None:
    async def call(scorer: Scorer, altered: Altered) -> None:
        del altered
        windows = windows_of(MODEL.program, stream_codes(MODEL.program, 304, 2))
        await scorer.score(KIND, MODEL.program.raw.values(windows))
        await idle(scorer)
        summary = scorer.experiment_summary()
        assert summary is not None
        assert (summary.models[KIND].requests, summary.models[KIND].windows) == (1, 300)

    run(call, Experiment("altered"))


def test_at_the_end_the_shadow_is_left_out() -> None:
    async def main() -> None:
        altered = Altered()
        altered.may.clear()
        model = Model(KIND, MODEL.bundle, {"integer": MODEL.variants["integer"], "altered": altered})
        async with serving(models_of(model), MemoryStore(), experiment=Experiment("altered")) as scorer:
            for start in range(0, 60, 6):
                await scorer.push(KIND, "c", VALUES[start : start + 6])
            stopping = asyncio.create_task(scorer.stop())
            await asyncio.sleep(0.05)
            altered.may.set()
            await stopping
            summary = scorer.experiment_summary()
            assert summary is not None
            assert summary.models[KIND].windows + summary.models[KIND].dropped == 56
            assert summary.models[KIND].dropped > 0

    asyncio.run(main())
