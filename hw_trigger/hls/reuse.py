"""Reuse factors: which ones hls4ml's kernels can compute, checked before hls4ml would silently take another one.

A product of n_in inputs and n_out outputs needs n_in * n_out multiplications; with a reuse factor r there are
n_in * n_out / r multipliers, and each works r times. The Resource kernels add conditions of their own (hls4ml aborts the
C-simulation with an assertion, or warns and takes "the closest" factor, where they do not hold).
"""

from __future__ import annotations

from functools import lru_cache

from hw_trigger.errors import UserError, nearest
from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.hls.settings import HlsSettings, HlsSettingsError, LayerReuse, ResolvedReuse


class ReuseFactorError(UserError):
    """A reuse factor or an unroll factor that does not divide the layer."""


MOST_UNROLLED = 4096
"""Multiplications that HLS unrolls in one loop: Vivado HLS stops there (XFORM 203-504), Vitis HLS is unlikely to end."""

LARGE_TABLE_BITS = 14
"""Tables of more entries take the tools long to read, and much block RAM."""


@lru_cache(maxsize=256)
def allowed_reuse_factors(n_in: int, n_out: int, strategy: str) -> tuple[int, ...]:
    """Return the reuse factors of a product, in rising order.

    Latency pipelines the product with the factor as its interval: every divisor of ``n_in * n_out`` is allowed. The Resource
    kernels walk through the inputs of one output after another: of the divisors, those that divide n_in, or that are
    multiples of it. Source: ``FPGABackend._validate_reuse_factor`` and the assertions of ``nnet_dense_resource.h`` of
    hls4ml 1.3.0.
    """
    divisors = [factor for factor in range(1, n_in * n_out + 1) if n_in * n_out % factor == 0]
    if strategy == "Latency":
        return tuple(divisors)
    return tuple(factor for factor in divisors if n_in % factor == 0 or factor % n_in == 0)


def resolve(program: Program, settings: HlsSettings) -> dict[str, ResolvedReuse]:
    """Return the factors of every layer, none left open, by the layer's name.

    Raises
    ------
    ReuseFactorError
        A factor does not divide, or the strategy's kernel cannot compute it.
    HlsSettingsError
        The settings have an exception for a layer that is not there, or a factor that its kind does not have.
    """
    names = [layer.name for layer in program.layers]
    for name in settings.layers:
        if name not in names:
            raise HlsSettingsError(
                f"the HLS setting layers names {name!r}, and the layers of program {program.name!r} are "
                f"{', '.join(names)}{nearest(name, names)}"
            )
    resolved: dict[str, ResolvedReuse] = {}
    for layer in program.layers:
        own = settings.layers.get(layer.name, LayerReuse())
        if isinstance(layer, Lstm):
            resolved[layer.name] = _lstm(layer, own, settings)
            continue
        if own.recurrent_reuse_factor is not None or own.gate_unroll is not None:
            raise HlsSettingsError(
                f"the HLS setting layers[{layer.name!r}] may have a reuse_factor only: it is a dense layer, without a state "
                "or gates"
            )
        factor = own.reuse_factor or settings.dense_reuse_factor
        _check(layer.name, "reuse factor", factor, (layer.n_inputs, layer.n_outputs), settings.strategy)
        resolved[layer.name] = ResolvedReuse(factor)
    return resolved


def doubts(program: Program, settings: HlsSettings) -> list[str]:
    """Return why the vendor's tool may not synthesize the project, a sentence each; C-simulation is not concerned.

    Raises
    ------
    ReuseFactorError, HlsSettingsError
        As :func:`resolve`.
    """
    found = []
    reuse = resolve(program, settings)
    for layer in program.layers:
        factors = reuse[layer.name]
        for what, n_in, n_out, factor in _products(layer, factors):
            # Latency pipelines the product, whatever its factor, and a pipeline unrolls the loops within it.
            unrolled = n_in * n_out // (1 if settings.strategy == "Latency" else factor)
            if unrolled > MOST_UNROLLED:
                found.append(
                    f"layer {layer.name!r}: the {what} unrolls {unrolled} multiplications with the strategy "
                    f"{settings.strategy}, and more than {MOST_UNROLLED} are unlikely to be synthesized; "
                    f"choose Resource and a factor of at least {-(-n_in * n_out // MOST_UNROLLED)}"
                )
        if isinstance(layer, Lstm):
            largest = max(layer.cell.width, *(gate.width for gate in layer.gates))
            if largest > LARGE_TABLE_BITS:
                found.append(
                    f"layer {layer.name!r}: its tables have up to 2**{largest} entries, which take the tools long; "
                    f"choose gates and cell state of at most {LARGE_TABLE_BITS} bits"
                )
    return found


def _products(layer: Lstm | Dense, reuse: ResolvedReuse) -> list[tuple[str, int, int, int]]:
    """Return name, inputs, outputs and reuse factor of each product of a layer."""
    if isinstance(layer, Dense):
        return [("product", layer.n_inputs, layer.n_outputs, reuse.reuse_factor)]
    rows = 4 * layer.n_units
    return [
        ("product with the input", layer.n_inputs, rows, reuse.reuse_factor),
        ("product with the state", layer.n_units, rows, reuse.recurrent_reuse_factor),
    ]


def _lstm(layer: Lstm, own: LayerReuse, settings: HlsSettings) -> ResolvedReuse:
    rows = 4 * layer.n_units
    factor = own.reuse_factor or settings.reuse_factor
    _check(layer.name, "reuse factor", factor, (layer.n_inputs, rows), settings.strategy)
    recurrent = own.recurrent_reuse_factor or settings.recurrent_reuse_factor
    _check(layer.name, "recurrent reuse factor", recurrent, (layer.n_units, rows), settings.strategy)
    unroll = own.gate_unroll or settings.gate_unroll
    divisors = tuple(number for number in range(1, layer.n_units + 1) if layer.n_units % number == 0)
    if unroll not in divisors:
        raise ReuseFactorError(
            f"layer {layer.name!r} cannot have the gate unroll factor {unroll}: it must divide the {layer.n_units} units; "
            + _suggest(unroll, divisors)
        )
    return ResolvedReuse(factor, recurrent, unroll)


def _check(layer: str, what: str, factor: int, product: tuple[int, int], strategy: str) -> None:
    n_in, n_out = product
    allowed = allowed_reuse_factors(n_in, n_out, strategy)
    if factor not in allowed:
        raise ReuseFactorError(
            f"layer {layer!r} cannot have the {what} {factor} with its product of {n_in} inputs and {n_out} outputs and the "
            f"strategy {strategy}; {_suggest(factor, allowed)}"
        )


def _suggest(factor: int, allowed: tuple[int, ...]) -> str:
    below = [number for number in allowed if number < factor][-1:]
    above = [number for number in allowed if number > factor][:1]
    closest = " and ".join(map(str, below + above))
    return f"the nearest allowed are {closest}, and all are {', '.join(map(str, allowed))}"
