"""Designs that were synthesized, and what Yosys found: the ground truth of the estimate.

``recorded.json`` is made by ``python -m benchmarks.rtl.recorded``: of each design how it is drawn, the target, Yosys' version,
and the resources of each block, of a mapping to UltraScale+ without place and route.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.rtl.reference import Reference, reference_design
from hw_trigger.rtl.design import Design
from hw_trigger.rtl.schedule import Schedule
from hw_trigger.rtl.schedule_file import from_text
from hw_trigger.rtl.synthesis import resources as synthesized

FILE = "recorded.json"


@dataclass(frozen=True)
class Recorded:
    """A design, and the resources of its blocks by name.

    Attributes
    ----------
    schedule
        The one that was planned for it at the time.
    target, yosys, command
        Family of chips; Yosys' version; what made the record.
    """

    reference: Reference
    schedule: Schedule
    target: str
    yosys: str
    command: str
    blocks: Mapping[str, Resources]

    @property
    def design(self) -> Design:
        """The design, built anew."""
        return reference_design(self.reference, self.schedule)

    @property
    def total(self) -> Resources:
        """Resources of the whole design."""
        return sum(self.blocks.values(), Resources())


@lru_cache(maxsize=1)
def recorded_designs() -> tuple[Recorded, ...]:
    """Return all recorded designs."""
    document = json.loads(files("hw_trigger.estimate.rtl").joinpath(FILE).read_text("utf-8"))
    return tuple(
        Recorded(
            Reference.from_dict(name, entry["design"]),
            from_text(json.dumps(entry["schedule"])),
            entry["target"],
            entry["yosys"],
            entry["command"],
            {block: as_counted(synthesized.Resources(**cells)) for block, cells in entry["blocks"].items()},
        )
        for name, entry in document.items()
    )


def as_counted(found: synthesized.Resources) -> Resources:
    """Return what Yosys found as it is estimated: LUTs with those that are memory, block RAMs of 36 kbit as two."""
    return Resources(
        dsp=found.dsp,
        bram18=found.bram18 + 2 * found.bram36,
        uram=found.uram,
        lut=found.lut + found.lutram + found.srl,
        ff=found.ff,
    )
