"""A design of a sweep as a configuration."""

from __future__ import annotations

from dataclasses import replace

from hw_trigger.explore.configuration import overrides
from hw_trigger.explore.designs import Budget, Design
from hw_trigger.explore.evaluate import row, settings_of
from hw_trigger.explore.networks import untrained_program
from hw_trigger.hls.reuse import resolve
from hw_trigger.hls.settings import HlsSettings, LayerReuse
from hw_trigger.parts.database import known_parts

PARTS = known_parts()


def test_the_same_factors(designs: list[Design]) -> None:
    for design in (designs[0], replace(designs[0], strategy="Resource", reuse=Budget("multipliers", 20))):
        program = untrained_program(design.architecture, design.quant)
        hls = overrides(design, row(design, PARTS))["hls"]
        layers = {name: LayerReuse(**given) for name, given in hls.pop("layers").items()}
        settings = HlsSettings(**hls, layers=layers)
        assert resolve(program, settings) == resolve(program, settings_of(design, program, PARTS))
        assert (settings.part, settings.clock_ns, settings.strategy) == (design.part, design.clock_ns, design.strategy)
