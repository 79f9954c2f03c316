import re

import numpy as np
import pytest

from hw_trigger.files import sha256_bytes
from hw_trigger.telemetry.archive import UnknownChannelError
from hw_trigger.telemetry.channel import facts
from hw_trigger.telemetry.synthetic import SYNTHETIC_CHANNELS, synthetic_channel

# The first digits of the SHA-256 of the training samples' bytes and the test samples' bytes, one behind the other.
DIGESTS = {
    "SYN-1": "dc866ccf78262246",
    "SYN-2": "a33f7b1fdaceef31",
    "SYN-3": "f8abb3967c8c6ae9",
    "SYN-4": "502545f25ffcbf82",
    "SYN-5": "b3eca7d5eb3cb1ec",
    "SYN-6": "e41cfee91d37244c",
    "SYN-7": "e4dfb8ca718e54aa",
    "SYN-8": "33d10d5221466a6d",
}


@pytest.mark.parametrize("name", SYNTHETIC_CHANNELS)
def test_the_bytes_are_the_same_everywhere(name: str) -> None:
    channel = synthetic_channel(name)
    assert sha256_bytes(channel.train.tobytes() + channel.test.tobytes())[:16] == DIGESTS[name]


@pytest.mark.parametrize("name", SYNTHETIC_CHANNELS)
def test_a_channel_has_what_it_says(name: str) -> None:
    channel = synthetic_channel(name)
    found = facts(channel, 100)
    assert (channel.train.shape[0], channel.test.shape[0]) == (2400, 3600)
    assert found.spacecraft == "SYNTHETIC"
    assert channel.source == "built-in synthetic telemetry"
    assert np.abs(channel.train).max() <= 1.0
    assert np.abs(channel.test).max() < 1.5
    assert np.array_equal(np.rint(channel.test * 4096), channel.test * 4096)
    assert found.degenerate == (name == "SYN-7")
    assert all(anomaly.start >= 100 for anomaly in channel.anomalies)  # a causal score exists before each


def test_every_kind_of_anomaly_occurs() -> None:
    kinds = {anomaly.kind for name in SYNTHETIC_CHANNELS for anomaly in synthetic_channel(name).anomalies}
    assert kinds == {"spike", "drift", "frozen", "frequency"}
    assert {anomaly.kind for anomaly in synthetic_channel("SYN-6").anomalies} == kinds


def test_the_degenerate_channel_is_constant_in_training() -> None:
    found = facts(synthetic_channel("SYN-7"))
    assert found.flags == ("constant training data", "constant test data but for 6 samples")


def test_anomalies_are_what_they_are_called() -> None:
    """On the sine of SYN-6, which has one of each kind."""
    channel = synthetic_channel("SYN-6")
    values = channel.test[:, 0]
    for anomaly in channel.anomalies:
        inside = values[anomaly.start : anomaly.stop]
        match anomaly.kind:
            case "frozen":
                assert len(np.unique(inside)) == 1
            case "spike":
                assert abs(inside[0] - values[anomaly.start - 1]) > 0.9
            case "drift":
                whole_periods = inside[-48:].mean() - inside[:48].mean()
                assert 0.3 < whole_periods < 0.6
            case "frequency":
                crossings = np.count_nonzero(np.diff(np.sign(inside)))
                usual = np.count_nonzero(np.diff(np.sign(values[: len(inside)])))
                assert crossings > 1.4 * usual


def test_an_unknown_name_names_the_nearest() -> None:
    message = (
        "there is no built-in channel 'SIN-1'; did you mean 'SYN-1'?; "
        "the built-in channels are SYN-1, SYN-2, SYN-3, SYN-4, SYN-5, SYN-6, SYN-7, SYN-8"
    )
    with pytest.raises(UnknownChannelError, match=f"^{re.escape(message)}$"):
        synthetic_channel("SIN-1")
