"""The decision of the deviation trigger, as a state machine.

The equations are those of :class:`hw_trigger.fixedpoint.triggers.DeviationTrigger`. The two logarithms and what
follows of them share their hardware, two cycles apart::

    FETCH      energy is looked at; the state of the channel is read
    LEAD_E     its leading one;                              count + 1, held and record decayed
    LOG_E      its logarithm; activity is looked at;         k, held
    LEAD_A     its leading one;                              d_e
    LOG_A      its logarithm;                                d_e >> k, |d_e|
    MEAN_E     d_a;                                          energy_mean, score
    SHIFT_A    d_a >> k, |d_a|
    MEAN_A     activity_mean, score;                         the threshold is chosen
    DECIDE     the comparisons; the state is written

Between two registers lies no more than an adder with a choice, a comparison with one, or a shift by any number. The score is
compared with ``record >> GUARD``, which is the same: ``score << GUARD`` exceeds a record just where the score exceeds that.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In

from hw_trigger.fixedpoint.triggers import GUARD, DeviationTrigger
from hw_trigger.rtl.arithmetic import shape_of
from hw_trigger.rtl.triggers.common import ChannelStore, decision_ports
from hw_trigger.rtl.triggers.logarithm import leading_one, octaves
from hw_trigger.rtl.triggers.measure import measure_layout

STEPS = 9
"""Cycles that a window takes, where the decision before it is taken at once."""


def state_layout(trigger: DeviationTrigger) -> data.StructLayout:
    """Return what is remembered of a channel; the record only where it is needed."""
    fields = {
        "count": Shape.cast(range(trigger.last_count + 1)),
        "energy_mean": shape_of(trigger.mean),
        "activity_mean": shape_of(trigger.mean),
        "held": shape_of(trigger.held),
    }
    return data.StructLayout(fields | ({"record": shape_of(trigger.record)} if trigger.adaptive else {}))


class DeviationDecision(wiring.Component):
    """Decides on measures, one window after another, channels in turn.

    Ports: ``measured``, a stream as :class:`~hw_trigger.rtl.triggers.measure.Measure` gives it; ``thresholds``; ``decision``.
    """

    def __init__(self, trigger: DeviationTrigger, channels: int) -> None:
        self.trigger, self.channels = trigger, channels
        measured = In(stream.Signature(measure_layout(trigger, channels)))
        super().__init__(decision_ports(trigger, channels) | {"measured": measured})

    def elaborate(self, _platform: object) -> Module:
        """Build the state machine."""
        m = Module()
        decision, steps = self.decision, _Steps(m, self.trigger, self.measured.payload, self.thresholds)
        fetch, done = Signal(), Signal()
        linear = ["LEAD_E", "LOG_E", "LEAD_A", "LOG_A", "MEAN_E", "SHIFT_A", "MEAN_A"]
        with m.FSM():
            with m.State("FETCH"):
                m.d.comb += fetch.eq(1)
                m.d.sync += steps.number.eq(steps.item.energy)
                with m.If(self.measured.valid):
                    m.next = "LEAD_E"
            for name, following in zip(linear, [*linear[1:], "DECIDE"], strict=True):
                with m.State(name):
                    getattr(steps, name.lower())()
                    m.next = following
            with m.State("DECIDE"), m.If(~decision.valid | decision.ready):
                m.d.comb += done.eq(1)
                m.next = "FETCH"
        m.d.comb += self.measured.ready.eq(done)
        self._remember(m, steps, fetch, done)
        with m.If(done):
            m.d.sync += [
                decision.valid.eq(1),
                decision.payload.score.eq(steps.score),
                decision.payload.trigger.eq(steps.fires),
                decision.payload.channel.eq(steps.item.channel),
            ]
        with m.Elif(decision.ready):
            m.d.sync += decision.valid.eq(0)
        return m

    def _remember(self, m: Module, steps: _Steps, fetch: Value, done: Value) -> None:
        """Keep the state of every channel: 0 in the first round after a reset, which leaves memories as they are."""
        m.submodules.store = store = ChannelStore(state_layout(self.trigger), self.channels)
        first_round = Signal(init=1)
        channel = steps.item.channel
        with m.If(done & (channel == self.channels - 1)):
            m.d.sync += first_round.eq(0)
        m.d.comb += [
            store.fetch.eq(fetch),
            store.fetch_channel.eq(channel),
            store.store.eq(done),
            store.store_channel.eq(channel),
            store.store_data.eq(steps.new),
            steps.state.as_value().eq(Mux(first_round, 0, store.data.as_value())),
        ]


class _Steps:
    """The registers of the decision, and what each state does to them.

    `item` is what is measured of the window, `state` what is remembered of its channel, `new` what will be; `score` and `fires`
    are the decision.
    """

    def __init__(self, m: Module, trigger: DeviationTrigger, item: data.View, thresholds: data.View) -> None:
        self.m, self.trigger, self.item, self.thresholds = m, trigger, item, thresholds
        layout = state_layout(trigger)
        self.state, self.new = Signal(layout), Signal(layout)
        mean, score = shape_of(trigger.mean), shape_of(trigger.score)
        self.number = _register("number", unsigned(max(item.energy.shape().width, item.activity.shape().width)))
        self.lead = leading_one(self.number)
        self.exponent = _register("exponent", self.lead.shape())
        self.logarithm = _register("logarithm", mean)  # with the guard bits
        self.empty, self.settled = _register("empty", unsigned(1)), _register("settled", unsigned(1))
        self.count = _register("count", Shape.cast(range(trigger.last_count + 2)))
        self.k = _register("k", Shape.cast(range(trigger.baseline + 1)))
        self.base = _register("base", mean)
        self.deviation = _register("deviation", signed(mean.width + 1))
        self.shifted = _register("shifted", signed(mean.width + 1))
        self.distance, self.score, self.limit = (_register(name, score) for name in ("distance", "score", "limit"))
        self.decayed = _register("decayed", shape_of(trigger.held))
        self.means = {name: _register(f"new_{name}", mean) for name in ("energy_mean", "activity_mean")}
        self.held = _register("new_held", shape_of(trigger.held))
        m.d.comb += [
            self.new.count.eq(Mux(self.count > trigger.last_count, trigger.last_count, self.count)),
            self.new.held.eq(self.held),
            *(self.new[name].eq(value) for name, value in self.means.items()),
        ]
        self.fires = self.settled & (self.score > self.limit)
        if trigger.adaptive:
            self.faded = _register("faded", shape_of(trigger.record))
            record = Cat(Const(0, GUARD), self.score)
            m.d.comb += self.new.record.eq(Mux(record > self.faded, record, self.faded))
            self.fires &= self.score > self.state.record[GUARD:]

    def lead_e(self) -> None:
        """Find energy's leading one; begin what needs no logarithm."""
        state, trigger = self.state, self.trigger
        self.m.d.sync += [
            self.exponent.eq(self.lead),
            self.count.eq(state.count + 1),
            self.empty.eq(state.count == 0),
            self.settled.eq(state.count >= trigger.settle),
            self.decayed.eq(state.held - (state.held >> trigger.excess_decay)),
        ]
        if trigger.adaptive:
            self.m.d.sync += self.faded.eq(state.record - (state.record >> trigger.record_decay))

    def log_e(self) -> None:
        """Take energy's logarithm; end what needs none."""
        self._take_logarithm()
        excess, baseline = self.item.excess << self.trigger.excess_shift, self.trigger.baseline
        self.m.d.sync += [
            self.number.eq(self.item.activity),
            self.k.eq(
                Mux(self.count[baseline:].any(), baseline, leading_one(self.count[:baseline])) if baseline else 0
            ),
            self.held.eq(Mux(excess > self.decayed, excess, self.decayed)),
        ]

    def lead_a(self) -> None:
        """Find activity's leading one; subtract energy's mean."""
        self.m.d.sync += [self.exponent.eq(self.lead), self.score.eq(self.held >> GUARD)]
        self._subtract(self.state.energy_mean)

    def log_a(self) -> None:
        """Take activity's logarithm; shift energy's deviation."""
        self._take_logarithm()
        self._shift()

    def mean_e(self) -> None:
        """Subtract activity's mean; add up for energy."""
        self._subtract(self.state.activity_mean)
        self._add("energy_mean")

    def shift_a(self) -> None:
        """Shift activity's deviation."""
        self._shift()

    def mean_a(self) -> None:
        """Add up for activity; choose the threshold."""
        self._add("activity_mean")
        self.m.d.sync += self.limit.eq(self.thresholds[self.item.channel])

    def _take_logarithm(self) -> None:
        self.m.d.sync += self.logarithm.eq(Cat(Const(0, GUARD), octaves(self.number, self.exponent)))

    def _subtract(self, mean: Value) -> None:
        """Both means begin at the first window's values."""
        self.m.d.sync += [
            self.base.eq(Mux(self.empty, self.logarithm, mean)),
            self.deviation.eq(Mux(self.empty, 0, self.logarithm - mean)),
        ]

    def _shift(self) -> None:
        magnitude = Mux(self.deviation < 0, -self.deviation, self.deviation)
        self.m.d.sync += [self.shifted.eq(self.deviation >> self.k), self.distance.eq(magnitude[GUARD:])]

    def _add(self, name: str) -> None:
        self.m.d.sync += [self.means[name].eq(self.base + self.shifted), self.score.eq(self.score + self.distance)]


def _register(name: str, shape: Shape) -> Signal:
    """Return a register that a reset need not touch: every window sets it before it is read."""
    return Signal(shape, name=name, reset_less=True)
