"""The first difference is that of the earliest layer, and in it of the first window, step and unit."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.hls.differences import Difference, first_difference


def traces() -> dict[str, Codes]:
    return {"encoder": np.arange(6).reshape(3, 2), "decoder": np.arange(24).reshape(3, 4, 2)}


def test_equal() -> None:
    assert first_difference(traces(), traces()) is None


def test_sequence() -> None:
    found = traces()
    found["decoder"][1, 2, 1] += 5
    found["decoder"][2, 0, 0] += 1
    difference = first_difference(traces(), found)
    assert difference == Difference("decoder", 1, 2, 1, 13, 18, 2)
    assert str(difference) == (
        "layer 'decoder', window 1, step 2, unit 1: expected 13, found 18 (2 codes of this layer differ)"
    )


def test_the_earlier_layer_counts() -> None:
    found = traces()
    found["decoder"][0] = 0
    found["encoder"][2, 1] = -1
    difference = first_difference(traces(), found)
    assert difference == Difference("encoder", 2, None, 1, 5, -1, 1)
    assert str(difference) == "layer 'encoder', window 2, unit 1: expected 5, found -1 (1 codes of this layer differ)"


def test_other_layers() -> None:
    with pytest.raises(ValueError, match=r"^the traces are of the layers encoder, decoder, and of encoder$"):
        first_difference(traces(), {"encoder": traces()["encoder"]})


def test_other_shapes() -> None:
    message = "layer 'encoder' has the shape (3, 2) in one trace, and (2, 2) in the other"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        first_difference(traces(), traces() | {"encoder": traces()["encoder"][:2]})
