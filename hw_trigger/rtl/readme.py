"""The page that goes with an RTL project: ports, registers, schedule, and how to simulate, synthesize and use the design."""

from __future__ import annotations

from dataclasses import dataclass

from hw_trigger.markdown import markdown_table
from hw_trigger.rtl.calculated import bottleneck, busy, layer_cycles, window_interval
from hw_trigger.rtl.design import Design
from hw_trigger.rtl.interface import ADDRESS_WIDTH, IDENTIFICATION, Interface, Register, padded
from hw_trigger.templates import environment

REGISTERS: dict[Register, tuple[str, str]] = {
    Register.ID: ("read", f"{IDENTIFICATION:#010x}, the letters HWT1"),
    Register.CONTROL: ("write", "bit 0 = 1: all of the design but the thresholds is as after aresetn; reads 0"),
    Register.STATUS: (
        "read",
        "bit 0: a window has begun and its result is not sent; bit 1: tlast disagreed with the design's count since the reset",
    ),
    Register.THRESHOLD_LOW: ("read, write", "bits 31 to 0 of the threshold; what is written waits for THRESHOLD_HIGH"),
    Register.THRESHOLD_HIGH: ("read, write", "bits 63 to 32, two's complement; writing it puts both into effect"),
    Register.WINDOWS: ("read", "results sent"),
    Register.TRIGGERS: ("read", "results sent with the trigger bit"),
    Register.SAMPLES: ("read", "samples taken"),
    Register.STALLS: ("read", "cycles in which a sample was on offer and not taken"),
    Register.STEPS: ("read", "samples of a window"),
    Register.CHANNELS: ("read", "channels that are interleaved"),
    Register.CHANNEL: ("read, write", "the channel whose threshold THRESHOLD_LOW and THRESHOLD_HIGH are"),
}
"""Access and meaning of every register. The four counters wrap at 2**32, and a reset through CONTROL clears them."""


@dataclass(frozen=True)
class Port:
    """A port, or the several ports of a bus: bits, direction as seen from the design, and what goes through."""

    name: str
    bits: int
    direction: str
    meaning: str


def ports(interface: Interface) -> tuple[Port, ...]:
    """Return the ports of a top module, but for the bus of the registers."""
    count = f"{interface.steps} beats a window"
    order = (
        ""
        if interface.channels == 1
        else f" and channel: step by step, in each step channel 0 to {interface.channels - 1}"
    )
    found = [
        Port("aclk", 1, "in", "the clock; all ports belong to its rising edge"),
        Port("aresetn", 1, "in", "reset, active low, synchronous"),
        Port(
            "s_axis_tdata",
            interface.input_bits,
            "in",
            f"{count}{order}; feature k, {interface.raw}, at bit {padded(interface.raw.width)} k",
        ),
        Port("s_axis_tvalid, s_axis_tready", 1, "in, out", "a beat is taken where both are 1"),
        Port(
            "s_axis_tlast",
            1,
            "in",
            "1 on every beat of a window's last step; the design counts by itself and tells of a difference",
        ),
    ]
    if interface.score is not None:
        found += [
            Port(
                "m_axis_tdata",
                interface.score_bits,
                "out",
                f"a window's score, {interface.score}, extended to whole bytes",
            ),
            Port("m_axis_tvalid, m_axis_tready", 1, "out, in", "one beat a window" + (" and channel" if order else "")),
            Port("m_axis_tuser", 1, "out", "the trigger"),
            Port("m_axis_tlast", 1, "out", "always 1"),
        ]
        if interface.channels > 1:
            found.append(Port("m_axis_tid", interface.channel_bits, "out", "the channel"))
    if interface.has_output:
        vectors = f"{interface.output_vectors} beats" if interface.output_vectors > 1 else "one beat"
        found += [
            Port(
                "m_axis_output_tdata",
                interface.output_bits,
                "out",
                f"what the network puts out, {vectors} a window; number k, {interface.output}, at bit "
                f"{padded(interface.output.width)} k",
            ),
            Port(
                "m_axis_output_tvalid, m_axis_output_tready",
                1,
                "out, in",
                "it must be taken, or the design stands still",
            ),
            Port("m_axis_output_tlast", 1, "out", "1 on a window's last beat"),
        ]
    return tuple(found)


def readme(design: Design) -> str:
    """Return the page, in Markdown."""
    program, schedule = design.program, design.schedule
    interface = design.interface
    register_rows = [[f"{int(each):#04x}", each.name, *REGISTERS[each]] for each in Register]
    port_rows = [[f"`{each.name}`", str(each.bits), each.direction, each.meaning] for each in ports(interface)]
    layer_rows = [
        [
            each.name,
            each.shape,
            *(f"{n:,}" for n in (each.multipliers, each.step_cycles, each.interval_cycles)),
            f"{each.busy:.1%}",
        ]
        for each in layer_cycles(program, schedule)
    ]
    return (
        environment("hw_trigger.rtl")
        .get_template("project.md.jinja")
        .render(
            design=design,
            program=program,
            schedule=schedule,
            interface=interface,
            interval=window_interval(program, schedule),
            busy=busy(program, schedule),
            bottleneck=bottleneck(program, schedule),
            address_bits=ADDRESS_WIDTH,
            trigger=None if program.trigger is None else program.trigger.name,
            channels=_channels(design) if len(design.members) > 1 else None,
            ports=markdown_table(("port", "bits", "direction", "meaning"), port_rows, right=(1,)),
            registers=markdown_table(("address", "register", "access", "meaning"), register_rows),
            layers=markdown_table(
                ("layer", "rows x columns a cycle", "multipliers", "cycles a step", "cycles a window", "at work"),
                layer_rows,
                right=(2, 3, 4, 5),
            ),
        )
    )


def _channels(design: Design) -> str:
    """Return which channel has which program, and the threshold that its register begins with."""
    rows = [
        [str(number), member.name, "-" if member.trigger is None else f"{member.trigger.threshold:,}"]
        for number, member in enumerate(design.members)
    ]
    return markdown_table(("channel", "program", "threshold (code)"), rows, right=(0, 2))
