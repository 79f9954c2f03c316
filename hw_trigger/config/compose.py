"""Compose the configuration from ``configs/*.yaml`` and the command line's overrides, in Hydra's grammar."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError

from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError, nearest
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.models.spec import QuantSpec
from hw_trigger.rtl.settings import RtlSettings

DIRECTORY_VARIABLE = "HW_TRIGGER_CONFIGS"


class ConfigError(UserError):
    """A configuration that does not exist, an unknown key, or a value that is not allowed."""


def load_config(overrides: Sequence[str] = (), *, name: str = "config", directory: Path | None = None) -> Config:
    """Compose and check a configuration.

    Parameters
    ----------
    overrides
        Hydra overrides, for example ``["channel=S-1", "model=lstm16", "training.epochs=5"]``.
    name
        The primary configuration's name, without ``.yaml``.
    directory
        Where the configurations are; by default :func:`config_directory`.

    Raises
    ------
    ConfigError
        The message names the key, the value it had, and what is allowed.
    """
    return validate(compose_config(overrides, name=name, directory=directory))


def config_directory() -> Path:
    """Return where configurations are: ``HW_TRIGGER_CONFIGS``, ``configs`` here, in the checkout, or where the wheel put them.

    Raises
    ------
    ConfigError
        There is none of them.
    """
    chosen = os.environ.get(DIRECTORY_VARIABLE)
    schemes = (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user"))
    installed = [Path(sysconfig.get_path("data", scheme)) / "share" / "hw_trigger" / "configs" for scheme in schemes]
    candidates = [Path(chosen)] if chosen else [Path("configs"), Path(__file__).parents[2] / "configs", *installed]
    for candidate in candidates:
        # Another project's ./configs is not ours.
        if (candidate / "config.yaml").is_file() and (chosen or (candidate / "quant").is_dir()):
            return candidate.resolve()
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise ConfigError(f"no configuration found in {looked}; set {DIRECTORY_VARIABLE} or give --config-dir")


def compose_config(overrides: Sequence[str], *, name: str, directory: Path | None = None) -> dict[str, Any]:
    """Return the composed configuration as plain dictionaries, not yet checked.

    Raises
    ------
    ConfigError
        A file or an option does not exist, a key is unknown, or an override is not Hydra's grammar.
    """
    where = (directory or config_directory()).resolve()
    if not (where / f"{name}.yaml").is_file():
        names = sorted(path.stem for path in where.glob("*.yaml"))
        raise ConfigError(
            f"there is no configuration {name!r} in {where}{nearest(name, names)}; there are {', '.join(names) or 'none'}"
        )
    try:
        with initialize_config_dir(config_dir=str(where), version_base="1.3"):
            composed = OmegaConf.to_container(compose(name, list(overrides)), resolve=True, throw_on_missing=True)
    except MissingConfigException as error:
        raise ConfigError(_missing_option(error, where)) from error
    except OverrideParseException as error:
        raise ConfigError(
            f"the override {error.override!r} cannot be read: {_first_line(error)}; it must be key=value, +key=value or ~key, "
            "and a value with special characters needs quotes"
        ) from error
    except ConfigCompositionException as error:
        groups = [item for item in overrides if (where / item.partition("=")[0]).is_dir()]
        raise ConfigError(_composition(error, name, where, groups)) from error
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"the configuration {name!r} cannot be composed: {_first_line(error)}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"the configuration {name!r} is not YAML: {' '.join(str(error).split())}") from error
    return {str(key): value for key, value in dict(composed).items()}  # type: ignore[arg-type]


def validate(values: dict[str, Any]) -> Config:
    """Check composed values.

    Raises
    ------
    ConfigError
        A key is missing or unknown, or a value has the wrong type or is outside its limits; all such are named.
    UserError
        An HLS or RTL setting, or a format, cannot be.
    """
    for section, kind in (("quant", QuantSpec), ("hls", HlsSettings), ("rtl", RtlSettings)):
        given = values.get(section)
        absent = [item.name for item in fields(kind) if isinstance(given, dict) and item.name not in given]
        if absent:  # these have defaults for callers of the library, which are not the configuration's
            raise ConfigError(f"the configuration lacks the key '{section}.{absent[0]}'")
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        lines = [_describe(dict(item), values) for item in error.errors()]
        raise ConfigError("\n".join(lines)) from error
    # A board's or a device's name becomes the one that the vendors' tools take; they may know parts that the database does not.
    found = config.database().match(config.hls.part)
    if found is None or found.full_name == config.hls.part:
        return config
    return config.model_copy(update={"hls": replace(config.hls, part=found.full_name)})


def to_yaml(config: Config) -> str:
    """Return the whole configuration as YAML; the same text for the same configuration."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)


def from_yaml(text: str, **instead: Any) -> Config:
    """Read a configuration that `to_yaml` wrote.

    Parameters
    ----------
    instead
        Sections that are taken from here, whatever the text has: an older one may lack them.

    Raises
    ------
    ConfigError
        It is not YAML, or no configuration.
    """
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"the saved configuration is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ConfigError("the saved configuration is empty or no mapping")
    return validate(values | instead)


def _missing_option(error: MissingConfigException, where: Path) -> str:
    """Say which group lacks which option."""
    missing = error.missing_cfg_file
    group, _, option = str(missing or "").rpartition("/")
    options = sorted(path.stem for path in (where / group).glob("*.yaml"))
    if not group or not options:
        return f"the configuration cannot be composed: {_first_line(error)}"
    return f"there is no {group} {option!r}{nearest(option, options)}; the choices are {', '.join(options)}"


def _composition(error: ConfigCompositionException, name: str, where: Path, groups: Sequence[str]) -> str:
    """Say which key of an override is unknown, beside those that there are with the chosen options of groups."""
    key = getattr(error.__cause__, "full_key", None)
    if not key:
        return f"the configuration {name!r} cannot be composed: {_first_line(error)}"
    known = _flat(compose_config(groups, name=name, directory=where))
    if str(key).rpartition(".")[0] in {"hls.layers", "rtl.layers"}:
        return f"the configuration has no key {key!r} yet; +{key}=... adds it"
    return _unknown(str(key), known)


def _describe(item: dict[str, Any], values: dict[str, Any]) -> str:
    """Put one of pydantic's findings in words."""
    location = [str(part) for part in item["loc"]]
    if item["type"] == "network_kind":
        location.append("kind")
    fields = _fields(location[:-1])
    if location[0] == "model" and len(location) > 2:  # behind it is the network's kind, which is no key
        del location[1]
    key = ".".join(location)
    if item["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        return _unknown(key, [".".join([*location[:-1], field]) for field in fields])
    if item["type"] == "missing":
        return f"the configuration lacks the key {key!r}"
    message = item["msg"][0].lower() + item["msg"][1:]
    return f"the configuration has {key}={_value(values, location)!r}: {message}"


def _fields(section: list[str]) -> list[str]:
    """Return the names of a section's keys; where it is of one of several kinds, `section` goes on with the kind."""
    schema = Config.model_json_schema()
    node: dict[str, Any] = schema
    for part in section:
        kinds = [_resolve(kind, schema) for kind in node.get("oneOf", [])]
        chosen = [kind for kind in kinds if kind["properties"]["kind"]["const"] == part]
        node = _resolve(chosen[0] if chosen else node.get("properties", {}).get(part, {}), schema)
    return list(node.get("properties", {}))


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a node of a JSON schema refers to; where a section may be null, the section."""
    node = next((kind for kind in node.get("anyOf", []) if "$ref" in kind), node)
    found: dict[str, Any] = schema["$defs"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
    return found


def _value(values: Any, location: list[str]) -> Any:
    """Return the value at a location, or the innermost one that is there."""
    for part in location:
        if isinstance(values, dict) and part in values:
            values = values[part]
        elif isinstance(values, list) and part.isdigit() and int(part) < len(values):
            values = values[int(part)]
        else:
            break
    return values


def _unknown(key: str, known: Sequence[str]) -> str:
    section = key.rpartition(".")[0]
    beside = [name for name in known if name.rpartition(".")[0] == section] or list(known)
    return f"the configuration has no key {key!r}{nearest(key, known)}; the keys there are {', '.join(beside)}"


def _flat(values: dict[str, Any], prefix: str = "") -> list[str]:
    """Return all keys, those of sections with dots, and the sections themselves."""
    keys = []
    for key, value in values.items():
        keys.append(f"{prefix}{key}")
        if isinstance(value, dict):
            keys += _flat(value, f"{prefix}{key}.")
    return keys


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
