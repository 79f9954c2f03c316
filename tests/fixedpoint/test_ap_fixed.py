"""Fixed-point arithmetic against the ap_fixed headers: the same codes, for every rounding and overflow mode."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ap_fixed import ApFixed, Conversion

from hw_trigger.fixedpoint.formats import Codes, Format, FormatError, Overflow, Rounding, align, quantize_codes


def limits(conversion: Conversion) -> tuple[int, int]:
    """Return the least and the greatest code of the source that `quantize_codes` may be given: shifted, it fits int64."""
    source, target = conversion.source, conversion.target
    largest = (1 << 62) >> max(0, target.fraction - source.fraction)
    return max(source.low, -largest), min(source.high, largest)


def corners(conversion: Conversion) -> list[int]:
    """Return source codes at, and next to, the target's limits, zero, and the ties there."""
    target = conversion.target
    low, high = limits(conversion)
    dropped = conversion.source.fraction - target.fraction
    places = {low, high}
    for code in [*range(target.low - 2, target.low + 3), *range(-3, 4), *range(target.high - 2, target.high + 3)]:
        for twice in (2 * code, 2 * code + 1):
            near = twice << (dropped - 1) if dropped > 0 else twice >> (1 - dropped)
            places |= {near - 1, near, near + 1}
    return sorted(place for place in places if low <= place <= high)


def check(ap_fixed: ApFixed, conversion: Conversion, codes: Codes) -> None:
    found = quantize_codes(codes, conversion.source.fraction, conversion.target)
    expected = ap_fixed.convert(conversion, codes)
    np.testing.assert_array_equal(found, expected, err_msg=f"{conversion.source} -> {conversion.target}: {codes}")


def test_the_table_is_rich(ap_fixed: ApFixed) -> None:
    """Every pair of modes is there, signed and unsigned, for each shape; every source meets every shape."""
    targets = {conversion.target for conversion in ap_fixed.conversions}
    for signed in (True, False):
        shapes = {(item.width, item.integer) for item in targets if item.signed == signed}
        assert len(shapes) >= 6
        for (width, integer), rounding, overflow in product(shapes, Rounding, Overflow):
            if not (signed and width == 1 and overflow is Overflow.SAT_SYM):
                assert Format(width, integer, signed, rounding, overflow) in targets
    pairs = {
        (conversion.source, replace(conversion.target, rounding=Rounding.TRN, overflow=Overflow.WRAP))
        for conversion in ap_fixed.conversions
    }
    assert len(pairs) == 13 * 16
    assert any(item.integer < 0 for item in targets)
    assert any(item.integer > item.width for item in targets)


@given(data=st.data())
@settings(max_examples=300)
def test_conversion(ap_fixed: ApFixed, data: st.DataObject) -> None:
    conversion = data.draw(st.sampled_from(ap_fixed.conversions))
    code = st.one_of(st.integers(*limits(conversion)), st.sampled_from(corners(conversion)))
    check(ap_fixed, conversion, np.array(data.draw(st.lists(code, min_size=1, max_size=30)), np.int64))


def test_every_conversion_at_its_corners(ap_fixed: ApFixed) -> None:
    for conversion in ap_fixed.conversions:
        check(ap_fixed, conversion, np.array(corners(conversion), np.int64))


def test_every_code_of_narrow_sources(ap_fixed: ApFixed) -> None:
    compared = 0
    for conversion in ap_fixed.conversions:
        if conversion.source.width <= 12:
            codes = conversion.source.all_codes()
            low, high = limits(conversion)
            codes = codes[(codes >= low) & (codes <= high)]
            check(ap_fixed, conversion, codes)
            compared += codes.size
    assert compared > 300_000


@given(data=st.data())
@settings(max_examples=300)
def test_rounding_of_doubles(ap_fixed: ApFixed, data: st.DataObject) -> None:
    conversion = data.draw(st.sampled_from(ap_fixed.conversions))
    target = conversion.target
    code = st.one_of(st.integers(target.low - 3, target.high + 3), st.sampled_from([target.low, 0, target.high]))
    fraction = st.sampled_from([0.0, 0.25, 0.5, 0.75, 2.0**-30])
    near = st.builds(lambda k, part: float(np.ldexp(float(k) + part, -target.fraction)), code, fraction)
    neighbour = st.builds(lambda x, way: float(np.nextafter(x, way)), near, st.sampled_from([-np.inf, np.inf]))
    real = st.one_of(near, neighbour, st.floats(allow_nan=False))
    values = data.draw(st.lists(real, min_size=1, max_size=30))
    np.testing.assert_array_equal(target.quantize(values), ap_fixed.quantize(conversion, values), f"{target}: {values}")


def test_every_target_at_the_ties_of_doubles(ap_fixed: ApFixed) -> None:
    rng = np.random.default_rng(0)
    extremes = [1e300, -1e300, 1e-300, -1e-300, 5e-324, -5e-324, 1.7e308, np.inf, -np.inf, 0.0, -0.0]
    for conversion in ap_fixed.conversions:
        target = conversion.target
        codes = np.array(
            [*range(target.low - 2, target.low + 3), *range(-3, 4), *range(target.high - 2, target.high + 3)]
        )
        halves = (codes.astype(np.float64)[:, None] + np.arange(4) / 4).ravel()
        values = np.concatenate([halves, np.nextafter(halves, np.inf), np.nextafter(halves, -np.inf)])
        spread = np.ldexp(rng.normal(size=100), rng.integers(-100, 100, 100))
        values = np.concatenate([np.ldexp(values, -target.fraction), spread, extremes])
        np.testing.assert_array_equal(target.quantize(values), ap_fixed.quantize(conversion, values), f"{target}")


@given(data=st.data())
@settings(max_examples=300)
def test_products_and_sums_are_exact(ap_fixed: ApFixed, data: st.DataObject) -> None:
    left, right = data.draw(st.sampled_from(ap_fixed.operands)), data.draw(st.sampled_from(ap_fixed.operands))

    def code(item: Format) -> st.SearchStrategy[int]:
        return st.one_of(st.integers(item.low, item.high), st.sampled_from([item.low, -1, 0, 1, item.high])).filter(
            lambda k: item.low <= k <= item.high
        )

    pairs = np.array(data.draw(st.lists(st.tuples(code(left), code(right)), min_size=1, max_size=20)), np.int64)
    a, b = pairs[:, 0], pairs[:, 1]
    np.testing.assert_array_equal(a * b, ap_fixed.multiply(left, right, a, b))
    fraction = max(left.fraction, right.fraction)
    total = align(a, left.fraction, fraction) + align(b, right.fraction, fraction)
    np.testing.assert_array_equal(total, ap_fixed.add(left, right, a, b))


def test_one_bit_symmetric_formats_are_refused(ap_fixed: ApFixed) -> None:
    """The headers give -1 for it, which UG1399 excludes from a symmetric range: there is no right answer to agree on."""
    assert ap_fixed.refused
    for name in ap_fixed.refused:
        with pytest.raises(FormatError, match=r"^a signed format of 1 bit has no symmetric range \(AP_SAT_SYM\)$"):
            Format.parse(name)
