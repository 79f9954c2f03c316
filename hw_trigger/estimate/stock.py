"""A design of hls4ml's stock layers, as its generated ``parameters.h`` describes it: LSTM, GRU, dense layers, activations."""

from __future__ import annotations

from dataclasses import dataclass

from hw_trigger.errors import UserError

IO_TYPES = ("io_parallel", "io_stream")


class StockDesignError(UserError):
    """A description of a stock design that cannot be estimated."""


def _positive(what: str, **sizes: int) -> None:
    for name, value in sizes.items():
        if value < 1:
            raise StockDesignError(f"{what} has {name} = {value}, and at least 1 is needed")


@dataclass(frozen=True)
class Number:
    """An ``ap_fixed<width, integer>``."""

    width: int
    integer: int

    @property
    def fraction(self) -> int:
        """Bits behind the point."""
        return self.width - self.integer


@dataclass(frozen=True)
class StockProduct:
    """A matrix product; a dense layer, or one of the two of a recurrent layer.

    Attributes
    ----------
    nonzeros
        Weights that are not 0.
    steps
        How often a window it is computed.
    """

    name: str
    n_in: int
    n_out: int
    strategy: str
    reuse_factor: int
    data: Number
    weight: Number
    total: Number
    nonzeros: int
    steps: int = 1

    def __post_init__(self) -> None:
        _positive(
            f"product {self.name!r}",
            n_in=self.n_in,
            n_out=self.n_out,
            reuse_factor=self.reuse_factor,
            n_sequence=self.steps,
        )


@dataclass(frozen=True)
class StockActivation:
    """An activation on `n_in` elements: ``sigmoid``, ``tanh``, ``relu``, ``softmax``, ..., with its table."""

    name: str
    kind: str
    n_in: int
    table_size: int
    data: Number
    table: Number

    def __post_init__(self) -> None:
        _positive(f"activation {self.name!r}", n_in=self.n_in, table_size=self.table_size)


@dataclass(frozen=True)
class StockRecurrent:
    """A recurrent layer.

    Attributes
    ----------
    kind
        ``"lstm"`` or ``"gru"``.
    input_product, state_product
        With 4 (LSTM) or 3 (GRU) outputs a unit.
    gate, activation
        The activation of the gates, and that of candidate and cell state.
    static
        The state is kept in the function (hls4ml's default, ``use_static``), which so is there once.
    """

    name: str
    kind: str
    n_in: int
    n_units: int
    steps: int
    return_sequence: bool
    input_product: StockProduct
    state_product: StockProduct
    gate: StockActivation
    activation: StockActivation
    data: Number
    static: bool = True

    def __post_init__(self) -> None:
        _positive(f"recurrent layer {self.name!r}", n_sequence=self.steps)
        rows = {"lstm": 4, "gru": 3}[self.kind] * self.n_units
        for product, n_in in ((self.input_product, self.n_in), (self.state_product, self.n_units)):
            if (product.n_in, product.n_out) != (n_in, rows):
                raise StockDesignError(
                    f"recurrent layer {self.name!r} has {self.n_in} inputs and {self.n_units} units, and its product "
                    f"{product.name!r} has {product.n_in} inputs and {product.n_out} outputs; {n_in} and {rows} are needed"
                )


StockLayer = StockRecurrent | StockProduct | StockActivation


@dataclass(frozen=True)
class StockDesign:
    """A design.

    Attributes
    ----------
    io_type
        ``"io_parallel"`` or ``"io_stream"``.
    layers
        In the order of the data.
    """

    name: str
    part: str
    clock_ns: float
    io_type: str
    layers: tuple[StockLayer, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise StockDesignError(f"design {self.name!r} has no layers")
        if self.io_type not in IO_TYPES:
            raise StockDesignError(
                f"design {self.name!r} has the IOType {self.io_type!r}, and {' or '.join(IO_TYPES)} is needed"
            )
        if not 0.1 <= self.clock_ns <= 1000:
            raise StockDesignError(
                f"design {self.name!r} has a clock period of {self.clock_ns:g} ns, and 0.1 to 1000 are possible"
            )

    @property
    def pipelined(self) -> bool:
        """Whether the top function is pipelined as a whole, which unrolls its loops: so hls4ml does in io_parallel, Latency."""
        return self.io_type == "io_parallel" and not any(
            product.strategy == "Resource" for layer in self.layers for product in _products(layer)
        )


def _products(layer: StockLayer) -> tuple[StockProduct, ...]:
    if isinstance(layer, StockRecurrent):
        return (layer.input_product, layer.state_product)
    return (layer,) if isinstance(layer, StockProduct) else ()
