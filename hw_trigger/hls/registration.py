"""Makes our layers known to hls4ml through its extension API."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

HEADERS = (
    "hwt_ports.h",
    "hwt_memory.h",
    "hwt_scaling.h",
    "hwt_lstm.h",
    "hwt_dense.h",
    "hwt_copy.h",
    "hwt_trigger.h",
    "hwt_deviation.h",
    "hwt_margin.h",
)


def register() -> None:
    """Register layers, templates and headers with hls4ml's Vivado and Vitis back ends; calling it again does nothing.

    hls4ml itself raises when a layer is registered twice, so its own registry is asked. The Vitis flow runs the templates of
    the Vivado back end; the headers are each back end's own.
    """
    import hls4ml
    from hls4ml.model.layers import layer_map, register_layer

    from hw_trigger.hls.cpp_templates import TEMPLATES
    from hw_trigger.hls.layers import LAYERS

    if LAYERS[0].__name__ in layer_map:
        return
    for layer in LAYERS:
        register_layer(layer.__name__, layer)
    vivado = hls4ml.backends.get_backend("Vivado")
    for template in TEMPLATES:
        vivado.register_template(template)
    for name in ("Vivado", "Vitis"):
        backend = hls4ml.backends.get_backend(name)
        for header in HEADERS:
            backend.register_source(Path(str(files("hw_trigger.hls") / "headers" / header)))
