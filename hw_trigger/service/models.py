"""The models that are served: every bundle of a directory that can be trusted, and why the others are not."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from hw_trigger.bundle.bundle import FLOAT_WEIGHTS, MANIFEST
from hw_trigger.config.compose import load_config
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError, nearest
from hw_trigger.fixedpoint.program import Program
from hw_trigger.service.admission import admit
from hw_trigger.service.model import Model
from hw_trigger.service.variants.base import EXACT, VARIANTS, Variant
from hw_trigger.service.variants.opening import NEEDS_FLOAT, Opener, check_variant
from hw_trigger.telemetry.channel import CHANNEL_NAME
from hw_trigger.verification.stress import stress_windows

WARM_UP = 8
"""Windows that every variant measures once before it is served."""

_LOG = logging.getLogger(__name__)


class ModelsError(UserError):
    """A directory of models that there is not."""


class UnknownModelError(UserError):
    """A name that no model has."""


class RefusedModelError(UserError):
    """A model that is there, and is not served."""


@dataclass(frozen=True, eq=False)
class Models:
    """What was found in a directory.

    Attributes
    ----------
    models
        By the name of the bundle's directory, in alphabetical order.
    refused
        Bundles that are not served, and why.
    """

    models: Mapping[str, Model]
    refused: Mapping[str, str]

    def get(self, name: str) -> Model:
        """Return a model.

        Raises
        ------
        UnknownModelError
            There is none.
        RefusedModelError
            It is not served.
        """
        if name in self.models:
            return self.models[name]
        if name in self.refused:
            raise RefusedModelError(f"model {name!r} is not served: {self.refused[name]}")
        known = ", ".join(self.models) or "none"
        raise UnknownModelError(f"there is no model {name!r}{nearest(name, self.models)}; there are: {known}")


def load_models(directory: Path, names: tuple[str, ...] | None, variants: tuple[str, ...], opener: Opener) -> Models:
    """Load bundles; one that cannot be loaded is refused, and the others are served all the same.

    Parameters
    ----------
    names
        Of the bundles' directories; ``None``: all that are there. Names that begin with a dot are those of unfinished ones.
    variants
        Names of :data:`hw_trigger.service.variants.base.VARIANTS`. A bundle without the float network's weights is served without
        the variants that need it.
    opener
        Opens variants: in this process (:func:`hw_trigger.service.variants.opening.opener`) or in others
        (:meth:`hw_trigger.service.workers.remote.Workers.open`).

    Raises
    ------
    ModelsError
        There is no such directory.
    UnknownVariantError
        There is no such variant.
    """
    for variant in variants:
        check_variant(variant)
    if not directory.is_dir():
        raise ModelsError(f"there is no directory of models at {directory}; `hw-trigger qat` writes a model into one")
    configuration = load_config()
    wanted = tuple(name for name in VARIANTS if name in variants)
    models: dict[str, Model] = {}
    refused: dict[str, str] = {}
    for name in sorted(set(_names(directory) if names is None else names)):
        shown = name.encode(errors="backslashreplace").decode()
        try:
            models[name] = _load(directory, name, wanted, configuration, opener)
        except UserError as error:
            refused[shown] = str(error)
        except Exception as error:  # noqa: BLE001 - a hostile bundle may make any library raise anything; the others are served
            _LOG.exception("model %r cannot be loaded", shown)
            refused[shown] = f"it cannot be loaded ({type(error).__name__}: {str(error)[:200]})"
    return Models(MappingProxyType(models), MappingProxyType(refused))


def _names(directory: Path) -> list[str]:
    """Return the names of directories with a manifest, which may be a bad one."""
    return [path.name for path in directory.iterdir() if not path.name.startswith(".") and _has_manifest(path)]


def _has_manifest(path: Path) -> bool:
    manifest = path / MANIFEST
    return manifest.is_symlink() or manifest.exists()


def _load(directory: Path, name: str, variants: tuple[str, ...], configuration: Config, opener: Opener) -> Model:
    if not re.fullmatch(CHANNEL_NAME, name):
        raise RefusedModelError(
            "its name must be of letters, digits, '.', '_' and '-', and begin with a letter or a digit"
        )
    bundle, config = admit(directory / name, configuration)
    opened: dict[str, Variant] = {}
    absent: dict[str, str] = {}
    for variant in variants:
        if variant in NEEDS_FLOAT and FLOAT_WEIGHTS not in bundle.manifest.files:
            absent[variant] = f"the bundle has no file {FLOAT_WEIGHTS!r}"
        else:
            opened[variant] = opener(variant, bundle, config)
    if not opened:
        raise RefusedModelError(
            f"it can have none of the variants {', '.join(variants)}: {next(iter(absent.values()), '')}"
        )
    _warm_up(bundle.program, opened)
    return Model(name, bundle, MappingProxyType(opened), MappingProxyType(absent))


def _warm_up(program: Program, variants: Mapping[str, Variant]) -> None:
    """Have each variant measure a few windows, so that no request waits for what happens but once, and compare the exact ones."""
    raw = stress_windows(program, WARM_UP)
    found = {name: variant.measure(raw) for name, variant in variants.items()}
    exact = [found[name] for name in EXACT if name in found]
    if any(not np.array_equal(exact[0], other) for other in exact[1:]):
        raise RuntimeError(f"the variants {', '.join(EXACT)} of {program.name!r} differ in their measures")
