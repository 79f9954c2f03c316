"""Open variants by name. The libraries of each are imported with it: PyTorch takes seconds, and hundreds of MiB."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hw_trigger.bundle.bundle import FLOAT_WEIGHTS, Bundle
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError, nearest
from hw_trigger.service.variants.base import VARIANTS, Variant, limit_blas

if TYPE_CHECKING:
    from hw_trigger.models.networks import FloatNetwork

NEEDS_FLOAT = frozenset({"float32", "int8-dynamic"})
"""Variants that need the float network's weights, which a bundle may lack."""


Opener = Callable[[str, Bundle, Config], Variant]
"""From a variant's name, a bundle, and the configuration that it was trained with, to the variant."""


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


def opener(threads: int) -> Opener:
    """Return what opens variants in this process, where BLAS has one thread from then on; see :func:`open_variant`."""
    limit_blas()
    return partial(open_variant, threads=threads)


def open_variant(name: str, bundle: Bundle, config: Config, threads: int) -> Variant:
    """Return a variant of a bundle, ready to measure.

    Parameters
    ----------
    config
        The configuration that the bundle was trained with.
    threads
        Threads that it computes a call with; those of PyTorch are the process's, and the last opened variant's.

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
        from hw_trigger.service.variants.integer import IntegerVariant

        return IntegerVariant(bundle.program, threads)
    if name == "onnx":
        from hw_trigger.service.variants.onnx import OnnxVariant

        return OnnxVariant(bundle.program, threads)
    model = _float_network(bundle, config, threads)
    if name == "float32":
        from hw_trigger.service.variants.float32 import FloatVariant

        return FloatVariant(model, bundle.program)
    from hw_trigger.service.variants.int8 import DynamicInt8Variant

    return DynamicInt8Variant(model, bundle.program)


def _float_network(bundle: Bundle, config: Config, threads: int) -> FloatNetwork:
    from hw_trigger.stages.networks import load_float
    from hw_trigger.training.state import StateFileError

    bundle.read(FLOAT_WEIGHTS)  # it must be among the files whose hashes are checked
    training = config.training.model_copy(update={"threads": threads})
    model = load_float(bundle, config.model_copy(update={"training": training}))
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            raise StateFileError(f"the file {bundle.path / FLOAT_WEIGHTS} has values in {name!r} that are not finite")
    return model
