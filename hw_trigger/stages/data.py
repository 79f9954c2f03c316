"""List channels with their facts."""

from __future__ import annotations

from hw_trigger.config.schema import AUTO_CHANNEL, Config
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.telemetry import open_telemetry
from hw_trigger.telemetry.channel import ChannelFacts, facts


def run_data(config: Config, reporter: Reporter) -> list[ChannelFacts]:
    """Return the facts about the configured channel, or with ``channel=auto`` about every channel that the source has.

    Raises
    ------
    UserError
        A channel cannot be had or is damaged.
    """
    source = open_telemetry(config, reporter)
    names = source.channels() if config.channel == AUTO_CHANNEL else [config.channel]
    found = []
    with reporter.task("channels", len(names)) as advance:
        for name in names:
            found.append(facts(source.load(name), config.model.window))
            advance(1, note=name)
    return found
