"""What the multipliers of a matrix product take, with their weights, and the unit around those of a stream."""

from __future__ import annotations

import numpy as np

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.rtl.counted import Counted, count_to, fixed, logic, tables
from hw_trigger.estimate.rtl.memories import blocks, distinct, in_blocks, logic_table, slices
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.rtl.packing import Field, bits_of
from hw_trigger.rtl.products import ProductPlan
from hw_trigger.rtl.synthesis.multipliers import SMALL


def multipliers(plan: ProductPlan) -> Counted:
    """Return multipliers, weights, adder tree and accumulators.

    Weights, products and accumulators lie in registers of the DSP slices; where there is a tree, its first stage and no more.
    """
    data = plan.data.width + (not plan.data.signed)
    found = _by_constants(plan, data) if plan.constant else Counted()
    for field in plan.fields:
        found += _sums(plan, field, data)
        if not plan.constant:
            found += _by_weights(plan, field, data)
    several = len(plan.fields) > 1
    if plan.operand_register and several:
        found += logic(0, plan.columns * data)
    if plan.constant:
        return found
    depth = plan.slots * plan.members
    if in_blocks(depth):
        width = sum(field.weight_bits for field in plan.fields) * plan.columns
        return found + fixed(Resources(bram18=blocks(depth, width)))
    bits = distinct(depth, sum(_distinct_bits(field) for field in plan.fields) * plan.columns)
    return found + tables(logic_table(depth, bits), bits if several and plan.operand_register else 0)


def _distinct_bits(field: Field) -> int:
    """Return the bits of a field's weights that differ: between two packed weights the lower one's sign is repeated."""
    if not field.shift:
        return field.weight_bits
    half = 1 << (field.shift - 1)
    low = (field.weights + half) % (2 * half) - half
    return field.weight_bits - field.shift + bits_of(int(low.min()), int(low.max()))


def _by_weights(plan: ProductPlan, field: Field, data: int) -> Counted:
    """Return a field's multipliers by weights that change."""
    used = sum(bool(weights.any()) for weights in np.moveaxis(field.weights.reshape(-1, plan.columns), 1, 0))
    return fixed(Resources(dsp=used * slices(field.weight_bits, data)))


def _by_constants(plan: ProductPlan, data: int) -> Counted:
    """Return the products by constants; equal ones are built once.

    They are made of adders, with a register behind each; those of wide operands are DSP slices', less shifts of others.
    """
    weights = np.array([field.weights.reshape(-1) for field in plan.fields])  # (fields, columns): there is one slot
    found, in_slices = Counted(), set()
    for column, given in enumerate(weights.T.tolist()):
        for weight in {*given} - {0}:
            odd = weight // (weight & -weight)
            if data > SMALL and abs(odd) > 1:
                in_slices.add((column, odd))
            else:
                found += tables(_additions(weight) * data, data + abs(weight).bit_length())
    return found + fixed(Resources(dsp=len(in_slices)))


def _sums(plan: ProductPlan, field: Field, data: int) -> Counted:
    """Return a field's adder tree and accumulator, less what is in the DSP slices of weights that change."""
    found = Counted()
    terms, width = plan.columns, field.weight_bits + data
    for stage, arity in enumerate(plan.tree):
        before, terms = terms, -(-terms // arity)
        width = min(width + (arity - 1).bit_length(), field.accumulator_bits)
        if stage or plan.constant:
            found += tables((before - terms) * width, terms * width)
    if plan.tree or plan.constant:
        found += tables((terms - 1 + (plan.blocks > 1)) * field.accumulator_bits, field.accumulator_bits)
    return found


def _additions(weight: int) -> int:
    """Return the additions of a product by a constant, those of its non-adjacent form (Prodinger 2000)."""
    magnitude = abs(weight)
    return (magnitude ^ (3 * magnitude)).bit_count() - 1


def unit(plan: ProductPlan, source: Format, *, rows: int, sum_bits: int, n_inputs: int) -> Counted:
    """Return the product of a stream's vectors: the vector and its blocks, the constants and their sums, the control."""
    width = plan.data.width
    held = plan.blocks * plan.columns * width
    found = multipliers(plan) + logic(0, held + plan.columns * width)
    if source != plan.data:
        found += logic(n_inputs * (width + 2))
    if plan.blocks > 1:
        found += logic(plan.columns * width * plan.blocks / 4)
    words = plan.groups * plan.members
    bits = distinct(words, rows * sum_bits)
    found += logic(rows * sum_bits + logic_table(words, bits), bits)
    return (
        found
        + count_to(plan.slots * plan.members, plan.blocks, plan.slots, plan.groups * plan.members)
        + logic(4, plan.latency + 2)
    )
