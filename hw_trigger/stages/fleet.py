"""A fleet: the networks of many channels, trained in parallel on Dask, and evaluated."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hw_trigger.config.schema import Config
from hw_trigger.evaluation.document import headliner
from hw_trigger.evaluation.tables import channels_table
from hw_trigger.files import write_whole
from hw_trigger.models.shared_formats import shared_formats
from hw_trigger.stages.evaluate import NEEDED, Evaluation, evaluate_channels, first_of
from hw_trigger.stages.fleet_training import Trained, calibrated, train
from hw_trigger.stages.packages import require_packages
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.runs import FleetError, run_config, select_channels

if TYPE_CHECKING:
    from hw_trigger.cluster import ClusterSettings

TABLE = "fleet.md"

Runs = Mapping[str, Config]
"""Configurations by the names of their runs."""


def run_fleet(config: Config, reporter: Reporter, cluster: ClusterSettings) -> Evaluation:
    """Train the networks of the configured channels with the configured seeds, and evaluate them.

    A run that is trained already, with these settings on this telemetry, is not trained again; one that was interrupted goes on
    from its last checkpoint. A channel that cannot be trained on is left out, and told at the end.

    Raises
    ------
    FleetError
        A channel is not known, or none can be trained on.
    NetworkKindError
        The configured network is no autoencoder.
    MissingPackageError, ClusterError
        Dask is not installed, the scheduler cannot be reached, or workers die.
    UserError
        A channel cannot be had.
    """
    require_packages("hw-trigger fleet", NEEDED)
    from hw_trigger.cluster import connect, workers

    config.autoencoder()
    channels = select_channels(config, reporter)
    runs = {
        one.run_name: one
        for name in channels
        for seed in config.evaluate.seeds
        for one in [run_config(config, name, seed)]
    }
    begin = time.perf_counter()
    with connect(cluster) as client:
        number = workers(client)
        trained = _Crew(client, number, reporter).train(runs, shared=config.fleet.shared_formats)
        duration = time.perf_counter() - begin
        problems = {runs[name].channel: item.problem for name, item in trained.items() if item.problem}
        for name, problem in problems.items():
            reporter.warn(f"NOT TRAINED: channel {name!r}: {problem}")
        known = sum(item.known for item in trained.values())
        fresh = len(runs) - known - sum(bool(item.problem) for item in trained.values())
        reporter.say(
            f"{len(runs)} networks: {known} known already, {fresh} trained in {duration / 60:.1f} minutes by {number} "
            f"worker{'' if number == 1 else 's'}"
        )
        left = tuple(name for name in channels if name not in problems)
        if not left:
            raise FleetError(f"none of the {len(channels)} channels can be trained on, {first_of(problems)}")
        found = evaluate_channels(config, left, reporter, client, untrained=problems)
    write_whole(found.directory / TABLE, _table(found, runs, trained))
    reporter.say(f"in {(time.perf_counter() - begin) / 60:.1f} minutes in all; by channel: {found.directory / TABLE}")
    return found


@dataclass(frozen=True)
class _Crew:
    """The workers, each of which has one task at a time."""

    client: Any
    number: int
    reporter: Reporter

    def train(self, runs: Runs, *, shared: bool) -> dict[str, Trained]:
        """Train all runs; with shared formats their float networks first, from which the formats of all follow."""
        if not shared:
            return self._run("networks trained", runs, train)
        first = self._run("float networks trained", runs, calibrated)
        calibrations = [item.formats for item in first.values() if item.formats is not None]
        failed = {name: item for name, item in first.items() if item.problem}
        if not calibrations:
            return failed
        formats = shared_formats(calibrations)
        left = {name: one for name, one in runs.items() if name not in failed}
        return failed | self._run("networks trained", left, train, formats)

    def _run(self, what: str, runs: Runs, function: Callable[..., Trained], *arguments: Any) -> dict[str, Trained]:
        """Do something with every run, and tell which ones are under way."""
        from hw_trigger.cluster import unordered

        def submit(name: str) -> Any:
            return self.client.submit(function, runs[name], *arguments, pure=False)

        done: dict[str, Trained] = {}
        with self.reporter.task(what, len(runs)) as advance:
            advance(0, note=_under_way(list(runs), done, self.number))
            for name, item in unordered(self.client, submit, runs, ahead=1):
                done[name] = item
                advance(1, note=_under_way(list(runs), done, self.number))
        return {name: done[name] for name in runs}


def _under_way(names: Sequence[str], done: Mapping[str, object], number: int) -> str:
    """Return the runs that workers are busy with: they are begun in order, one a worker."""
    return ", ".join([name for name in names if name not in done][:number])


def _table(found: Evaluation, runs: Runs, trained: Mapping[str, Trained]) -> str:
    """Return the table of the fleet by channel, with the times of training, which differ from run to run."""
    seconds: dict[str, float] = {}
    for name, item in trained.items():
        if item.seconds is not None:
            seconds[runs[name].channel] = seconds.get(runs[name].channel, 0.0) + item.seconds
    row = headliner(found.results)
    count = len(found.results.channels)
    lines = [
        f"# Fleet of {count} channel{'' if count == 1 else 's'}",
        f"Training in seconds of one core, all seeds together; figures: {row.title}, causal. Means and plots: evaluation.md.",
        channels_table(found.results, row.key, seconds),
        *(f"Left out: channel {name}: {problem}" for name, problem in found.problems.items()),
    ]
    return "\n\n".join(lines) + "\n"
