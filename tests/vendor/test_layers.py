"""Modules by layer: recorded names of hls4ml, Vitis' names, this project's own calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.programs import Sizes, random_program
from support.vendor import DENSE, DENSE_LOOP, GRU_STACK, HLS_2019, HLS_2024, RELU

from hw_trigger.hls.project import write_project
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.vendor.find import find_reports
from hw_trigger.vendor.layers import assign_modules, layer_cells, layer_configurations, layer_modules, total
from hw_trigger.vendor.records import Instance, ModuleReport, Performance, Resources, RtlModule, SynthesisReport

GRU = {"gru": "config2", "dense": "config3", "relu": "relu_config4", "out": "config5", "sigmoid": "sigmoid_config6"}


def _synthesis(folder: Path) -> SynthesisReport:
    found = find_reports(folder).synthesis
    assert found is not None
    return found


def test_recorded_names() -> None:
    found = assign_modules(_synthesis(HLS_2019), GRU)
    recurrent = {module.name for module in _synthesis(HLS_2019).modules if "config2" in module.name}
    assert set(found.layers["gru"]) == recurrent
    assert {layer: len(modules) for layer, modules in found.layers.items()} == {
        "gru": 6,
        "dense": 1,
        "relu": 1,
        "out": 1,
        "sigmoid": 1,
    }
    assert (found.inferred, found.other) == ((), ())
    assert found.layer(GRU_STACK) == "gru"
    assert found.layer("myproject") is None


def test_only_the_outermost_modules_count() -> None:
    synthesis = _synthesis(HLS_2019)
    found = layer_modules(synthesis, assign_modules(synthesis, GRU))
    assert [module.name for module in found["gru"]] == [GRU_STACK]
    assert found["gru"][0].resources == Resources(dsp=150, bram18=8, uram=0, lut=19470, ff=2481)


def test_what_only_one_layer_uses_is_its_own() -> None:
    found = assign_modules(_synthesis(HLS_2024), {"hidden": "config2", "positive": "relu_config3"})
    assert found.layers == {"hidden": (DENSE, DENSE_LOOP, "scale"), "positive": (RELU,)}
    assert found.inferred == ("scale",)


def test_what_several_use_and_layers_that_are_not_there() -> None:
    found = assign_modules(_synthesis(HLS_2024), {"hidden": "config12", "positive": "relu_config3"})
    assert found.layers == {"hidden": (), "positive": (RELU,)}
    assert found.other == (DENSE, DENSE_LOOP, "scale")
    shared = _report({"top": ["a_config1_s", "b_config2_s"], "a_config1_s": ["mul"], "b_config2_s": ["mul"], "mul": []})
    assert assign_modules(shared, {"a": "config1", "b": "config2"}).other == ("mul",)


def test_chains_of_nameless_modules_and_names_of_two_layers() -> None:
    report = _report(
        {
            "top": ["a_config1_s", "x_config1_config2_s"],
            "a_config1_s": ["p"],
            "p": ["q"],
            "q": [],
            "x_config1_config2_s": [],
        }
    )
    found = assign_modules(report, {"a": "config1", "b": "config2"})
    assert found.layers == {"a": ("a_config1_s", "p", "q"), "b": ()}
    assert (found.inferred, found.other) == (("p", "q"), ("x_config1_config2_s",))


def test_a_wrapper_of_no_layer_is_looked_into_and_uses_are_counted() -> None:
    report = _report(
        {"top": ["wrap", "a_config1_s"], "wrap": ["a_config1_s", "b_config2_s"], "a_config1_s": [], "b_config2_s": []}
    )
    found = layer_modules(report, assign_modules(report, {"a": "config1", "b": "config2"}))
    assert {layer: [module.name for module in modules] for layer, modules in found.items()} == {
        "a": ["a_config1_s", "a_config1_s"],
        "b": ["b_config2_s"],
    }


def test_cells_of_a_netlist() -> None:
    cells = (
        RtlModule("inst", "top", Resources(lut=9)),
        RtlModule("inst/a_U0/mul_U1", "mul_config1", Resources(lut=2)),
        RtlModule("inst/a_U0", "a_config1_s", Resources(lut=5)),
        RtlModule("inst/a_U01", "a_config1_s", Resources(lut=1)),
        RtlModule("inst/b_U0", "b_config2_s", Resources(lut=3)),
    )
    found = layer_cells(cells, {"a": "config1", "b": "config2", "c": "config3"})
    assert {layer: [cell.resources.lut for cell in of] for layer, of in found.items()} == {
        "a": [5, 1],
        "b": [3],
        "c": [],
    }


def test_total() -> None:
    assert total([Resources(lut=1, ff=2), Resources(lut=3, ff=None)]) == Resources(lut=4)
    assert total([]) == Resources()


def test_calls_in_one_line_and_in_several() -> None:
    """hls4ml's two ways to write them; copies of streams have no configuration."""
    assert layer_configurations((HLS_2024 / "tiny.cpp").read_text()) == {
        "hidden": "config2",
        "positive": "relu_config3",
    }


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_calls_of_a_project_of_ours(io_type: str, tmp_path: Path) -> None:
    program = random_program(1, Sizes(steps=4, encoder=(3,), latent=2, decoder=(3,)))
    settings = HlsSettings(io_type=io_type)
    windows = np.zeros((1, 4, program.n_features), np.int64)
    project = write_project(program, settings, tmp_path / "p", windows=windows)
    found = layer_configurations((project.directory / f"firmware/{settings.project_name}.cpp").read_text())
    names = [layer.name for layer in program.layers]
    assert [name for name in found if name in names] == names
    assert len(set(found.values())) == len(found)


def _report(uses: dict[str, list[str]]) -> SynthesisReport:
    modules = [
        ModuleReport(name, Performance(), Resources(), instances=tuple(Instance(None, used) for used in inside))
        for name, inside in uses.items()
    ]
    return SynthesisReport("Vitis HLS", "2024.2", "xc7z020", modules[0], modules=tuple(modules[1:]))
