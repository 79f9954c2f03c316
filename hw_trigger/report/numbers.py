"""How numbers are written for people."""

from __future__ import annotations

from hw_trigger.report.estimate_schema import Amount

NONE = "-"
"""What stands for a figure that there is none of."""


def count(value: float | None) -> str:
    """Write a whole number, with commas."""
    return NONE if value is None else f"{value:,.0f}"


def figure(value: float | None) -> str:
    """Write three decimals."""
    return NONE if value is None else f"{value:.3f}"


def short(value: float | None) -> str:
    """Write four significant digits."""
    return NONE if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def share(value: float | None) -> str:
    """Write a share in percent."""
    return NONE if value is None else f"{value:.1%}"


def kib(bits: int) -> str:
    """Write bits in units of 1024 bytes."""
    return f"{bits / 8 / 1024:.2f}"


def bar(amount: Amount) -> str:
    """Write the bounds of a resource."""
    return f"{amount.low:,} to {amount.high:,}"
