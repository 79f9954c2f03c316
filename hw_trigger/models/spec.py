"""What a network is made of: its layers' sizes, and the widths of its tensors. Plain data, no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

from hw_trigger.fixedpoint.formats import Format, Overflow


@dataclass(frozen=True)
class Architecture:
    """An LSTM autoencoder: encoder LSTMs, a latent layer on the last state, decoder LSTMs that are given the latent vector at
    every step, and an output layer at every step.

    Attributes
    ----------
    n_features
        Columns of the telemetry that go in and are reconstructed.
    window
        Samples of a window (steps).
    encoder, decoder
        Units of each LSTM layer, in the order of the data.
    latent
        Features of the latent vector.
    """

    name: str = "lstm64"
    n_features: int = 1
    window: int = 100
    encoder: tuple[int, ...] = (64,)
    latent: int = 10
    decoder: tuple[int, ...] = (64,)


@dataclass(frozen=True)
class ClassifierArchitecture:
    """An LSTM classifier: LSTMs, dense layers with ReLU on the last state, and a dense layer that gives a logit for each class.

    Attributes
    ----------
    n_features
        Columns of the telemetry that go in.
    window
        Samples of a window (steps).
    lstm, dense
        Units of each LSTM and of each dense layer before the logits, in the order of the data.
    n_classes
        Logits: of the classes :data:`NOMINAL` and :data:`ANOMALY`.
    """

    name: str = "classifier"
    n_features: int = 1
    window: int = 50
    lstm: tuple[int, ...] = (16,)
    dense: tuple[int, ...] = (8,)
    n_classes: int = 2


NOMINAL, ANOMALY = 0, 1
"""A classifier's classes, as indices of its logits."""


@dataclass(frozen=True)
class TensorSpec:
    """A tensor's width, and its integer bits where they are configured; ``None`` has them calibrated."""

    width: int
    integer: int | None = None
    signed: bool = True
    narrow: bool = False

    def format(self, integer: int | None = None) -> Format:
        """Return the format, with the calibrated integer bits where none are configured."""
        bits = self.integer if self.integer is not None else integer
        if bits is None:
            raise ValueError("integer bits are neither configured nor calibrated")
        return Format(self.width, bits, self.signed, overflow=Overflow.SAT_SYM if self.narrow else Overflow.SAT)


@dataclass(frozen=True)
class QuantSpec:
    """Widths of every kind of tensor of the quantized network (a preset of ``configs/quant``).

    `raw` is the telemetry's own format, before scaling. The initial formats of `input` and `hidden` fit scaled telemetry and
    LSTM states, which lie in [-1, 1]. `latent` is what dense layers inside the network put out: an autoencoder's latent vector,
    and a classifier's rectified features, which are unsigned; `output` is the reconstruction, or the logits.
    """

    name: str = "w8a8"
    raw: TensorSpec = TensorSpec(16, 3)
    input: TensorSpec = TensorSpec(8, 1)
    weight: TensorSpec = TensorSpec(8, narrow=True)
    bias: TensorSpec = TensorSpec(16)
    gate: TensorSpec = TensorSpec(8)
    sigmoid: TensorSpec = TensorSpec(8, 0, signed=False)
    tanh: TensorSpec = TensorSpec(8, 1)
    cell: TensorSpec = TensorSpec(8)
    hidden: TensorSpec = TensorSpec(8, 1)
    latent: TensorSpec = TensorSpec(8)
    output: TensorSpec = TensorSpec(8)


@dataclass(frozen=True)
class LstmFormats:
    """The formats of one quantized LSTM layer, none left open."""

    input: Format
    weight: Format
    bias: Format
    gate: Format
    sigmoid: Format
    tanh: Format
    cell: Format
    hidden: Format


@dataclass(frozen=True)
class DenseFormats:
    """The formats of one quantized linear layer, none left open."""

    input: Format
    weight: Format
    bias: Format
    output: Format


@dataclass(frozen=True)
class NetworkFormats:
    """The formats of every layer of an autoencoder, in the order of the data."""

    input: Format
    encoder: tuple[LstmFormats, ...]
    latent: DenseFormats
    decoder: tuple[LstmFormats, ...]
    output: DenseFormats


@dataclass(frozen=True)
class ClassifierFormats:
    """The formats of every layer of a classifier, in the order of the data; what `dense` layers put out is unsigned."""

    input: Format
    lstm: tuple[LstmFormats, ...]
    dense: tuple[DenseFormats, ...]
    logits: DenseFormats
