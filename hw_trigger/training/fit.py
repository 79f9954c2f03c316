"""The training loop: the same seed, data and first weights give the same bytes, killed and resumed or not."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler

from hw_trigger.errors import UserError
from hw_trigger.training import checkpoint as checkpoints
from hw_trigger.training.checkpoint import Checkpoint
from hw_trigger.training.losses import Loss, MeanSquare
from hw_trigger.training.settings import FitSettings, History

MEAN_SQUARE = MeanSquare()


class DivergenceError(UserError):
    """The loss is no longer a finite number."""


class NoWindowsError(UserError):
    """There are no windows to train on, or none to validate on."""


def fit(
    model: nn.Module,
    train: Tensor,
    validation: Tensor,
    settings: FitSettings,
    *,
    targets: tuple[Tensor, Tensor] | None = None,
    loss: Loss = MEAN_SQUARE,
    checkpoint: Path | None = None,
    progress: Callable[[History], None] | None = None,
) -> History:
    """Train a network in place, by default to reconstruct windows, and leave it with the weights of its best epoch.

    Adam (Kingma and Ba, 2015). Data may be views of overlapping windows: a batch is copied at a time.

    Parameters
    ----------
    train, validation
        Scaled windows, float32, ``(n, steps, n_features)``.
    targets
        What the network is to put out for `train` and `validation`; by default the windows themselves. A classifier is given
        classes, ``(n,)``, int64; a quantized network what the float one puts out (distillation; Hinton et al., "Distilling the
        Knowledge in a Neural Network", 2015, and Mishra and Marr, "Apprentice", 2018, for low precision).
    loss
        Of what the network puts out and the targets.
    checkpoint
        File that the state is written to after every epoch, and that a run goes on from where it exists. It stays when the run
        is complete: the same call then returns at once, with the same result.
    progress
        Called with the history after every epoch, the checkpoint being written.

    Raises
    ------
    NoWindowsError
        `train` or `validation` is empty.
    DivergenceError
        The loss became NaN or infinite.
    StateFileError
        The checkpoint is damaged, or belongs to another run.
    OutputError
        The checkpoint cannot be written.
    """
    for name, windows in (("train", train), ("validate", validation)):
        if not len(windows):
            raise NoWindowsError(f"there are no windows to {name} on; choose a shorter window or a smaller stride")
    optimizer = Adam(model.parameters(), settings.learning_rate)
    scheduler = _scheduler(optimizer, settings, len(train))
    history, best = History(), _snapshot(model)
    train_target, validation_target = (train, validation) if targets is None else targets
    data = {"train": train, "validation": validation}
    if targets is not None:
        data |= {"train target": train_target, "validation target": validation_target}
    run = "" if checkpoint is None else checkpoints.fingerprint(model, data, settings, loss)
    found = None if checkpoint is None else checkpoints.load(checkpoint, run)
    if found is not None:
        history, best = found.history, found.best
        model.load_state_dict(found.model)
        optimizer.load_state_dict(found.optimizer)
        scheduler.load_state_dict(found.scheduler)
    while history.epochs < settings.epochs and not history.stopped_early:
        epoch = history.epochs
        train_loss = _run_epoch(model, scheduler, (train, train_target), epoch, settings=settings, loss=loss)
        validation_loss = evaluate(model, validation, settings.batch_size, validation_target, loss)
        _finite(validation_loss, "validation", epoch, settings)
        history = History((*history.train, train_loss), (*history.validation, validation_loss))
        if history.best_epoch == history.epochs - 1:
            best = _snapshot(model)
        if history.epochs - 1 - history.best_epoch >= settings.patience:
            history = replace(history, stopped_early=True)
        if checkpoint is not None:
            state = Checkpoint(history, model.state_dict(), best, optimizer.state_dict(), scheduler.state_dict())
            checkpoints.save(checkpoint, state, run)
        if progress is not None:
            progress(history)
    model.load_state_dict(best)
    return history


@torch.no_grad()
def evaluate(
    model: nn.Module, windows: Tensor, batch_size: int, target: Tensor | None = None, loss: Loss = MEAN_SQUARE
) -> float:
    """Return the loss of what a network puts out of windows ``(n, steps, n_features)``, against them or `target`."""
    model.eval()
    parts = (torch.split(tensor, batch_size) for tensor in (windows, windows if target is None else target))
    batches = zip(*parts, strict=True)
    total: float = sum(loss(model(batch), wanted).item() * len(batch) for batch, wanted in batches)
    return total / len(windows)


def _run_epoch(
    model: nn.Module,
    scheduler: LRScheduler,
    data: tuple[Tensor, Tensor],
    epoch: int,
    *,
    settings: FitSettings,
    loss: Loss,
) -> float:
    """Do an epoch's steps; return the mean loss."""
    model.train()
    optimizer = scheduler.optimizer
    windows, target = data
    order, noise = epoch_order(len(windows), settings, epoch), _generator(settings, "noise", epoch)
    total = 0.0
    for index in torch.split(order, settings.batch_size):
        batch = windows[index]
        if settings.noise:
            batch = batch + settings.noise * torch.randn(batch.shape, generator=noise)
        found = loss(model(batch), target[index])
        total += _finite(found.item(), "training", epoch, settings) * len(index)
        optimizer.zero_grad()
        found.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), settings.gradient_clip)
        optimizer.step()
        scheduler.step()
    return total / len(order)


def epoch_order(count: int, settings: FitSettings, epoch: int) -> Tensor:
    """Return which of `count` windows an epoch trains on, one after another.

    All epochs read on in one sequence, which is a permutation of the windows, then another, and so on: no window is trained on
    twice before every other was once more, however short the epochs are.
    """
    draws = count if settings.steps_per_epoch is None else settings.steps_per_epoch * settings.batch_size
    start, end = epoch * draws, (epoch + 1) * draws
    first, last = start // count, (end - 1) // count
    permutations = [torch.randperm(count, generator=_generator(settings, "order", k)) for k in range(first, last + 1)]
    return torch.cat(permutations)[start - first * count : end - first * count]


def _generator(settings: FitSettings, use: Literal["order", "noise"], number: int) -> torch.Generator:
    """Return a generator of its own for each use and number: what it draws does not depend on what was drawn before, or on where
    a run resumed.
    """
    seed = settings.seed * 1_000_003 + number
    return torch.Generator().manual_seed(seed if use == "order" else ~seed)


def _finite(loss: float, kind: str, epoch: int, settings: FitSettings) -> float:
    if not math.isfinite(loss):
        raise DivergenceError(
            f"the {kind} loss became {loss} in epoch {epoch + 1}; choose a learning rate below {settings.learning_rate:g} "
            f"(training.float_learning_rate or training.learning_rate) or a training.gradient_clip below "
            f"{settings.gradient_clip:g}"
        )
    return loss


def _scheduler(optimizer: Optimizer, settings: FitSettings, count: int) -> LRScheduler:
    if settings.schedule == "cosine":
        steps = settings.steps_per_epoch or math.ceil(count / settings.batch_size)
        return CosineAnnealingLR(optimizer, settings.epochs * steps)
    return LambdaLR(optimizer, lambda _: 1.0)


def _snapshot(model: nn.Module) -> dict[str, Any]:
    return copy.deepcopy(model.state_dict())
