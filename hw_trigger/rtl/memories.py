"""Memories: constants, and vectors that are written and read some words at a time."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

BLOCK_DEPTH = 64
"""Constants with more words than this are in block RAM, others in LUTs: one LUT holds 64 words of a bit."""

DISTRIBUTED_DEPTH = 256
"""Vectors' memories with up to so many words are in LUTs, whose outputs come sooner than a block RAM's."""


def rom(words: Sequence[int], width: int, *, block: bool | None = None) -> memory.Memory:
    """Return a memory of constants, bit patterns of `width` bits; by default in block RAM where it is deep."""
    style = "block" if (len(words) > BLOCK_DEPTH if block is None else block) else "logic"
    mask = (1 << width) - 1
    return memory.Memory(
        shape=unsigned(width),
        depth=len(words),
        init=[int(word) & mask for word in words],
        attrs={"rom_style": style},
    )


def constant_table(words: Sequence[int], shape: Shape, index: Value) -> Value:
    """Return the constant at an index, as logic."""
    if len(words) == 1:
        return Const(int(words[0]), shape)
    return Array(Const(int(word), shape) for word in words)[index]


def place(unit: int, banks: int) -> tuple[int, int]:
    """Return the address and the bank of a unit."""
    return divmod(unit, banks)


class BankedMemory(wiring.Component):
    """Vectors of words, `writes` consecutive words written and `reads` consecutive words read a cycle.

    A vector's words lie in as many banks as the wider of the two takes, word u in bank ``u % banks``; one of the numbers divides
    the other, so that a bank has one port of each kind. What is read is there in the same cycle; a write counts from the next.

    Ports: ``write_enable`` (a bit for each of `fields` equal parts of every word), ``write_entry``, ``write_batch``,
    ``write_data``; ``read_entry``, ``read_batch``, ``read_data``. Words after the vector's end are never read for anything that
    counts.
    """

    def __init__(self, width: int, units: int, *, writes: int, reads: int, entries: int, fields: int = 1) -> None:
        if max(writes, reads) % min(writes, reads):
            raise RuntimeError(f"{writes} words a write and {reads} a read do not share banks")
        self.width, self.writes, self.reads, self.entries, self.fields = width, writes, reads, entries, fields
        self.banks = max(writes, reads)
        # A power of two of words for each vector: an address is then a matter of wires.
        self.depth = 1 << (-(-units // self.banks) - 1).bit_length()
        entry_bits = max(1, (entries - 1).bit_length())
        super().__init__(
            {
                "write_enable": In(fields),
                "write_entry": In(entry_bits),
                "write_batch": In(range(max(2, self.depth * self.banks // writes))),
                "write_data": In(unsigned(writes * width)),
                "read_entry": In(entry_bits),
                "read_batch": In(range(max(2, self.depth * self.banks // reads))),
                "read_data": Out(unsigned(reads * width)),
            }
        )

    @property
    def slow(self) -> bool:
        """Whether a register of what is read becomes a block RAM's, whose output comes late in the cycle behind it."""
        return self.entries * self.depth > DISTRIBUTED_DEPTH

    def elaborate(self, _platform: object) -> Module:
        """Build the banks, and choose among them where fewer words are read than there are."""
        m = Module()
        field = self.width // self.fields
        write_address, write_part = self._split(self.write_batch, self.writes)
        read_address, read_part = self._split(self.read_batch, self.reads)
        address_bits = (self.depth - 1).bit_length()
        words = []
        for bank in range(self.banks):
            parts = []
            selected = write_part == bank // self.writes
            lane = bank % self.writes
            for part in range(self.fields):
                data = self.write_data[lane * self.width + part * field :][:field]
                enable = Signal(name=f"write_{bank}_{part}")
                m.d.comb += enable.eq(self.write_enable[part] & selected)
                if self.entries * self.depth == 1:
                    word = Signal(field, name=f"word_{bank}_{part}")
                    with m.If(enable):
                        m.d.sync += word.eq(data)
                    parts.append(word)
                    continue
                cells = self._cells(field)
                m.submodules[f"bank_{bank}_{part}"] = cells
                write, read = cells.write_port(), cells.read_port(domain="comb")
                m.d.comb += [
                    write.addr.eq(Cat(write_address[:address_bits], self.write_entry)),
                    write.data.eq(data),
                    write.en.eq(enable),
                    read.addr.eq(Cat(read_address[:address_bits], self.read_entry)),
                ]
                parts.append(read.data)
            words.append(Cat(parts))
        m.d.comb += self.read_data.eq(self._selected(words, read_part))
        return m

    def _cells(self, width: int) -> memory.Memory:
        depth = self.entries * self.depth
        attributes = {} if self.slow else {"ram_style": "distributed"}
        return memory.Memory(shape=unsigned(width), depth=depth, init=[], attrs=attributes)

    def _split(self, batch: Value, width: int) -> tuple[Value, Value]:
        """Return the address of a batch of `width` words, and which part of the banks it is."""
        parts = self.banks // width
        if parts == 1:
            return batch, Const(0, 1)
        if parts & (parts - 1) == 0:
            bits = parts.bit_length() - 1
            return batch[bits:], batch[:bits]
        batches = range(self.depth * parts)
        addresses = constant_table([number // parts for number in batches], unsigned(len(batch)), batch)
        return addresses, constant_table([number % parts for number in batches], unsigned(len(batch)), batch)

    def _selected(self, words: list[Value], part: Value) -> Value:
        groups = [Cat(words[start : start + self.reads]) for start in range(0, self.banks, self.reads)]
        if len(groups) == 1:
            return groups[0]
        chosen: Value = groups[-1]
        for number in range(len(groups) - 2, -1, -1):
            chosen = Mux(part == number, groups[number], chosen)
        return chosen
