"""The variants of a bundle's network: the integer program, the QONNX file, and what they are compared with."""
