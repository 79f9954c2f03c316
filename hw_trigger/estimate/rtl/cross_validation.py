"""Estimate every recorded design with shares that were fitted on the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.rtl.blocks import count
from hw_trigger.estimate.rtl.calibration import Share, fit
from hw_trigger.estimate.rtl.errors import ResourceError, summarize
from hw_trigger.estimate.rtl.estimate import block_kinds, block_resources
from hw_trigger.estimate.rtl.recorded import Recorded
from hw_trigger.estimate.rtl.result import RTL_RESOURCES


@dataclass(frozen=True)
class Comparison:
    """A design that was kept out of the fit: what was estimated, and what was recorded."""

    design: str
    estimated: Resources
    recorded: Resources

    def ratio(self, resource: str) -> float:
        """Return estimated over recorded."""
        return float(getattr(self.estimated, resource) / getattr(self.recorded, resource))


def fit_designs(designs: Sequence[Recorded]) -> dict[str, Share]:
    """Return the shares that fit recorded designs, block by block."""
    pairs = []
    for recorded in designs:
        built = recorded.design
        kinds = block_kinds(built)
        pairs += [(kinds[name], counted, recorded.blocks[name]) for name, counted in count(built).items()]
    return fit(pairs)


def compare_each(designs: Sequence[Recorded]) -> list[Comparison]:
    """Return every design, estimated with shares fitted on the others."""
    found = []
    for kept_out in designs:
        shares = fit_designs([design for design in designs if design is not kept_out])
        blocks = block_resources(kept_out.design, shares)
        found.append(Comparison(kept_out.reference.name, sum(blocks.values(), Resources()), kept_out.total))
    return found


def errors_of(comparisons: Sequence[Comparison]) -> list[ResourceError]:
    """Return the errors of every resource; of designs that have none of it, there is no ratio."""
    return [
        summarize(name, [one.ratio(name) for one in comparisons if getattr(one.recorded, name)])
        for name in RTL_RESOURCES
    ]
