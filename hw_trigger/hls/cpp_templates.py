"""hls4ml templates: the configuration struct and the function call that the generated C++ has for each of our layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model.layers import Layer

from hw_trigger.fixedpoint.program import Dense, DeviationTrigger, Lstm, MarginTrigger
from hw_trigger.hls.layers import HwtCopy, HwtDeviation, HwtLinear, HwtLstm, HwtMargin, HwtScaling, HwtTrigger
from hw_trigger.hls.rendering import render
from hw_trigger.hls.settings import ResolvedReuse

_LSTM_CONSTANTS = ("weight", "recurrent", "bias", "no_bias", "i", "f", "g", "o", "cell_tanh")


class WindowConfig(LayerConfigTemplate):  # type: ignore[misc]
    """Configuration of the layers without matrix products: window, types."""

    def __init__(self) -> None:
        super().__init__([HwtScaling, HwtTrigger, HwtCopy])

    def format(self, node: Layer) -> str:
        """Return the struct."""
        n_features = int(node.get_input_variable().shape[-1])
        return _config(node, {"n_steps": node.get_attr("n_steps"), "n_features": n_features})


class DeviationConfig(LayerConfigTemplate):  # type: ignore[misc]
    """Configuration of the trigger that remembers: window, constants, types."""

    def __init__(self) -> None:
        super().__init__(HwtDeviation)

    def format(self, node: Layer) -> str:
        """Return the struct."""
        part: DeviationTrigger = node.get_attr("part")
        settings = ("settle", "baseline", "excess_decay", "record_decay", "excess_shift", "last_count")
        numbers = {"n_steps": part.steps, "n_features": part.n_features, "one": part.one}
        numbers |= {name: getattr(part, name) for name in settings}
        return _config(node, numbers, switches={"adaptive": part.adaptive})


class MarginConfig(LayerConfigTemplate):  # type: ignore[misc]
    """Configuration of a classifier's trigger: classes, types."""

    def __init__(self) -> None:
        super().__init__(HwtMargin)

    def format(self, node: Layer) -> str:
        """Return the struct."""
        part: MarginTrigger = node.get_attr("part")
        return _config(node, {"n_classes": part.n_classes, "positive": part.positive})


class DenseConfig(LayerConfigTemplate):  # type: ignore[misc]
    """Configuration of a dense layer and its product."""

    def __init__(self) -> None:
        super().__init__(HwtLinear)

    def format(self, node: Layer) -> str:
        """Return the structs."""
        part: Dense = node.get_attr("part")
        reuse: ResolvedReuse = node.get_attr("reuse")
        numbers = {"n_steps": part.steps, "n_in": part.n_inputs, "n_out": part.n_outputs}
        product = _product(node, "product", ("weight", "bias"), (part.n_inputs, part.n_outputs), reuse.reuse_factor)
        return _config(node, numbers, products=[product])


class LstmConfig(LayerConfigTemplate):  # type: ignore[misc]
    """Configuration of an LSTM layer and its two products, each with a reuse factor and a kernel of its own."""

    def __init__(self) -> None:
        super().__init__(HwtLstm)

    def format(self, node: Layer) -> str:
        """Return the structs."""
        part: Lstm = node.get_attr("part")
        reuse: ResolvedReuse = node.get_attr("reuse")
        rows = 4 * part.n_units
        numbers = {
            "n_steps": part.steps,
            "n_in": part.n_inputs,
            "n_units": part.n_units,
            "gate_unroll": reuse.gate_unroll,
        }
        return _config(
            node,
            numbers,
            switches={"repeat_input": part.repeat_input, "return_sequence": part.return_sequence},
            products=[
                _product(node, "input_product", ("weight", "bias"), (part.n_inputs, rows), reuse.reuse_factor),
                _product(
                    node,
                    "recurrent_product",
                    ("recurrent", "no_bias"),
                    (part.n_units, rows),
                    reuse.recurrent_reuse_factor,
                ),
            ],
        )


class ScalingCall(FunctionCallTemplate):  # type: ignore[misc]
    """Call of the scaling."""

    def __init__(self) -> None:
        super().__init__(HwtScaling, include_header=["nnet_utils/hwt_scaling.h"])

    def format(self, node: Layer) -> str:
        """Return the call."""
        return _call(node, "scaling", ("gain", "offset"))


class LstmCall(FunctionCallTemplate):  # type: ignore[misc]
    """Call of an LSTM layer."""

    def __init__(self) -> None:
        super().__init__(HwtLstm, include_header=["nnet_utils/hwt_lstm.h"])

    def format(self, node: Layer) -> str:
        """Return the call."""
        return _call(node, "lstm", _LSTM_CONSTANTS)


class DenseCall(FunctionCallTemplate):  # type: ignore[misc]
    """Call of a dense layer."""

    def __init__(self) -> None:
        super().__init__(HwtLinear, include_header=["nnet_utils/hwt_dense.h"])

    def format(self, node: Layer) -> str:
        """Return the call."""
        return _call(node, "dense", ("weight", "bias"))


class TriggerCall(FunctionCallTemplate):  # type: ignore[misc]
    """Call of the trigger."""

    def __init__(self) -> None:
        super().__init__(HwtTrigger, include_header=["nnet_utils/hwt_trigger.h"])

    def format(self, node: Layer) -> str:
        """Return the call."""
        return _call(node, "trigger", ("threshold",))


class DeviationCall(FunctionCallTemplate):  # type: ignore[misc]
    """Call of the trigger that remembers."""

    def __init__(self) -> None:
        super().__init__(HwtDeviation, include_header=["nnet_utils/hwt_deviation.h"])

    def format(self, node: Layer) -> str:
        """Return the call."""
        state = ("state",) if node.get_attr("ports") else ()
        return _call(node, "deviation", ("threshold", "energy_floor", "activity_floor", *state))


class MarginCall(FunctionCallTemplate):  # type: ignore[misc]
    """Call of a classifier's trigger."""

    def __init__(self) -> None:
        super().__init__(HwtMargin, include_header=["nnet_utils/hwt_margin.h"])

    def format(self, node: Layer) -> str:
        """Return the call."""
        return _call(node, "margin", ("threshold",))


class CopyCall(FunctionCallTemplate):  # type: ignore[misc]
    """Call of the copy of an array."""

    def __init__(self) -> None:
        super().__init__(HwtCopy, include_header=["nnet_utils/hwt_copy.h"])

    def format(self, node: Layer) -> str:
        """Return the call."""
        source, copy = node.get_input_variable(), node.get_output_variable()
        arguments = ", ".join([source.name, *(variable.name for variable in node.get_variables())])
        return f"hwt::copy_window<{source.type.name}, {copy.type.name}, config{node.index}>({arguments});"


TEMPLATES = (
    WindowConfig,
    DenseConfig,
    LstmConfig,
    DeviationConfig,
    MarginConfig,
    ScalingCall,
    LstmCall,
    DenseCall,
    TriggerCall,
    DeviationCall,
    MarginCall,
    CopyCall,
)


def _config(
    node: Layer,
    numbers: Mapping[str, int | None],
    *,
    switches: dict[str, bool] | None = None,
    products: list[dict[str, Any]] | None = None,
) -> str:
    switches = {"ports": bool(node.get_attr("ports"))} | (switches or {})
    # `result_t` is the port's type: a packed word in a stream. The layers compute on the scalar types beside it.
    types = {key: named.name for key, named in node.types.items() if key != "result_t"}
    return render(
        "config.h.jinja",
        index=node.index,
        numbers=numbers,
        switches=switches,
        types=types,
        products=products or [],
    )


def _product(
    node: Layer, name: str, constants: tuple[str, str], shape: tuple[int, int], reuse_factor: int
) -> dict[str, Any]:
    strategy = node.get_attr("strategy")
    (weight, bias), (n_in, n_out) = constants, shape
    # Behind a port, no weight is known to be 0.
    n_zeros = 0 if node.get_attr("ports") else node.weights[weight].nzeros
    return {
        "name": name,
        "n_in": n_in,
        "n_out": n_out,
        "strategy": strategy,
        "reuse_factor": reuse_factor,
        "n_zeros": n_zeros,
        # hls4ml's rule; one multiplier at least, where all weights are zero.
        "multiplier_limit": max(1, -(-n_in * n_out // reuse_factor) - n_zeros // reuse_factor),
        "accumulator_t": node.types["accumulator_t"].name,
        "bias_t": node.weights[bias].type.name,
        "weight_t": node.weights[weight].type.name,
        "kernel": _kernel(strategy, n_in, reuse_factor),
    }


def _kernel(strategy: str, n_in: int, reuse_factor: int) -> str:
    """Return hls4ml's kernel for one product, chosen by that product's own reuse factor."""
    if strategy == "latency":
        return "DenseLatency"
    return "DenseResource_rf_leq_nin" if reuse_factor <= n_in else "DenseResource_rf_gt_nin_rem0"


def _call(node: Layer, function: str, constants: tuple[str, ...]) -> str:
    inputs = [node.get_input_variable(name) for name in node.inputs]
    outputs = list(node.get_variables())
    types = ", ".join([variable.type.name for variable in inputs + outputs] + [f"config{node.index}"])
    arguments = [variable.name for variable in inputs + outputs] + [node.weights[key].name for key in constants]
    return f"hwt::{function}<{types}>({', '.join(arguments)});"
