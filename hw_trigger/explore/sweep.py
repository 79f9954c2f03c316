"""The sweep: batches of designs go to the workers, and what comes back is kept at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hw_trigger.explore.designs import Design
from hw_trigger.explore.evaluate import Evaluated, evaluate
from hw_trigger.explore.store import Store
from hw_trigger.parts.database import Database

BATCH = 250
"""Designs of a task: half a second of work, beside which sending and storing them is little."""

AHEAD = 3
"""Batches for each worker that are with the scheduler at a time."""

Item = TypeVar("Item")
Result = TypeVar("Result")


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
        ``distributed.Client``, of :func:`hw_trigger.explore.cluster.connect`.
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


def unordered(client: Any, submit: Callable[[Item], Any], items: Iterable[Item]) -> Iterator[tuple[Item, Any]]:
    """Yield items with the results of their tasks, as they are done; only some are with the scheduler at a time.

    Parameters
    ----------
    submit
        Returns the future of an item.
    """
    from distributed import as_completed

    waiting = iter(items)
    ahead = AHEAD * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
    pending = {submit(item): item for item in itertools.islice(waiting, ahead)}
    running = as_completed(list(pending))
    try:
        for future in running:
            item = pending.pop(future)
            result = future.result()
            for following in itertools.islice(waiting, 1):
                added = submit(following)
                pending[added] = following
                running.add(added)
            yield item, result
    finally:
        client.cancel(list(pending))
