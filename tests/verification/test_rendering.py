"""People see the same verdict in Markdown and on the terminal."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from hw_trigger.verification.rendering import to_markdown, to_rich, verdict
from hw_trigger.verification.table import VerificationTable, compare

EQUAL = compare("score", ("golden", np.arange(1234)), ("C-sim", np.arange(1234)))
CONSTANT = compare("trigger", ("golden", np.zeros(4, int)), ("C-sim", np.zeros(4, int)))
WRONG = compare("h", ("golden", np.arange(4)), ("C-sim", np.array([0, 1, 2, 9])))


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (VerificationTable(()), "Nothing was compared."),
        (VerificationTable((EQUAL,)), "All 1,234 codes are equal."),
        (VerificationTable((EQUAL, CONSTANT)), "All 1,238 codes are equal, but not every comparison is a proof."),
        (VerificationTable((EQUAL, CONSTANT, WRONG)), "FAILED: 1 of 1,242 codes differ."),
    ],
)
def test_verdict(table: VerificationTable, text: str) -> None:
    assert verdict(table) == text


def test_markdown() -> None:
    assert to_markdown(VerificationTable((EQUAL, WRONG))) == (
        "| executors | windows | tensors | codes | mismatches | distinct values | result |\n"
        "| --- | ---: | --- | ---: | ---: | ---: | --- |\n"
        "| golden and C-sim | 1,234 | score | 1,234 | 0 | 1,234 | equal |\n"
        "| golden and C-sim | 4 | h | 4 | 1 | 4 | h: differs: window 3: 3 and 9 |\n\n"
        "FAILED: 1 of 1,238 codes differ."
    )


def test_layers_are_counted() -> None:
    codes = np.arange(6).reshape(2, 3)
    layers = [compare(f"layer {name}", ("golden", codes), ("C-sim", codes)) for name in ("encoder", "latent")]
    score = compare("score", ("golden", codes[:, 0]), ("C-sim", codes[:, 0]))
    assert "| golden and C-sim | 2 | score, 2 layers | 14 | 0 | 6 | equal |" in to_markdown(
        VerificationTable((score, *layers))
    )


def test_terminal() -> None:
    stream = StringIO()
    Console(file=stream, width=140).print(to_rich(VerificationTable((EQUAL, CONSTANT))))
    text = stream.getvalue()
    assert "golden and C-sim" in text
    assert "a constant output proves nothing" in text
    assert "not every comparison is a proof" in text
