"""The tables of the report, as text: Markdown and HTML show the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hw_trigger.report import schema
from hw_trigger.report.numbers import NONE, count, figure, kib, share, short
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
        trigger = found.trigger
        mean = f"a mean square of {short(trigger.mean_square)}"
        rows.append(("trigger threshold", f"{count(trigger.code)} (code of {trigger.score}), {mean}"))
    return Table("The network", ("what", "value"), tuple(rows))


def formats(found: schema.Network) -> Table:
    """The format of every tensor."""
    rows = [
        (layer.name, tensor, text)
        for layer in found.layers
        for tensor, text in (layer.formats | {"accumulator": f"{layer.accumulator_bits} bits"}).items()
    ]
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


def detection(items: Sequence[schema.Detection]) -> Table:
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
