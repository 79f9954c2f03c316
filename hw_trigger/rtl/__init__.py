"""Verilog of a fixed-point program: engines in Amaranth, simulated with Verilator and synthesized with Yosys, no vendor
needed.
"""
