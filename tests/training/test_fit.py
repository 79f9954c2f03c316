"""Training learns, repeats itself to the byte, and goes on after it was killed as if it had not been."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.networks import CLASSIFIER, SMALL, random_classifier_network, random_network
from torch import Tensor, nn

from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.float_classifier import FloatClassifier
from hw_trigger.models.fused_cell import fuse
from hw_trigger.training.checkpoint import CheckpointError
from hw_trigger.training.fit import DivergenceError, NoWindowsError, epoch_order, evaluate, fit
from hw_trigger.training.losses import MeanSquare, WeightedCrossEntropy
from hw_trigger.training.settings import FitSettings, FitSettingsError, History, Schedule
from hw_trigger.training.state import StateFileError, save_state

SETTINGS = FitSettings(epochs=5, batch_size=16, learning_rate=0.01)


class KilledError(Exception):
    pass


def data() -> tuple[Tensor, Tensor]:
    """Return waves of one frequency and varied phase, which a small network learns quickly."""
    samples = torch.sin(torch.arange(77.0) * 0.9) * 0.8
    windows = samples.unfold(0, SMALL.window, 1).unsqueeze(-1)
    return windows[:50], windows[57:]


def network(kind: str) -> nn.Module:
    torch.manual_seed(7)
    if kind == "float":
        return FloatAutoencoder(SMALL)
    if kind == "classifier":
        return FloatClassifier(CLASSIFIER)
    model = random_network(SMALL, 8, 8) if kind == "quantized" else random_classifier_network(CLASSIFIER, 8, 8)
    fuse(model)
    return model


LOSS = WeightedCrossEntropy((0.75, 1.5))


def rising() -> tuple[Tensor, Tensor]:
    """Return the classes of the windows of `data`: whether the newest sample is above the one before."""
    return tuple((windows[:, -1, 0] > windows[:, -2, 0]).long() for windows in data())  # type: ignore[return-value]


def weights(model: nn.Module, directory: Path) -> bytes:
    save_state(model, directory / "weights.pt")
    return (directory / "weights.pt").read_bytes()


def kill_at(epoch: int) -> object:
    def progress(history: History) -> None:
        if history.epochs == epoch:
            raise KilledError

    return progress


@pytest.mark.parametrize("kind", ["float", "quantized"])
def test_learns(kind: str) -> None:
    train, validation = data()
    model = network(kind)
    before = evaluate(model, validation, 8)
    seen: list[int] = []
    settings = replace(SETTINGS, epochs=20, batch_size=5, learning_rate=0.02, patience=20)
    history = fit(model, train, validation, settings, progress=lambda history: seen.append(history.epochs))
    assert seen == list(range(1, 21))
    assert history.epochs == 20
    assert not history.stopped_early
    assert history.train[-1] < 0.9 * history.train[0]
    assert min(history.validation) < 0.9 * before
    # The weights are those of the best epoch.
    assert evaluate(model, validation, settings.batch_size) == history.validation[history.best_epoch]


def test_learns_what_it_is_told_to_put_out() -> None:
    train, validation = data()
    targets = (-train, -validation)
    model = network("float")
    before = evaluate(model, validation, 16, targets[1])
    history = fit(model, train, validation, replace(SETTINGS, epochs=30), targets=targets)
    after = evaluate(model, validation, 16, targets[1])
    assert after == history.validation[history.best_epoch]
    assert after < 0.6 * before
    assert after < evaluate(model, validation, 16)


@pytest.mark.parametrize("kind", ["classifier", "quantized classifier"])
def test_a_classifier_learns(kind: str) -> None:
    train, validation = data()
    model, targets = network(kind), rising()
    settings = replace(SETTINGS, epochs=12, batch_size=5, learning_rate=0.04, patience=12)
    history = fit(model, train, validation, settings, targets=targets, loss=LOSS)
    found = evaluate(model, validation, settings.batch_size, targets[1], LOSS)
    assert found == history.validation[history.best_epoch] < 0.1
    with torch.no_grad():
        assert torch.equal(model(validation).argmax(dim=1), targets[1])
    # A mean over all windows, in batches or not.
    assert evaluate(model, validation, 1000, targets[1], LOSS) == pytest.approx(found, rel=1e-5)


@pytest.mark.parametrize(("count", "steps"), [(50, None), (50, 3), (50, 7), (5, 4), (1, 2), (48, 3)])
def test_permutations_follow_each_other(count: int, steps: int | None) -> None:
    """Epochs of any length read on in one sequence; channels of many and of few windows have epochs of as many windows."""
    settings = replace(SETTINGS, steps_per_epoch=steps)
    orders = [epoch_order(count, settings, epoch) for epoch in range(20)]
    assert {len(order) for order in orders} == {count if steps is None else steps * settings.batch_size}
    sequence = torch.cat(orders)
    permutations = torch.split(sequence, count)
    for part in permutations[: len(sequence) // count]:
        assert torch.equal(part.sort().values, torch.arange(count))
    if count > 5:
        assert not torch.equal(permutations[0], permutations[1])
        assert not torch.equal(orders[0], epoch_order(count, replace(settings, seed=1), 0))


class Recorder(nn.Module):
    """Keeps what it is given in training, and puts out a multiple of it."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen.append(x.detach().clone())
        return self.factor * x


def noise_of(settings: FitSettings) -> Tensor:
    """Return the noise that a network is given in training: windows that are 0 throughout are given as the noise alone."""
    model = Recorder()
    fit(model, torch.zeros(400, 16, 2), torch.zeros(3, 16, 2), settings)
    return torch.stack(model.seen)


def test_noise_is_added_to_the_input_only() -> None:
    settings = replace(SETTINGS, steps_per_epoch=40, noise=0.25)
    noise = noise_of(settings)
    assert noise.shape == (5 * 40, 16, 16, 2)
    # 102,400 values: the standard error of the deviation is 0.0006, of the mean 0.0008.
    assert float(noise.std()) == pytest.approx(0.25, abs=0.003)
    assert abs(float(noise.mean())) < 0.004
    epochs = noise.reshape(5, -1)
    assert abs(float(torch.corrcoef(epochs).fill_diagonal_(0).abs().max())) < 0.04
    assert torch.equal(noise, noise_of(settings))
    assert not torch.equal(noise, noise_of(replace(settings, seed=1)))
    assert not noise_of(replace(settings, noise=0.0)).any()
    # The target is without noise: of all multiples of noisy windows of variance 1 the best is 1 / (1 + 0.25), Wiener's.
    model = Recorder()
    torch.manual_seed(0)
    windows = torch.randn(2000, 16, 2)
    wiener = replace(SETTINGS, epochs=10, steps_per_epoch=100, noise=0.5)
    history = fit(model, windows, windows, wiener)
    assert history.train[-1] == pytest.approx(0.25 / 1.25, rel=0.05)
    # Validation is without noise: what is left is the difference of that multiple from 1.
    assert history.validation[-1] == pytest.approx((0.25 / 1.25) ** 2, rel=0.1)


def test_the_learning_rate_falls_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    step = torch.optim.Adam.step

    def recorded(self: torch.optim.Adam, closure: None = None) -> object:
        rates.append(self.param_groups[0]["lr"])
        return step(self, closure)

    monkeypatch.setattr(torch.optim.Adam, "step", recorded)
    for steps, total in ((4, 20), (None, 5 * 4)):  # 50 windows in batches of 16
        rates.clear()
        fit(network("float"), *data(), replace(SETTINGS, steps_per_epoch=steps))
        assert rates == pytest.approx([0.005 * (1 + math.cos(math.pi * t / total)) for t in range(total)], rel=1e-6)


def test_evaluation_weighs_every_window_alike() -> None:
    _, validation = data()
    model = network("float")
    wanted = float((model(validation) - validation).square().mean().detach())
    for batch in (3, 8, 20, 99):
        assert math.isclose(evaluate(model, validation, batch), wanted, rel_tol=1e-5)


def test_stops_early_and_restores_the_best_weights() -> None:
    """Validation data of pure contradiction: what is learnt makes them worse."""
    train, _ = data()
    model = network("float")
    settings = replace(SETTINGS, epochs=60, patience=3, schedule="constant")
    history = fit(model, train, -8 * train.flip(0)[:10] + 5, settings)
    assert history.stopped_early
    assert history.epochs == history.best_epoch + 4 < 60
    assert evaluate(model, -8 * train.flip(0)[:10] + 5, settings.batch_size) == history.validation[history.best_epoch]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    train, validation = data()
    found: list[bytes] = []
    for settings in (SETTINGS, SETTINGS, replace(SETTINGS, seed=1)):
        # What else is drawn from torch's own generator makes no difference.
        model = network("quantized")
        torch.manual_seed(len(found))
        fit(model, train, validation, settings)
        found.append(weights(model, tmp_path))
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("kind", "schedule", "steps", "noise"),
    [
        ("float", "cosine", None, 0.0),
        ("float", "constant", None, 0.1),
        ("float", "cosine", 3, 0.0),
        ("quantized", "cosine", 3, 0.1),
        ("classifier", "cosine", 3, 0.1),
        ("quantized classifier", "constant", None, 0.0),
    ],
)
def test_an_interrupted_run_goes_on(
    tmp_path: Path, kind: str, schedule: Schedule, steps: int | None, noise: float
) -> None:
    train, validation = data()
    supervised: dict[str, Any] = {"targets": rising(), "loss": LOSS} if "classifier" in kind else {}
    settings = replace(SETTINGS, schedule=schedule, steps_per_epoch=steps, noise=noise)
    whole = network(kind)
    wanted = fit(whole, train, validation, settings, **supervised)
    path = tmp_path / "checkpoint.pt"
    for epoch in (1, 3):
        with pytest.raises(KilledError):
            fit(network(kind), train, validation, settings, checkpoint=path, progress=kill_at(epoch), **supervised)  # type: ignore[arg-type]
    resumed = network(kind)
    seen: list[int] = []
    supervised |= {"checkpoint": path, "progress": lambda item: seen.append(item.epochs)}
    history = fit(resumed, train, validation, settings, **supervised)
    assert seen == [4, 5]
    assert history == wanted
    assert weights(resumed, tmp_path) == weights(whole, tmp_path)
    # A complete run is not repeated.
    again = network(kind)
    seen.clear()
    assert fit(again, train, validation, settings, **supervised) == wanted
    assert seen == []
    assert weights(again, tmp_path) == weights(whole, tmp_path)


SCRIPT = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
import test_fit
train, validation = test_fit.data()
def progress(history):
    if history.epochs == 2:
        os.kill(os.getpid(), signal.SIGKILL)
test_fit.fit(test_fit.network("float"), train, validation, test_fit.SETTINGS, checkpoint=Path(sys.argv[2]), progress=progress)
"""


def test_a_killed_process_goes_on(tmp_path: Path) -> None:
    here = Path(__file__).parent
    path = tmp_path / "checkpoint.pt"
    code = f"import sys; sys.path[:0] = {[str(here.parents[1]), str(here.parent)]!r}\n{SCRIPT}"
    result = subprocess.run(
        [sys.executable, "-c", code, str(here), str(path)], check=False, capture_output=True, text=True
    )
    assert result.returncode == -signal.SIGKILL, result.stderr
    train, validation = data()
    whole, resumed = network("float"), network("float")
    wanted = fit(whole, train, validation, SETTINGS)
    seen: list[int] = []
    history = fit(resumed, train, validation, SETTINGS, checkpoint=path, progress=lambda item: seen.append(item.epochs))
    assert seen == [3, 4, 5]
    assert history == wanted
    assert weights(resumed, tmp_path) == weights(whole, tmp_path)


@pytest.mark.parametrize("change", ["settings", "data", "weights", "network"])
def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path, change: str) -> None:
    train, validation = data()
    path = tmp_path / "checkpoint.pt"
    fit(network("float"), train, validation, replace(SETTINGS, epochs=1), checkpoint=path)
    before = path.read_bytes()
    model, settings = network("float"), replace(SETTINGS, epochs=1)
    if change == "settings":
        settings = replace(settings, learning_rate=0.02)
    elif change == "data":
        train = train + 1e-3
    elif change == "weights":
        model = FloatAutoencoder(SMALL)
    else:
        model = network("quantized")
    with pytest.raises(CheckpointError) as caught:
        fit(model, train, validation, settings, checkpoint=path)
    assert str(caught.value) == (
        f"the checkpoint {path} belongs to another run: its network, data or settings differ; "
        "remove it, or train into another directory"
    )
    assert path.read_bytes() == before


def test_a_checkpoint_of_another_loss_is_refused(tmp_path: Path) -> None:
    train, validation = data()
    path, settings = tmp_path / "checkpoint.pt", replace(SETTINGS, epochs=1)
    fit(network("classifier"), train, validation, settings, targets=rising(), loss=LOSS, checkpoint=path)
    for loss in (MeanSquare(), WeightedCrossEntropy((0.75, 1.25))):
        with pytest.raises(CheckpointError):
            fit(network("classifier"), train, validation, settings, targets=rising(), loss=loss, checkpoint=path)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    train, validation = data()
    path = tmp_path / "checkpoint.pt"
    fit(network("float"), train, validation, replace(SETTINGS, epochs=1), checkpoint=path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(StateFileError) as caught:
        fit(network("float"), train, validation, replace(SETTINGS, epochs=1), checkpoint=path)
    assert str(caught.value) == f"the file {path} is damaged; remove it and train again"
    save_state(network("float"), path)
    with pytest.raises(CheckpointError) as other:
        fit(network("float"), train, validation, replace(SETTINGS, epochs=1), checkpoint=path)
    assert str(other.value) == f"the file {path} is no checkpoint of this release; remove it and train again"


def test_divergence_tells_what_to_do() -> None:
    train, validation = data()
    with pytest.raises(DivergenceError) as caught:
        fit(network("float"), train, torch.full_like(validation, float("inf")), SETTINGS)
    assert str(caught.value) == (
        "the validation loss became inf in epoch 1; choose a learning rate below 0.01 (training.float_learning_rate or "
        "training.learning_rate) or a training.gradient_clip below 1"
    )
    model = network("float")
    with torch.no_grad():
        model.output.bias.fill_(float("nan"))  # type: ignore[union-attr, operator]
    with pytest.raises(DivergenceError, match=r"^the training loss became nan in epoch 1; "):
        fit(model, train, validation, SETTINGS)


def test_refuses_no_windows() -> None:
    train, validation = data()
    with pytest.raises(NoWindowsError) as caught:
        fit(network("float"), train[:0], validation, SETTINGS)
    assert str(caught.value) == "there are no windows to train on; choose a shorter window or a smaller stride"
    with pytest.raises(NoWindowsError) as caught:
        fit(network("float"), train, validation[:0], SETTINGS)
    assert str(caught.value) == "there are no windows to validate on; choose a shorter window or a smaller stride"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "training.epochs must be 1 or more, not 0"),
        ({"batch_size": -1}, "training.batch_size must be 1 or more, not -1"),
        ({"patience": 0}, "training.patience must be 1 or more, not 0"),
        ({"learning_rate": 0.0}, "training.learning_rate must be above 0 and finite, not 0.0"),
        ({"gradient_clip": math.nan}, "training.gradient_clip must be above 0 and finite, not nan"),
        ({"steps_per_epoch": 0}, "training.steps_per_epoch must be 1 or more, or null, not 0"),
        ({"noise": -0.1}, "training.noise must be 0 or more and finite, not -0.1"),
        ({"noise": math.inf}, "training.noise must be 0 or more and finite, not inf"),
        ({"seed": -3}, "training.seed must be 0 or more, not -3"),
        ({"schedule": "cosin"}, "training.schedule must be one of cosine, constant, not 'cosin'"),
    ],
)
def test_refuses_settings(changes: dict[str, object], message: str) -> None:
    with pytest.raises(FitSettingsError) as caught:
        replace(SETTINGS, **changes)  # type: ignore[arg-type]
    assert str(caught.value) == message
