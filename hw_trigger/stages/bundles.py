"""A run's bundle and the configuration that goes with it. (Its networks need PyTorch: :mod:`hw_trigger.stages.networks`.)"""

from __future__ import annotations

from hw_trigger.bundle.bundle import CONFIG, Bundle, load_bundle
from hw_trigger.config.compose import ConfigError, from_yaml
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError

LATER = ("csim", "hls", "rtl", "explore", "evaluate", "fleet", "tracking", "serve", "paths", "parts")
"""Sections of the configuration that training does not see."""


class OutdatedBundleError(UserError):
    """A bundle whose configuration this release cannot read."""


def open_bundle(config: Config) -> tuple[Bundle, Config]:
    """Return the run's bundle, and the configuration that goes with it.

    What the bundle was trained with is the bundle's; where things are, and the settings of later stages, are the given ones.

    Raises
    ------
    BundleError
        There is no bundle, or it is damaged.
    OutdatedBundleError
        Its configuration is that of another release.
    """
    bundle = load_bundle(config.bundle_path)
    given = config.model_dump(mode="json", include=set(LATER))
    try:
        trained = from_yaml(bundle.read(CONFIG).decode(), **given)
    except ConfigError as error:
        raise OutdatedBundleError(
            f"the bundle {bundle.path} is of another release of hw_trigger, and its configuration cannot be read; "
            "train again with `hw-trigger qat`"
        ) from error
    data = config.data.model_copy(
        update={"columns": trained.data.columns, "least_half_range": trained.data.least_half_range}
    )
    return bundle, trained.model_copy(update={"run": config.run_name, "data": data})
