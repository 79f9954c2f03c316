"""The steps of a quantized LSTM layer, forward and backward, as one autograd function on memory that is allocated once.

The backward pass is backpropagation through time (Werbos, 1990) with straight-through estimators (Bengio et al., 2013) as
Brevitas has them: rounding passes the gradient, a clamp passes it where it does not saturate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_aten = torch.ops.aten


@dataclass(frozen=True)
class Clamp:
    """A quantizer's constants: round half to even to multiples of `step`, and clamp to `low` .. `high`, multiples of it."""

    step: float
    low: float
    high: float

    def quantize(self, values: Tensor, rounded: Tensor, out: Tensor) -> None:
        """Put quantized values into `out`, and into `rounded` what they are before clamping, which decides on the gradient."""
        torch.mul(values, 1.0 / self.step, out=rounded)
        rounded.round_().mul_(self.step)
        self.clamp(rounded, out)

    def clamp(self, rounded: Tensor, out: Tensor) -> None:
        """Put rounded values, clamped, into `out`."""
        torch.clamp(rounded, self.low, self.high, out=out)

    def backward(self, gradient: Tensor, rounded: Tensor) -> None:
        """Set the gradient to 0, in place, where the quantizer saturated."""
        # The derivative of a clamp to limits half a step further out, which no rounded value equals.
        low, high = self.low - self.step / 2, self.high + self.step / 2
        _aten.hardtanh_backward.grad_input(gradient, rounded, low, high, grad_input=gradient)


@dataclass(frozen=True)
class Clamps:
    """The quantizers of a layer's step."""

    gate: Clamp
    sigmoid: Clamp
    tanh: Clamp
    cell: Clamp
    hidden: Clamp


class _Step:
    """The tensors of one step, ``(n, units)`` each or a stack of them, and the parts of the stacks.

    Attributes
    ----------
    gates, slopes
        Values of i, f, o, g, and their derivatives by their sums.
    products, cell_sum, hidden_product
        Of f * c and i * g, of their sum, and of o * tanh(c): what they are rounded to, before they are clamped.
    tanh, tanh_slope
        Quantized tanh(c), and its derivative by c.
    d_sums
        Gradients of the gates' sums.
    """

    def __init__(self, like: Tensor, d_sums: Tensor) -> None:
        self.gates, self.slopes = (like.new_empty(4, *like.shape) for _ in range(2))
        self.products = like.new_empty(2, *like.shape)
        self.cell_sum, self.cell, self.tanh, self.tanh_slope, self.hidden_product = (
            torch.empty_like(like) for _ in range(5)
        )
        self.sigmoids, self.sigmoid_slopes, self.g_slope = self.gates[:3], self.slopes[:3], self.slopes[3]
        self.i, self.f, self.o, self.g = self.gates
        self.d_sums = d_sums
        self.d_i, self.d_f, self.d_o, self.d_g = d_sums


class _Tape:
    """The memory of a layer: every step's own where a backward pass will read it, else one for all.

    It is kept from batch to batch, since fresh memory costs as much as the arithmetic.

    Attributes
    ----------
    hidden
        h0 and the hidden state of every step, ``(steps + 1, n, units)``.
    d_sums
        Gradients of the gates' sums, ``(4, steps, n, units)``.
    from_x, from_h, rounded, raw, ones
        Working memory for four gates, one after another as `_Step.gates`.
    pair, value
        Working memory for two products and for one.
    """

    def __init__(self, steps: int, like: Tensor, *, kept: bool) -> None:
        own = steps if kept else 1
        self.hidden = like.new_empty(steps + 1, *like.shape)
        self.hiddens = self.hidden.unbind(0)
        self.d_sums = like.new_empty(4, own, *like.shape)
        self.steps = [_Step(like, d_sums) for d_sums in self.d_sums.unbind(1)] * (steps // own)
        self.from_x, self.from_h, self.rounded, self.raw, self.ones = (like.new_ones(4, *like.shape) for _ in range(5))
        self.sigmoid_rounded, self.sigmoid_raw, self.sigmoid_ones = self.rounded[:3], self.raw[:3], self.ones[:3]
        self.pair, self.value = like.new_empty(2, *like.shape), torch.empty_like(like)


class Tapes:
    """Tapes that no pending backward pass needs, by shape; a few are kept."""

    MOST = 4

    def __init__(self) -> None:
        self._spare: dict[tuple[Any, ...], _Tape] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Tapes:
        return Tapes()

    def take(self, steps: int, like: Tensor, *, kept: bool) -> _Tape:
        """Return a tape that is the caller's until he puts it back; he need not."""
        tape = self._spare.pop((steps, like.shape, like.dtype, kept), None)
        return tape or _Tape(steps, like, kept=kept)

    def put(self, tape: _Tape, steps: int, like: Tensor, *, kept: bool) -> None:
        """Take a tape back."""
        self._spare[steps, like.shape, like.dtype, kept] = tape
        if len(self._spare) > self.MOST:
            self._spare.pop(next(iter(self._spare)))


class Sequence(torch.autograd.Function):
    """All steps of a layer: ``(x, h0, c0, W_i, W_f, W_o, W_g, R_i, .., R_g, b_i, .., b_g)`` to the hidden states of all steps
    and the last cell state.

    Shapes: x ``(n, steps, inputs)``, or ``(n, 1, inputs)`` where one vector is used at every step; states ``(n, units)``; hidden
    states ``(n, steps, units)``.
    """

    @staticmethod
    def forward(  # noqa: PLR0917 - autograd takes no keywords
        ctx: Any, clamps: Clamps, tapes: Tapes, steps: int, x: Tensor, h0: Tensor, c0: Tensor, *parameters: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run the steps; keep their tape where a backward pass may follow."""
        W, R, b = parameters[:4], parameters[4:8], parameters[8:]
        kept = any(ctx.needs_input_grad)
        tape = tapes.take(steps, h0, kept=kept)
        tape.hidden[0] = h0
        _run(clamps, tape, x.unbind(1), c0, W=W, R=R, b=torch.stack(b).unsqueeze(1), kept=kept)
        hidden, cell = tape.hidden[1:].transpose(0, 1).contiguous(), tape.steps[-1].cell.clone()
        if kept:
            ctx.clamps, ctx.tapes, ctx.tape = clamps, tapes, tape
            ctx.save_for_backward(x, c0, *W, *R)
        else:
            tapes.put(tape, steps, h0, kept=False)
        return hidden, cell

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor, d_cell: Tensor) -> tuple[Tensor | None, ...]:
        """Run the steps backward, once, and give the tape back."""
        if ctx.tape is None:
            raise RuntimeError("the fused cell's memory of this forward pass has been given back: run it again")
        x, c0, *weights = ctx.saved_tensors
        tape, W, R = ctx.tape, weights[:4], weights[4:]
        d_h0, d_c0 = _run_back(ctx.clamps, tape, d_hidden.unbind(1), d_cell, c0=c0, R=R)
        # A repeated vector's gradient is that of the sum over the steps.
        d_inputs = tape.d_sums if x.shape[1] > 1 else tape.d_sums.sum(dim=1, keepdim=True)
        rows, input_rows = tape.d_sums.flatten(1, 2), d_inputs.flatten(1, 2)
        x_rows, h_rows = x.transpose(0, 1).flatten(0, 1), tape.hidden[:-1].flatten(0, 1)
        d_x = None
        if ctx.needs_input_grad[3]:
            d_rows = torch.stack([torch.mm(d, w) for d, w in zip(input_rows, W, strict=True)]).sum(dim=0)
            d_x = d_rows.view(x.shape[1], *x.shape[::2]).transpose(0, 1)
        d_W = [torch.mm(d.t(), x_rows) for d in input_rows]
        d_R = [torch.mm(d.t(), h_rows) for d in rows]
        d_b = rows.sum(dim=1)
        ctx.tape = None
        ctx.tapes.put(tape, d_hidden.shape[1], c0, kept=True)
        return None, None, None, d_x, d_h0, d_c0, *d_W, *d_R, *d_b


def _run(
    clamps: Clamps,
    tape: _Tape,
    inputs: tuple[Tensor, ...],
    c: Tensor,
    *,
    W: tuple[Tensor, ...],
    R: tuple[Tensor, ...],
    b: Tensor,
    kept: bool,
) -> None:
    """Run the steps forward, from the hidden state that the tape begins with, and write them on it."""
    from_x, from_h, rounded, raw, ones = tape.from_x, tape.from_h, tape.rounded, tape.raw, tape.ones
    pair, value = tape.pair, tape.value
    input_products = list(zip([w.t() for w in W], from_x, strict=True))
    hidden_products = list(zip([r.t() for r in R], from_h, strict=True))
    sigmoids = list(zip(raw[:3], raw[:3], strict=True))
    fc, ig, tanh_rounded, tanh_raw, one = *pair, rounded[3], raw[3], ones[3]
    for t, step in enumerate(tape.steps):
        # The products and the order of Brevitas' sum, which matter where it is not exact.
        if t < len(inputs):
            for weight, out in input_products:
                torch.mm(inputs[t], weight, out=out)
        for weight, out in hidden_products:
            torch.mm(tape.hiddens[t], weight, out=out)
        torch.add(from_x, from_h, out=from_h).add_(b)
        clamps.gate.quantize(from_h, rounded, raw)
        for sums, out in sigmoids:
            torch.sigmoid(sums, out=out)
        torch.tanh(tanh_raw, out=tanh_raw)
        if kept:
            _aten.sigmoid_backward.grad_input(tape.sigmoid_ones, tape.sigmoid_raw, grad_input=step.sigmoid_slopes)
            _aten.tanh_backward.grad_input(one, tanh_raw, grad_input=step.g_slope)
            clamps.gate.backward(step.slopes, rounded)
        clamps.sigmoid.quantize(tape.sigmoid_raw, tape.sigmoid_rounded, step.sigmoids)
        clamps.tanh.quantize(tanh_raw, tanh_rounded, step.g)
        if kept:
            clamps.sigmoid.backward(step.sigmoid_slopes, tape.sigmoid_rounded)
            clamps.tanh.backward(step.g_slope, tanh_rounded)
        torch.mul(step.f, c, out=fc)
        torch.mul(step.i, step.g, out=ig)
        clamps.cell.quantize(pair, step.products, pair)
        # The sum of two multiples of the cell's step is one: there is nothing to round.
        torch.add(fc, ig, out=step.cell_sum)
        clamps.cell.clamp(step.cell_sum, step.cell)
        c = step.cell
        torch.tanh(c, out=value)
        if kept:
            _aten.tanh_backward.grad_input(one, value, grad_input=step.tanh_slope)
        clamps.tanh.quantize(value, tanh_rounded, step.tanh)
        if kept:
            clamps.tanh.backward(step.tanh_slope, tanh_rounded)
        torch.mul(step.o, step.tanh, out=value)
        clamps.hidden.quantize(value, step.hidden_product, tape.hiddens[t + 1])


def _run_back(
    clamps: Clamps, tape: _Tape, d_outputs: tuple[Tensor, ...], d_cell: Tensor, *, c0: Tensor, R: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Run the steps backward, write the gradients of the gates' sums on the tape, and return those of h0 and c0."""
    d_h, d_c = torch.zeros_like(d_cell), d_cell.clone()
    d_pair, value = tape.pair, tape.value
    d_fc, d_ig = d_pair
    cells = [c0, *(step.cell for step in tape.steps)]
    for d_output, step, c in reversed(list(zip(d_outputs, tape.steps, cells[:-1], strict=True))):
        d_h.add_(d_output)
        clamps.hidden.backward(d_h, step.hidden_product)
        torch.mul(d_h, step.tanh, out=step.d_o)
        torch.mul(d_h, step.o, out=value)
        d_c.addcmul_(value, step.tanh_slope)
        clamps.cell.backward(d_c, step.cell_sum)
        d_pair.copy_(d_c)
        clamps.cell.backward(d_pair, step.products)
        torch.mul(d_fc, c, out=step.d_f)
        torch.mul(d_fc, step.f, out=d_c)
        torch.mul(d_ig, step.g, out=step.d_i)
        torch.mul(d_ig, step.i, out=step.d_g)
        step.d_sums.mul_(step.slopes)
        torch.mm(step.d_i, R[0], out=d_h)
        d_h.addmm_(step.d_f, R[1]).addmm_(step.d_o, R[2]).addmm_(step.d_g, R[3])
    return d_h, d_c
