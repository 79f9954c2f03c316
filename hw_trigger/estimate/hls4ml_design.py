"""Read a design of hls4ml's stock layers: a generated project, or the ``design.json`` of a recorded one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hw_trigger.errors import UserError
from hw_trigger.estimate.stock import (
    Number,
    StockActivation,
    StockDesign,
    StockDesignError,
    StockLayer,
    StockProduct,
    StockRecurrent,
)
from hw_trigger.hls.settings import STRATEGIES

_FIXED = re.compile(r"ap_u?fixed<\s*(\d+)\s*,\s*(-?\d+)")
_INTEGER = re.compile(r"ap_u?int<\s*(\d+)\s*>")
_STRUCT = re.compile(r"struct\s+(\w+)\s*(?::\s*nnet::(\w+)\s*)?\{(.*?)\n\};", re.DOTALL)
_CONSTANT = re.compile(r"static\s+const\s+\w+\s+(\w+)\s*=\s*([^;]+);")
_TYPE = re.compile(r"typedef\s+([^;]+?)\s+(\w+);")
_SETTING = re.compile(r"^(\w+):[ \t]*'?([^\s']+)'?[ \t]*$", re.MULTILINE)
_RECURRENT = {"lstm_config": "lstm", "gru_config": "gru"}
_DENSE, _ACTIVATION = "dense_config", ("activ_config", "relu_config", "softmax_config", "hard_activ_config")
_GATES = {"lstm": 4, "gru": 3}


def read_design(path: Path) -> StockDesign:
    """Read the design of an hls4ml project directory, or of a ``design.json``.

    Raises
    ------
    StockDesignError
        There is none, it is not one, or it has layers that the estimator does not know.
    """
    source = path / "design.json" if (path / "design.json").is_file() else path
    if source.is_dir():
        return _project(source)
    if not source.is_file():
        raise StockDesignError(
            f"{path} does not exist; give the directory of an hls4ml project, or a design.json that describes one"
        )
    try:
        document = json.loads(source.read_text("utf-8"))
    except ValueError as error:
        raise StockDesignError(f"{source} is not JSON: {error}") from error
    try:
        return parse_design(source.resolve().parent.name, document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, UserError):
            raise
        raise StockDesignError(
            f"{source} does not describe a design: it needs layers, yaml.IOType, measured.part and measured.clock_ns"
        ) from error


def parse_design(name: str, document: Mapping[str, Any]) -> StockDesign:
    """Return the design that a ``design.json`` describes: its ``layers``, and part and clock.

    Raises
    ------
    StockDesignError
        It has layers that the estimator does not know.
    KeyError, TypeError, ValueError
        It is no such document.
    """
    measured = document["measured"]
    return _design(
        name, str(measured["part"]), float(measured["clock_ns"]), str(document["yaml"]["IOType"]), document["layers"]
    )


def _project(path: Path) -> StockDesign:
    """Read what hls4ml wrote: sizes and types from firmware/parameters.h, part and clock from its configuration."""
    parameters, configuration = path / "firmware/parameters.h", path / "hls4ml_config.yml"
    for needed in (parameters, configuration):
        if not needed.is_file():
            raise StockDesignError(f"{path} is no hls4ml project: it has no {needed.relative_to(path)}")
    types = _types(path / "firmware/defines.h")
    # The file may hold the whole network as Python objects, which are not to be loaded; what is needed are plain lines.
    settings = dict(_SETTING.findall(configuration.read_text("utf-8")))
    try:
        name, part, io_type = settings["ProjectName"], settings["Part"], settings["IOType"]
        clock = float(settings["ClockPeriod"])
    except (KeyError, ValueError) as error:
        raise StockDesignError(
            f"{configuration} does not have ProjectName, Part, ClockPeriod and IOType as hls4ml writes them"
        ) from error
    return _design(name, part, clock, io_type, _structs(parameters.read_text("utf-8"), types))


def _types(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    return {name: text for text, name in _TYPE.findall(path.read_text("utf-8"))}


def _structs(text: str, types: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the configuration structs, each a mapping of its constants and types."""
    layers = []
    for name, kind, body in _STRUCT.findall(text):
        # hls4ml's transposition has no base of its own.
        layer: dict[str, Any] = {"name": name, "kind": kind or ("transpose" if " perm;" in body else "unknown")}
        for key, value in _CONSTANT.findall(body):
            layer[key] = int(value) if re.fullmatch(r"-?\d+", value.strip()) else value.strip()
        for value, key in _TYPE.findall(body):
            layer[key] = types.get(value, value)
        layers.append(layer)
    return layers


def _design(name: str, part: str, clock_ns: float, io_type: str, entries: list[dict[str, Any]]) -> StockDesign:
    structs = {entry["name"]: entry for entry in entries}
    inner = {f"{entry['name']}_{which}" for entry in entries if entry["kind"] in _RECURRENT for which in (1, 2)}
    layers: list[StockLayer] = []
    taken: set[str] = set(inner)
    for entry in entries:
        if entry["kind"] in _RECURRENT:
            layer = _recurrent(entry, structs)
            taken |= {layer.gate.name, layer.activation.name}
    for entry in entries:
        if entry["name"] in taken or (entry["kind"] == "transpose" and io_type == "io_parallel"):
            continue  # in io_parallel, a transposition is wires
        layers.append(_layer(entry, structs, layers))
    return StockDesign(name, part, clock_ns, io_type, tuple(layers))


def _layer(entry: dict[str, Any], structs: Mapping[str, dict[str, Any]], before: list[StockLayer]) -> StockLayer:
    kind = entry["kind"]
    if kind in _RECURRENT:
        return _recurrent(entry, structs)
    if kind == _DENSE:
        return _product(entry, _output(before))
    if kind in _ACTIVATION:
        return _activation(entry, _function(entry), _output(before))
    known = ", ".join((*_RECURRENT, _DENSE, *_ACTIVATION))
    raise StockDesignError(
        f"layer {entry['name']!r} is of the kind {kind!r}, and the estimator has formulas for {known}"
    )


def _output(before: list[StockLayer]) -> Number | None:
    if not before:
        return None
    last = before[-1]
    return last.total if isinstance(last, StockProduct) else last.data


def _recurrent(entry: dict[str, Any], structs: Mapping[str, dict[str, Any]]) -> StockRecurrent:
    name, kind = entry["name"], _RECURRENT[entry["kind"]]
    data = _number(entry, "accum_t")
    n_in, units = _whole(entry, "n_in"), _whole(entry, "n_state")
    rows = _GATES[kind] * units
    products = []
    for which, inputs in (("1", n_in), ("2", units)):
        own = structs.get(f"{name}_{which}", {})
        merged = {**entry, "n_out": rows, **own, "n_in": inputs}
        products.append(_product(merged, data))
    gates, candidates = _activations(name, structs)
    return StockRecurrent(
        name=name,
        kind=kind,
        n_in=n_in,
        n_units=units,
        steps=_whole(entry, "n_sequence"),
        return_sequence=int(entry.get("n_sequence_out", 1)) > 1,
        input_product=products[0],
        state_product=products[1],
        gate=_activation(gates, _function(gates), data),
        activation=_activation(candidates, _function(candidates), data),
        data=data,
        static=str(entry.get("use_static", "true")).lower() in ("true", "1"),
    )


def _activations(name: str, structs: Mapping[str, dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Find the structs of a recurrent layer's activations: ``sigmoid_<layer>_recr`` and ``tanh_<layer>``."""
    gates = [struct for key, struct in structs.items() if key.endswith(f"_{name}_recr")]
    others = [struct for key, struct in structs.items() if key.endswith(f"_{name}") and struct["kind"] in _ACTIVATION]
    if not gates or not others:
        raise StockDesignError(
            f"recurrent layer {name!r} lacks its activations: structs named like 'sigmoid_{name}_recr' and 'tanh_{name}'"
        )
    return gates[0], others[0]


def _product(entry: dict[str, Any], data: Number | None) -> StockProduct:
    n_in, n_out = _whole(entry, "n_in"), _whole(entry, "n_out")
    total = _number(entry, "accum_t")
    return StockProduct(
        name=entry["name"],
        n_in=n_in,
        n_out=n_out,
        strategy=_strategy(entry),
        reuse_factor=_whole(entry, "reuse_factor"),
        data=data or total,
        weight=_number(entry, "weight_t"),
        total=total,
        nonzeros=int(entry.get("n_nonzeros", n_in * n_out)),
    )


def _activation(entry: dict[str, Any], kind: str, data: Number | None) -> StockActivation:
    keys = ("table_t", "exp_table_t")
    table = next((_number(entry, key) for key in keys if key in entry), Number(18, 8))
    return StockActivation(
        entry["name"], kind, int(entry["n_in"]), int(entry.get("table_size", 1024)), data or table, table
    )


def _whole(entry: Mapping[str, Any], key: str) -> int:
    try:
        return int(entry[key])
    except (KeyError, TypeError, ValueError) as error:
        raise StockDesignError(
            f"layer {entry['name']!r} has {key} = {entry.get(key)!r}; a whole number is needed"
        ) from error


def _function(entry: Mapping[str, Any]) -> str:
    """Return the function of an activation's struct, for example ``"sigmoid"`` of ``sigmoid_config2_recr``."""
    return str(entry["name"]).split("_config")[0]


def _strategy(entry: Mapping[str, Any]) -> str:
    given = str(entry.get("strategy", entry.get("io_type", "latency"))).split("::")[-1].lower()
    known = {strategy.lower(): strategy for strategy in STRATEGIES}
    if given not in known:
        raise StockDesignError(
            f"layer {entry['name']!r} has the strategy {given!r}, and the estimator has formulas for {', '.join(known)}"
        )
    return known[given]


def _number(entry: Mapping[str, Any], key: str) -> Number:
    text = str(entry.get(key, ""))
    if found := _FIXED.match(text):
        return Number(int(found[1]), int(found[2]))
    if found := _INTEGER.match(text):
        return Number(int(found[1]), int(found[1]))
    raise StockDesignError(f"layer {entry['name']!r} has {key} = {text!r}; ap_fixed<W,I> or ap_int<W> is needed")
