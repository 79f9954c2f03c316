"""How a fixed-point format is said with the attributes of ``Quant``, and which cannot be."""

from __future__ import annotations

from typing import Any

from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding
from hw_trigger.fixedpoint.program import EXACT_BITS
from hw_trigger.qonnx.contract import QonnxError


def quant_attributes(target: Format, tensor: str) -> dict[str, Any]:
    """Return the attributes of a ``Quant`` node that brings `tensor` to `target`.

    Raises
    ------
    QonnxError
        ``Quant`` has no such rounding or overflow mode, or double precision not that many bits.
    """
    if target.rounding is not Rounding.RND_CONV or target.overflow not in {Overflow.SAT, Overflow.SAT_SYM}:
        raise QonnxError(
            f"tensor {tensor!r} has the format {target}; QONNX' Quant rounds half to even and saturates: "
            "AP_RND_CONV with AP_SAT or AP_SAT_SYM"
        )
    narrow = target.overflow is Overflow.SAT_SYM
    if narrow and not target.signed:
        raise QonnxError(f"tensor {tensor!r} has the format {target}; an unsigned one has no symmetric range: AP_SAT")
    if target.signed and target.width == 1:
        raise QonnxError(
            f"tensor {tensor!r} has the format {target}; QONNX' Quant takes 1 signed bit for -1 and +1: 2 bits"
        )
    if target.width > EXACT_BITS:
        raise QonnxError(f"tensor {tensor!r} has the format {target}; double precision holds {EXACT_BITS} bits")
    return {"signed": int(target.signed), "narrow": int(narrow), "rounding_mode": "ROUND"}
