"""A design's blocks, as the top module has them, and what is counted of each."""

from __future__ import annotations

from hw_trigger.estimate.rtl import ends, layers
from hw_trigger.estimate.rtl.counted import Counted
from hw_trigger.fixedpoint.program import Dense, Lstm
from hw_trigger.fixedpoint.triggers import Comparison
from hw_trigger.rtl.datapath import x_depth
from hw_trigger.rtl.design import Design

TOP, REGISTERS, STATUS, FORK_X, FORK_OUTPUT, X_BUFFER = "", "registers", "status", "fork_x", "fork_output", "x_buffer"
"""Names of blocks that are not the program's."""


def count(design: Design) -> dict[str, Counted]:
    """Return what is counted of each block, by its name in the top module, in the order of the data."""
    program, schedule = design.program, design.schedule
    channels = schedule.channels
    found: dict[str, Counted] = {}
    if program.scaling is not None:
        members = tuple(member.scaling for member in design.members if member.scaling is not None)
        found[program.scaling.name] = ends.scaling(members, channels)
    compares = isinstance(program.trigger, Comparison)
    if compares:
        found[FORK_X] = ends.fork()
    source = program.input
    for number, layer in enumerate(program.layers):
        every = [member.layers[number] for member in design.members]
        if isinstance(layer, Lstm):
            lstms = tuple(each for each in every if isinstance(each, Lstm))
            found[layer.name] = layers.lstm(lstms, source, schedule)
        else:
            denses = tuple(each for each in every if isinstance(each, Dense))
            found[layer.name] = layers.dense(denses, source, schedule)
        source = layer.output
    if program.trigger is not None:
        if design.has_output:
            found[FORK_OUTPUT] = ends.fork()
        found[program.trigger.name] = ends.trigger(program.trigger, channels)
    if compares:
        found[X_BUFFER] = ends.x_buffer(program.input, program.n_features, x_depth(design))
    score = None if program.trigger is None else program.trigger.score
    found[REGISTERS] = ends.registers(score, channels)
    found[STATUS] = ends.status(program.steps, channels)
    if design.has_output:
        found[STATUS] += ends.output_port(program.steps, channels)
    found[TOP] = Counted(operators=12)
    return found
