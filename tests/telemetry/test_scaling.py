import re

import numpy as np
import pytest

from hw_trigger.fixedpoint.formats import Format, quantize_codes
from hw_trigger.fixedpoint.program import Scaling
from hw_trigger.telemetry.channel import SamplesError
from hw_trigger.telemetry.scaling import (
    ScalingError,
    constant_columns,
    fit_scaling,
    saturated,
    scaled_values,
    to_raw,
)

RAW = Format(16, 3)  # [-4, 4) in steps of 2**-13
X = Format(8, 1)  # [-1, 1) in steps of 2**-7


def fit(train: np.ndarray, raw: Format = RAW, output: Format = X, **options: object) -> Scaling:
    return fit_scaling(train, raw, output, channel="X-1", **options)  # type: ignore[arg-type]


def test_a_worked_example() -> None:
    """Training data from -0.5 to 0.25, output codes wanted from -128 to 127: a gain of 1.9921875 / 0.75 = 2.65625."""
    scaling = fit(np.array([[-0.5], [0.25], [0.1]]))
    # 2.65625 = 85 * 2**-5 has 7 significant bits; the accumulator with 8 (170 * 2**-6) is
    # 32768 * 170 + 667648 -> 23 bits and a sign, which fits.
    assert scaling.gain_format == Format(9, 3)
    assert scaling.gain.tolist() == [170]
    # The middles -0.125 and -0.00390625: the offset is -0.00390625 + 2.65625 * 0.125 = 0.328125 = 672 * 2**-11
    assert scaling.offset_format.fraction == 11
    assert scaling.offset.tolist() == [672]
    assert scaling.accumulator.width == 24
    assert scaled_values(scaling, RAW.quantize([[-0.5], [0.25], [0.0]])).tolist() == [[-1.0], [0.9921875], [0.328125]]


@pytest.mark.parametrize(
    ("raw", "output"),
    [
        (RAW, X),
        (RAW, Format(16, 1)),
        (Format(12, 3), Format(12, 1)),
        (Format(14, 2), Format(6, 1)),
        (Format(18, 3), X),
        (RAW, Format(8, 2)),
        (RAW, Format(8, 0)),
        (Format(12, 3, signed=False), X),
        (RAW, Format(8, 0, signed=False)),
    ],
)
@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, 1.0), (0.25, 0.375), (0.25, 0.3125), (-1.0, -0.97), (0.0, 3.5), (0.99, 1.0)]
)
def test_the_trained_range_fills_the_target_and_does_not_leave_it(
    raw: Format, output: Format, low: float, high: float
) -> None:
    train = np.linspace(low, high, 101)[:, None] + (0.0 if raw.signed else 1.0)
    scaling = fit(train, raw, output)
    assert scaling.accumulator.width <= 24
    assert scaling.gain_format.fraction + raw.fraction >= scaling.offset_format.fraction
    codes = to_raw(train, raw)
    x = scaled_values(scaling, codes)
    bottom, top = max(-1.0, output.low * output.step), min(1.0 - output.step, output.high * output.step)
    assert bottom <= x.min()
    assert x.max() <= top
    # The gain keeps at least 4 bits and is rounded down: at least 8/9 of the range is used, but for roundings; by a narrow
    # column, its share of the least range.
    share = min(1.0, (high - low) / 0.125)
    assert x.max() - x.min() >= (top - bottom) * share * 8 / 9 - 2 * output.step
    assert x.max() - x.min() <= (top - bottom) * share + 2 * output.step
    # The middle of the range is the middle of the target.
    assert (
        abs(x.max() + x.min() - top - bottom)
        <= 4 * output.step + raw.step * float(scaling.gain[0]) * scaling.gain_format.step
    )


def test_the_arithmetic_is_that_of_the_program() -> None:
    """Every raw code, against Python's integers."""
    scaling = fit(np.array([[-0.7], [0.9]]), Format(10, 2), Format(6, 1))
    raw = scaling.raw.all_codes()
    gain, offset = int(scaling.gain[0]), int(scaling.offset[0])
    fraction = scaling.raw.fraction + scaling.gain_format.fraction
    shift = fraction - scaling.offset_format.fraction
    exact = [int(code) * gain + (offset << shift) for code in raw]
    expected = quantize_codes(exact, fraction, scaling.output)
    assert np.array_equal(scaled_values(scaling, raw[:, None])[:, 0] * 32, expected)


def test_columns_share_one_gain_format() -> None:
    rng = np.random.default_rng(1)
    train = rng.uniform([-1, 0, -0.08], [1, 3, 0.05], (500, 3))
    scaling = fit(train)
    assert scaling.gain.shape == scaling.offset.shape == (3,)
    x = scaled_values(scaling, to_raw(train, RAW))
    assert np.all(x.min(axis=0) < -0.85)
    assert np.all(x.max(axis=0) > 0.85)


def test_columns_of_too_different_ranges_are_refused() -> None:
    train = np.array([[-3.9, 0.0], [3.9, 2.0**-12]])
    message = (
        "channel 'X-1': column 0 needs a gain of 0.255407 beside another of 8160, "
        "which a shared format of 8 bits cannot hold; leave one of the columns out"
    )
    with pytest.raises(ScalingError, match=f"^{re.escape(message)}$"):
        fit(train, least_half_range=2.0**-14)


def test_a_raw_format_too_wide_is_refused() -> None:
    train = np.array([[-3.0], [3.5]])
    message = (
        "channel 'X-1': with the raw format ap_fixed<24,3,AP_RND_CONV,AP_SAT> the scaling needs 28 bits even with a gain of "
        "4 bits, and 24 are available; choose a raw format of fewer bits"
    )
    with pytest.raises(ScalingError, match=f"^{re.escape(message)}$"):
        fit(train, Format(24, 3))


def test_an_input_format_without_values_is_refused() -> None:
    message = "the network's input format ap_fixed<8,9,AP_RND_CONV,AP_SAT> has no two values within [-1, 1); choose a finer one"
    with pytest.raises(ScalingError, match=f"^{re.escape(message)}$"):
        fit(np.array([[0.0], [1.0]]), output=Format(8, 9))


@pytest.mark.parametrize("value", [0.999, -1.0, -0.5, 0.0, 1.0, 3.9, -4.0])
@pytest.mark.parametrize("least", [2.0**-10, 1 / 16, 0.3, 1.0])
@pytest.mark.parametrize("output", [X, Format(12, 3)])
def test_constant_training_data_are_the_middle_of_the_least_range(value: float, least: float, output: Format) -> None:
    """The least range around the constant fills [-1, 1), as any other range does."""
    scaling = fit(np.full((5, 1), value), output=output, least_half_range=least)
    assert scaling.accumulator.width <= 24
    gain = float(scaling.gain_format.values(scaling.gain)[0])
    wanted = (2 - output.step) / 2 / least
    assert wanted * 8 / 9 < gain <= wanted
    around = RAW.quantize(np.array([[value - least], [value], [value + least]]))
    low, middle, high = scaled_values(scaling, around)[:, 0]
    # A raw step of either side, where the constant is not a raw value.
    rounding = 2 * output.step + RAW.step * gain
    assert abs(middle) <= rounding
    for end in (middle - low, high - middle):
        inside = value - least >= -4 and value + least < 4
        assert not inside or 8 / 9 - rounding <= end <= 1 + rounding


def test_a_narrow_column_beside_a_wide_one() -> None:
    """It has the gain of the least range, of which a shared format keeps enough bits."""
    train = np.array([[-3.9, 0.0], [3.9, 2.0**-12]])
    scaling = fit(train)
    assert scaling.gain_format.values(scaling.gain).tolist() == [0.25, 15.9375]


@pytest.mark.parametrize(("least", "shown"), [(0.0, "0"), (-1.0, "-1"), (np.inf, "inf"), (np.nan, "nan")])
def test_a_least_range_that_cannot_be_is_refused(least: float, shown: str) -> None:
    message = f"data.least_half_range must be above 0 and finite, not {shown}"
    with pytest.raises(ScalingError, match=f"^{re.escape(message)}$"):
        fit(np.array([[0.0], [1.0]]), least_half_range=least)


def test_constant_columns() -> None:
    """In the raw format they are constant, whatever the float values say."""
    train = np.array([[0.0, 0.999, 0.5, 1.0], [1.0, 0.999, 0.5 + 1e-6, 1.0], [0.0, 0.999, 0.5, 1.001]])
    assert constant_columns(RAW.quantize(train)) == (1, 2)
    assert constant_columns(RAW.quantize(train[:1])) == (0, 1, 2, 3)


def test_values_outside_the_raw_format_saturate_and_are_counted() -> None:
    """M-6 of MSL reaches 258."""
    samples = np.array([[258.0], [-258.0], [4.0], [3.9999], [-4.0], [-4.0001], [3.0]])
    assert to_raw(samples, RAW)[:, 0].tolist() == [32767, -32768, 32767, 32767, -32768, -32768, 24576]
    # In steps: 3.9999 is 32767.2 and rounds into the range, 4.0 is 32768 and -4.0001 is -32768.8, which do not.
    assert saturated(samples, RAW) == 4
    assert saturated(np.array([1e300, -1e300]), RAW) == 2
    assert saturated(samples[3:5], RAW) == 0


@pytest.mark.parametrize("function", [to_raw, saturated])
def test_samples_that_are_not_finite_are_refused(function: object) -> None:
    message = "the test data of channel 'X-1': 1 value is not finite, the first is nan at index (1, 0)"
    with pytest.raises(SamplesError, match=f"^{re.escape(message)}$"):
        function(np.array([[1.0], [np.nan]]), RAW, what="the test data of channel 'X-1'")  # type: ignore[operator]
    with pytest.raises(SamplesError):
        fit(np.array([[1.0], [np.inf]]))
