"""Where losses and metrics go beside a run's results: TensorBoard, Weights & Biases, or nowhere.

The packages are those of the extra ``tracking``, and are imported only where they are asked for.
"""

from __future__ import annotations

import importlib.util
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import yaml

from hw_trigger.errors import UserError

if TYPE_CHECKING:
    import wandb
    from torch.utils.tensorboard import SummaryWriter

TrackerKind = Literal["none", "tensorboard", "wandb"]
TrackerMode = Literal["offline", "online"]

EPOCH = "epoch"
"""What Weights & Biases draws curves over: its own steps never go back, and every fit begins with epoch 1."""


class MissingTrackerError(UserError):
    """The tracker's package is not installed."""


class TrackerError(UserError):
    """The tracker cannot be opened."""


class Tracker(Protocol):
    """What losses and metrics are told to. Names have a slash where they belong together: ``float/validation_loss``.

    Attributes
    ----------
    where
        Tells the user where to look; empty where nothing is kept.
    """

    where: str

    def params(self, values: Mapping[str, object]) -> None:
        """Keep what the run was made with: plain values, and dictionaries of them."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Keep values of a step, an epoch counted from 1."""

    def summary(self, values: Mapping[str, float]) -> None:
        """Keep values of the run as a whole, its final metrics."""

    def close(self) -> None:
        """Write what is not written yet; nothing can be told any more."""


@dataclass(frozen=True)
class TrackedRun:
    """A run, as a tracker shows it.

    Attributes
    ----------
    directory
        All runs are below it.
    project, name
        How the run is called, and what it belongs to.
    identity
        The same for the same settings and data, so that a resumed run, or a later stage of it, goes on in the same place.
    """

    directory: Path
    project: str
    name: str
    identity: str


def open_tracker(kind: TrackerKind, mode: TrackerMode, run: TrackedRun) -> Tracker:
    """Open a tracker for a run.

    Parameters
    ----------
    mode
        Of Weights & Biases.

    Raises
    ------
    MissingTrackerError
        The package is not installed.
    TrackerError
        The directory cannot be written, or Weights & Biases cannot be reached or knows no login.
    """
    if kind == "none":
        return NoTracker()
    if importlib.util.find_spec(kind) is None:
        raise MissingTrackerError(
            f'tracking.kind={kind} needs the package {kind}: install it with `pip install "hw_trigger[tracking]"`, '
            "or set tracking.kind=none"
        )
    try:
        run.directory.mkdir(parents=True, exist_ok=True)
        return TensorBoardTracker(run) if kind == "tensorboard" else WandbTracker(run, mode)
    except OSError as error:
        raise TrackerError(f"tracking.kind={kind} cannot write to {run.directory}: {error.strerror}") from error


class NoTracker:
    """Keeps nothing."""

    where = ""

    def params(self, values: Mapping[str, object]) -> None:
        """Do nothing."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Do nothing."""

    def summary(self, values: Mapping[str, float]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TensorBoardTracker:
    """Writes event files to ``<directory>/<name>-<identity>``: scalars, and the parameters as text."""

    def __init__(self, run: TrackedRun) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: SummaryWriter = SummaryWriter(str(run.directory / f"{run.name}-{run.identity}"))
        self.where = f"losses and metrics are kept; show them with: tensorboard --logdir {run.directory}"

    def params(self, values: Mapping[str, object]) -> None:
        """Write them as YAML, indented as Markdown has code."""
        text = yaml.safe_dump(dict(values), sort_keys=False)
        self._writer.add_text("parameters", textwrap.indent(text, "    "))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write scalars."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def summary(self, values: Mapping[str, float]) -> None:
        """Write scalars called ``summary/...``."""
        self.log(0, {f"summary/{name}": value for name, value in values.items()})

    def close(self) -> None:
        """Close the event file."""
        self._writer.close()


class WandbTracker:
    """Writes a run of Weights & Biases, offline below ``<directory>/wandb``. No code, console or load is recorded."""

    def __init__(self, run: TrackedRun, mode: TrackerMode) -> None:
        import wandb

        quiet = wandb.Settings(
            silent=True, console="off", save_code=False, disable_code=True, disable_git=True, x_disable_stats=True
        )
        try:
            self._run: wandb.Run = wandb.init(
                project=run.project,
                name=run.name,
                id=run.identity,
                dir=run.directory,
                mode=mode,
                resume="allow" if mode == "online" else None,
                reinit="create_new",
                settings=quiet,
            )
        except wandb.Error as error:
            raise TrackerError(
                f"Weights & Biases does not begin the run: {error}; log in with `wandb login`, or set tracking.mode=offline"
            ) from error
        self._run.define_metric(EPOCH, hidden=True)
        self._run.define_metric("*", step_metric=EPOCH)
        upload = f"upload them with: wandb sync {self._run.settings.sync_dir}"
        self.where = f"losses and metrics are kept; {upload if mode == 'offline' else f'see {self._run.url}'}"

    def params(self, values: Mapping[str, object]) -> None:
        """Set the run's configuration."""
        self._run.config.update(dict(values))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log values over the epoch."""
        self._run.log({**values, EPOCH: step})

    def summary(self, values: Mapping[str, float]) -> None:
        """Set values of the run's summary."""
        self._run.summary.update(dict(values))

    def close(self) -> None:
        """Finish the run, and upload it where it is online."""
        self._run.finish()
