"""The HLS project of a program, through hls4ml, and its simulation with g++.

In the order of use: :mod:`settings`, :mod:`project` (write and open one), :mod:`csim` (its testbench), :mod:`library` (the
output of every layer), :mod:`differences` (where two traces first differ), :mod:`synthesis` (the vendor's tool, where it is).
"""
