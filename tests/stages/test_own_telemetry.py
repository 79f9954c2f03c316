"""The configuration reaches the user's own telemetry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.chain import small_config
from support.layouts import write_mission, write_segments

from hw_trigger.config.compose import ConfigError
from hw_trigger.stages.data import run_data
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.telemetry import choose_channel, load_channel
from hw_trigger.telemetry.esa import MissionError
from hw_trigger.telemetry.synthetic import SYNTHETIC_CHANNELS


def test_all_channels_are_listed_and_the_first_is_chosen(tmp_path: Path) -> None:
    reporter = Silent()
    config = small_config(tmp_path, "channel=auto", f"data.path={write_segments(tmp_path)}")
    assert [item.name for item in run_data(config, reporter)] == ["CADC0872", "CADC0886", *SYNTHETIC_CHANNELS]
    assert choose_channel(config, reporter).channel == "CADC0872"


def test_a_sample_period_that_is_not_the_configured_one_is_told(tmp_path: Path) -> None:
    reporter = Silent()
    path = write_segments(tmp_path)
    load_channel(small_config(tmp_path, "channel=CADC0872", f"data.path={path}"), reporter)
    assert reporter.warned == [
        "channel 'CADC0872' has a sample every 1 s, and data.sample_period is 60: what is told by the day will be wrong"
    ]
    for more in ("channel=CADC0872 data.sample_period=1", "channel=CADC0886"):  # the latter has two periods
        quiet = Silent()
        load_channel(small_config(tmp_path, f"data.path={path}", *more.split()), quiet)
        assert quiet.warned == []


def test_the_settings_of_a_mission(tmp_path: Path) -> None:
    path = write_mission(tmp_path / "ESA-Mission1")
    chosen = ("channel=channel_2", f"data.path={path}")
    with pytest.raises(MissionError, match=r"set data\.trust_pickle=true$"):
        load_channel(small_config(tmp_path, *chosen), Silent())
    options = (
        "data.trust_pickle=true",
        "data.resample=60",
        "data.boundary=2006-12-31T23:30:00",
        "data.sample_period=60",
    )
    channel = load_channel(small_config(tmp_path, *chosen, *options), Silent())
    assert channel.sample_period == 60
    assert channel.train.shape == (30, 1)
    assert np.array_equal(channel.train[:3, 0], np.array([0, 3, 6]) / 64)


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        ("data.boundary='noon'", "input should be a valid datetime or date, input is too short"),
        ("data.resample=0", "input should be greater than 0"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, setting: str, wrong: str) -> None:
    with pytest.raises(ConfigError) as caught:
        small_config(tmp_path, setting)
    assert str(caught.value) == f"the configuration has {setting}: {wrong}"
