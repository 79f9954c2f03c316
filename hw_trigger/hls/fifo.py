"""Depth of the FIFO in which x waits for its reconstruction.

In io_stream every layer is a process, and a process that writes to a full stream waits. The sample x goes two ways: through
the network, and straight to the trigger, which compares it with its reconstruction. The trigger's copy of a window waits until
the network gives the window back. How long that is follows from where a whole window must have passed before anything comes out:

* The encoder's last state exists only after the window's last sample. While fewer than ``steps`` words find room (the trigger
  itself holds one), the copy process cannot put that sample down, the encoder never sees it, and nothing moves again: a
  **deadlock**.
* While one window is given back step by step, a later one is being read, and each layer on single vectors between (the
  latent layer) may hold another. When all of them take equally long, none has to wait only if that many windows fit.
* A process holds a word while it works on it, and so does the stream behind it: two words for each layer.

With less the network waits for the FIFO though no layer is the bottleneck; with more nothing is gained.
"""

from __future__ import annotations

from hw_trigger.fixedpoint.program import Program

STREAM_DEPTH = 2
"""Words of every other stream: enough that a process can put down a word while the next one still works on the last.

It also hides what a decoder does before its first step (the product with the latent vector), up to two steps of the layer behind.
"""

SLACK = 4
"""Words under way in the copy of x, in the trigger, and in the streams at both."""


def trigger_depth(program: Program) -> int:
    """Return the depth, in words of one step, of the FIFO in which x waits for its reconstruction."""
    windows = sum(not sequence for _, sequence, _ in program.flow())
    return windows * program.steps + 2 * len(program.layers) + SLACK
