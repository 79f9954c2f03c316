"""What can be known to fail before minutes of training are spent on it."""

from __future__ import annotations

from hw_trigger.config.schema import Config
from hw_trigger.hls.compiler import find_compiler
from hw_trigger.hls.reuse import resolve
from hw_trigger.hls.rounding import check_roundings
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.telemetry import load_channel
from hw_trigger.stages.untrained import untrained_program
from hw_trigger.telemetry.windows import windows


def preflight(config: Config, reporter: Reporter) -> None:
    """Check the whole chain's settings on an untrained network of the configured sizes.

    Raises
    ------
    UserError
        The test data are too short, there is no C++ compiler, a format cannot be exact, or a reuse factor does not divide.
    """
    find_compiler()
    channel = load_channel(config, reporter)
    windows(channel.test, config.model.window, what=f"the test data of channel {channel.name!r}")
    program = untrained_program(config)
    resolve(program, config.hls)
    check_roundings(program)
