"""What a design costs on an FPGA before anyone waits for synthesis."""
