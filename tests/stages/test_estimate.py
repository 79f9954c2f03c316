"""Estimates of a bundle, of a network before training, and of designs of hls4ml's stock layers."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from stages.conftest import Chain

from hw_trigger.config.compose import load_config
from hw_trigger.estimate.program import estimate
from hw_trigger.estimate.rtl.estimate import estimate_rtl
from hw_trigger.parts.database import UnknownPartError, known_parts
from hw_trigger.rtl.design import design
from hw_trigger.rtl.plan import plan
from hw_trigger.stages.estimate import run_estimate, run_estimate_design, run_estimate_rtl
from hw_trigger.stages.reporter import Silent


def test_of_the_bundle(chain: Chain) -> None:
    reporter = Silent()
    (found,) = run_estimate(chain.config, reporter)
    assert found == estimate(chain.bundle.program, chain.config.hls)
    assert not reporter.warned


def test_on_several_parts(chain: Chain) -> None:
    found = run_estimate(chain.config, Silent(), parts=["pynq-z2", "xcu250"])
    assert [item.part for item in found] == ["xc7z020clg400-1", "xcu250-figd2104-2L-e"]
    assert found[0].share("lut") != found[1].share("lut")


def test_before_training(tmp_path: Path) -> None:
    config = load_config([f"paths.models={tmp_path}", "channel=S-1", "model=lstm8", "hls.recurrent_reuse_factor=8"])
    reporter = Silent()
    (found,) = run_estimate(config, reporter)
    assert found.interval_cycles > 100 * 8
    (warning,) = reporter.warned
    assert warning == (
        f"there is no bundle {tmp_path / 'S-1-lstm8-w8a8'} yet: drawn weights stand for trained ones, which matters where "
        "they are constants (reuse factor 1)"
    )


def test_before_a_channel_is_chosen(tmp_path: Path) -> None:
    config = load_config([f"paths.models={tmp_path}", "model=lstm8", "hls.recurrent_reuse_factor=8"])
    assert run_estimate(config, Silent())[0].multipliers


def test_an_unknown_part(chain: Chain) -> None:
    with pytest.raises(UnknownPartError) as caught:
        run_estimate(chain.config, Silent(), parts=["xcvu13"])
    names, boards = zip(*((part.name, tuple(part.boards)) for part in known_parts()), strict=True)
    assert str(caught.value) == (
        f"the part 'xcvu13' is not known; did you mean 'xcvu13p'?; known are {', '.join(names)}, and the boards "
        f"{', '.join(sorted(itertools.chain(*boards)))}; others can be added to the configuration, under parts"
    )


def test_of_a_stock_design(tmp_path: Path) -> None:
    recorded = json.loads(files("hw_trigger.estimate").joinpath("recorded.json").read_text("utf-8"))
    path = tmp_path / "design.json"
    path.write_text(json.dumps(recorded["quickdraw_gru_xcu250"]["description"]))
    own, other = (run_estimate_design(path, load_config([]), parts=parts)[0] for parts in ([], ["u50"]))
    assert (own.part, other.part) == ("xcu250-figd2104-2L-e", "xcu50-fsvh2104-2-e")
    assert own.c_synthesis == other.c_synthesis
    assert own.fits
    assert other.fits


def test_beside_stock_layers(chain: Chain) -> None:
    (own,), (stock,) = (run_estimate(chain.config, Silent(), stock=stock) for stock in (False, True))
    assert [layer.name for layer in stock.layers] == [layer.name for layer in chain.bundle.program.layers]
    timed = {layer.name: layer for layer in own.layers}
    for layer in stock.layers:
        assert layer.multipliers > 0
        assert layer.reuse.split(",")[0] == timed[layer.name].reuse.split(",")[0]
    assert any("no LSTM is among the recorded designs" in note for note in stock.notes)


def test_of_the_rtl(chain: Chain) -> None:
    config = chain.config.model_copy(update={"rtl": replace(chain.config.rtl, multipliers=24, channels=2)})
    reporter = Silent()
    found = run_estimate_rtl(config, reporter, parts=["pynq-z2", "xcu250"])
    program = chain.bundle.program
    assert found[0].blocks == estimate_rtl(design((program,), plan(program, 24, channels=2))).blocks
    assert [item.device.name for item in found if item.device is not None] == ["xc7z020", "xcu250"]
    (configured,) = run_estimate_rtl(config, reporter)
    assert configured.resources == found[0].resources
    assert not reporter.warned
    with pytest.raises(UnknownPartError):
        run_estimate_rtl(config, reporter, parts=["xcvu13"])
