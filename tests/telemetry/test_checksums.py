from collections import Counter

from hw_trigger.telemetry.checksums import known_files, labels_digest


def test_the_table_has_all_channels() -> None:
    channels = known_files().channels
    assert Counter(channel.spacecraft for channel in channels.values()) == {"SMAP": 54, "MSL": 28}
    assert all(len(digest) == 64 for channel in channels.values() for digest in (channel.train, channel.test))


def test_p10_and_p14_have_the_same_test_array() -> None:
    digests = Counter(channel.test for channel in known_files().channels.values())
    assert [digest for digest, count in digests.items() if count > 1] == [known_files().channels["P-10"].test]
    assert known_files().channels["P-14"].test == known_files().channels["P-10"].test


def test_line_ends_do_not_change_the_labels_digest() -> None:
    digests = {labels_digest(content) for content in (b"a,b\nc,d\n", b"a,b\r\nc,d\r\n", b"a,b\r\nc,d")}
    # printf 'a,b\nc,d\n' | sha256sum
    assert digests == {"eafde52e304486ad92291694fa17012481621e71d08c45a643e23ed504d061cd"}
