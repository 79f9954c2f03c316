"""Estimate every recorded design with constants that were fitted on the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw_trigger.estimate.errors import C_SYNTHESIS, LOGIC, QuantityError, summarize
from hw_trigger.estimate.fit import fit
from hw_trigger.estimate.recorded import Recorded
from hw_trigger.estimate.resources import RESOURCES
from hw_trigger.estimate.stock_estimate import estimate_stock


@dataclass(frozen=True)
class Comparison:
    """An estimated figure of a design that was kept out, beside the recorded one."""

    design: str
    counting: str
    quantity: str
    estimated: float
    recorded: int

    @property
    def ratio(self) -> float:
        """Estimated over recorded."""
        return self.estimated / self.recorded


def compare_each(designs: Sequence[Recorded]) -> list[Comparison]:
    """Return all figures of all designs, each estimated with constants fitted on the others."""
    found = []
    for kept_out in designs:
        constants = fit([design for design in designs if design is not kept_out])
        estimate = estimate_stock(kept_out.design, constants)
        for counting, quantities, recorded in (
            ("c_synthesis", C_SYNTHESIS, kept_out.c_synthesis),
            ("logic", LOGIC, kept_out.logic),
        ):
            resources = getattr(estimate, counting)
            for name in quantities:
                if recorded.get(name):
                    value = getattr(resources, name) if name in RESOURCES else getattr(estimate, name)
                    found.append(Comparison(kept_out.design.name, counting, name, float(value), recorded[name]))
    return found


def errors_of(comparisons: Sequence[Comparison]) -> list[QuantityError]:
    """Return the errors of every quantity."""
    return [
        summarize(
            counting,
            name,
            [one.ratio for one in comparisons if (one.counting, one.quantity) == (counting, name)],
        )
        for counting, names in (("c_synthesis", C_SYNTHESIS), ("logic", LOGIC))
        for name in names
    ]
