"""How far off the estimate is: every recorded design in turn is kept out of the fit, and estimated."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from hw_trigger.estimate.rtl.result import RTL_RESOURCES

FILE = "errors.json"

LEAST = {"dsp": 1.0, "bram18": 1.0, "lut": 1.1, "ff": 1.05}
"""No error bar is narrower, as the rules were read off the same designs; those of DSP slices and block RAMs are Yosys' own."""


@dataclass(frozen=True)
class ResourceError:
    """Errors of a resource over the designs that were kept out of the fit.

    Attributes
    ----------
    median, worst
        Of ``|estimated / recorded - 1|``.
    factor
        The largest of ``estimated / recorded`` and its inverse.
    """

    resource: str
    median: float
    worst: float
    factor: float
    designs: int


def summarize(resource: str, ratios: Sequence[float]) -> ResourceError:
    """Return the errors of a resource from the ratios of estimated to recorded figures."""
    errors = [abs(ratio - 1) for ratio in ratios]
    factor = max(max(ratio, 1 / ratio) if ratio else math.inf for ratio in ratios)
    return ResourceError(resource, statistics.median(errors), max(errors), factor, len(ratios))


@lru_cache(maxsize=1)
def published_errors() -> tuple[ResourceError, ...]:
    """Return the errors of every resource, as they were when the shares were fitted."""
    entries = json.loads(files("hw_trigger.estimate.rtl").joinpath(FILE).read_text("utf-8"))
    return tuple(ResourceError(**entry) for entry in entries)


@lru_cache(maxsize=1)
def error_factors() -> Mapping[str, float]:
    """Return the factor of the error bar of every resource."""
    factors = {error.resource: error.factor for error in published_errors()}
    return {name: max(LEAST[name], factors[name]) for name in RTL_RESOURCES}
