"""Accuracy of the networks of a sweep: trained once for each size, quantized once for each network, not for each design."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from hw_trigger.cluster import unordered
from hw_trigger.errors import UserError
from hw_trigger.explore.designs import Design
from hw_trigger.explore.table import ACCURACY
from hw_trigger.files import sha256_bytes, to_json, write_whole
from hw_trigger.models.spec import Architecture, QuantSpec


@dataclass(frozen=True)
class Accuracy:
    """Accuracy of a quantized network, by the columns of the table; ``None``: not defined on these data.

    Attributes
    ----------
    problem
        Why there is none: training diverged, or formats cannot be.
    """

    auc_roc: float | None = None
    auc_pr: float | None = None
    auc_roc_window_spread: float | None = None
    auc_roc_float: float | None = None
    problem: str = ""


class Evaluator(Protocol):
    """Trains and measures; it is sent to the workers, and so must be picklable."""

    @property
    def key(self) -> str:
        """What results depend on beside the network: telemetry and settings of training."""

    def train(self, architecture: Architecture) -> Any:
        """Return a float network, as arrays and plain values: it may be sent from one worker to another."""

    def measure(self, trained: Any, architecture: Architecture, quant: QuantSpec) -> Accuracy:
        """Return the accuracy of its quantized version."""


@dataclass(frozen=True)
class AccuracyStore:
    """A directory with a file for each network that was measured."""

    directory: Path
    key: str

    def path(self, network: str) -> Path:
        """Return the file of a network; another one for other telemetry or other settings of training."""
        return self.directory / f"{network}-{sha256_bytes(self.key.encode())[:8]}.json"

    def load(self, network: str) -> Accuracy | None:
        """Return what is known of a network. A damaged file is as good as none: it is made again."""
        try:
            return Accuracy(**json.loads(self.path(network).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def save(self, network: str, found: Accuracy) -> None:
        """Keep the accuracy of a network.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        write_whole(self.path(network), to_json(asdict(found)))


def networks(designs: Iterable[Design]) -> dict[str, tuple[Architecture, QuantSpec]]:
    """Return the networks of designs by their identity."""
    return {design.network: (design.architecture, design.quant) for design in designs}


def measure(
    client: Any,
    wanted: Mapping[str, tuple[Architecture, QuantSpec]],
    evaluator: Evaluator,
    store: AccuracyStore,
    *,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Accuracy]:
    """Return the accuracy of all networks, of those in the store and of those that are measured now.

    Parameters
    ----------
    client
        ``distributed.Client``.
    wanted
        By the network's identity.
    progress
        Called with the number of networks done, those in the store first.
    """
    found = {network: known for network in wanted if (known := store.load(network)) is not None}
    if progress is not None and found:
        progress(len(found))
    todo = [network for network in wanted if network not in found]
    sizes = dict.fromkeys(wanted[network][0] for network in todo)
    trained = {size: client.submit(_train, evaluator, size, pure=False) for size in sizes}

    def submit(network: str) -> Any:
        architecture, quant = wanted[network]
        return client.submit(_measure, evaluator, trained[architecture], architecture, quant, pure=False)

    for network, result in unordered(client, submit, todo):
        store.save(network, result)
        found[network] = result
        if progress is not None:
            progress(1)
    return {network: found[network] for network in wanted}


def with_accuracy(table: pa.Table, found: Mapping[str, Accuracy]) -> pa.Table:
    """Return the table with the columns of accuracy filled in."""
    nothing = Accuracy()
    rows = [found.get(network, nothing) for network in table["network"].to_pylist()]
    for name in ACCURACY:
        place = table.schema.get_field_index(name)
        values = pa.array([getattr(row, name) for row in rows], pa.float64())
        table = table.set_column(place, table.schema.field(place), values)
    return table


def _train(evaluator: Evaluator, architecture: Architecture) -> Any:
    """Return the trained network, or why there is none: one that fails does not end the others' measurements."""
    try:
        return evaluator.train(architecture)
    except UserError as error:
        return Accuracy(problem=str(error))


def _measure(evaluator: Evaluator, trained: Any, architecture: Architecture, quant: QuantSpec) -> Accuracy:
    if isinstance(trained, Accuracy):
        return trained
    try:
        return evaluator.measure(trained, architecture, quant)
    except UserError as error:
        return Accuracy(problem=str(error))
