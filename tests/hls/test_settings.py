"""Settings that cannot be are refused, each with its whole message."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hw_trigger.hls.settings import HlsSettings, HlsSettingsError, LayerReuse

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"backend": "Vitus"}, "the HLS setting backend must be 'Vitis' or 'Vivado', not 'Vitus'; did you mean 'Vitis'?"),
    ({"io_type": "axi"}, "the HLS setting io_type must be 'io_stream' or 'io_parallel', not 'axi'"),
    (
        {"strategy": "resource"},
        "the HLS setting strategy must be 'Latency' or 'Resource', not 'resource'; did you mean 'Resource'?",
    ),
    ({"clock_ns": 0.0}, "the HLS setting clock_ns must be 0.1 to 1000 nanoseconds, not 0.0"),
    ({"clock_ns": float("nan")}, "the HLS setting clock_ns must be 0.1 to 1000 nanoseconds, not nan"),
    ({"part": "x y"}, "the HLS setting part must be a name like 'xcvu13p-flga2577-2-e', not 'x y'"),
    (
        {"project_name": "class"},
        (
            "the HLS setting project_name must be letters, digits and underscores, a letter first, and no name of C++ or of the "
            "libraries, not 'class'"
        ),
    ),
    (
        {"project_name": "1st"},
        (
            "the HLS setting project_name must be letters, digits and underscores, a letter first, and no name of C++ or of the "
            "libraries, not '1st'"
        ),
    ),
    ({"reuse_factor": 0}, "the HLS setting reuse_factor must be a whole number of at least 1, not 0"),
    (
        {"recurrent_reuse_factor": 2.0},
        "the HLS setting recurrent_reuse_factor must be a whole number of at least 1, not 2.0",
    ),
    ({"gate_unroll": True}, "the HLS setting gate_unroll must be a whole number of at least 1, not True"),
    (
        {"layers": {"latent": LayerReuse(-1)}},
        "the HLS setting layers['latent'].reuse_factor must be a whole number of at least 1, not -1",
    ),
]


@pytest.mark.parametrize(("values", "message"), REFUSED)
def test_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(HlsSettingsError, match=f"^{re.escape(message)}$"):
        HlsSettings(**values)
