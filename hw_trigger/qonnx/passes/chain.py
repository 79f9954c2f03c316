"""Follow the data from the graph's input to its outputs, and build the program's layers on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Dense, Layer, Lstm, Program, Scaling, Trigger
from hw_trigger.qonnx.contract import TRIGGER_INPUTS, QonnxError
from hw_trigger.qonnx.graph import Graph, Node
from hw_trigger.qonnx.passes.cells import Cell
from hw_trigger.qonnx.passes.layout import LAYOUT_OPS, SEQUENCE, VECTOR, Axes, Axis, Sizes, move
from hw_trigger.qonnx.passes.names import layer_name
from hw_trigger.qonnx.passes.requantization import merge
from hw_trigger.qonnx.passes.triggers import Network, read_trigger

Part = TypeVar("Part", Layer, Scaling, Program)


def build_program(graph: Graph, name: str | None = None) -> Program:
    """Return the program that a normalized graph computes.

    Raises
    ------
    QonnxError
        The graph is not one chain of layers, or a layer cannot be computed exactly.
    """
    chain = _Chain(graph)
    for node in graph.nodes:
        chain.follow(node)
    return chain.finish(name or graph.name or "network")


class _Chain:
    """The data as it flows: where it is now, what its axes and format are, and the layers it has passed."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.sizes = Sizes(*graph.shape)
        self.current: dict[str, Axes] = {graph.input: SEQUENCE}
        self.format: Format | None = None  # of the data where it was last computed
        self.requantized: Format | None = None  # by a Quant node since then
        self.scaling: Scaling | None = None
        self.x = ""
        self.input: Format | None = None
        self.layers: list[Layer] = []
        self.trigger: Trigger | None = None
        self.trigger_outputs: tuple[str, ...] = ()

    def follow(self, node: Node) -> None:
        steps: dict[str, Callable[[Node, Axes], None]] = {
            "Quant": self.quant,
            "Scaling": self.scale,
            "Dense": self.dense,
            "QuantLSTMCell": self.lstm,
            **dict.fromkeys(LAYOUT_OPS, self.layout),
        }
        if node.op in TRIGGER_INPUTS:
            self.decide(node)
        elif node.op not in steps:
            raise QonnxError(f"{node} has an operator that no program has; see docs/qonnx.md for those that are read")
        else:
            steps[node.op](node, self.axes(node))

    def axes(self, node: Node) -> Axes:
        """Return the axes of a node's data, which must be where the data is now."""
        data = node.inputs[0]
        if self.trigger is not None:
            raise QonnxError(f"{node} comes behind the trigger {self.trigger.name!r}, which must be the last node")
        if data not in self.current:
            here = " or ".join(repr(tensor) for tensor in self.current) or "no tensor"
            raise QonnxError(
                f"{node} takes tensor {data!r}, and {here} holds the data there; the graph must be a chain"
            )
        return self.current[data]

    def move_to(self, node: Node, axes: Axes) -> None:
        self.current = {node.outputs[0]: axes}

    def advance(self, output: Format, features: int) -> None:
        self.format = output
        self.sizes = replace(self.sizes, features=features)

    def quant(self, node: Node, axes: Axes) -> None:
        target: Format = node.attributes["format"]
        if self.format is None:
            self.format = self.input = target
            self.x = node.outputs[0]
        else:
            self.requantized = merge(node, self.format, self.requantized, target)
        self.move_to(node, axes)

    def layout(self, node: Node, axes: Axes) -> None:
        moved = move(self.graph, node, axes, self.sizes)
        if moved.last_step:
            last = self.layers[-1] if self.layers else None
            if not isinstance(last, Lstm):
                raise QonnxError(f"{node} takes the last step of what is no LSTM layer's output")
            self.layers[-1] = replace(last, return_sequence=False)
        self.move_to(node, moved.axes)

    def scale(self, node: Node, axes: Axes) -> None:
        if self.scaling is not None or self.layers or self.format is None or self.requantized is not None:
            raise QonnxError(f"{node} scales what is not the raw input behind its one Quant node")
        raw = self.format
        weight, bias, output = (node.attributes[key] for key in ("weight", "bias", "output"))
        self.scaling = _exact(
            node,
            lambda: Scaling(self.name(node), raw, weight.format, weight.codes, bias.format, bias.codes, output),
        )
        self.format = self.input = output
        self.x = node.outputs[0]
        self.move_to(node, axes)

    def dense(self, node: Node, axes: Axes) -> None:
        weight, bias, output = (node.attributes[key] for key in ("weight", "bias", "output"))
        if axes[-1] is not Axis.FEATURE:
            raise QonnxError(f"{node} sums over the axis {axes[-1].value!r} of a tensor of ({', '.join(axes)})")
        self._check_features(node, weight.codes.shape[1])
        steps = self.sizes.steps if Axis.STEP in axes else 1
        data = self.take(node)
        self.layers.append(
            _exact(
                node,
                lambda: Dense(
                    self.name(node), steps, data, weight.format, weight.codes, bias.format, bias.codes, output
                ),
            )
        )
        self.advance(output, weight.codes.shape[0])
        self.move_to(node, axes)

    def lstm(self, node: Node, axes: Axes) -> None:
        cell: Cell = node.attributes["cell"]
        order = (0, 1, 2) if cell.windows_first else (1, 0, 2)
        wanted = tuple(SEQUENCE[position] for position in order)
        found = tuple(self._as_steps(axis) if position == order[1] else axis for position, axis in enumerate(axes))
        repeat = Axis.REPEAT in found
        if tuple(Axis.STEP if axis is Axis.REPEAT else axis for axis in found) != wanted:
            raise QonnxError(f"{node} takes a tensor of ({', '.join(wanted)}), and is given one of ({', '.join(axes)})")
        self._check_features(node, cell.weight.codes.shape[1])
        data = self.take(node)
        self.layers.append(
            _exact(
                node,
                lambda: Lstm(
                    name=self.name(node),
                    steps=self.sizes.steps,
                    repeat_input=repeat,
                    return_sequence=node.outputs[0] in self._used(),
                    input=data,
                    weight_format=cell.weight.format,
                    weight=cell.weight.codes,
                    recurrent_format=cell.recurrent.format,
                    recurrent_weight=cell.recurrent.codes,
                    bias_format=cell.bias.format,
                    bias=cell.bias.codes,
                    gates=cell.gates,
                    activations=cell.activations,
                    cell=cell.cell,
                    cell_tanh=cell.cell_tanh,
                    hidden=cell.hidden,
                ),
            )
        )
        self.advance(cell.hidden, cell.recurrent.codes.shape[1])
        # Either output may carry on, not both; the cell state is none of a program's data.
        self.current = {
            tensor: shape
            for tensor, shape in zip(node.outputs, (wanted, VECTOR), strict=False)
            if tensor in self._used()
        }

    def decide(self, node: Node) -> None:
        if self.trigger is not None:
            raise QonnxError(f"{node} is a second trigger, beside {self.trigger.name!r}")
        if self.format is None or self.input is None or not self.layers:
            raise QonnxError(f"{node} has no layers behind a Quant node before it")
        # Where the output is rounded once more, none of its tensors is one of the network.
        outputs = {} if self.requantized else self.current
        network = Network(self.x, self.input, outputs, self.format, self.sizes.steps, self.sizes.features)
        self.trigger = read_trigger(self.graph, node, self.name(node), network)
        self.trigger_outputs = node.outputs

    def finish(self, name: str) -> Program:
        for tensor in self.graph.outputs:
            if tensor not in self.current and tensor not in self.trigger_outputs:
                raise QonnxError(
                    f"output {tensor!r} of the graph is neither the network's output nor one of the trigger's"
                )
        if self.input is None or not self.layers:
            raise QonnxError(f"graph {self.graph.name!r} has no layers behind a Quant node")
        output = next((tensor for tensor in self.graph.outputs if tensor in self.current), None)
        if output is None or self.current[output] not in {SEQUENCE, VECTOR}:
            found = "no output" if output is None else f"({', '.join(self.current[output])})"
            raise QonnxError(
                f"graph {self.graph.name!r} must give a reconstruction of ({', '.join(SEQUENCE)}), or logits of "
                f"({', '.join(VECTOR)}), and gives {found}"
            )
        if self.requantized is not None:
            raise QonnxError(
                f"output {output!r} of the graph is rounded twice, to {self.format} and {self.requantized}"
            )
        data = self.input
        return _exact(
            None,
            lambda: Program(
                name, self.sizes.steps, self.graph.shape[2], data, tuple(self.layers), self.scaling, self.trigger
            ),
        )

    def take(self, node: Node) -> Format:
        """Return the format in which a layer takes the data."""
        found = self.requantized or self.format
        if found is None:
            raise QonnxError(
                f"{node} takes tensor {node.inputs[0]!r}, which has no Quant node before it and so no format"
            )
        self.requantized = None
        return found

    def name(self, node: Node) -> str:
        return layer_name(node.name, {layer.name for layer in self.layers} | {other.name for other in self.graph.nodes})

    def _as_steps(self, axis: Axis) -> Axis:
        """A window of one step needs no repetition."""
        return Axis.REPEAT if axis is Axis.ONE and self.sizes.steps == 1 else axis

    def _check_features(self, node: Node, wanted: int) -> None:
        if wanted != self.sizes.features:
            raise QonnxError(f"{node} takes {wanted} features, and tensor {node.inputs[0]!r} has {self.sizes.features}")

    def _used(self) -> set[str]:
        return {tensor for node in self.graph.nodes for tensor in node.inputs} | set(self.graph.outputs)


def _exact(node: Node | None, build: Callable[[], Part]) -> Part:
    """Build a part of the program with all its exact formats, and say at which node that is impossible."""
    try:
        part = build()
        if isinstance(part, Lstm):
            _ = part.gate_tables, part.cell_table
        if not isinstance(part, Program):
            _ = part.accumulator
    except UserError as error:
        raise QonnxError(f"{node}: {error}" if node else f"the file is no program: {error}") from error
    return part
