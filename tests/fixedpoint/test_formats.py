"""Formats: their text, their limits, their arithmetic against rational numbers, and what they refuse."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support import reference
from support.strategies import formats

from hw_trigger.fixedpoint.formats import (
    Format,
    FormatError,
    FormatTooWideError,
    Overflow,
    Rounding,
    align,
    exact_format,
    overflows,
    quantize_codes,
    round_codes,
)

EIGHT = Format(8, 2)
codes_64 = st.integers(-(2**63), 2**63 - 1)


@given(formats())
def test_text_round_trip(item: Format) -> None:
    assert Format.parse(str(item)) == item
    assert Format.parse(f"  {str(item).replace(',', ' , ').replace('<', '< ').replace('>', ' > ')}") == item


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ap_fixed<8,2>", Format(8, 2, True, Rounding.TRN, Overflow.WRAP)),
        ("ap_ufixed<8,-2,AP_RND>", Format(8, -2, False, Rounding.RND, Overflow.WRAP)),
        ("ap_fixed<8,2,AP_RND_CONV,AP_SAT_SYM,0>", Format(8, 2, True, Rounding.RND_CONV, Overflow.SAT_SYM)),
    ],
)
def test_defaults_of_the_text_are_those_of_cpp(text: str, expected: Format) -> None:
    assert Format.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "fixed<8,2>", "ap_fixed<8>", "ap_fixed<8,2", "ap_fixed<8,2>>", "ap_fixed<-8,2>", "ap_fixed<8,2,RND>",
     "ap_fixed<8.0,2>", "ap_fixed<8,2,AP_RND,AP_SAT,1>", "ap_int<8>"],
)  # fmt: skip
def test_what_is_no_format(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        Format.parse(text)
    assert str(caught.value) == f"{text!r} is not a format; one looks like 'ap_fixed<8,2,AP_RND_CONV,AP_SAT>'"


@pytest.mark.parametrize("text", ["ap_fixed<8,2,AP_SAT>", "ap_fixed<8,2,AP_RND,AP_WRAP_SM>", "ap_fixed<8,2,AP_NEAR>"])
def test_unknown_modes(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        Format.parse(text)
    assert str(caught.value) == (
        f"{text!r} has an unknown mode; the modes are AP_TRN, AP_TRN_ZERO, AP_RND, AP_RND_ZERO, AP_RND_INF, "
        "AP_RND_MIN_INF, AP_RND_CONV, AP_WRAP, AP_SAT, AP_SAT_SYM, AP_SAT_ZERO"
    )


@pytest.mark.parametrize(
    ("width", "integer", "signed", "message"),
    [
        (0, 0, True, "a signed format's width must be 1 to 63 bits, not 0"),
        (64, 0, True, "a signed format's width must be 1 to 63 bits, not 64"),
        (0, 0, False, "an unsigned format's width must be 1 to 62 bits, not 0"),
        (63, 0, False, "an unsigned format's width must be 1 to 62 bits, not 63"),
        (8, -56, True, "a format's fraction must be within 63 bits, not 64"),
        (8, 72, True, "a format's fraction must be within 63 bits, not -64"),
    ],
)
def test_impossible_formats(width: int, integer: int, signed: bool, message: str) -> None:
    with pytest.raises(FormatError, match=f"^{re.escape(message)}$"):
        Format(width, integer, signed)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("overflow", Overflow)
def test_limits(signed: bool, overflow: Overflow) -> None:
    for width in (2, 8, 62):
        item = Format(width, 3, signed, Rounding.TRN, overflow)
        assert reference.fits(item.low, item)
        assert reference.fits(item.high, item)
        assert not reference.fits(item.low - 1, item)
        assert not reference.fits(item.high + 1, item)
        assert item.magnitude == max(-item.low, item.high)
        assert item.fraction == width - 3
        assert item.step == 2.0 ** (3 - width)


@pytest.mark.parametrize("item", [Format(4, 1), Format(1, 1), Format(5, 0, False)])
def test_all_codes_are_the_bit_patterns(item: Format) -> None:
    codes = item.all_codes().tolist()
    assert [code % (1 << item.width) for code in codes] == list(range(1 << item.width))
    assert sorted(codes) == list(range(item.low, item.high + 1))


@given(st.data(), formats(), st.integers(-126, 126))
@settings(max_examples=300)
def test_quantize_codes_is_the_rational_result(data: st.DataObject, target: Format, fraction: int) -> None:
    shift = max(0, target.fraction - fraction)
    largest = (2**63 - 1) >> shift
    tie = st.builds(lambda k, d: k + d, codes_64.map(lambda k: k >> 2 << 2), st.sampled_from([-1, 0, 1]))
    corner = st.sampled_from([target.low, target.high, 0, -1, 1]).flatmap(
        lambda k: st.integers(2 * k - 2, 2 * k + 2).map(
            lambda twice: twice << max(0, fraction - target.fraction - 1) if fraction > target.fraction else twice >> 1
        )
    )
    code = st.one_of(codes_64, tie, corner, st.integers(-8, 8)).filter(lambda k: -largest <= k <= largest)
    codes = data.draw(st.lists(code, min_size=1, max_size=20))
    step = Fraction(2) ** -fraction
    assert quantize_codes(codes, fraction, target).tolist() == [reference.quantize(k * step, target) for k in codes]


@given(formats(), st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(max_examples=300)
@example(Format(63, 63, True, Rounding.TRN, Overflow.WRAP), [-1.0, 2.0**62, -(2.0**62), 2.0**63])
@example(Format(62, 62, False, Rounding.TRN, Overflow.SAT_ZERO), [2.0**62, 2.0**62 - 1024, 2.0**63])
@example(Format(63, 63, True, Rounding.TRN, Overflow.SAT_SYM), [-(2.0**62), 2.0**62])
@example(Format(8, -50, True, Rounding.TRN, Overflow.SAT), [-5e-324, 1.7e308])
def test_quantize_is_the_rational_result(target: Format, values: list[float]) -> None:
    assert target.quantize(values).tolist() == [reference.quantize(Fraction(x), target) for x in values]


@given(formats(max_width=53), st.data())
def test_values_and_quantize_are_inverse(item: Format, data: st.DataObject) -> None:
    codes = np.array(data.draw(st.lists(st.integers(item.low, item.high), min_size=1)), np.int64)
    assert item.values(codes).tolist() == [float(reference.value(code, item)) for code in codes.tolist()]
    np.testing.assert_array_equal(item.quantize(item.values(codes)), codes)


def test_infinities_saturate_and_a_missing_number_is_refused() -> None:
    assert EIGHT.quantize([np.inf, -np.inf]).tolist() == [127, -128]
    with pytest.raises(FormatError) as caught:
        EIGHT.quantize([0.0, np.nan, np.nan])
    assert str(caught.value) == "2 values are not numbers, and ap_fixed<8,2,AP_RND_CONV,AP_SAT> has no code for that"


@given(formats(), st.lists(st.integers(-(2**40), 2**40), min_size=1), st.integers(-20, 40))
def test_overflows_counts_what_has_no_code(target: Format, codes: list[int], fraction: int) -> None:
    assume(target.fraction - fraction <= 20)
    scale = Fraction(2) ** (target.fraction - fraction)
    expected = sum(not reference.fits(reference.rounded(k * scale, target.rounding), target) for k in codes)
    assert overflows(codes, fraction, target) == expected


@given(formats(max_width=53), st.data())
def test_exact_codes_are_those_of_the_values(item: Format, data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.integers(item.low, item.high), max_size=20))
    assert item.exact_codes(item.values(codes), "x").tolist() == codes


@pytest.mark.parametrize("value", [0.3, 2.0, -2.25, 4.0, np.nan, np.inf])
def test_values_that_a_format_has_not_are_a_bug(value: float) -> None:
    with pytest.raises(RuntimeError) as caught:
        Format(4, 2).exact_codes([0.25, value, -2.0, 1.75], "y")
    assert str(caught.value) == "tensor 'y' has 1 values that are none of ap_fixed<4,2,AP_RND_CONV,AP_SAT>"


@given(st.integers(-(2**40), 2**40), st.integers(-20, 20), st.integers(0, 22))
def test_align_keeps_the_value(code: int, fraction: int, more: int) -> None:
    there = align(np.array([code]), fraction, fraction + more)
    assert there.tolist() == [code * 2**more]
    assert align(there, fraction + more, fraction).tolist() == [code]


@pytest.mark.parametrize("rounding", Rounding)
def test_a_shift_past_int64_keeps_ties(rounding: Rounding) -> None:
    codes = np.array([-(2**63), -(2**62), -1, 0, 1, 2**62 - 1, 2**62, 2**62 + 1, 2**63 - 1])
    for dropped in (62, 63, 64, 65, 127, 200):
        expected = [reference.rounded(Fraction(k, 2**dropped), rounding) for k in codes.tolist()]
        assert round_codes(codes, dropped, rounding).tolist() == expected


@given(st.integers(0, 2**62 - 1), st.integers(-63, 63))
def test_exact_format_is_the_narrowest(magnitude: int, fraction: int) -> None:
    item = exact_format(magnitude, fraction, "x")
    assert (item.signed, item.fraction, item.overflow) == (True, fraction, Overflow.WRAP)
    assert item.high >= magnitude
    assert item.low <= -magnitude
    assert item.width == 1 or (1 << (item.width - 2)) - 1 < magnitude


def test_exact_format_that_cannot_be() -> None:
    with pytest.raises(FormatTooWideError) as caught:
        exact_format(2**53, 12, "decoder.accumulator", limit=53)
    assert str(caught.value) == (
        "tensor 'decoder.accumulator' needs 55 bits with 12 fractional ones to be exact, and 53 are available; "
        "choose narrower formats for what flows into it"
    )
    with pytest.raises(FormatTooWideError) as caught:
        exact_format(1, 64, "decoder.accumulator")
    assert str(caught.value) == (
        "tensor 'decoder.accumulator' needs 64 fractional bits to be exact, and a format has 63 at most; "
        "choose formats with fewer of them for what flows into it"
    )
