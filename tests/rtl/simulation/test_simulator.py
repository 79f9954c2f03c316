"""The bench: what it sends arrives, what comes is told as it came, and every broken rule is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rtl.simulation.conftest import Simulate
from rtl.simulation.window_sum import FAULT, FAULTS, RAW, expected

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import WindowsError
from hw_trigger.rtl.interface import IDENTIFICATION, Register
from hw_trigger.rtl.simulation.run import Run, SimulationError
from hw_trigger.rtl.simulation.stimulus import START, Moment, Read, Reset, Stalls, StimulusError, Write, set_threshold

BUSY = Stalls(seed=3, input=0.3, result=0.9, output=0.5, registers=0.5, burst=7)


def windows_of(*shape: int, seed: int = 0) -> Codes:
    return np.random.default_rng(seed).integers(RAW.low, RAW.high + 1, shape)


def check(run: Run, windows: Codes, threshold: int = 100) -> None:
    scores, triggers, outputs = expected(windows, threshold)
    assert run.scores is not None
    assert run.triggers is not None
    np.testing.assert_array_equal(run.scores, scores)
    np.testing.assert_array_equal(run.triggers, triggers)
    np.testing.assert_array_equal(run.outputs, outputs)
    assert 0 < np.count_nonzero(triggers) < triggers.size


@pytest.mark.parametrize("stalls", [Stalls(), BUSY, Stalls(seed=4, input=0.9), Stalls(seed=5, output=0.8, burst=100)])
def test_every_code_arrives(stalls: Stalls, simulate: Simulate) -> None:
    windows = windows_of(40, 5, 3)
    check(simulate().run(windows, stalls=stalls), windows)


def test_extreme_codes_arrive(simulate: Simulate) -> None:
    windows = np.full((4, 5, 3), RAW.low)
    windows[1::2] = RAW.high
    check(simulate().run(windows), windows)


def test_cycles_are_those_of_the_edges(simulate: Simulate) -> None:
    """One sample a cycle from cycle 0 on; its vector a cycle later; the result a cycle after the last sample."""
    last = simulate().run(windows_of(6, 5, 3)).last
    np.testing.assert_array_equal(last.input_cycles, np.arange(30))
    np.testing.assert_array_equal(last.output_cycles, np.arange(1, 31))
    np.testing.assert_array_equal(last.result_cycles, np.arange(5, 31, 5))


def test_pauses_are_those_of_the_seed(simulate: Simulate) -> None:
    windows = windows_of(40, 5, 3)
    first, again = (simulate().run(windows, stalls=BUSY).last for _ in range(2))
    other = simulate().run(windows, stalls=Stalls(**{**BUSY.__dict__, "seed": 4})).last
    np.testing.assert_array_equal(first.output_cycles, again.output_cycles)
    assert np.any(first.output_cycles != other.output_cycles)


def test_a_pause_is_as_likely_as_asked(simulate: Simulate) -> None:
    """With pauses of one cycle and probability p, a sample takes 1 + p cycles on average, where no pause follows a pause."""
    last = simulate().run(windows_of(4000, 5, 3), stalls=Stalls(seed=1, input=0.25)).last
    gaps = np.diff(last.input_cycles) - 1
    # The number of pauses before a sample is geometric.
    assert gaps.mean() == pytest.approx(0.25 / 0.75, abs=0.02)
    assert np.mean(gaps == 1) == pytest.approx(0.25 * 0.75, abs=0.02)


def test_channels_are_told_apart(simulate: Simulate) -> None:
    windows = windows_of(3, 20, 5, 3)
    windows[1] //= 4
    simulator = simulate(channels=3)
    for stalls in (Stalls(), BUSY):
        run = simulator.run(windows, stalls=stalls)
        check(run, windows)
        assert run.outputs is not None
        assert run.outputs.shape == (3, 20, 5, 3)


@pytest.mark.parametrize("missing", ["has_output", "has_score"])
def test_a_port_may_be_missing(missing: str, simulate: Simulate) -> None:
    windows = windows_of(8, 5, 3)
    run = simulate(**{missing: False}).run(windows, stalls=BUSY)
    scores, _, outputs = expected(windows, 100)
    if missing == "has_output":
        assert run.outputs is None
        np.testing.assert_array_equal(run.scores, scores)
    else:
        assert run.scores is None
        assert run.triggers is None
        np.testing.assert_array_equal(run.outputs, outputs)


def test_no_windows(simulate: Simulate) -> None:
    run = simulate().run(windows_of(0, 5, 3), events=[Read(Moment("cycle", 30), Register.ID)], settle=10)
    assert run.scores is not None
    assert run.scores.shape == (0,)
    assert run.events[0].value == IDENTIFICATION
    assert run.cycles == run.events[0].last + 1 + 9


@pytest.mark.parametrize("stalls", [Stalls(), BUSY])
def test_registers_are_written_while_samples_run(stalls: Stalls, simulate: Simulate) -> None:
    windows = windows_of(60, 5, 3)
    scores, _, _ = expected(windows, 100)
    low, high = -(1 << 33), 1 << 33
    events = [
        *set_threshold(Moment("results", 10), high),
        Read(Moment("results", 10), Register.THRESHOLD_LOW),
        Read(Moment("results", 10), Register.THRESHOLD_HIGH),
        *set_threshold(Moment("results", 40), low),
        Read(Moment("beats", 300), Register.SAMPLES),
    ]
    run = simulate().run(windows, stalls=stalls, events=events)
    assert run.triggers is not None
    done = run.events
    assert [done[2].value, done[3].value, done[6].value] == [high & 0xFFFFFFFF, high >> 32, 300]
    times = run.last.result_cycles
    # The write acts between its first and its last cycle; a result waits behind the stream's register.
    np.testing.assert_array_equal(run.triggers[:10], scores[:10] > 100)
    assert not run.triggers[(times > times[10] + 200) & (times < done[4].first)].any()
    assert run.triggers[times > done[5].last + 200].all()
    assert done[0].first > times[9]
    assert done[6].first > run.last.input_cycles[-1]


@pytest.mark.parametrize("stalls", [Stalls(), BUSY, Stalls(seed=9, result=0.99, burst=50)])
@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_reset_begins_anew(channels: int, kind: str, stalls: Stalls, simulate: Simulate) -> None:
    several = (channels,) if channels > 1 else ()
    first, second, third = (windows_of(*several, 9, 5, 3, seed=seed) for seed in (1, 2, 3))
    where = 7 * channels + 1
    events = [
        Reset(Moment("beats", where), second, kind),  # type: ignore[arg-type]
        Reset(Moment("results", 2 * channels), third, kind, cycles=3),  # type: ignore[arg-type]
    ]
    run = simulate(channels=channels).run(first, stalls=stalls, events=events)
    check(run, third)
    for stretch, windows in zip(run.interrupted, (first, second), strict=True):
        scores, _, outputs = expected(windows, 100)
        by_beat = scores.reshape(channels, -1).T.ravel()
        np.testing.assert_array_equal(stretch.scores, by_beat[: len(stretch.scores)])
        rows = outputs.reshape(channels, -1, 3).transpose(1, 0, 2).reshape(-1, 3)
        np.testing.assert_array_equal(stretch.outputs, rows[: len(stretch.outputs)])
        assert len(stretch.outputs) <= len(stretch.input_cycles) < len(rows)
    assert where <= len(run.interrupted[0].input_cycles) <= where + 1
    assert len(run.interrupted[1].scores) >= 2 * channels


def test_a_wrong_tlast_is_sent(simulate: Simulate) -> None:
    windows = windows_of(6, 5, 3)
    status = Read(Moment("beats", 30), Register.STATUS)
    for wrong, bit in (((), 0), ((7,), 2), ((9, 4), 2)):
        run = simulate().run(windows, wrong_last=wrong, events=[status])
        check(run, windows)
        assert run.events[0].value == bit


def test_progress_adds_up(simulate: Simulate) -> None:
    told: list[int] = []
    simulate(has_output=False).run(windows_of(150_000, 5, 3), progress=told.append)
    assert sum(told) == 150_000
    assert len(told) >= 3


def faulty(name: str) -> Write:
    return Write(START, FAULT, FAULTS.index(name))


MESSAGES = {
    "falls": "design 'window_sum': m_axis: valid fell before ready came, in cycle 6",
    "changes": "design 'window_sum': m_axis: what is sent changed before ready came, in cycle 6",
    "early": "design 'window_sum': m_axis: result 0 came after 4 of the 5 samples that it needs, in cycle 3",
    "twice": "design 'window_sum': m_axis: result 1 came after 7 of the 10 samples that it needs, in cycle 6",
    "hangs": "design 'window_sum': nothing moved for 500 cycles up to cycle 520: 20 of 20 samples were accepted, 0 results and "
    "20 vectors came, 1 of 1 events were done",
    "unfinished": "design 'window_sum': m_axis_output: TLAST of beat 4 is 0, not 1, in cycle 5",
    "wide": "design 'window_sum': m_axis: beat 0 has the code 1073741824, outside ap_fixed<30,24,AP_RND_CONV,AP_SAT>, in cycle 5",
}


@pytest.mark.parametrize("fault", MESSAGES)
def test_a_fault_is_found(fault: str, simulate: Simulate) -> None:
    stalls = Stalls(seed=1, result=0.9, burst=5) if fault in {"falls", "changes"} else Stalls()
    with pytest.raises(SimulationError) as error:
        simulate().run(windows_of(4, 5, 3), stalls=stalls, events=[faulty(fault)], patience=500)
    assert str(error.value) == MESSAGES[fault]


def test_a_result_too_many_is_found(simulate: Simulate) -> None:
    """The last result comes twice: that is before the time of one that no window was sent for."""
    events = [Write(Moment("results", 3), FAULT, FAULTS.index("twice"))]
    with pytest.raises(SimulationError) as error:
        simulate().run(windows_of(4, 5, 3), events=events)
    assert (
        str(error.value)
        == "design 'window_sum': m_axis: result 4 came after 20 of the 25 samples that it needs, in cycle 21"
    )


def test_a_response_that_nothing_asked_for_is_found(simulate: Simulate) -> None:
    events = [faulty("unasked"), Write(START, Register.CONTROL, 0)]
    with pytest.raises(
        SimulationError, match=r"^design 'window_sum': s_axi: a response that nothing asked for, in cycle \d+$"
    ):
        simulate().run(windows_of(4, 5, 3), stalls=Stalls(registers=0.9, burst=9), events=events)


def test_a_channel_without_its_number_is_found(simulate: Simulate) -> None:
    with pytest.raises(SimulationError, match=r"^design 'window_sum': m_axis: TID of beat 1 is 0, not 1, in cycle 14$"):
        simulate(channels=3).run(windows_of(3, 4, 5, 3), events=[faulty("anonymous")])


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_what_survives_a_reset_is_found(kind: str, simulate: Simulate) -> None:
    windows = windows_of(4, 5, 3)
    scores, _, _ = expected(windows, 100)
    for events, same in (([], True), ([faulty("keeps")], False)):
        reset = Reset(Moment("beats", 7), windows, kind)  # type: ignore[arg-type]
        run = simulate().run(windows, events=[*events, reset])
        assert run.scores is not None
        assert (run.scores[0] == scores[0]) == same
        np.testing.assert_array_equal(run.scores[1:], scores[1:])


def test_a_fatal_error_is_told_and_not_what_is_said_behind_it(simulate: Simulate, tmp_path: Path) -> None:
    program = tmp_path / "program"
    fatal = "[0] %Fatal: cells.v:92: Assertion failed in TOP.ram: block RAM TOP.ram: cascaded"
    program.write_text(
        f"#!/bin/sh\necho windows 1\necho '{fatal}'\necho '%Error: cells.v:92: Verilog $stop'\necho Aborting...\nexit 134\n"
    )
    program.chmod(0o755)
    simulator = replace(simulate(), program=program)
    with pytest.raises(SimulationError) as caught:
        simulator.run(windows_of(2, 5, 3))
    assert str(caught.value) == f"the simulation of {simulator.interface.name!r} crashed (exit code 134): {fatal}"


def test_a_time_limit_holds(simulate: Simulate) -> None:
    with pytest.raises(SimulationError, match=r"^the simulation of 'window_sum' took more than 0\.2 s$"):
        simulate().run(windows_of(1, 5, 3), events=[Read(Moment("cycle", 10**12), 0)], seconds=0.2)


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        (np.zeros((2, 4, 3), int), "windows have the shape (2, 4, 3), and design 'window_sum' takes (n, 5, 3)"),
        (
            np.zeros((2, 5, 3)),
            "windows are float64, and a design takes integer codes of ap_fixed<10,4,AP_RND_CONV,AP_SAT>",
        ),
        (np.full((2, 5, 3), 512), "windows have 30 codes outside the raw format ap_fixed<10,4,AP_RND_CONV,AP_SAT>"),
    ],
)
def test_windows_must_fit(windows: Codes, message: str, simulate: Simulate) -> None:
    with pytest.raises(WindowsError) as error:
        simulate().run(windows)
    assert str(error.value) == message


def test_channels_must_fit(simulate: Simulate) -> None:
    with pytest.raises(WindowsError) as error:
        simulate(channels=3).run(windows_of(2, 4, 5, 3))
    assert str(error.value) == "windows have the shape (2, 4, 5, 3), and design 'window_sum' takes (3, n, 5, 3)"


def test_limits_must_be_positive(simulate: Simulate) -> None:
    with pytest.raises(StimulusError, match=r"^patience and settle must be 1 cycle or more, not 1000000 and 0$"):
        simulate().run(windows_of(2, 5, 3), settle=0)


def test_an_unknown_register_is_written_in_vain(simulate: Simulate) -> None:
    windows = windows_of(6, 5, 3)
    run = simulate().run(windows, events=[Write(Moment("beats", 3), 0xF0, 0xFFFFFFFF), Read(Moment("beats", 4), 0xF0)])
    check(run, windows)
    assert run.events[1].value == 0
