"""The timeline of the RTL: when its simulation took samples, put out vectors and results, with windows back to back."""

from __future__ import annotations

from matplotlib.ticker import MaxNLocator

from hw_trigger.report.numbers import count
from hw_trigger.report.rtl_schema import RtlSimulation, Stamps
from hw_trigger.report.timeline import BAR, FOOT, LABELS, PLOT, ROW, TOP, Bar, Dimension, Row, Tick, Timeline


def draw(found: RtlSimulation) -> Timeline | None:
    """Return the timeline of the windows whose cycles were recorded; ``None`` where neither vectors nor results were seen."""
    stamps = found.stamps
    spans: dict[str, list[tuple[int, int]]] = {
        "samples in": [each.samples for each in stamps],
        "vectors out": [each.outputs for each in stamps if each.outputs is not None],
        "result": [(each.result, each.result) for each in stamps if each.result is not None],
    }
    shown = {name: each for name, each in spans.items() if each}
    if len(shown) < 2:
        return None
    end = max(last for each in shown.values() for _, last in each) + 1
    scale = PLOT / end
    foot = TOP + ROW * len(shown)

    def at(cycle: float) -> float:
        return round(LABELS + cycle * scale, 2)

    def row(index: int, name: str, each: list[tuple[int, int]]) -> Row:
        y = TOP + ROW * index
        bars = tuple(
            Bar(
                at(first),
                y + (ROW - BAR) / 2,
                max(round((last + 1 - first) * scale, 2), 3.0),
                window + 1,
                f"{name}, window {window + 1}: {_span(first, last)}",
            )
            for window, (first, last) in enumerate(each)
        )
        return Row(y + ROW / 2, name, bottleneck=False, bars=bars)

    values = MaxNLocator(8, integer=True).tick_values(0, end)
    ends = [_end(each) for each in stamps]
    lengths = [("latency of the first window", 0, ends[0], 50.0)]
    if len(ends) > 1:
        lengths.append(("to the next window's", ends[-2], ends[-1], 20.0))
    return Timeline(
        width=LABELS + PLOT + 20,
        height=foot + FOOT,
        foot=foot,
        rows=tuple(row(index, *item) for index, item in enumerate(shown.items())),
        dimensions=tuple(
            Dimension(at(first), y, round((last - first) * scale, 2), f"{name}: {count(last - first)} cycles")
            for name, first, last, y in lengths
        ),
        starts=tuple(at(each.samples[0]) for each in stamps),
        ticks=tuple(Tick(at(value), f"{value:,.0f}") for value in values if 0 <= value <= end),
        unit="cycles",
    )


def _span(first: int, last: int) -> str:
    return f"cycle {count(first)}" if first == last else f"cycles {count(first)} to {count(last)}"


def _end(found: Stamps) -> int:
    """Return when a window is done: its result, or its last vector."""
    if found.result is not None:
        return found.result
    return found.samples[1] if found.outputs is None else found.outputs[1]
