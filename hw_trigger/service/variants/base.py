"""What a variant is: one way to compute what the trigger measures of windows."""

from __future__ import annotations

from typing import Final, Protocol

from threadpoolctl import threadpool_limits

from hw_trigger.fixedpoint.formats import Codes

VARIANTS: Final[tuple[str, ...]] = ("integer", "onnx", "float32", "int8-dynamic")
"""All variants; the first is the reference."""

EXACT: Final[tuple[str, ...]] = ("integer", "onnx")
"""Variants whose answers are the firmware's, code for code."""


class Variant(Protocol):
    """One way to compute a bundle's network. It remembers nothing from one window to the next.

    Attributes
    ----------
    name
        One of :data:`VARIANTS`.
    weight_bytes
        What weights and biases of the network need in memory in this variant, bytes; the module of each says what is counted.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - an attribute

    @property
    def weight_bytes(self) -> int: ...  # noqa: D102 - an attribute

    def measure(self, raw: Codes) -> Codes:
        """Return what the trigger measures of each window alone, int64 ``(n, k)``; 0 windows give ``(0, k)``.

        Called by one thread at a time.

        Parameters
        ----------
        raw
            Codes of ``program.raw``, int64 ``(n, steps, n_features)``: windows of any streams, in any order.

        Raises
        ------
        WindowsError
            The shape is not the program's, or a code is outside the raw format.
        """
        ...


def limit_blas() -> None:
    """Have BLAS compute with one thread in this process from now on, as the integer program shares out windows instead.

    It is set once here, and not around each call, which takes longer than a window does.
    """
    threadpool_limits(1, "blas")
