"""Every figure has a source, agrees with the recorded reports, and is found under the names in use."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from hw_trigger.errors import UserError
from hw_trigger.parts.database import DSPS, FIGURES, Part, UnknownPartError, board_key, find_part, known_parts

RECORDED = Path(__file__).parents[1] / "data" / "parts"

REQUIRED = {  # of the issue, with a full name in use: board, part, DSP, BRAM18, URAM, LUT, FF
    "xc7z020": ("pynq-z2", "xc7z020clg400-1", 220, 280, 0, 53200, 106400),
    "xczu7ev": ("zcu104", "xczu7ev-ffvc1156-2-e", 1728, 624, 96, 230400, 460800),
    "xczu9eg": ("zcu102", "xczu9eg-ffvb1156-2-e", 2520, 1824, 0, 274080, 548160),
    "xck26": ("kv260", "xck26-sfvc784-2LV-c", 1248, 288, 64, 117120, 234240),
    "xcu50": ("u50", "xcu50-fsvh2104-2-e", 5952, 2688, 640, 871680, 1743360),
    "xcu250": ("u250", "xcu250-figd2104-2L-e", 12288, 5376, 1280, 1728000, 3456000),
    "xcku115": ("kcu1500", "xcku115-flvb2104-2-e", 5520, 4320, 0, 663360, 1326720),
    "xcvu9p": ("vcu118", "xcvu9p-flga2104-2L-e", 6840, 4320, 960, 1182240, 2364480),
    "xcvu13p": ("xcvu13p", "xcvu13p-flga2577-2-e", 12288, 5376, 1280, 1728000, 3456000),
}
PARTS = list(known_parts())


def _counts(part: Part) -> tuple[int, ...]:
    return tuple(getattr(part, figure) for figure in FIGURES)


def _known(name: str) -> Part:
    part = find_part(name)
    assert part is not None
    return part


@pytest.mark.parametrize("name", REQUIRED)
def test_what_people_use(name: str) -> None:
    board, full_name, *counts = REQUIRED[name]
    assert _counts(_known(name)) == tuple(counts)
    for text in (board, board.upper(), full_name, full_name.upper()):
        assert _known(text).name == name
    assert known_parts().resolve(board).full_name == full_name


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_entries_are_complete(part: Part) -> None:
    assert part.family in DSPS
    assert min(part.dsp, part.bram18, part.lut, part.ff) > 0
    assert part.typical_clock_ns > 0
    assert part.typical_clock_reason
    assert part.speed_grades
    assert set(part.sources) == {*FIGURES, "speed_grades"}
    for figure in FIGURES:  # compared with something, each of them; only some speed grades are from memory
        assert part.sources[figure].document.startswith("AMD DS")
        assert part.sources[figure].checks
    for full_name in {part.full_name, *part.boards.values()}:
        found = known_parts().match(full_name)
        assert found is not None
        assert (found.part, found.full_name) == (part, full_name)
        assert found.speed_grade in part.speed_grades


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_figures_are_possible(part: Part) -> None:
    assert part.ff == 2 * part.lut  # in every slice and CLB of these families
    assert part.bram18 % 2 == 0
    assert part.uram == 0 or part.family.endswith(("UltraScale+", "UltraScale+ RFSoC"))


@pytest.mark.parametrize(("card", "device"), [("u200", "xcvu9p"), ("u250", "xcvu13p"), ("u280", "xcu55c")])
def test_cards_of_the_same_die(card: str, device: str) -> None:
    assert _counts(_known(card)) == _counts(_known(device))


@pytest.mark.parametrize("path", sorted(RECORDED.glob("csynth_*.rpt")), ids=lambda path: path.stem)
def test_agrees_with_recorded_c_synthesis(path: Path) -> None:
    device, heading, row = path.read_text().splitlines()
    names = [cell.strip() for cell in heading.strip("|").split("|")][1:]
    available = dict(zip(names, map(int, row.strip("|").split("|")[1:]), strict=True))
    part = _known(device.split(":")[1].strip())
    assert path.stem == f"csynth_{part.name}"
    assert available == {
        "BRAM_18K": part.bram18,
        "DSP48E": part.dsp,
        "FF": part.ff,
        "LUT": part.lut,
        "URAM": part.uram,
    }


def test_agrees_with_recorded_logic_synthesis() -> None:
    text = (RECORDED / "vivado_xcu250.rpt").read_text()
    device = re.search(r"Device *: (\S+)", text)
    assert device is not None
    part = _known(device[1])  # written xcu250figd2104-2L there
    rows = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    assert {name: int(available) for name, _, _, available, _ in rows} == {
        "CLB LUTs": part.lut,
        "CLB Registers": part.ff,
        "RAMB18": part.bram18,
        "URAM": part.uram,
        "DSPs": part.dsp,
    }


@pytest.mark.parametrize(
    ("name", "part", "full_name", "grade"),
    [
        ("xcvu13p-flga2577-2-e", "xcvu13p", "xcvu13p-flga2577-2-e", "2"),
        ("xcvu13p_CIV-fhga2104-2LV-e", "xcvu13p", "xcvu13p_CIV-fhga2104-2LV-e", "2LV"),
        ("xczu28dr-fsvg1517-2LVI-i", "xczu28dr", "xczu28dr-fsvg1517-2LVI-i", "2LVI"),
        ("xc7z020clg400-1", "xc7z020", "xc7z020clg400-1", "1"),
        ("XC7S15-FTGB196-1", "xc7s15", "XC7S15-FTGB196-1", "1"),
        ("xc7a35ticsg324-1L", "xc7a35t", "xc7a35ticsg324-1L", "1L"),
        ("7a100tcsg324-1", "xc7a100t", "xc7a100tcsg324-1", "1"),
        ("xck26-sfvc784-2LV-c", "xck26", "xck26-sfvc784-2LV-c", "2LV"),
        ("xcu250figd2104-2L", "xcu250", "xcu250figd2104-2L", "2L"),
        ("xczu9eg-ffvb1156", "xczu9eg", "xczu9eg-ffvb1156", None),
        ("xcvu13p", "xcvu13p", "xcvu13p-flga2577-2-e", "2"),
        ("pynq-z2", "xc7z020", "xc7z020clg400-1", "1"),
        ("PYNQ Z1", "xc7z020", "xc7z020clg400-1", "1"),
        ("zedboard", "xc7z020", "xc7z020clg484-1", "1"),
        ("alveo-u250", "xcu250", "xcu250-figd2104-2L-e", "2L"),
        ("Alveo U50LV", "xcu50", "xcu50-fsvh2104-2LV-e", "2LV"),
        ("k26", "xck26", "xck26-sfvc784-2LV-c", "2LV"),
        (" ZCU106 ", "xczu7ev", "xczu7ev-ffvc1156-2-e", "2"),
    ],
)
def test_names(name: str, part: str, full_name: str, grade: str | None) -> None:
    found = known_parts().resolve(name)
    assert (found.part.name, found.full_name, found.speed_grade) == (part, full_name, grade)


@pytest.mark.parametrize(
    "name", ["xcvu19p-fsva3824-2-e", "xc7s150-1", "xcvu13", "xcu2500", "xczu7evx", "zcu1040", "", "-"]
)
def test_unknown(name: str) -> None:
    assert find_part(name) is None
    with pytest.raises(UnknownPartError):
        known_parts().resolve(name)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("xcvu19p-fsva3824-2-e", "; did you mean 'xcvu9p'?"),
        ("pynqz3", "; did you mean 'pynq-z2'?"),
        ("arria10", ""),
    ],
)
def test_unknown_is_told_what_is_known(name: str, near: str) -> None:
    with pytest.raises(UserError) as caught:
        known_parts().resolve(name)
    assert str(caught.value) == (
        f"the part '{name}' is not known{near}; known are xc7a100t, xc7a35t, xc7s15, xc7z020, xc7z045, xck26, xcku115, xcu200, "
        "xcu250, xcu280, xcu50, xcu55c, xcvu13p, xcvu9p, xczu28dr, xczu3eg, xczu7ev, xczu9eg, and the boards AWS F1, "
        "Alveo U200, Alveo U250, Alveo U280, Alveo U50, Alveo U50LV, Alveo U55C, Arty A7-100T, Arty A7-35T, Basys 3, KCU1500, "
        "KR260, KV260, Kria K26, Nexys A7-100T, PYNQ-Z1, PYNQ-Z2, Spartan Edge Accelerator, Ultra96, Ultra96-V2, VCU118, "
        "VCU1525, ZC706, ZCU102, ZCU104, ZCU106, ZCU111, ZedBoard; others can be added to the configuration, under parts"
    )


def test_a_board_is_named_once() -> None:
    keys = [board_key(board) for part in PARTS for board in part.boards]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("name", "dsp", "multiplier"),
    [
        ("xc7z020", "DSP48E1", (25, 18)),
        ("xc7s15", "DSP48E1", (25, 18)),
        ("xcku115", "DSP48E2", (27, 18)),
        ("xczu28dr", "DSP48E2", (27, 18)),
        ("xcvu13p", "DSP48E2", (27, 18)),
    ],
)
def test_multipliers(name: str, dsp: str, multiplier: tuple[int, int]) -> None:
    assert (_known(name).dsp_type, _known(name).multiplier) == (dsp, multiplier)


def test_parts_are_values() -> None:
    assert len({_known("xcvu13p"), _known("xcvu13p-flga2577-2-e"), _known("xcu250")}) == 2
    assert pickle.loads(pickle.dumps(known_parts())) == known_parts()
