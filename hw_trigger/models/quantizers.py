"""Brevitas quantizers that are fixed-point formats: the scale a constant power of two, the zero point 0.

Brevitas' learned and statistical scales do not survive an LSTM (the cell state's quantizer is called three times a step, and
statistics count calls), so every scale is given beforehand, by configuration or calibration.
"""

from __future__ import annotations

from typing import Any

from brevitas.core.function_wrapper import TensorClamp, TensorClampSte
from brevitas.core.function_wrapper.ops_ste import CeilSte
from brevitas.core.zero_point import ZeroZeroPoint
from brevitas.inject import ExtendedInjector
from brevitas.inject.enum import (
    BitWidthImplType,
    FloatToIntImplType,
    QuantType,
    RestrictValueType,
    ScalingImplType,
    ScalingPerOutputType,
)
from brevitas.quant.solver.act import ActQuantSolver
from brevitas.quant.solver.bias import BiasQuantSolver
from brevitas.quant.solver.weight import WeightQuantSolver

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding

Injector = type[ExtendedInjector]


class QuantizerError(UserError):
    """A format that Brevitas has no quantizer for."""


class _FixedPoint(ExtendedInjector):  # type: ignore[misc]
    quant_type = QuantType.INT
    bit_width_impl_type = BitWidthImplType.CONST
    scaling_impl_type = ScalingImplType.CONST
    restrict_scaling_type = RestrictValueType.POWER_OF_TWO
    restrict_value_float_to_int_impl = CeilSte
    scaling_per_output_type = ScalingPerOutputType.TENSOR
    zero_point_impl = ZeroZeroPoint
    float_to_int_impl_type = FloatToIntImplType.ROUND


def activation_quantizer(target: Format) -> Injector:
    """Return the quantizer of an activation; where it saturates, the gradient is 0.

    Raises
    ------
    QuantizerError
        The format does not round half to even and saturate.
    """
    return _injector("activation", ActQuantSolver, target, tensor_clamp_impl=TensorClamp)


def weight_quantizer(target: Format) -> Injector:
    """Return the quantizer of a weight; the gradient passes where it saturates, or a saturated weight would never return.

    Raises
    ------
    QuantizerError
        As `activation_quantizer`.
    """
    return _injector("weight", WeightQuantSolver, target, tensor_clamp_impl=TensorClampSte)


def bias_quantizer(target: Format) -> Injector:
    """Return the quantizer of a bias, in a format of its own rather than the accumulator's; gradients as a weight's.

    Raises
    ------
    QuantizerError
        As `activation_quantizer`.
    """
    return _injector("bias", BiasQuantSolver, target, tensor_clamp_impl=TensorClampSte, requires_input_scale=False)


def _injector(kind: str, solver: type, target: Format, **extra: Any) -> Injector:
    if target.rounding is not Rounding.RND_CONV or target.overflow not in {Overflow.SAT, Overflow.SAT_SYM}:
        raise QuantizerError(
            f"the {kind} format {target} has no Brevitas quantizer; its modes must be AP_RND_CONV and AP_SAT or AP_SAT_SYM"
        )
    attributes = {
        "bit_width": target.width,
        "signed": target.signed,
        # AP_SAT_SYM leaves an unsigned range as it is; Brevitas would take its greatest code away.
        "narrow_range": target.signed and target.overflow is Overflow.SAT_SYM,
        # The magnitude that the range ends at: Brevitas divides it by 2**width, or 2**(width - 1) where signed.
        "scaling_init": 2.0 ** (target.integer - target.signed),
        **extra,
    }
    return type(f"{kind}_quantizer", (_FixedPoint, solver), attributes)
