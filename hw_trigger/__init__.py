"""From telemetry to a bit-exact anomaly trigger on an FPGA."""

__version__ = "0.1.0"
