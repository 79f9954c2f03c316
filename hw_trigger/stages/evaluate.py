"""Evaluate: every row of the table on every channel, and what follows: tables, comparisons, plots."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.evaluation.document import write_evaluation
from hw_trigger.evaluation.results import Results
from hw_trigger.evaluation.rows import ROWS, Role
from hw_trigger.stages.measuring import Measurement, measure_channel
from hw_trigger.stages.packages import require_packages
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.runs import of_other_settings, run_config, select_channels, some_of, without_bundle

NEEDED = ("dask", "distributed")


class EvaluationError(UserError):
    """Nothing can be evaluated, or a network that is asked for is not there."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found and wrote.

    Attributes
    ----------
    directory
        ``reports/evaluate-<name>``.
    problems
        Channels that are left out, and why.
    """

    directory: Path
    results: Results
    problems: dict[str, str]


def run_evaluate(
    config: Config, reporter: Reporter, *, scheduler: str | None = None, workers: int | None = None
) -> Evaluation:
    """Evaluate the configured rows on the configured channels, in this process, or on Dask where workers are asked for.

    What has been measured already, of the same telemetry, settings and bundles, is not measured again.

    Parameters
    ----------
    scheduler, workers
        See `hw_trigger.cluster.ClusterSettings`; both None: no Dask.

    Raises
    ------
    EvaluationError
        A network has no bundle, or no channel can be evaluated.
    FleetError, UserError
        A channel is not known or cannot be had.
    MissingPackageError, ClusterError
        Dask is not installed, or the scheduler cannot be reached.
    """
    channels = select_channels(config, reporter)
    check_bundles(config, channels, reporter)
    if scheduler is None and workers is None:
        return evaluate_channels(config, channels, reporter)
    require_packages("hw-trigger evaluate --workers", NEEDED)
    from hw_trigger.cluster import ClusterSettings, connect

    with connect(ClusterSettings(scheduler, workers)) as client:
        return evaluate_channels(config, channels, reporter, client)


def check_bundles(config: Config, channels: tuple[str, ...], reporter: Reporter) -> None:
    """Check that every network that a row needs is there, and warn of those that were trained with other settings.

    Raises
    ------
    EvaluationError
        One is not.
    FleetError
        As `run_config`.
    """
    run_config(config, channels[0], 0)
    rows = [key for key in config.evaluate.rows if ROWS[key].role is Role.NETWORK]
    if not rows:
        return
    absent = without_bundle(config, channels)
    if absent:
        raise EvaluationError(
            f"{some_of(absent)} {'has' if len(absent) == 1 else 'have'} no bundle in {config.paths.models}, which "
            f"{'the row' if len(rows) == 1 else 'the rows'} {', '.join(rows)} {'needs' if len(rows) == 1 else 'need'}: "
            "`hw-trigger fleet` trains the networks, or leave networks out of evaluate.rows"
        )
    if other := of_other_settings(config, channels):
        reporter.warn(
            f"{some_of(other)} {'was' if len(other) == 1 else 'were'} trained with other settings than the configured ones, and "
            "figures are of those; `hw-trigger fleet` trains again"
        )


def evaluate_channels(
    config: Config,
    channels: tuple[str, ...],
    reporter: Reporter,
    client: Any | None = None,
    *,
    untrained: Mapping[str, str] | None = None,
) -> Evaluation:
    """Evaluate the rows on these channels, and write what follows.

    Parameters
    ----------
    client
        ``distributed.Client``; None: this process.
    untrained
        Channels that are not among these, as they have no network, and why.

    Raises
    ------
    EvaluationError
        No channel can be evaluated.
    """
    found: dict[str, Measurement] = {}
    with (
        contextlib.closing(_measurements(config, channels, client)) as measurements,
        reporter.task("channels evaluated", len(channels)) as advance,
    ):
        for item in measurements:
            found[item.channel] = item
            advance(1, note=item.channel)
    problems = {name: found[name].problem for name in channels if found[name].problem}
    for name, problem in problems.items():
        reporter.warn(f"NOT EVALUATED: channel {name!r}: {problem}")
    records = tuple(record for name in channels for record in found[name].records)
    if not records:
        raise EvaluationError(f"none of the {len(channels)} channels can be evaluated, {first_of(problems)}")
    problems |= untrained or {}
    measured = sum(item.measured for item in found.values())
    reporter.say(f"{len(records)} records: {len(records) - measured} known already, {measured} measured")
    results = Results(records, config.trigger.false_alarms_per_day)
    write_evaluation(config.evaluation_path, results, config.trigger.kind, problems)
    reporter.say(f"tables and plots: {config.evaluation_path / 'evaluation.md'}")
    return Evaluation(config.evaluation_path, results, problems)


def _measurements(config: Config, channels: tuple[str, ...], client: Any | None) -> Generator[Measurement]:
    """Yield what is measured, as it is done."""
    if client is None:
        for name in channels:
            yield measure_channel(config, name)
        return
    from hw_trigger.cluster import unordered

    def submit(name: str) -> Any:
        return client.submit(measure_channel, config, name, pure=False)

    for _, item in unordered(client, submit, channels):
        yield item


def first_of(problems: Mapping[str, str]) -> str:
    """Tell the first problem."""
    name, problem = next(iter(problems.items()))
    return f"the first, {name!r}, as: {problem}"
