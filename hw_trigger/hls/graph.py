"""From a program to hls4ml's model graph, directly: there is no other file format between."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.family import widest_accumulators
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import (
    DeviationTrigger,
    ErrorTrigger,
    Layer,
    Lstm,
    MarginTrigger,
    Program,
    Scaling,
    Trigger,
)
from hw_trigger.fixedpoint.triggers import Comparison
from hw_trigger.hls.fifo import STREAM_DEPTH, trigger_depth
from hw_trigger.hls.registration import register
from hw_trigger.hls.reuse import resolve
from hw_trigger.hls.rounding import check_roundings
from hw_trigger.hls.settings import HlsSettings, ResolvedReuse

SAMPLES = "samples"
"""Name of the top function's input."""

_SAMPLES_COPY, _OUTPUT_COPY = "samples_copy", "output_copy"
_TRIGGERS: dict[type[Trigger], str] = {
    ErrorTrigger: "HwtTrigger",
    DeviationTrigger: "HwtDeviation",
    MarginTrigger: "HwtMargin",
}


class NamesError(UserError):
    """Names of layers that clash in the generated C++."""


def node_names(program: Program) -> dict[str, str]:
    """Return a C++ identifier for each part of the program, by the part's name: alike where possible, and unique.

    hls4ml looks names up without regard to case, so that they must differ in more than that.
    """
    taken = {SAMPLES, "input", _SAMPLES_COPY, _OUTPUT_COPY}
    names: dict[str, str] = {}
    for name in part_names(program):
        stem = re.sub(r"\W", "_", name, flags=re.ASCII)
        # "clone_..." is what hls4ml calls its copies of streams.
        stem = stem if re.match(r"(?!clone_)[A-Za-z]", stem, re.IGNORECASE) else f"layer_{stem}"
        candidate, number = stem, 2
        while candidate.lower() in taken:
            candidate, number = f"{stem}_{number}", number + 1
        taken.add(candidate.lower())
        names[name] = candidate
    return names


def part_names(program: Program) -> list[str]:
    """Return the names of scaling, layers and trigger, in the order of the data."""
    scaling = [] if program.scaling is None else [program.scaling.name]
    trigger = [] if program.trigger is None else [program.trigger.name]
    return [*scaling, *(layer.name for layer in program.layers), *trigger]


def build_graph(program: Program, settings: HlsSettings, directory: Path) -> Any:
    """Return hls4ml's ``ModelGraph`` of a program, ready to be written to `directory`.

    Its outputs are, in this order, the score and the trigger bit where the program has a trigger, and what the network puts
    out, the reconstruction or the logits, where it has none or the settings ask for it.

    Raises
    ------
    ReuseFactorError, HlsSettingsError
        The settings do not fit the program.
    FormatTooWideError
        Weights are behind ports, and a sum may be too wide to be exact whatever they are.
    RoundingError
        Formats of the program round a tensor to 0 whatever its values are.
    NamesError
        Two things would have one name in C++.
    """
    reuse = resolve(program, settings)
    check_roundings(program)
    register()
    from hls4ml.model.graph import ModelGraph

    nodes = _Nodes(program, settings, reuse)
    model = ModelGraph.from_layer_list(
        _configuration(program, settings, nodes, directory), nodes.described, inputs=[SAMPLES], outputs=nodes.outputs
    )
    if nodes.inner is not None:  # hls4ml takes outputs by layer, and the second copy of the network's stays inside
        variable = model.output_vars[nodes.inner]
        model.outputs.remove(nodes.inner)
        del model.config.config["OutputShapes"][variable.name]
    _set_buffers(model, program, nodes)
    if settings.weights == "ports":
        _open_ports(model)
    _check_identifiers(model, program)
    return model


class _Nodes:
    """hls4ml's description of every layer.

    Attributes
    ----------
    described
        One dictionary a layer.
    reuse
        Factors of each layer with products, by the layer's name in hls4ml.
    outputs
        Names of the layers whose outputs the top function puts out.
    inner
        The one output of such a layer that it does not.
    """

    def __init__(self, program: Program, settings: HlsSettings, reuse: dict[str, ResolvedReuse]) -> None:
        self.names = node_names(program)
        self.steps = program.steps
        self.strategy = settings.strategy.lower()
        self.ports = settings.weights == "ports"
        self.accumulators = _accumulators(program, ports=self.ports)
        self.reuse = {self.names[name]: factors for name, factors in reuse.items()}
        self.inner: str | None = None
        self.described: list[dict[str, Any]] = [
            {"class_name": "InputLayer", "name": SAMPLES, "input_shape": [program.steps, program.n_features]}
        ]
        x = SAMPLES
        if program.scaling is not None:
            x = self._add("HwtScaling", self.names[program.scaling.name], [x], **self._summed(program.scaling))
        # An array in a dataflow region has one reader; streams are copied by hls4ml itself.
        arrays = settings.io_type == "io_parallel"
        to_network, to_trigger = x, [x] if _compares(program) else []
        if to_trigger and arrays:
            to_network, waiting = self._add_copy(_SAMPLES_COPY, x)
            to_trigger = [waiting]
        output = self._add_layers(program, to_network)
        self.outputs = [self.described[-1]["name"]]
        if program.trigger is not None:
            self.outputs = self.outputs if settings.with_output else []
            if settings.with_output and arrays:
                words = program.steps if program.reconstructs else 1
                _, output = self._add_copy(_OUTPUT_COPY, output, n_steps=words)
                self.inner = output
                self.outputs = [self.described[-1]["name"]]
            name = self.names[program.trigger.name]
            self._add(
                _TRIGGERS[type(program.trigger)],
                name,
                [*to_trigger, output],
                outputs=[f"{name}_score", f"{name}_fired"],
                part=program.trigger,
            )
            self.outputs = [name, *self.outputs]

    def _add_layers(self, program: Program, data: str) -> str:
        for layer, sequence, _ in program.flow():
            name = self.names[layer.name]
            data = self._add(
                "HwtLstm" if isinstance(layer, Lstm) else "HwtLinear",
                name,
                [data],
                **self._summed(layer),
                strategy=self.strategy,
                reuse=self.reuse[name],
                sequence=sequence,
            )
        return data

    def _summed(self, part: Scaling | Layer) -> dict[str, Any]:
        """Return the attributes of a layer that adds up."""
        return {"part": part, "accumulator": self.accumulators[part.name]}

    def _add(
        self, kind: str, name: str, inputs: list[str], *, outputs: list[str] | None = None, **attributes: Any
    ) -> str:
        # Outputs are attributes of a layer, beside its constants: a suffix keeps a layer called "bias" from being one.
        outputs = outputs or [f"{name}_out"]
        # hls4ml's tracing knows one output a layer.
        trace = len(outputs) == 1
        node = {"class_name": kind, "name": name, "inputs": inputs, "outputs": outputs, "trace": trace}
        self.described.append(node | {"n_steps": self.steps, "ports": self.ports} | attributes)
        return outputs[0]

    def _add_copy(self, name: str, data: str, **attributes: Any) -> tuple[str, str]:
        copies = [f"{name}_0", f"{name}_1"]
        self._add("HwtCopy", name, [data], outputs=copies, **attributes)
        return copies[0], copies[1]


def _accumulators(program: Program, *, ports: bool) -> dict[str, Format]:
    """Return the formats of the sums, which are as wide as the weights need; with ports, as any weights would."""
    if ports:
        return widest_accumulators(program)
    parts: list[Scaling | Layer] = [*program.layers, *([] if program.scaling is None else [program.scaling])]
    return {part.name: part.accumulator for part in parts}


def _compares(program: Program) -> bool:
    """Return whether the program has a trigger that compares x with what the network makes of it, and so needs x too."""
    return isinstance(program.trigger, Comparison)


def _configuration(program: Program, settings: HlsSettings, nodes: _Nodes, directory: Path) -> dict[str, Any]:
    """Return hls4ml's configuration."""
    from hls4ml.backends import get_backend

    layers: dict[str, Any] = {
        name: {"ReuseFactor": factors.reuse_factor, "Strategy": settings.strategy.lower()}
        for name, factors in nodes.reuse.items()
    }
    layers[SAMPLES] = {"Precision": {"result": str(program.raw)}}
    configuration: dict[str, Any] = get_backend(settings.backend).create_initial_config(
        part=settings.part, clock_period=settings.clock_ns, io_type=settings.io_type
    )
    # hls4ml's simulation loads constants from text files, and would do so into the arrays behind ports, too.
    configuration["WriterConfig"]["WriteWeightsTxt"] = settings.weights == "constant"
    return configuration | {
        "Backend": settings.backend,
        "ProjectName": settings.project_name,
        "OutputDir": str(directory),
        # The lines that save a layer's output are compiled for simulation only, and do nothing unless tracing is switched on:
        # with them always there, the sources that are traced are those that are simulated and synthesized.
        "TraceOutput": True,
        "HLSConfig": {
            # Every type is the program's own; only hls4ml's copies of streams ask for one, before they take their source's.
            # The pipeline style "pipeline" would unroll every step of the window.
            "Model": {
                "Precision": str(program.raw),
                "ReuseFactor": 1,
                "Strategy": settings.strategy,
                "PipelineStyle": "dataflow",
            },
            "LayerName": layers,
        },
    }


def _set_buffers(model: Any, program: Program, nodes: _Nodes) -> None:
    """Give the copy of x that waits for its reconstruction a FIFO of the depth it needs, and arrays one bank a feature."""
    ports = [*model.get_input_variables(), *model.get_output_variables()]
    if model.config.get_config_value("IOType") == "io_stream":
        # Nowhere else do two ways meet again: two words are enough, and hls4ml's own depth would be the whole window's.
        for variable in model.output_vars.values():
            if variable not in ports:
                variable.pragma = ("stream", STREAM_DEPTH)
        if program.trigger is not None and _compares(program):
            waiting = model.graph[nodes.names[program.trigger.name]].inputs[0]
            model.output_vars[waiting].pragma = ("stream", trigger_depth(program))
        return
    for variable in model.output_vars.values():
        if variable not in ports and len(variable.shape) == 2:
            # A step's features are read and written together; all steps in registers would be thousands of them.
            variable.pragma = ("partition", "cyclic", variable.shape[-1])


def _open_ports(model: Any) -> None:
    """Put what differs between channels behind ports of the top function, as hls4ml does with large weights (BramFactor)."""
    from hls4ml.backends.fpga.fpga_types import BramWeightVariableConverter

    for layer in model.get_layers():
        for key in getattr(layer, "exchanged", ()):
            BramWeightVariableConverter.convert(layer.weights[key])


def _check_identifiers(model: Any, program: Program) -> None:
    """Check that no identifier means two things: names are put together from a layer's and a tensor's.

    hls4ml would silently keep the first of two types of one name.
    """
    meanings = {model.config.get_project_name().lower(): "top function"}
    for layer in model.get_layers():
        variables = [(variable.name, f"variable of {layer.name}") for variable in layer.get_variables()]
        constants = [(constant.name, f"constant of {layer.name}") for constant in layer.get_weights()]
        types = [(named.name, named.definition_cpp()) for named in layer.get_layer_precision().values()]
        for name, meaning in [*variables, *constants, *types]:
            if meanings.setdefault(name.lower(), meaning) != meaning:
                raise NamesError(
                    f"program {program.name!r} gives two things the name {name!r} in C++, one of them in its layer "
                    f"{layer.name!r}; rename that layer, or the project"
                )
