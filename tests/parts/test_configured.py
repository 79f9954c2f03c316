"""Parts of users: added beside the known ones, and every mistake told with part, key, value and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from hw_trigger.parts.configured import PartError, with_parts
from hw_trigger.parts.database import find_part, known_parts

SMALL = {"family": "Artix-7", "dsp": 120, "bram18": 150, "lut": 32600, "ff": 65200}
FAMILIES = (
    "Spartan-7, Artix-7, Kintex-7, Virtex-7, Zynq-7000, Kintex UltraScale, Virtex UltraScale, Artix UltraScale+, "
    "Kintex UltraScale+, Virtex UltraScale+, Zynq UltraScale+, Zynq UltraScale+ RFSoC, Versal"
)
ALLOWED = "family, dsp, bram18, uram, lut, ff, typical_clock_ns, full_name, source"
NEEDED = "needed are family, dsp, bram18, lut, ff"
COUNT = "it must be a whole number that is not negative"


def test_a_part_is_added() -> None:
    database = with_parts(known_parts(), {"XC7A50T": SMALL})
    found = database.resolve("xc7a50tcsg324-2")
    part = found.part
    assert (part.name, part.family, part.multiplier) == ("xc7a50t", "Artix-7", (25, 18))
    assert (part.dsp, part.bram18, part.uram, part.lut, part.ff) == (120, 150, 0, 32600, 65200)
    assert (part.typical_clock_ns, part.typical_clock_reason) == (5.0, "200 MHz, hls4ml's default clock period")
    assert (found.speed_grade, database.resolve("xc7a50t").full_name) == ("2", "XC7A50T")
    assert {source.document for source in part.sources.values()} == {"the configuration"}
    assert [each.name for each in database] == sorted([*(each.name for each in known_parts()), "xc7a50t"])
    assert find_part("xc7a50t") is None


def test_a_known_card_without_its_shell() -> None:
    shell = {
        "family": "Virtex UltraScale+",
        "dsp": 11508,
        "bram18": 4000,
        "uram": 1280,
        "lut": 1380000,
        "ff": 2760000,
        "typical_clock_ns": 3.3,
        "full_name": "xcu250-figd2104-2L-e",
        "source": "AMD UG1120",
    }
    database = with_parts(known_parts(), {"xcu250_shell": shell})
    found = database.resolve("xcu250_shell")
    assert (found.part.dsp, found.full_name, found.speed_grade) == (11508, "xcu250-figd2104-2L-e", "2L")
    assert (found.part.typical_clock_ns, found.part.typical_clock_reason) == (3.3, "the configuration")
    assert found.part.sources["lut"].document == "AMD UG1120"
    for name in ("xcu250", "u250", "xcu250-figd2104-2L-e"):
        assert database.resolve(name).part.dsp == 12288


def test_nothing_is_added() -> None:
    assert with_parts(known_parts(), {}) == known_parts()


def test_a_versal_part() -> None:
    database = with_parts(known_parts(), {"xcvc1902": SMALL | {"family": "Versal"}})
    assert database.resolve("xcvc1902-vsva2197-2MP-e-S").part.multiplier == (27, 24)


@pytest.mark.parametrize(
    ("name", "entry", "problem"),
    [
        ("x", SMALL | {"dsp": -1}, f"has dsp = -1; {COUNT}"),
        ("x", SMALL | {"lut": 2.5}, f"has lut = 2.5; {COUNT}"),
        ("x", SMALL | {"ff": "many"}, f"has ff = 'many'; {COUNT}"),
        ("x", SMALL | {"uram": True}, f"has uram = True; {COUNT}"),
        ("x", SMALL | {"bram18": None}, f"has bram18 = None; {COUNT}"),
        ("x", SMALL | {"typical_clock_ns": 0}, "has typical_clock_ns = 0; it must be a positive number of nanoseconds"),
        (
            "x",
            SMALL | {"typical_clock_ns": float("nan")},
            "has typical_clock_ns = nan; it must be a positive number of nanoseconds",
        ),
        ("x", SMALL | {"source": ""}, "has source = ''; it must be a text"),
        ("x", SMALL | {"full_name": "a b"}, "has full_name = 'a b'; it must be a name such as 'xcvu13p-flga2577-2-e'"),
        (
            "x",
            SMALL | {"family": "Artix7"},
            f"has family = 'Artix7'; did you mean 'Artix-7'?; it must be one of {FAMILIES}",
        ),
        ("x", SMALL | {"family": 7}, f"has family = 7; it must be one of {FAMILIES}"),
        ("x", {key: SMALL[key] for key in SMALL if key != "ff"}, f"has no ff; {NEEDED}"),
        ("x", {}, f"has no family, dsp, bram18, lut, ff; {NEEDED}"),
        ("x", {"family": "Artix-7", "dsp": -1}, f"has no bram18, lut, ff; {NEEDED}; it has dsp = -1; {COUNT}"),
        (
            "x",
            SMALL | {"bram": 3},
            f"has an unknown key 'bram'; did you mean 'bram18'?; allowed are {ALLOWED}",
        ),
        ("x", SMALL | {"dsp": -1, "ff": -2}, f"has dsp = -1; {COUNT}; it has ff = -2; {COUNT}"),
        ("x", 5, "must be a mapping with family, dsp, bram18, lut, ff, not 5"),
        ("x", None, "must be a mapping with family, dsp, bram18, lut, ff, not None"),
        (
            "my part",
            SMALL,
            "must have a name of letters, digits, dashes and underscores, a letter or a digit first",
        ),
        (7, SMALL, "must have a name of letters, digits, dashes and underscores, a letter or a digit first"),
        (
            "XC7Z020",
            SMALL,
            "has the name of a part or a board that is known already; it needs another, for example 'xc7z020_own'",
        ),
        (
            "pynq-z2",
            SMALL,
            "has the name of a part or a board that is known already; it needs another, for example 'pynq-z2_own'",
        ),
    ],
)
def test_mistakes(name: Any, entry: Any, problem: str) -> None:
    with pytest.raises(PartError) as caught:
        with_parts(known_parts(), {name: entry})
    assert str(caught.value) == f"the part {name!r} in the configuration {problem}"


def test_the_same_part_twice() -> None:
    with pytest.raises(PartError) as caught:
        with_parts(known_parts(), {"mine": SMALL, "MINE": SMALL})
    assert str(caught.value) == (
        "the part 'MINE' in the configuration has the name of a part or a board that is known already; "
        "it needs another, for example 'mine_own'"
    )
