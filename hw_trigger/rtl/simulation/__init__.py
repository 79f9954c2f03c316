"""Cycle-accurate simulation of a design's top module: Verilator, driven from Python."""
