"""What cocotb runs inside the simulator: coroutines that drive the small design's ports, with none of our own bench."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge, Timer

from hw_trigger.rtl.interface import IDENTIFICATION, Register

INPUTS = ("s_axis_tvalid", "m_axis_tready", "m_axis_output_tready")
REGISTERS = ("awvalid", "wvalid", "bready", "arvalid", "rready")


async def begin(dut: Any) -> None:
    Clock(dut.aclk, 10, "ns").start()
    for name in (*INPUTS, *(f"s_axi_{name}" for name in REGISTERS)):
        getattr(dut, name).value = 0
    dut.aresetn.value = 0
    for _ in range(3):
        await RisingEdge(dut.aclk)
    dut.aresetn.value = 1


async def offer(dut: Any, channel: str, **payload: int) -> None:
    """Hold VALID and the payload until the edge at which READY is 1."""
    for name, value in payload.items():
        getattr(dut, f"{channel}{name}").value = value
    getattr(dut, f"{channel}valid").value = 1
    await taken(dut, channel, "ready")
    getattr(dut, f"{channel}valid").value = 0


async def taken(dut: Any, channel: str, other: str) -> None:
    """Wait for the edge before which a wire is 1."""
    while True:
        await ReadOnly()
        there = getattr(dut, f"{channel}{other}").value == 1
        await RisingEdge(dut.aclk)
        if there:
            return


async def write(dut: Any, address: int, value: int, *, data_first: bool) -> None:
    first, second = ("s_axi_w", {"data": value, "strb": 15}), ("s_axi_aw", {"addr": address})
    for channel, payload in (first, second) if data_first else (second, first):
        await offer(dut, channel, **payload)
        await Timer(30, "ns")
        await RisingEdge(dut.aclk)
    dut.s_axi_bready.value = 1
    await taken(dut, "s_axi_b", "valid")
    dut.s_axi_bready.value = 0


async def read(dut: Any, address: int) -> int:
    await offer(dut, "s_axi_ar", addr=address)
    await Timer(30, "ns")
    await ReadOnly()
    found = int(dut.s_axi_rdata.value)
    await RisingEdge(dut.aclk)
    dut.s_axi_rready.value = 1
    await taken(dut, "s_axi_r", "valid")
    dut.s_axi_rready.value = 0
    return found


@cocotb.test(timeout_time=100, timeout_unit="us")  # type: ignore[untyped-decorator]
async def registers_take_address_and_data_in_any_order(dut: Any) -> None:
    await begin(dut)
    assert await read(dut, Register.ID) == IDENTIFICATION
    for data_first in (False, True):
        low, high = 0x89ABCDEF + data_first, 0x01234567 + data_first
        await write(dut, Register.THRESHOLD_LOW, low, data_first=data_first)
        await write(dut, Register.THRESHOLD_HIGH, high, data_first=data_first)
        assert await read(dut, Register.THRESHOLD_LOW) == low
        assert await read(dut, Register.THRESHOLD_HIGH) == high


@cocotb.test(timeout_time=100, timeout_unit="us")  # type: ignore[untyped-decorator]
async def a_result_that_is_not_taken_holds_the_samples_back(dut: Any) -> None:
    """Two windows of 5 samples of three ones: the first's result waits, and not one sample more is accepted."""
    await begin(dut)
    dut.m_axis_output_tready.value = 1
    ones = 1 | 1 << 16 | 1 << 32
    for step in range(5):
        await offer(dut, "s_axis_t", data=ones, last=step == 4)
    dut.s_axis_tdata.value, dut.s_axis_tvalid.value = ones, 1
    for _ in range(20):
        await ReadOnly()
        assert (dut.m_axis_tvalid.value, dut.s_axis_tready.value) == (1, 0)
        assert (int(dut.m_axis_tdata.value), dut.m_axis_tuser.value) == (15, 0)
        await RisingEdge(dut.aclk)
    dut.m_axis_tready.value = 1
    await taken(dut, "s_axis_t", "ready")
