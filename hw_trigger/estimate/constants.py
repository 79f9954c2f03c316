"""What becomes of a matrix of constants: multipliers, additions, nothing.

At reuse factor 1 every weight is a constant of its own. HLS writes a product by a constant of one non-zero digit (in non-adjacent
form, NAF) as a shift, by one of two digits as an addition or subtraction, and computes the product of one input by equal
constants once; the rest are multiplications. The rule is inferred: recorded reports list the multipliers that were left, by
width, and not the weights. It explains why 2 to 57 % of a matrix's products took no multiplier, more where weights are small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.formats import Codes


@dataclass(frozen=True)
class Constants:
    """What is left of the constants of a matrix product.

    Attributes
    ----------
    multiplied
        How many need a multiplier, by their width in bits with the sign.
    additions
        Additions that replace multipliers.
    kept_bits
        Bits that the weights of one multiplier need at the most, on average over the multipliers: what logic synthesis keeps of
        a weight memory's words for each of them.
    """

    multiplied: tuple[tuple[int, float], ...]
    additions: float
    kept_bits: float

    @property
    def count(self) -> float:
        """Constants that need a multiplier."""
        return sum(number for _, number in self.multiplied)


def of_weights(weights: Codes, reuse_factor: int) -> Constants:
    """Return what is left of known weights.

    Parameters
    ----------
    weights
        Codes, shape ``(n_out, n_in)``.
    """
    codes = np.asarray(weights, np.int64)
    columns = np.broadcast_to(np.arange(codes.shape[1]), codes.shape)
    # Equal constants of one input are one.
    _, first = np.unique(columns.ravel() * (1 << 40) + codes.ravel(), return_index=True)
    magnitudes = np.abs(codes.ravel()[first])
    digits, widths = _digits(magnitudes), _widths(magnitudes)
    values, counts = np.unique(widths[digits > 2], return_counts=True)
    # Resource kernels: multiplier m has the weights m * reuse ... of the transposed matrix; Latency's are not in a memory.
    groups = np.abs(codes).ravel()[: codes.size // reuse_factor * reuse_factor].reshape(-1, reuse_factor)
    return Constants(
        tuple((int(value), float(count)) for value, count in zip(values, counts, strict=True)),
        float(np.count_nonzero(digits == 2)),
        float(_widths(groups.max(axis=1)).mean()),
    )


@lru_cache(maxsize=512)
def expected(n_in: int, n_out: int, fraction: int, width: int, *, spread: float, reuse_factor: int) -> Constants:
    """Return what is to be expected of unknown weights: normally distributed around 0 with the standard deviation `spread`.

    An input has n_out weights; a value k that each has with the probability p_k is there with ``1 - (1 - p_k)**n_out``.
    """
    codes, probability = _distribution(fraction, width, spread)
    there = n_in * (1 - (1 - probability) ** n_out)
    digits, widths = _digits(codes), _widths(codes)
    both_signs = np.where(codes > 0, 2.0, 1.0)
    needed = there * both_signs * (digits > 2)
    multiplied = tuple((int(value), float(needed[widths == value].sum())) for value in np.unique(widths[digits > 2]))
    below = np.cumsum(probability * both_signs)
    # The widest of `reuse` weights: the expectation of the maximum's width, by the distribution of the maximum.
    largest = np.diff(below**reuse_factor, prepend=0.0)
    return Constants(multiplied, float((there * both_signs * (digits == 2)).sum()), float((largest * widths).sum()))


def _distribution(fraction: int, width: int, spread: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the magnitudes of the codes, and the probability of each with one sign; the largest takes the rest."""
    codes = np.arange(min(1 << (width - 1), math.ceil(8 * spread * (1 << fraction)) + 2), dtype=np.int64)
    edges = (codes[:, None] + np.array([-0.5, 0.5])) / (spread * (1 << fraction) * math.sqrt(2))
    erf = np.vectorize(math.erf)(edges)
    probability = (erf[:, 1] - erf[:, 0]) / 2
    missing = 1 - (probability[0] + 2 * probability[1:].sum())
    probability[-1] += max(0.0, missing) / 2
    return codes, probability


def _digits(magnitudes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the non-zero digits of the non-adjacent form: those of ``3n xor n`` (Prodinger 2000)."""
    return np.bitwise_count(np.bitwise_xor(3 * magnitudes, magnitudes)).astype(np.int64)


def _widths(magnitudes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bits of constants with a sign; frexp's exponent is the bit length of an integer below 2**53."""
    return np.frexp(magnitudes.astype(np.float64))[1].astype(np.int64) + 1
