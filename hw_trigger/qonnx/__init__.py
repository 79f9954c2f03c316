"""The QONNX file: its writer, its reader into the fixed-point program, its executors."""
