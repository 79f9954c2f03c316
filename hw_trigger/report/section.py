"""What every section of the report has: where its figures are from, and how strictly it is checked."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Origin = Literal["exact", "measured", "simulated", "synthesized", "estimated", "calculated", "routed", "recorded"]
"""Where figures are from: they follow from the program (exact); were counted on data that went through a network (measured), or
through executors of the design (simulated); are a synthesis tool's (synthesized), or that of a tool that places and routes
(routed); are closed forms of what such a tool would find (estimated), or from which the hardware is built (calculated); or were
written down by the run (recorded)."""

ORIGINS: dict[Origin, str] = {
    "exact": "follows from the program: nothing was run, nothing is approximate",
    "measured": "counted or computed on data that went through a network or an executor",
    "simulated": "computed by executors of the design: C-simulation, or the RTL cycle by cycle",
    "synthesized": "reported by a synthesis: a vendor's, or Yosys'",
    "routed": "placed and routed: reported by a tool that does so",
    "calculated": "a closed form that the hardware is built from",
    "estimated": "a closed form for what a synthesis would find",
    "recorded": "written down by the run: names, versions, hashes",
}
"""What each origin means, in words."""


STRICT = ConfigDict(
    extra="forbid",
    allow_inf_nan=False,
    use_attribute_docstrings=True,
    json_schema_serialization_defaults_required=True,
)
"""No unknown keys, no NaN."""


class Section(BaseModel):
    """A part of the report; it does not change."""

    model_config = ConfigDict(**STRICT, frozen=True)
