"""Open variants by name."""

from __future__ import annotations

from hw_trigger.bundle.bundle import FLOAT_WEIGHTS, Bundle
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError, nearest
from hw_trigger.models.networks import FloatNetwork
from hw_trigger.service.variants.base import VARIANTS, Variant
from hw_trigger.service.variants.float32 import FloatVariant
from hw_trigger.service.variants.int8 import DynamicInt8Variant
from hw_trigger.service.variants.integer import IntegerVariant
from hw_trigger.service.variants.onnx import OnnxVariant
from hw_trigger.stages.networks import load_float
from hw_trigger.training.state import StateFileError

NEEDS_FLOAT = frozenset({"float32", "int8-dynamic"})
"""Variants that need the float network's weights, which a bundle may lack."""


class UnknownVariantError(UserError):
    """A name that no variant has."""


def check_variant(name: str) -> None:
    """Refuse a name that no variant has.

    Raises
    ------
    UnknownVariantError
        It is none.
    """
    if name not in VARIANTS:
        raise UnknownVariantError(
            f"there is no variant {name!r}{nearest(name, VARIANTS)}; there are {', '.join(VARIANTS)}"
        )


def open_variant(name: str, bundle: Bundle, config: Config, threads: int) -> Variant:
    """Return a variant of a bundle, ready to measure.

    Parameters
    ----------
    config
        The configuration that the bundle was trained with.
    threads
        Threads that it computes a call with; those of PyTorch are the process's (:func:`limit_threads`).

    Raises
    ------
    UnknownVariantError
        There is none of that name.
    BundleError
        The bundle lacks the file that the variant needs, or it is altered.
    StateFileError
        The file of weights is damaged, holds anything but tensors, or another network's.
    """
    check_variant(name)
    if name == "integer":
        return IntegerVariant(bundle.program, threads)
    if name == "onnx":
        return OnnxVariant(bundle.program, threads)
    model = _float_network(bundle, config, threads)
    return FloatVariant(model, bundle.program) if name == "float32" else DynamicInt8Variant(model, bundle.program)


def _float_network(bundle: Bundle, config: Config, threads: int) -> FloatNetwork:
    bundle.read(FLOAT_WEIGHTS)  # it must be among the files whose hashes are checked
    training = config.training.model_copy(update={"threads": threads})
    model = load_float(bundle, config.model_copy(update={"training": training}))
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            raise StateFileError(f"the file {bundle.path / FLOAT_WEIGHTS} has values in {name!r} that are not finite")
    return model
