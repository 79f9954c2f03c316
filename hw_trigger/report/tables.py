"""The tables of the report, as text: Markdown and HTML show the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hw_trigger.report import schema
from hw_trigger.report.detection_schema import Detection, Split
from hw_trigger.report.numbers import NONE, count, figure, kib, share, short
from hw_trigger.report.trigger_schema import Trigger
from hw_trigger.verification.rendering import HEADERS, NUMBERS, cells


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes
    ----------
    title
        What it shows; HTML has it as the table's caption.
    numbers
        Columns of numbers, counted from 0.
    code
        Columns of what a computer reads: formats, hashes, commands.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    code: tuple[int, ...] = ()


def network(found: schema.Network) -> Table:
    """What the network is."""
    layers = ", ".join(f"{layer.name} {layer.inputs} → {layer.outputs}" for layer in found.layers)
    rows = [
        ("network", f"{found.name}: {layers}"),
        ("window", f"{found.window} samples of {found.features} feature{'s' if found.features > 1 else ''}"),
        *([("quantization", found.quantization)] if found.quantization is not None else []),
        ("raw sample", found.raw),
        ("input", found.input),
        ("output", found.output),
        ("widest accumulator", f"{found.accumulator_bits} bits, exact"),
    ]
    if found.trigger is not None:
        rows += _trigger(found.trigger)
    return Table("The network", ("what", "value"), tuple(rows))


def _trigger(found: Trigger) -> list[tuple[str, str]]:
    score = {
        "error": "squared error of the window",
        "deviation": "deviation of the window's error and activity from their running means",
        "margin": f"logit {found.positive} over the greatest of the others",
    }
    rows = [
        ("trigger", f"{score[found.kind]}, in {found.unit}"),
        ("trigger threshold", f"{short(found.value)} {found.unit} (code {count(found.code)} of {found.score})"),
    ]
    if found.deviation is not None:
        each = found.deviation
        record = f"a score above all earlier ones, which are forgotten in {count(each.record_windows)} windows"
        rows += [
            ("alarm", record if each.adaptive else "every score above the threshold"),
            (
                "running means",
                f"over {count(each.baseline_windows)} windows; none fires in the first {count(each.settle_windows)}",
            ),
            (
                "samples out of range",
                f"{each.excess_octaves} octaves for each unit beyond the trained range, fading in {each.excess_windows} windows",
            ),
            ("floor", f"a mean square of {short(each.floor)}, of errors and of activity"),
        ]
    return rows


def is_adaptive(found: schema.Network) -> bool:
    """Tell whether an alarm must be a new record."""
    return found.trigger is not None and found.trigger.deviation is not None and found.trigger.deviation.adaptive


def formats(found: schema.Network) -> Table:
    """The format of every tensor."""
    rows = [
        (layer.name, tensor, text)
        for layer in found.layers
        for tensor, text in (layer.formats | {"accumulator": f"{layer.accumulator_bits} bits"}).items()
    ]
    if found.trigger is not None:
        rows += [(found.trigger.name, tensor, text) for tensor, text in found.trigger.formats.items()]
    return Table("Formats of all tensors", ("layer", "tensor", "format"), tuple(rows), code=(2,))


def channel(found: schema.Channel) -> Table:
    """What the channel's data are."""
    columns = f"{found.columns} column{'s' if found.columns > 1 else ''}"
    constant = ", constant" if found.constant_training else ""
    rows = [
        ("channel", f"{found.name} ({found.spacecraft}), {columns}"),
        ("training data", f"{_range(found.train_length, found.train_range)}{constant}"),
        ("test data", _range(found.test_length, found.test_range)),
        ("labelled anomalies", f"{found.anomalies}, {share(found.anomalous_share)} of the test samples"),
        *(("note", text) for text in (*found.flags, *found.notes)),
    ]
    return Table("The channel", ("what", "value"), tuple(rows))


def _range(length: int, values: tuple[float, float]) -> str:
    return f"{count(length)} samples, {short(values[0])} to {short(values[1])}"


def detection(items: Sequence[Detection]) -> Table:
    """How well anomalies are found."""
    headers = ("network", "score", "AUC-ROC", "AUC-PR", "threshold", "precision", "recall", "F1")
    rows = tuple(
        (
            item.executor,
            item.score.value,
            figure(item.auc_roc),
            figure(item.auc_pr),
            short(item.threshold),
            figure(item.precision),
            figure(item.recall),
            figure(item.f1),
        )
        for item in items
    )
    return Table("Detection of the labelled samples", headers, rows, numbers=tuple(range(2, 8)))


def events(items: Sequence[Detection]) -> Table:
    """How well events are found, how soon, and how often an alarm is false."""
    headers = (
        *("network", "score", "found", "false", "precision", "recall", "F1", "delay"),
        *("false a day", "false share", "VUS-ROC", "VUS-PR"),
    )
    rows = tuple(
        (
            item.executor,
            item.score.value,
            f"{count(each.found)} of {count(each.found + each.missed)}",
            count(each.false),
            *map(figure, (each.precision, each.recall, each.f1)),
            short(each.delay_median),
            short(each.false_alarms_a_day),
            share(each.false_alarm_share),
            *map(figure, (each.vus_roc, each.vus_pr)),
        )
        for item in items
        for each in (item.events,)
    )
    return Table("Detection of the labelled events", headers, rows, numbers=tuple(range(2, len(headers))))


def protocol(items: Sequence[Detection]) -> str:
    """What the events were counted by, in words."""
    each = items[0].events
    return (
        f"Event by event: a labelled event is found by an alarm within it, and alarms with {count(each.gap)} samples or fewer "
        "between them are one predicted event, false where it shares no sample with a labelled one. Delay: the median over "
        f"the events that are found, in samples, of which a day has {count(86_400 / each.sample_period)}. False share: normal "
        f"samples with an alarm. VUS: volumes over tolerances of up to {count(each.buffer)} samples."
    )


def confusion(items: Sequence[Detection]) -> Table:
    """What is right and wrong, sample by sample."""
    headers = ("network", "score", "anomalous, alarm", "anomalous, none", "normal, alarm", "normal, none")
    rows = tuple(
        (
            item.executor,
            item.score.value,
            *map(count, (item.true_positives, item.false_negatives, item.false_positives)),
            count(item.samples - item.anomalous - item.false_positives),
        )
        for item in items
    )
    return Table("Confusion of the labelled samples", headers, rows, numbers=tuple(range(2, len(headers))))


def split(found: Split) -> Table:
    """The parts of a classifier's data, and how many of their windows are anomalous."""
    headers = ("part", "samples", "windows", "normal", "anomalous", "share")
    rows = tuple(
        (
            part.name,
            ", ".join(f"{count(start)} to {count(stop - 1)}" for start, stop in part.stretches),
            *map(count, (part.windows, part.windows - part.anomalous, part.anomalous)),
            share(part.anomalous / part.windows if part.windows else None),
        )
        for part in found.parts
    )
    return Table("Labelled data, split by time", headers, rows, numbers=tuple(range(1, 6)))


def weights(found: Split) -> str:
    """What the classes count, in words."""
    if not found.class_weights:
        return "Every window counts the same in the loss."
    return f"In the loss, the classes count {', '.join(map(short, found.class_weights))}, in the order of the logits."


def training(items: Sequence[schema.Training]) -> Table:
    """How each training ended."""
    headers = ("training", "loss against", "epochs", "best epoch", "training loss", "validation loss")
    rows = []
    for item in items:
        best = (item.best_epoch or item.epochs) - 1
        losses = (item.train[best], item.validation[best])
        ends = ("not finite" if loss is None else short(loss) for loss in losses)
        rows.append((item.name, item.against, str(item.epochs), str(item.best_epoch or NONE), *ends))
    return Table("Losses at the best epoch", headers, tuple(rows), numbers=tuple(range(2, 6)))


def verification(found: schema.Verification) -> Table:
    """Every pair of executors."""
    return Table("Codes compared", HEADERS, tuple(tuple(cells(pair)) for pair in found.table.pairs), numbers=NUMBERS)


def memory(found: schema.Memory) -> Table:
    """Bits of every layer."""
    headers = (*("layer", "parameters", "float32 (KiB)", "int8 (KiB)", "chosen (KiB)", "tables (KiB)", "state (bits)"),)
    rows = tuple(
        (
            layer.name,
            count(layer.weights + layer.biases),
            *map(kib, (layer.float32_bits, layer.int8_bits, layer.chosen_bits, layer.table_bits)),
            count(layer.state_bits),
        )
        for layer in (*found.layers, found.total)
    )
    return Table("Memory of the network", headers, rows, numbers=tuple(range(1, 7)))


def saturations(found: schema.Saturations) -> Table:
    """Saturated codes of every tensor that had some."""
    rows = tuple((tensor, count(number)) for tensor, number in found.tensors.items())
    return Table("Saturated codes", ("tensor", "saturated codes"), rows, numbers=(1,), code=(0,))


def recorded(found: schema.Recorded, what: str) -> Table:
    """What the run wrote down."""
    return Table(what.capitalize(), ("what", what), _pairs(found.entries.items()), code=(1,))


def _pairs(items: Iterable[tuple[str, object]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in items)
