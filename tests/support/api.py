"""The service's application in this process, on a small trained bundle."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.app import create_app
from hw_trigger.service.context import Context
from hw_trigger.service.model import Model
from hw_trigger.service.settings import ServeSettings
from support.service import small_bundle

QUICK = ServeSettings(variants=("integer", "float32"), processes=False)
"""Settings with two variants, of this process: all of them, and processes for them, take longer to open."""

INTEGER = replace(QUICK, variants=("integer",))

PROBLEM = "application/problem+json"


@cache
def models_directory() -> Path:
    """Return a directory with one small bundle, made once a process."""
    return small_bundle(Path(mkdtemp())).path.parent


@contextmanager
def serving(settings: ServeSettings = QUICK, **changes: Any) -> Iterator[TestClient]:
    """Yield a client of an application at work."""
    app = create_app(replace(settings, **changes), models_directory())
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def context_of(client: TestClient) -> Context:
    context: Context = client.app.state.context  # type: ignore[attr-defined]
    return context


def model_of(client: TestClient) -> Model:
    return next(iter(context_of(client).models.models.values()))


def wave(count: int, n_features: int = 1, seed: int = 0) -> NDArray[np.float64]:
    """Return samples in the bundle's units, ``(count, n_features)``, some of them beyond its formats."""
    rng = np.random.default_rng(seed)
    values = np.sin(0.3 * np.arange(count))[:, None] + rng.normal(0, 0.2, (count, n_features))
    values[rng.random(count) < 0.03] *= 1e6
    return np.asarray(values, np.float64)


def windows_of(samples: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Return all windows of samples, ``(n, steps, n_features)``."""
    view: NDArray[np.float64] = sliding_window_view(samples, steps, axis=0).transpose(0, 2, 1)
    return view.copy()


def golden_of(model: Model, windows: NDArray[np.float64], state: Codes | None = None) -> golden.Execution:
    """Return what the golden model gives of windows in the telemetry's units."""
    raw, _ = model.quantize(windows)
    return golden.run(model.program, raw, state=state)


def npy(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()
