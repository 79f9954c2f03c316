"""Sweep over designs: estimate them, compare them, and find the one that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from hw_trigger.config.compose import to_yaml
from hw_trigger.config.schema import AutoencoderSection, Config, ModelSection
from hw_trigger.errors import UserError
from hw_trigger.explore.designs import Design
from hw_trigger.explore.space import Base, Grid, Space
from hw_trigger.files import to_json, write_whole
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.models.spec import QuantSpec
from hw_trigger.stages.packages import require_packages
from hw_trigger.stages.reporter import Reporter

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from hw_trigger.explore.accuracy import Accuracy
    from hw_trigger.explore.fit import Answer
    from hw_trigger.explore.query import Query
    from hw_trigger.explore.sweep import Sweep

RESULTS_NAME = "results.parquet"
FRONT_NAME = "pareto.md"
PLOT_NAMES = ("pareto.svg", "pareto.png")
SUMMARY_NAME = "explore.json"
BEST_NAME = "best.yaml"

NEEDED = ("dask", "distributed", "pandas", "pyarrow")


class NoDesignError(UserError):
    """A sweep none of whose designs can be."""


@dataclass(frozen=True)
class Exploration:
    """What a sweep wrote.

    Attributes
    ----------
    directory
        ``reports/explore-<name>``.
    answer
        To the query; ``None`` where there was none.
    """

    directory: Path
    answer: Answer | None


def run_explore(
    config: Config,
    reporter: Reporter,
    *,
    fit: str | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    dashboard: str | None = None,
) -> Exploration:
    """Estimate the designs of the configured space, and write table, Pareto front and, where asked, the best design.

    What is computed already, in this space or in another of the same name, is not computed again.

    Parameters
    ----------
    config
        With a channel, where accuracy is to be evaluated.
    fit
        A query, see :func:`hw_trigger.explore.query.parse_query`; what it chooses replaces the space's own lists.
    scheduler, workers, dashboard
        See :class:`hw_trigger.cluster.ClusterSettings`.

    Raises
    ------
    MissingPackageError
        A package of the extra ``explore`` is not installed.
    QueryError, SpaceError, NumbersError, SizeError, UnknownPartError, ObjectiveError
        Query or space cannot be.
    NoDesignError
        No design can be. What an earlier sweep wrote stays.
    ClusterError
        The scheduler cannot be reached, or workers die.
    UserError
        The channel cannot be had.
    """
    require_packages("hw-trigger explore", NEEDED)
    from hw_trigger.cluster import ClusterSettings, connect
    from hw_trigger.explore import pareto, query
    from hw_trigger.explore.evaluate import estimator_version
    from hw_trigger.explore.store import Store
    from hw_trigger.explore.sweep import sweep

    parts, wanted, directory = config.database(), config.explore, config.exploration_path
    asked = None if fit is None else query.parse_query(fit)
    space = wanted.space if asked is None else asked.restrict(wanted.space, parts)
    objectives = (*wanted.objectives, *(["auc_roc"] if wanted.accuracy != "none" else []))
    objectives = tuple(dict.fromkeys(objectives))
    pareto.check_objectives(objectives)
    cluster = ClusterSettings(scheduler, workers, dashboard)
    grid = Grid(space, Base(config.autoencoder(), config.quant, config.hls, parts))
    designs = grid.sample(wanted.maximum, config.seed)
    store = Store(directory / "results", estimator_version())
    with connect(cluster) as client:
        with reporter.task("designs", len(designs)) as advance:
            done = sweep(client, designs, store, parts, batch=wanted.batch, progress=advance)
        table = store.load(design.id for design in designs)
        if not table.num_rows:  # before what an earlier sweep has found is replaced by nothing
            raise NoDesignError(_why_none(wanted.name, grid, done))
        accuracy = _accuracy(client, config, designs, reporter)
    outcome = _Outcome(config, space, grid, designs, table, done, asked, objectives)
    return outcome.write(directory, accuracy, reporter)


def _why_none(name: str, grid: Grid, done: Sweep) -> str:
    """Say why there is no design, for the first few reasons."""
    reasons = _reasons(done)
    if grid.skipped:
        reasons.append(f"{grid.skipped} have reuse factors that a layer cannot have")
    return f"no design of the sweep {name!r} can be: {'; '.join(reasons)}"


def _reasons(done: Sweep) -> list[str]:
    """Return the first few reasons why designs cannot be, each once."""
    return list(dict.fromkeys(done.impossible.values()))[:3]


def _accuracy(client: Any, config: Config, designs: Sequence[Design], reporter: Reporter) -> dict[str, Accuracy]:
    """Return the accuracy of every network; empty where none is wanted."""
    mode = config.explore.accuracy
    if mode == "none":
        return {}
    from hw_trigger.explore.accuracy import AccuracyStore, measure, networks
    from hw_trigger.stages.accuracy import ChannelEvaluator
    from hw_trigger.stages.training import prepare

    prepare(config, reporter)  # telemetry that cannot be had ends the sweep here, not network by network
    home = (config.exploration_path / "networks").absolute()
    paths = config.paths.model_copy(update={"models": home})
    evaluator = ChannelEvaluator(config.model_copy(update={"paths": paths}), mode)
    wanted = networks(designs)
    store = AccuracyStore(home, evaluator.key)
    with reporter.task(f"networks ({mode})", len(wanted)) as advance:
        found = measure(client, wanted, evaluator, store, progress=advance)
    for network, item in found.items():
        if item.problem:
            architecture, quant = wanted[network]
            reporter.warn(f"NO ACCURACY of {architecture.name} in {quant.name}: {item.problem}")
    return found


@dataclass(frozen=True)
class _Outcome:
    config: Config
    space: Space
    grid: Grid
    designs: list[Design]
    table: pa.Table
    done: Sweep
    query: Query | None
    objectives: tuple[str, ...]

    def write(self, directory: Path, accuracy: Mapping[str, Accuracy], reporter: Reporter) -> Exploration:
        from hw_trigger.explore.accuracy import with_accuracy
        from hw_trigger.explore.fit import answer
        from hw_trigger.explore.pareto import pareto_front
        from hw_trigger.explore.plot import front_figure, render
        from hw_trigger.explore.table import to_frame, write_table

        table = with_accuracy(self.table, accuracy)
        results = to_frame(table)
        possible = results[results["fits"].astype(bool) & (results["doubts"] == "")]
        front = pareto_front(possible if len(possible) else results, self.objectives)
        found = None if self.query is None else answer(results, self.query)
        best = None if found is None or found.best is None else found.best
        self._tell(reporter, found, evaluated=bool(accuracy))
        write_table(directory / RESULTS_NAME, table)
        write_whole(directory / FRONT_NAME, self._markdown(front, len(possible)))
        figure = front_figure(results, front, self.objectives, None if best is None else best["id"])
        write_whole(directory / PLOT_NAMES[0], render(figure, "svg"))
        write_whole(directory / PLOT_NAMES[1], render(figure, "png"))
        write_whole(directory / SUMMARY_NAME, to_json(self._summary(front, found, len(possible))))
        if found is not None and best is None:
            (directory / BEST_NAME).unlink(missing_ok=True)  # the answer to an earlier query
        if best is not None:
            write_whole(directory / BEST_NAME, to_yaml(self._configuration(best)))
            reporter.say(f"its configuration: hw-trigger run --config-dir {directory.as_posix()} --config-name best")
        reporter.say(f"{len(front)} designs in the Pareto front: {directory / FRONT_NAME}")
        return Exploration(directory, found)

    def _tell(self, reporter: Reporter, found: Answer | None, *, evaluated: bool) -> None:
        impossible = self.done.impossible
        reporter.say(
            f"{len(self.designs)} designs of {len(self.grid)}: {self.done.known} known already, {self.done.computed} estimated, "
            f"{len(impossible)} that cannot be; {self.grid.skipped} more have factors that a layer cannot have"
        )
        for reason in _reasons(self.done):
            reporter.say(f"a design that cannot be: {reason}")
        reporter.say("resources are estimated with drawn weights: the sweep trains no network for them")
        if not evaluated and len({design.network for design in self.designs}) > 1:
            reporter.warn("accuracy was not evaluated, so that small networks win; explore.accuracy=ptq evaluates it")
        if found is not None:
            reporter.say(found.text)

    def _markdown(self, front: pd.DataFrame, possible: int) -> str:
        from hw_trigger.explore.pareto import front_markdown
        from hw_trigger.explore.plot import LABELS

        names = ", ".join(LABELS[name] for name in self.objectives)
        return (
            f"# Pareto front: {self.config.explore.name}\n\n"
            f"Of {self.table.num_rows} designs {possible} are expected to fit their part and to be synthesized. "
            f"{'These' if possible else 'Of all, these'} are the ones that no other beats in all of: {names}.\n\n"
            "All hardware figures are estimated; resources are what logic synthesis leaves. Fits: yes, even at the upper end of "
            "the error bars; perhaps, within them.\n\n"
            "Resources are estimated with drawn weights: the sweep trains no network for them, and with trained weights they "
            "differ.\n\n"
            f"{front_markdown(front, self.objectives)}\n\n![Designs and front]({PLOT_NAMES[0]})\n"
        )

    def _summary(self, front: pd.DataFrame, found: Answer | None, possible: int) -> dict[str, Any]:
        explore = self.config.explore
        return {
            "name": explore.name,
            "space": asdict(self.space),
            "seed": self.config.seed,
            "maximum": explore.maximum,
            "accuracy": explore.accuracy,
            "channel": None if explore.accuracy == "none" else self.config.channel,
            "designs": len(self.designs),
            "designs_of_the_space": len(self.grid),
            "designs_with_impossible_factors": self.grid.skipped,
            "designs_that_cannot_be": len(self.done.impossible),
            "designs_that_fit": possible,
            "objectives": list(self.objectives),
            "front": front["id"].tolist(),
            "fit": None if found is None or self.query is None else self._fit(found, self.query),
        }

    @staticmethod
    def _fit(found: Answer, query: Query) -> dict[str, Any]:
        return {
            "query": query.text,
            "designs_that_meet_it": found.feasible,
            "best": None if found.best is None else found.best["id"],
            "fits_at_the_upper_end_of_the_error_bars": found.certain,
            "text": found.text,
        }

    def _configuration(self, best: Mapping[Any, Any]) -> Config:
        """Return the configuration of a design: what the sweep varies is the design's, the rest as it was.

        The configured network keeps its name and its run, so that a bundle that is there serves.
        """
        from hw_trigger.explore.configuration import overrides

        design = next(design for design in self.designs if design.id == best["id"])
        sections = overrides(design, best)
        given = self.config
        hls = TypeAdapter(HlsSettings).validate_python(asdict(given.hls) | sections["hls"])
        quant = TypeAdapter(QuantSpec).validate_python(sections["quant"])
        model: ModelSection = AutoencoderSection(**sections["model"])
        if model == given.model.model_copy(update={"name": model.name}):
            model = given.model
        run = given.run if (model, quant) == (given.model, given.quant) else None
        return given.model_copy(update={"run": run, "model": model, "quant": quant, "hls": hls})
