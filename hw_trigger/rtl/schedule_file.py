"""A schedule as JSON, readable again: multipliers of every product, channels, and whether products are packed.

Layout (version 1): ``{"format": "hw_trigger RTL schedule", "version": 1, "channels", "pack", "layers": {name: {"input": [rows,
columns], "state": [rows, columns]} of an LSTM, {"product": [rows, columns]} of a dense layer}}``.
"""

from __future__ import annotations

import json
from typing import Any, Final

from hw_trigger.files import to_json
from hw_trigger.rtl.schedule import LayerSchedule, LstmSchedule, ProductSchedule, Schedule, ScheduleError

FORMAT: Final = "hw_trigger RTL schedule"
VERSION: Final = 1


def to_text(schedule: Schedule) -> str:
    """Return a schedule as JSON text."""
    return to_json(
        {
            "format": FORMAT,
            "version": VERSION,
            "channels": schedule.channels,
            "pack": schedule.pack,
            "layers": {name: _to_dict(layer) for name, layer in schedule.layers.items()},
        }
    )


def from_text(text: str) -> Schedule:
    """Read a schedule that `to_text` wrote. Whether a program can have it is checked by :func:`hw_trigger.rtl.schedule.check`.

    Raises
    ------
    ScheduleError
        The text is no schedule, damaged, or of another version.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ScheduleError(f"the schedule is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ScheduleError(f"the document is no schedule: its 'format' must be {FORMAT!r}")
    if document.get("version") != VERSION:
        raise ScheduleError(f"the schedule has version {document.get('version')!r}, and this release reads {VERSION}")
    channels, pack, layers = (document.get(key) for key in ("channels", "pack", "layers"))
    if type(channels) is not int or type(pack) is not bool or not isinstance(layers, dict):
        raise ScheduleError(
            "the schedule is damaged: 'channels' must be a whole number, 'pack' a bool, 'layers' a mapping"
        )
    return Schedule({name: _from_dict(name, layer) for name, layer in layers.items()}, channels, pack)


def _to_dict(layer: LayerSchedule) -> dict[str, list[int]]:
    products = vars(layer) if isinstance(layer, LstmSchedule) else {"product": layer}
    return {name: [product.rows, product.columns] for name, product in products.items()}


def _from_dict(name: str, entry: Any) -> LayerSchedule:
    keys = set(entry) if isinstance(entry, dict) else set()
    if keys not in ({"input", "state"}, {"product"}):
        raise ScheduleError(
            f"the schedule is damaged: layer {name!r} must have exactly 'input' and 'state', or exactly 'product'"
        )
    products = {key: _product(f"{name}.{key}", shape) for key, shape in entry.items()}
    return LstmSchedule(**products) if "state" in keys else products["product"]


def _product(name: str, shape: Any) -> ProductSchedule:
    if not isinstance(shape, list) or [type(each) for each in shape] != [int, int] or min(shape) < 1:
        raise ScheduleError(
            f"the schedule is damaged: product {name!r} must be rows and columns, 1 or more each, not {shape!r}"
        )
    return ProductSchedule(*shape)
