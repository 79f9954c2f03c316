"""Names for layers: identifiers, since they become names in C++ and Verilog."""

from __future__ import annotations

import re

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_EXPORTER = re.compile(r"(/layers\.\d+\.\d+)?(/export_handler)?/(QuantLSTMCell|Gemm|MatMul)$")
"""What PyTorch's exporter and Brevitas append to a layer's own name."""


def is_identifier(name: str) -> bool:
    """Tell whether a name can be a layer's."""
    return _IDENTIFIER.fullmatch(name) is not None


def layer_name(node: str, taken: set[str]) -> str:
    """Return the node's name where it is an identifier, else one made of it that is not taken."""
    if is_identifier(node):
        return node
    short = _EXPORTER.sub("", node) or node
    words = re.sub(r"[^A-Za-z0-9]+", "_", short).strip("_")
    base = words if is_identifier(words) else f"layer_{words}".rstrip("_")
    return next(name for name in (base, *(f"{base}_{n}" for n in range(2, len(taken) + 3))) if name not in taken)
