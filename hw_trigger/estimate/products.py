"""What a matrix product costs in hls4ml's kernels, and how long it takes.

Three ways to compute ``n_out`` sums of ``n_in`` products, from hls4ml's ``nnet_dense_latency.h`` and ``nnet_dense_resource.h``:

* *unrolled* (reuse factor 1): every weight is a constant, see :mod:`hw_trigger.estimate.constants`;
* *Resource*: ``n_in * n_out / reuse`` multipliers, their weights in a memory of ``reuse`` words; what each multiplier reads of
  the input, and where its product is added, depends on whether the reuse factor is below, equal to or above ``n_in``;
* *Latency* with a reuse factor: as many multipliers, the weights constants that are chosen by the state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hw_trigger.estimate import operators as op
from hw_trigger.estimate.calibration import Calibration
from hw_trigger.estimate.constants import Constants
from hw_trigger.estimate.dsp import constant_dsps, product_dsps
from hw_trigger.estimate.memory import bram18, memory
from hw_trigger.estimate.resources import Cost

ADDER_NS = 0.9
"""Delay of one level of an adder tree. Recorded: products with 20 inputs, 5 levels with the bias, within a cycle of 4.3 ns."""


@dataclass(frozen=True)
class Product:
    """A matrix product as it is built.

    Attributes
    ----------
    data, weight, total
        Bits of an input, of a weight (both as signed numbers), and of a sum.
    strategy
        ``"Latency"`` or ``"Resource"``.
    nonzeros
        Weights that are not 0; the Latency kernel saves the others' multipliers.
    held
        The input is kept in registers of the product's own: of a process of a dataflow, not of a function called a step.
    """

    n_in: int
    n_out: int
    reuse_factor: int
    strategy: str
    data: int
    weight: int
    total: int
    constants: Constants
    nonzeros: int
    held: bool = True

    @property
    def unrolled(self) -> bool:
        """Whether every weight is a constant of its own."""
        return self.reuse_factor == 1

    @property
    def multipliers(self) -> int:
        """Multiplications done side by side."""
        if self.unrolled:
            return round(self.constants.count)
        count = math.ceil(self.n_in * self.n_out / self.reuse_factor)
        if self.strategy == "Latency":  # hls4ml's limit: n / reuse - zeros / reuse
            count -= (self.n_in * self.n_out - self.nonzeros) // self.reuse_factor
        return count

    @property
    def weights_in_memory(self) -> bool:
        """Whether the weights are in a memory, not in logic."""
        return not self.unrolled and self.strategy == "Resource"

    @property
    def weight_blocks(self) -> int:
        """Block RAMs of the weights, in C-synthesis."""
        return bram18(self.reuse_factor, self.multipliers * self.weight) if self.weights_in_memory else 0


def cycles(product: Product, clock_ns: float) -> int:
    """Return the latency of a matrix product: ``reuse + tree``.

    The multipliers are busy for as many cycles as they are used again. Then the adder tree: under Latency all n_in products of
    an output and its bias are added at the end; under Resource ``n_in / reuse`` of them are added to the accumulator in every
    cycle. As many levels fit into a cycle as :data:`ADDER_NS` allows. Recorded under Resource (n_in, reuse: cycles, this
    formula): 20, 20: 20 to 21, 21; 6, 30: 31 to 32, 31; 128, 32: 33 to 34, 33; 3, 24: 25 to 26, 25; unrolled: 5 to 64: 1, 1.
    """
    terms = product.n_in + 1 if product.strategy == "Latency" else math.ceil(product.n_in / product.reuse_factor) + 1
    tree = math.ceil(math.ceil(math.log2(terms)) * ADDER_NS / clock_ns)
    # An unrolled product begins in the cycle in which it is called.
    return max(1, tree - 1) if product.unrolled else product.reuse_factor + max(1, tree)


def dsps(product: Product, multiplier: tuple[int, int], *, narrow_in_lut: bool = True) -> float:
    """Return the DSP slices of a product's multipliers."""
    if product.unrolled:
        return constant_dsps(product.constants, product.data, multiplier, narrow_in_lut=narrow_in_lut)
    return product.multipliers * product_dsps(product.data, product.weight, multiplier, narrow_in_lut=narrow_in_lut)


def narrow_luts(product: Product, multiplier: tuple[int, int]) -> float:
    """Return the LUTs of those multipliers of a product that have no DSP slice for being narrow."""
    if product.unrolled:
        return sum(
            count * op.narrow_luts(product.data, width, multiplier) for width, count in product.constants.multiplied
        )
    return product.multipliers * op.narrow_luts(product.data, product.weight, multiplier)


def cost(product: Product, multiplier: tuple[int, int], calibration: Calibration) -> Cost:
    """Return the resources of a product."""
    if product.unrolled:
        return _unrolled(product, multiplier, calibration)
    total = _multipliers(product, multiplier) + _accumulators(product, calibration) + _outputs(product, calibration)
    return total + _inputs(product, calibration) + _weights(product)


def _unrolled(product: Product, multiplier: tuple[int, int], calibration: Calibration) -> Cost:
    """Constants; an addition for each product (the first one to the bias); registers where the clock cuts the trees."""
    dsp = dsps(product, multiplier)
    shifted = product.constants.additions
    in_luts = sum(
        count * op.NARROW_MULTIPLIER_LUT * product.data * width
        for width, count in product.constants.multiplied
        if not product_dsps(product.data, width, multiplier)
    )
    # Zero and one-digit constants: the addition stays, but for zeros; equal products are added for each output that has them.
    adds = product.nonzeros * op.adder(product.total, calibration.adder_left)
    extra = op.lut(in_luts, in_luts) + shifted * op.adder(product.data + 3, calibration.adder_left)
    registers = op.register(calibration.product_registers * product.nonzeros * product.total, calibration.pipeline_left)
    return op.slices(dsp) + adds + extra + registers


def _multipliers(product: Product, multiplier: tuple[int, int]) -> Cost:
    dsp = product_dsps(product.data, product.weight, multiplier)
    return product.multipliers * op.multiplier(product.data, product.weight, dsp)


def _accumulators(product: Product, calibration: Calibration) -> Cost:
    """An addition for each multiplier; where one multiplier serves several outputs, it reads and writes the right sum."""
    adders = product.multipliers * op.adder(product.total, calibration.adder_left)
    served = math.ceil(product.reuse_factor / product.n_in)
    if served <= 1:
        return adders
    reading = product.multipliers * op.read_mux(served, product.total)
    return adders + reading + product.n_out * op.state_mux(product.total, calibration, inputs=3)


def _outputs(product: Product, calibration: Calibration) -> Cost:
    """Each sum is in a register while it is built, and in another when it is done; each has a multiplexer before it."""
    one = op.state_mux(product.total, calibration) + op.register(product.total)
    return product.n_out * 2 * one


def _inputs(product: Product, calibration: Calibration) -> Cost:
    """Reading the input at the index that the turn has, and the registers that hold it."""
    index = op.index_bits(product.reuse_factor)
    counter = op.adder(index) + op.comparator(index) + op.register(2 * index + 5) + op.lut(45, 15)
    width, n_in, reuse = product.data, product.n_in, product.reuse_factor
    if reuse == n_in:  # every multiplier reads the same input
        registers = n_in * 2 * op.register(width) if product.held else Cost()
        muxes = n_in * (op.state_mux(width, calibration) * 2 + op.state_mux(width, calibration, inputs=3))
        return counter + op.read_mux(n_in, width) + registers + (muxes if product.held else Cost())
    held = n_in * (3 * op.register(width) + 4 * op.state_mux(width, calibration))
    if reuse > n_in:
        return counter + op.read_mux(n_in, width) + held + op.register(70) + op.lut(150, 60)
    # Each multiplier reads one of the `reuse` inputs that it works on; those of the same inputs share, after logic synthesis.
    distinct = n_in / reuse
    return counter + product.multipliers * op.read_mux(reuse, width, shared=distinct / product.multipliers) + held


def _weights(product: Product) -> Cost:
    """The memory of the weights, and the register behind it, which logic synthesis moves into the DSP slice."""
    if not product.weights_in_memory:
        # Constants that the state chooses: a LUT holds a bit of up to 64 of them.
        bits = product.multipliers * product.weight * math.ceil(product.reuse_factor / 64)
        return op.lut(bits, bits)
    bits = product.multipliers * product.weight
    store = memory(product.reuse_factor, bits, product.multipliers * product.constants.kept_bits)
    return store if product.reuse_factor == product.n_in else store + op.register(bits, 0.0)
