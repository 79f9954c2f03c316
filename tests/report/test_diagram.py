"""The block diagram: what is written on it, and that everything has room."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from support.programs import Sizes, random_classifier, random_program, with_deviation
from support.reports import bare_report, classifier_report, design_report, error_report, sample_report
from support.svg import blocks, parse, texts, view

from hw_trigger.fixedpoint.program import Program
from hw_trigger.report import diagram
from hw_trigger.report.data import ReportData
from hw_trigger.report.document import to_report
from hw_trigger.report.render import drawings
from hw_trigger.report.schema import Report

DEFAULT = Sizes(100, 1, (64,), 10, (64,))
DEEP = Sizes(100, 2, (32, 16), 8, (16, 32))


def _deep(**changes: object) -> Report:
    settings = {"strategy": "Resource", "recurrent_reuse_factor": 64, "reuse_factor": 2} | changes
    return design_report(DEEP, **settings)  # type: ignore[arg-type]


def _check_room(report: Report) -> None:
    root = parse(drawings(report)["design"])
    written = texts(root)
    assert written
    for text in written:
        assert text.within(view(root)), text
    for one, other in itertools.combinations(written, 2):
        assert not one.overlaps(other), (one, other)
    inside = 0
    for rectangle, lines in blocks(root):
        for line in lines:
            assert line.within(rectangle), line
        inside += len(lines)
        # What is written at edges stays out of the boxes.
        assert sum(text.overlaps(rectangle) for text in written) == len(lines)
    assert 0 < inside < len(written)


@pytest.mark.parametrize(
    "report",
    [
        design_report(DEFAULT, widths=(8, 8)),
        design_report(DEFAULT, widths=(16, 16), strategy="Resource", recurrent_reuse_factor=64, gate_unroll=8),
        _deep(),
        _deep(io_type="io_parallel"),
        design_report(DEFAULT, trigger=False),
        design_report(DEFAULT, scaling=False),
        design_report(DEFAULT, trigger=False, scaling=False),
        design_report(Sizes(100_000, 10, (256,), 64, (256,)), strategy="Resource", gate_unroll=256),
        to_report(bare_report(), {}),
        to_report(sample_report(), {}),
        to_report(error_report(), {}),
        to_report(classifier_report(), {}),
    ],
    ids=[
        "default",
        "wide",
        "deep",
        "arrays",
        "no trigger",
        "no scaling",
        "network only",
        "large",
        "no estimate",
        "deviation",
        "error",
        "classifier",
    ],
)
def test_every_text_has_room(report: Report) -> None:
    _check_room(report)


def test_long_names_are_cut() -> None:
    program = random_program(1, DEFAULT)
    first, *rest = program.layers
    long = replace(program, layers=(replace(first, name="encoder_of_the_first_and_only_channel"), *rest))
    report = to_report(ReportData("long", long), {})
    _check_room(report)
    assert diagram.draw(report).boxes[1].title == "encoder_of_the_first_an…"


def test_blocks_and_edges_in_the_order_of_the_data() -> None:
    report = design_report(DEFAULT)
    found = diagram.draw(report)
    assert [box.kind for box in found.boxes] == ["scaling", "lstm", "dense", "lstm", "dense", "trigger", "fifo"]
    assert [box.title for box in found.boxes[:6]] == [
        "scaling",
        "encoder_0",
        "latent",
        "decoder_0",
        "output",
        "trigger",
    ]
    network = report.network
    assert network.trigger is not None
    wanted = [network.raw, network.input, *(layer.output for layer in network.layers), network.trigger.score]
    written = [edge.lines for edge in found.edges[:7]]
    for text, lines in zip(wanted[:-1], written[:-1], strict=True):
        name, modes, _ = lines
        assert f"{name[:-1]},AP_{modes.replace(', ', ',AP_')}>" == text
    assert written[-1] == ("trigger, score", wanted[-1].split(",AP")[0] + ">")
    shapes = [lines[-1] for lines in written[:-1]]
    x = "\N{MULTIPLICATION SIGN}"
    assert shapes == [f"raw 100 {x} 1", f"x 100 {x} 1", f"1 {x} 64", f"1 {x} 10", f"100 {x} 64", f"100 {x} 1"]


def test_boxes_say_what_was_estimated() -> None:
    report = _deep()
    assert report.estimate is not None
    found = diagram.draw(report)
    layers = {layer.name: layer for layer in report.estimate.layers}
    for box in found.boxes[:-1]:
        layer, lines = layers[box.title], "\n".join(box.lines)
        assert f"{layer.step_cycles:,} cycle" in lines
        assert f"{layer.interval_cycles:,} cycles a window" in lines
        assert f"DSP {layer.logic.dsp:,} · BRAM18 {layer.logic.bram18:,}" in lines
        assert f"LUT {layer.logic.lut:,} · FF {layer.logic.ff:,}" in lines
        assert not layer.reuse or f"reuse {layer.reuse}" in lines
    assert [box.title for box in found.boxes if box.bottleneck] == [report.estimate.bottleneck]
    fifo = layers["copy of x"].logic
    assert found.boxes[-1].lines == (
        f"{report.memory.fifo_bits:,} bits",
        f"DSP {fifo.dsp} · BRAM18 {fifo.bram18}",
        f"LUT {fifo.lut:,} · FF {fifo.ff:,}",
    )


def test_the_waiting_samples_go_straight_down() -> None:
    for report in (design_report(DEFAULT), _deep()):
        boxes = diagram.draw(report).boxes
        first, last, fifo = boxes[0], boxes[-2], boxes[-1]
        assert first.middle[0] == fifo.middle[0] == last.middle[0]
        assert first.y + first.height < fifo.y < fifo.y + fifo.height < last.y


def test_the_trigger_says_when_it_fires() -> None:
    def lines(program: Program) -> tuple[str, ...]:
        (box,) = [box for box in diagram.draw(to_report(ReportData("x", program), {})).boxes if box.kind == "trigger"]
        return box.lines

    deviation = with_deviation(random_program(1), threshold=1536, settle=1234)
    assert lines(deviation) == ("score > max(1,536, record)", "6 octaves, settles in 1,234")
    assert lines(with_deviation(random_program(1), adaptive=False))[0] == "score > 300"
    assert lines(random_classifier(1)) == ("score > 0", "0 logits")
    error = random_program(1).trigger
    assert error is not None
    assert lines(random_program(1)) == (
        f"score > {error.threshold:,}",
        f"{float(error.values(error.threshold)):.4g} scaled units squared",
    )


def test_a_classifier_keeps_no_copy_of_x() -> None:
    found = diagram.draw(to_report(classifier_report(), {}))
    assert [box.kind for box in found.boxes] == ["scaling", "lstm", "dense", "dense", "trigger"]
    assert found.edges[-1].lines == ("trigger, score", "ap_fixed<12,6>")


def test_arrays_are_no_fifo() -> None:
    fifo = diagram.draw(_deep(io_type="io_parallel")).boxes[-1]
    assert (fifo.title, fifo.lines[0]) == ("copy of x", "arrays of a window")


def test_without_scaling_and_trigger() -> None:
    boxes = diagram.draw(design_report(DEFAULT, trigger=False, scaling=False)).boxes
    assert [box.kind for box in boxes] == ["input", "lstm", "dense", "lstm", "dense"]


def test_formats_with_and_without_modes() -> None:
    assert diagram.format_lines("ap_ufixed<8,-2,AP_RND_CONV,AP_SAT_SYM>", "1") == (
        "ap_ufixed<8,-2>",
        "RND_CONV, SAT_SYM",
        "1",
    )
    assert diagram.format_lines("ap_fixed<8,2>", "1") == ("ap_fixed<8,2>", "1")
