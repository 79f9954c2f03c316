"""What the tests of fixed-point arithmetic share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from support.ap_fixed import ApFixed

# A busy machine must not fail a test: no limit of time for an example.
settings.register_profile("fixedpoint", deadline=None)
settings.load_profile("fixedpoint")


@pytest.fixture(scope="session")
def ap_fixed(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> ApFixed:
    """The ap_fixed headers, compiled (once, as long as pytest keeps its cache)."""
    cache = getattr(pytestconfig, "cache", None)
    return ApFixed(Path(cache.mkdir("ap_fixed")) if cache is not None else tmp_path_factory.mktemp("ap_fixed"))
