"""The sweep: batches of designs go to the workers, and what comes back is kept at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hw_trigger.cluster import unordered
from hw_trigger.explore.designs import Design
from hw_trigger.explore.evaluate import Evaluated, evaluate
from hw_trigger.explore.store import Store
from hw_trigger.parts.database import Database

BATCH = 250
"""Designs of a task: half a second of work, beside which sending and storing them is little."""


@dataclass(frozen=True)
class Sweep:
    """What a sweep did.

    Attributes
    ----------
    known, computed
        Designs whose results were there already, and those computed now.
    impossible
        Why designs cannot be, by their ids: their formats cannot be exact, or their budget is too small.
    """

    known: int
    computed: int
    impossible: dict[str, str] = field(default_factory=dict)


def sweep(
    client: Any,
    designs: Sequence[Design],
    store: Store,
    parts: Database,
    *,
    batch: int = BATCH,
    progress: Callable[[int], None] | None = None,
) -> Sweep:
    """Estimate all designs whose results are not in the store, and put them there, batch by batch.

    A sweep that is killed loses the batches under way, and goes on when it is called again.

    Parameters
    ----------
    client
        ``distributed.Client``, of :func:`hw_trigger.cluster.connect`.
    progress
        Called with the number of designs done, those in the store first.
    """
    known = set(store.load(design.id for design in designs)["id"].to_pylist())
    todo = [design for design in designs if design.id not in known]
    if progress is not None and known:
        progress(len(known))
    # Sent once to every worker, not with every batch.
    shared = client.scatter(parts, broadcast=True, hash=False) if todo else None
    computed = 0
    impossible: dict[str, str] = {}
    batches = [todo[start : start + batch] for start in range(0, len(todo), batch)]
    for done, result in unordered(client, lambda item: client.submit(evaluate, item, shared, pure=False), batches):
        found: Evaluated = result
        store.append(found.rows)
        computed += len(found.rows)
        impossible |= found.impossible
        if progress is not None:
            progress(len(done))
    return Sweep(len(known), computed, impossible)
