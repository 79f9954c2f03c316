"""hls4ml layers and headers, the HLS project, C-simulation."""
