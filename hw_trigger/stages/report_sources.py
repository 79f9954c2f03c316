"""What a report takes from elsewhere than the run itself: vendor reports in the HLS project, and the results of a sweep."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from hw_trigger.config.schema import Config
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.errors import UserError
from hw_trigger.estimate.result import Estimate
from hw_trigger.hls.project import Project
from hw_trigger.report.data import ParetoFront, VendorFigures
from hw_trigger.report.detection_data import Detection
from hw_trigger.report.vendor_figures import side_by_side
from hw_trigger.stages.explore import NEEDED, RESULTS_NAME, SUMMARY_NAME
from hw_trigger.stages.packages import MissingPackageError, require_packages
from hw_trigger.stages.reporter import Reporter
from hw_trigger.vendor.find import find_reports
from hw_trigger.vendor.layers import layer_configurations
from hw_trigger.vendor.matching import Expected
from hw_trigger.vendor.source import NoReportsError


class ExplorationError(UserError):
    """The record of a sweep is damaged."""


class _Summary(BaseModel):
    """What a report takes of the sweep's record: the figures that designs were compared by, and the ids of the front."""

    objectives: tuple[str, ...]
    front: tuple[str, ...]


def read_vendor(found: Estimate, project: Project) -> VendorFigures | None:
    """Return the vendor's figures beside the estimate; ``None`` where no synthesis was run.

    Raises
    ------
    VendorReportError
        A report is damaged, foreign, of another design or part, or does not belong to the others.
    """
    try:
        reports = find_reports(
            project.directory, Expected(project.top, project.settings.part, project.settings.clock_ns)
        )
    except NoReportsError:
        return None
    source = (project.directory / "firmware" / f"{project.top}.cpp").read_text("utf-8")
    configurations = layer_configurations(source)
    return side_by_side(
        found,
        reports,
        {
            name: configurations[identifier]
            for name, identifier in project.layers.items()
            if identifier in configurations
        },
    )


def read_front(
    config: Config, found: Estimate, detection: Sequence[Detection], reporter: Reporter
) -> ParetoFront | None:
    """Return the Pareto front of the configured sweep, with this design; ``None`` where none was run for this part.

    Raises
    ------
    ExplorationError, TableError
        The sweep's results are damaged.
    """
    path = config.exploration_path / RESULTS_NAME
    summary = config.exploration_path / SUMMARY_NAME
    if not path.is_file() or not summary.is_file():
        return None
    try:
        require_packages("a Pareto front", NEEDED)
    except MissingPackageError as error:
        reporter.warn(f"the report goes without {path}: {error}")
        return None
    from hw_trigger.explore.evaluate import figures
    from hw_trigger.explore.pareto import ObjectiveError, check_objectives
    from hw_trigger.explore.table import read_table, to_frame
    from hw_trigger.report.exploration import to_front

    try:
        chosen = _Summary.model_validate_json(summary.read_bytes())
        check_objectives(chosen.objectives)
    except (ValueError, ObjectiveError) as error:
        raise ExplorationError(f"{summary} is damaged; run hw-trigger explore again") from error
    results = to_frame(read_table(path))
    if found.part not in set(results["part"]):  # shares of other parts say nothing of this one
        reporter.warn(f"the report goes without {path}: none of its designs is for {found.part}")
        return None
    metrics = {item.metrics.score: item.metrics for item in detection}  # of the last executor: the integer program
    causal, spread = metrics[ScoreKind.CAUSAL], metrics.get(ScoreKind.WINDOW_SPREAD)
    accuracy = {
        "auc_roc": causal.auc_roc,
        "auc_pr": causal.auc_pr,
        "auc_roc_window_spread": None if spread is None else spread.auc_roc,
    }
    if len(chosen.objectives) < 2:  # designs by one figure alone are a list, not a front
        return None
    return to_front(results, chosen.objectives, chosen.front, figures(found) | accuracy)
