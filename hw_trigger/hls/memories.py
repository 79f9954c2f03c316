"""What a host loads into the memories behind the ports of a firmware that serves many channels.

A port of the top function is one memory; its file ``<port>.mem`` has one word a line, in the order of addresses, in hexadecimal
digits, as Verilog's ``$readmemh`` reads it. An element is a code in two's complement. A word of the products' weights holds the
`lanes` elements that are multiplied at a time: element ``lane * words + address`` of the C++ array, lane 0 in the lowest bits
(that is how ``#pragma HLS ARRAY_RESHAPE block`` lays an array out). All other words hold one element.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from hw_trigger.files import to_json
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls.graph import build_graph
from hw_trigger.hls.manifest import ProjectError
from hw_trigger.hls.settings import HlsSettings, ResolvedReuse

DESCRIPTION = "memories.json"
"""File that describes the memories: the same for all channels."""

FORMAT: Final = "hw_trigger memories"
VERSION: Final = 1

_REUSE = {"weight": "reuse_factor", "recurrent": "recurrent_reuse_factor"}


@dataclass(frozen=True)
class Memory:
    """The memory behind one port.

    Attributes
    ----------
    port
        Name of the top function's argument, and of the file.
    tensor
        What it holds: part of the program, and the part's tensor.
    words, lanes
        Addresses, and elements in a word.
    bits, fraction, signed
        Of an element: its width, its fractional bits, and whether it is in two's complement.
    written
        Whether the firmware writes it too: what a trigger remembers.
    """

    port: str
    tensor: str
    words: int
    lanes: int
    bits: int
    fraction: int
    signed: bool
    written: bool

    @property
    def total_bits(self) -> int:
        """Bits of the whole memory."""
        return self.words * self.lanes * self.bits

    def image(self, codes: Codes) -> str:
        """Return the file of codes, an element each, in the order of the C++ array."""
        digits = -(-self.lanes * self.bits // 4)
        mask = (1 << self.bits) - 1
        patterns = [code & mask for code in codes.ravel().tolist()]
        words = (
            sum(patterns[lane * self.words + address] << (lane * self.bits) for lane in range(self.lanes))
            for address in range(self.words)
        )
        return "".join(f"{word:0{digits}x}\n" for word in words)


def memories(graph: Any) -> Iterator[tuple[Memory, Codes]]:
    """Yield the memories of a model graph, in the order of the top function's arguments, and the codes that they begin with."""
    for layer in graph.get_layers():
        if not layer.get_attr("ports"):
            continue
        reuse: ResolvedReuse | None = layer.get_attr("reuse")
        for key, (codes, number_format) in layer.exchanged.items():
            words = codes.size if reuse is None or key not in _REUSE else getattr(reuse, _REUSE[key])
            yield (
                Memory(
                    port=layer.weights[key].name,
                    tensor=f"{layer.get_attr('part').name}.{key}",
                    words=words,
                    lanes=codes.size // words,
                    bits=number_format.width,
                    fraction=number_format.fraction,
                    signed=number_format.signed,
                    written=key == "state",
                ),
                codes,
            )


def images(program: Program, settings: HlsSettings) -> dict[str, str]:
    """Return the files of a channel's memories, by their names.

    Raises
    ------
    UserError
        As :func:`hw_trigger.hls.graph.build_graph`.
    """
    return files(build_graph(program, settings, Path()))


def files(graph: Any) -> dict[str, str]:
    """Return the files of the memories of a model graph, by their names."""
    return {f"{memory.port}.mem": memory.image(codes) for memory, codes in memories(graph)}


def read_description(directory: Path) -> list[Memory]:
    """Return the memories of the project in a directory.

    Raises
    ------
    ProjectError
        Their description is missing or damaged.
    """
    path = directory / DESCRIPTION
    try:
        document = json.loads(path.read_text("utf-8"))
        if (document["format"], document["version"]) != (FORMAT, VERSION):
            raise ValueError("it is of another version")
        return [Memory(**entry) for entry in document["memories"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ProjectError(f"the HLS project {directory} has no readable {DESCRIPTION}: {error}") from error


def describe(graph: Any) -> str:
    """Return the description of the memories of a model graph, as JSON text."""
    described: list[Mapping[str, Any]] = [asdict(memory) for memory, _ in memories(graph)]
    return to_json({"format": FORMAT, "version": VERSION, "memories": described})
