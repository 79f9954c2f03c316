"""The query language: terms, units, and what is wrong with a term."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from support.sweeps import small_space

from hw_trigger.explore.query import Limit, QueryError, parse_query
from hw_trigger.parts.database import known_parts

PARTS = known_parts()
LIMITS = (
    "latency, interval, throughput, windows_per_second, dsp, bram, bram18, uram, lut, ff, multipliers, share, auc, auc_roc, "
    "auc_pr"
)


@pytest.mark.parametrize(
    ("term", "column", "sign", "value"),
    [
        ("latency<100us", "latency_us", "<", 100.0),
        ("latency<=1.5ms", "latency_us", "<=", 1500.0),
        ("latency<250ns", "latency_us", "<", 0.25),
        ("latency<2000cycles", "latency_cycles", "<", 2000.0),
        ("interval<.5s", "interval_us", "<", 5e5),
        ("interval<10µs", "interval_us", "<", 10.0),
        ("throughput>20k/s", "windows_per_second", ">", 20000.0),
        ("windows_per_second>=1M", "windows_per_second", ">=", 1e6),
        ("dsp<200", "dsp", "<", 200.0),
        ("dsp<50%", "dsp_share", "<", 0.5),
        ("bram<10%", "bram18_share", "<", 0.1),
        ("lut<40k", "lut", "<", 40000.0),
        ("ff<1e5", "ff", "<", 1e5),
        ("multipliers<=64", "multipliers", "<=", 64.0),
        ("share<80%", "tightest_share", "<", 0.8),
        ("auc>0.8", "auc_roc", ">", 0.8),
        ("auc_pr>40%", "auc_pr", ">", 0.4),
    ],
)
def test_limits(term: str, column: str, sign: str, value: float) -> None:
    (limit,) = parse_query(term).limits
    assert (limit.column, limit.sign) == (column, sign)
    assert limit.value == pytest.approx(value, rel=1e-12)


def test_a_whole_query() -> None:
    query = parse_query("part=xc7z020, latency < 100us,dsp<50%  strategy=resource minimize=interval")
    assert query.choices == {"part": "xc7z020", "strategy": "Resource"}
    assert [limit.text for limit in query.limits] == ["latency<100us", "dsp<50%"]
    assert query.objective == "interval_us"
    assert parse_query("maximize=auc").objective == "auc_roc"


def test_choices_replace_the_space_s_lists() -> None:
    space = small_space()
    found = parse_query("part=zcu104 quant=w8a12 units=32x16 window=64 strategy=latency io_type=io_parallel")
    narrow = found.restrict(space, PARTS)
    assert narrow == small_space(
        part=("xczu7ev-ffvc1156-2-e",),
        clock_ns=("typical",),
        quant=("w8a12",),
        units=("32x16",),
        window=("64",),
        strategy=("Latency",),
        io_type=("io_parallel",),
    )
    assert parse_query("latency<1us").restrict(space, PARTS) == space


@pytest.mark.parametrize(("text", "clock"), [("5ns", 5.0), ("200MHz", 5.0), ("3.3ns", 3.3)])
def test_clocks(text: str, clock: float) -> None:
    assert parse_query(f"part=zcu104 clock={text}").restrict(small_space(), PARTS).clock_ns == (clock,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *(
            (text, "the query is empty: it needs a term at least, as in 'part=xc7z020 latency<100us dsp<50%'")
            for text in ("", " ", ", ,")
        ),
        (
            "fast",
            "the query's term 'fast' cannot be read: it must be a choice, as 'part=xc7z020', or a limit, as 'latency<100us'",
        ),
        (
            "latncy<1us",
            f"the query's term 'latncy<1us' names 'latncy'; did you mean 'latency'?; limits are on {LIMITS}",
        ),
        (
            "prt=a",
            (
                "the query's term 'prt=a' names 'prt'; did you mean 'part'?; choices are part, clock, strategy, io_type, quant, "
                "units, window"
            ),
        ),
        ("latency=1us", "the query's term 'latency=1us' cannot be: latency is a limit, with < or >"),
        ("part<3", "the query's term 'part<3' cannot be: part is chosen, with ="),
        ("latency<100", "the query's term 'latency<100' has no unit; the units are ns, us, µs, ms, s, cycles"),
        (
            "latency<3cycle",
            "the query's term 'latency<3cycle' has 'cycle'; did you mean 'cycles'?; the units are ns, us, µs, ms, s, cycles",
        ),
        ("dsp<3us", "the query's term 'dsp<3us' has 'us'; the units are none, k, M, G, %"),
        ("multipliers<3%", "the query's term 'multipliers<3%' has '%'; the units are none, k, M, G"),
        ("throughput>3us", "the query's term 'throughput>3us' has 'us'; the units are none, k, M, G"),
        ("latency<few", "the query's term 'latency<few' needs a number above 0 behind <, not 'few'"),
        ("lut>=0", "the query's term 'lut>=0' needs a number above 0 behind >=, not '0'"),
        ("part=a part=b", "the query chooses part twice: 'a' and 'b'"),
        ("minimize=speed", f"the query cannot minimize 'speed'; it can {LIMITS}"),
        ("maximize=latency", "the query says maximize=latency, and less is better: minimize=latency"),
        ("minimize=auc", "the query says minimize=auc, and less is worse: maximize=auc"),
        (
            "minimize=lut minimize=ff",
            "the query says twice what the best is; the second time it says 'minimize=ff'",
        ),
    ],
)
def test_queries_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=f"^{re.escape(message)}$"):
        parse_query(text)


def test_a_clock_that_cannot_be() -> None:
    message = "the query's clock must be a period or a frequency, as clock=5ns or clock=200MHz, not '5'"
    with pytest.raises(QueryError, match=f"^{re.escape(message)}$"):
        parse_query("clock=5").restrict(small_space(), PARTS)


def test_excess() -> None:
    results = pd.DataFrame({"auc_roc": [0.8, 0.4, None, 0.9], "latency_us": [100.0, 50.0, 250.0, 99.0]})
    below = Limit("latency<100us", "latency_us", "<", 100.0)
    assert below.met(results).tolist() == [False, True, False, True]
    strict = below.excess(results).tolist()
    assert 0 < strict[0] < 1e-300
    assert strict[1:] == [0.0, 1.5, 0.0]
    above = Limit("auc>=0.8", "auc_roc", ">=", 0.8)
    assert above.excess(results).tolist() == [0.0, 1.0, float("inf"), 0.0]
