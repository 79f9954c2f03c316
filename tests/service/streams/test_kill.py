"""A service that is killed at any moment loses no acknowledged sample, counts none twice, and goes on exactly."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.pusher import CHANNELS, LENGTH, chunk, push_for_ever
from support.scorers import golden_stream, model_of, models_of, serving, stream_codes

from hw_trigger.service.streams.sqlite import SqliteStore

Told = tuple[int, int, list[int], list[bool], bool]


@pytest.mark.parametrize(("kind", "kills"), [("deviation", 6), pytest.param("error", 60, marks=pytest.mark.long)])
def test_killed_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, kills: int) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # the fork server does not take it over by itself
    context = multiprocessing.get_context("forkserver")  # each child is a new process, and imports nothing anew
    context.set_forkserver_preload(["support.pusher"])
    moments = random.Random(0)
    counts = [0] * CHANNELS
    codes: list[list[int]] = [[] for _ in counts]
    triggers: list[list[bool]] = [[] for _ in counts]

    def note(told: Told) -> None:
        channel, count, new_codes, new_triggers, _ = told
        assert count == counts[channel] + chunk(counts[channel])
        counts[channel] = count
        codes[channel] += new_codes
        triggers[channel] += new_triggers

    for kill in range(kills):
        receiving, sending = context.Pipe(duplex=False)
        child = context.Process(target=push_for_ever, args=(tmp_path, kind, list(counts), sending))
        child.start()
        sending.close()
        try:
            assert receiving.poll(60), "the child pushes nothing"
            deadline = time.monotonic() + moments.uniform(0, 0.4)
            while (rest := deadline - time.monotonic()) > 0 and receiving.poll(rest):
                note(receiving.recv())
        finally:
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
            child.join()
        assert child.exitcode == -signal.SIGKILL, f"the child ended by itself at kill {kill}"
        try:
            while True:
                note(receiving.recv())
        except EOFError:
            pass

    program = model_of(kind).program

    async def main() -> None:
        async with serving(models_of(model_of(kind)), SqliteStore(tmp_path)) as scorer:
            for channel, count in enumerate(counts):
                held = (await scorer.status(kind, f"c{channel}")).count
                assert held in {count, count + chunk(count)}
                sent = stream_codes(program, LENGTH, channel)
                if held > count:  # the request that nobody was told the answer of
                    values = program.raw.values(sent[count:held])
                    pushed = await scorer.push(kind, f"c{channel}", values, first=count)
                    assert pushed.repeated
                    note((channel, pushed.count, pushed.codes.tolist(), pushed.triggers.tolist(), True))
                wanted = golden_stream(program, sent[:held])
                assert wanted.trigger is not None
                np.testing.assert_array_equal(np.array(codes[channel]), wanted.score)
                np.testing.assert_array_equal(np.array(triggers[channel]), wanted.trigger)

    assert min(counts) > program.steps
    asyncio.run(main())
