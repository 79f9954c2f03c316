"""The columns of the tables: which figure, what it is called, and which values are better."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A figure of a table.

    Attributes
    ----------
    figure
        Its name in `hw_trigger.detection.aggregate.Summary.means`.
    better
        1 where more is better, -1 where less is, 0 where neither says anything without another column.
    digits
        Decimal places.
    headline
        It is in the table of the terminal.
    """

    figure: str
    title: str
    better: int = 1
    digits: int = 3
    headline: bool = False

    def text(self, value: float | None) -> str:
        """Return a value as it is shown."""
        return "none" if value is None else f"{value:.{self.digits}f}"


RANKING_COLUMNS = (
    Column("auc_roc", "AUC-ROC", headline=True),
    Column("auc_pr", "AUC-PR", headline=True),
    Column("vus_roc", "VUS-ROC"),
    Column("vus_pr", "VUS-PR", headline=True),
    Column("vus_pr_steps", "VUS-PR, steps"),
)
"""Of the scores alone."""

ALARM_COLUMNS = (
    Column("affiliation_precision", "affiliation P"),
    Column("affiliation_recall", "affiliation R"),
    Column("affiliation_f1", "affiliation F1", headline=True),
    Column("event_precision", "event P"),
    Column("event_recall", "event R"),
    Column("event_f1", "event F1", headline=True),
    Column("event_f05", "event F0.5"),
    Column("pooled_event_f1", "pooled event F1", headline=True),
    Column("delay_median", "delay (samples)", better=-1, digits=1),
    Column("false_alarms_a_day", "false alarms a day", better=-1, digits=2, headline=True),
    Column("false_alarm_share", "share of normal samples", better=-1, digits=4, headline=True),
)
"""Of the alarms. The delay is the median over the events of a channel that are found."""

ADJUSTED_COLUMNS = (
    Column("point_adjusted_f1", "point-adjusted F1", better=0),
    Column("point_adjusted_random_f1", "of as many alarms at random", better=0),
)
"""Never one without the other."""

COLUMNS = (*RANKING_COLUMNS, *ALARM_COLUMNS, *ADJUSTED_COLUMNS)
