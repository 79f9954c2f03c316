"""Requests that are none: names, shapes and states."""

from __future__ import annotations

import asyncio
import re

import numpy as np
import pytest
from support.deviation_stream import CODES, KIND, MODEL, VALUES, run
from support.scorers import model_of, models_of, serving

from hw_trigger.errors import UserError
from hw_trigger.service.checks import StateError
from hw_trigger.service.model import AbsentVariantError
from hw_trigger.service.models import UnknownModelError
from hw_trigger.service.scorer import Scorer
from hw_trigger.service.streams.keeper import TooManyChannelsError
from hw_trigger.service.streams.state import (
    ChannelNameError,
    ConflictError,
    StoredStreamError,
    UnknownStreamError,
)
from hw_trigger.service.streams.store import MemoryStore, StoreError
from hw_trigger.telemetry.channel import SamplesError


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "a\n", "\ud800", "ä", "x" * 129])
def test_names_that_are_none(name: str) -> None:
    async def call(scorer: Scorer) -> None:
        for push in (scorer.push(KIND, name, VALUES[:1]), scorer.score(KIND, VALUES[None, :5], channel=name)):
            with pytest.raises(ChannelNameError) as caught:
                await push
            assert str(caught.value) == (
                f"the channel's name {name!a} has {len(name)} characters; it must begin with a letter or digit, "
                "and have letters, digits, '.', '_' and '-' only, 128 at most"
            )

    run(call)


def test_requests_that_are_none() -> None:
    async def call(scorer: Scorer) -> None:
        for samples in (VALUES[:0], VALUES[:, :1], VALUES[0], VALUES[None]):
            message = f"the samples have the shape {samples.shape}, and the model takes (n, 2), n of 1 or more"
            with pytest.raises(SamplesError, match=f"^{re.escape(message)}$"):
                await scorer.push(KIND, "c", samples)
        with pytest.raises(SamplesError) as caught:
            await scorer.score(KIND, VALUES[None, :4])
        assert (
            str(caught.value) == "the windows have the shape (1, 4, 2), and the model takes (n, 5, 2), n of 1 or more"
        )
        for value in (np.nan, np.inf, -np.inf):
            with pytest.raises(SamplesError):
                await scorer.push(KIND, "c", np.full((3, 2), value))
        with pytest.raises(UnknownModelError):
            await scorer.push("other", "c", VALUES)
        message = "model 'deviation' is not served with the variant 'float32'; there are integer, onnx"
        for request in (
            scorer.push(KIND, "c", VALUES, variant="float32"),
            scorer.score(KIND, VALUES[None, :5], variant="float32"),
        ):
            with pytest.raises(AbsentVariantError, match=f"^{message}$"):
                await request
        with pytest.raises(UnknownStreamError):
            await scorer.status(KIND, "c")

    run(call)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ([1, 2, 3], "a state has 5 numbers (count, energy_mean, activity_mean, held, record), and 3 were given"),
        ([9, 0, 0, 0, 0], "the state has count 9, and it is 0 to 8"),
        ([0, -1, 0, 0, 0], f"the state has energy_mean -1, and it is 0 to {MODEL.trigger.mean.high}"),  # type: ignore[union-attr]
        ([0, 0, 2**80, 0, 0], f"the state has activity_mean {2**80}, and it is 0 to {MODEL.trigger.mean.high}"),  # type: ignore[union-attr]
        ([0, 0, 0, 2**63, 0], f"the state has held {2**63}, and it is 0 to {MODEL.trigger.held.high}"),  # type: ignore[union-attr]
        ([0, 0, 0, 0, 2**63], f"the state has record {2**63}, and it is 0 to {MODEL.trigger.record.high}"),  # type: ignore[union-attr]
    ],
)
def test_states_that_are_none(state: list[int], message: str) -> None:
    async def call(scorer: Scorer) -> None:
        with pytest.raises(StateError, match=f"^{re.escape(message)}$"):
            await scorer.score(KIND, VALUES[None, :5], state=state)

    run(call)


def test_a_state_for_a_trigger_that_has_none() -> None:
    async def main() -> None:
        async with serving(models_of(model_of("error")), MemoryStore()) as scorer:
            with pytest.raises(StateError) as caught:
                await scorer.score("error", VALUES[None, :5], state=[0])
            assert str(caught.value) == "a state of 1 numbers was given, and this model's trigger remembers nothing"

    asyncio.run(main())


def test_the_greatest_state_is_taken() -> None:
    trigger = MODEL.trigger
    high = [trigger.last_count, trigger.mean.high, trigger.mean.high, trigger.held.high, trigger.record.high]  # type: ignore[union-attr]

    async def call(scorer: Scorer) -> None:
        state: list[int] | None = high
        for start in range(20):
            state = (await scorer.score(KIND, VALUES[None, start : start + 5], state=state)).state

    run(call)


def test_errors_are_users_errors() -> None:
    for kind in (TooManyChannelsError, ConflictError, StoredStreamError, UnknownStreamError, StoreError, StateError):
        assert issubclass(kind, UserError)


def test_measure_and_warm_up() -> None:
    async def call(scorer: Scorer) -> None:
        await scorer.warm_up()
        windows = np.stack([CODES[i : i + 5] for i in range(10)])
        found = await scorer.measure(KIND, "onnx", windows)
        np.testing.assert_array_equal(found, MODEL.variants["integer"].measure(windows))
        assert scorer.experiment_summary() is None

    run(call)
