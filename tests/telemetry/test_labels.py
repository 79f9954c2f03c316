import re

import pytest
from support.telemetry import HEADER

from hw_trigger.telemetry.channel import Interval
from hw_trigger.telemetry.labels import ChannelLabels, LabelError, read_labels

P2 = 'P-2,SMAP,"[[5350, 6575]]",[point],8209\n'
P2_AGAIN = 'P-2,SMAP,"[[5300, 6420]]",[point],8209\n'


def test_inclusive_ranges_become_half_open_and_ordered() -> None:
    content = HEADER + 'P-1,SMAP,"[[30, 40], [2, 9]]","[contextual, point]",100\nE-1,MSL,[],[],7\n'
    assert read_labels(content.encode(), "labels") == {
        "P-1": ChannelLabels("P-1", "SMAP", (Interval(2, 10, "point"), Interval(30, 41, "contextual")), 100),
        "E-1": ChannelLabels("E-1", "MSL", (), 7),
    }


@pytest.mark.parametrize("content", [HEADER + P2 + "\n" + P2_AGAIN, HEADER + P2_AGAIN + P2])
def test_the_two_rows_of_the_original_file_are_merged(content: str) -> None:
    labels = read_labels(content.encode(), "labels")
    assert labels == {"P-2": ChannelLabels("P-2", "SMAP", (Interval(5300, 6576, "point"),), 8209)}


def test_line_ends_and_the_byte_order_mark_do_not_matter() -> None:
    content = HEADER + P2 + P2_AGAIN
    other = b"\xef\xbb\xbf" + content.replace("\n", "\r\n").encode()
    assert read_labels(other, "labels") == read_labels(content.encode(), "labels")


def test_the_columns_may_come_in_another_order() -> None:
    content = 'num_values,note,class,anomaly_sequences,spacecraft,chan_id\n9,hi,[point],"[[1, 1]]",S,C-1\n'
    assert read_labels(content.encode(), "labels") == {"C-1": ChannelLabels("C-1", "S", (Interval(1, 2, "point"),), 9)}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            'A-1,S,"[[5, 3]]",[point],9\n',
            "labels, line 2 (channel 'A-1'): the range [5, 3] is reversed; the first sample comes first",
        ),
        (
            'A-1,S,"[[5, 9]]",[point],9\n',
            "labels, line 2 (channel 'A-1'): the range [5, 9] is outside the test data, samples 0 to 8",
        ),
        (
            'A-1,S,"[[-1, 3]]",[point],9\n',
            "labels, line 2 (channel 'A-1'): the range [-1, 3] is outside the test data, samples 0 to 8",
        ),
        (
            'B-1,S,[],[],9\nA-1,S,"[[1, 3], [1, 3]]","[point, point]",9\n',
            "labels, line 3 (channel 'A-1'): the range [1, 3] is there twice; remove one",
        ),
        (
            'A-1,S,"[[3, 5], [1, 3]]","[point, point]",9\n',
            "labels, line 2 (channel 'A-1'): the ranges [1, 3] and [3, 5] overlap; make them one range",
        ),
        (
            'A-1,S,"[[1, 2]]",[point],9\nA-1,S,"[[1, 2]]",[point],9\n',
            "labels, line 3 (channel 'A-1'): the channel has a row already; give it one row with all its ranges",
        ),
        (
            'A-1,S,"[[1, 2]]",[point],9\nA-1,S,"[[4, 5]]",[point],9\n',
            "labels, line 3 (channel 'A-1'): the channel has a row already; give it one row with all its ranges",
        ),
        (P2 + P2, "labels, line 3 (channel 'P-2'): the channel has a row already; give it one row with all its ranges"),
        (
            P2 + P2_AGAIN.replace("8209", "8210"),
            "labels, line 3 (channel 'P-2'): the channel has a row already; give it one row with all its ranges",
        ),
        (
            P2 + P2_AGAIN + P2,
            "labels, line 4 (channel 'P-2'): the channel has a row already; give it one row with all its ranges",
        ),
        (
            'A-1,S,"[[1, 2], [4, 5]]",[point],9\n',
            "labels, line 2 (channel 'A-1'): 2 ranges and 1 classes, and each range needs one",
        ),
        *(
            (
                f'A-1,S,"{text}",[point],9\n',
                (
                    f"labels, line 2 (channel 'A-1'): anomaly_sequences is {text!r}, "
                    "and '[[first, last], ...]' in integers is needed"
                ),
            )
            for text in ("[[1, 2]", "[[1]]", "[[1, 2, 3]]", "[1, 2]", "[[1.0, 2]]", "[[true, 2]]", "nan", "{}", "")
        ),
        *(
            (
                f'A-1,S,"[[1, 2]]",[point],{text}\n',
                f"labels, line 2 (channel 'A-1'): num_values is {text!r}, and the number of test samples is needed, 1 or more",
            )
            for text in ("0", "-9", "9.0", "nine", "")
        ),
        (" ,S,[],[],9\n", "labels, line 2: the channel has no name (chan_id)"),
        ("A-1,S,[],9\n", "labels, line 2: 4 fields, and the header has 5"),
        ('A-1,S,"[]\n', "labels is not a CSV file in UTF-8: unexpected end of data"),
    ],
)
def test_contradictions_are_refused(rows: str, message: str) -> None:
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        read_labels((HEADER + rows).encode(), "labels")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"chan_id,class,num_values\n",
            (
                "labels lacks the columns spacecraft, anomaly_sequences; "
                "it must have chan_id, spacecraft, anomaly_sequences, class, num_values"
            ),
        ),
        (
            b"",
            (
                "labels lacks the columns chan_id, spacecraft, anomaly_sequences, class, num_values; "
                "it must have chan_id, spacecraft, anomaly_sequences, class, num_values"
            ),
        ),
        (
            b"\xff\xfe",
            "labels is not a CSV file in UTF-8: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        ),
    ],
)
def test_what_is_no_label_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        read_labels(content, "labels")
