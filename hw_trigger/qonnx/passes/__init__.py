"""The reader's passes, one a file: each is a function from graph to graph (see :mod:`hw_trigger.qonnx.graph`)."""
