"""Small data in the layouts of OPSSAT-AD and ESA-ADB, made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SEGMENTS = (
    # segment, channel, train, anomaly, label, sampling, samples, begin
    (1, "CADC0872", 1, 0, "nominal", 1, 40, "2022-01-04T20:00:00.000Z"),
    (2, "CADC0872", 1, 1, "anomaly", 1, 5, "2022-01-04T20:01:00.000Z"),
    (4, "CADC0872", 0, 1, "a2", 1, 6, "2022-01-04T20:03:00.000Z"),  # after segment 3 in time, before it in the file
    (3, "CADC0872", 0, 0, "nominal", 1, 30, "2022-01-04T20:02:00.000Z"),
    (5, "CADC0872", 0, 1, "anomaly", 1, 4, "2022-01-04T20:04:00.000Z"),
    (6, "CADC0872", 1, 0, "nominal", 1, 20, "2022-01-04T20:05:00.000Z"),
    (7, "CADC0886", 1, 0, "nominal", 1, 30, "2022-01-04T20:00:00.000Z"),
    (8, "CADC0886", 0, 0, "nominal", 5, 30, "2022-01-04T21:00:00.000Z"),
    (9, "CADC0884", 1, 0, "nominal", 5, 10, "2022-01-04T20:00:00.000Z"),  # nothing to test on
    (10, "CADC0890", 1, 1, "a3", 5, 10, "2022-01-04T20:00:00.000Z"),  # nothing nominal to train on
    (11, "CADC0890", 0, 0, "nominal", 5, 10, "2022-01-04T21:00:00.000Z"),
)


def segment_values(number: int, count: int) -> np.ndarray:
    """The values of a segment: no two samples of all are equal."""
    return number + np.arange(count) / 64


def write_segments(folder: Path) -> Path:
    """Write ``segments.csv`` as OPSSAT-AD has it."""
    frames = [
        pd.DataFrame(
            {
                "timestamp": pd.date_range(begin, periods=count, freq=f"{sampling}s").strftime(
                    "%Y-%m-%dT%H:%M:%S.000Z"
                ),
                "channel": channel,
                "value": segment_values(number, count),
                "label": label,
                "segment": number,
                "sampling": sampling,
                "anomaly": anomaly,
                "train": train,
            }
        )
        for number, channel, train, anomaly, label, sampling, count, begin in SEGMENTS
    ]
    folder.mkdir(parents=True, exist_ok=True)
    pd.concat(frames).to_csv(folder / "segments.csv", index=False)
    return folder


MISSION_LABELS = """ID,Channel,StartTime,EndTime
id_1,channel_2,2007-01-01T00:10:00.000Z,2007-01-01T00:12:00.000Z
id_2,channel_2,2006-12-31T23:40:00.000Z,2006-12-31T23:45:00.000Z
id_3,channel_2,2007-01-01T00:30:00.000Z,2007-01-01T00:35:00.000Z
id_4,channel_2,2007-01-01T00:20:05.000Z,2007-01-01T00:20:05.000Z
id_1,channel_10,2007-01-01T00:10:00.000Z,2007-01-01T00:12:00.000Z
"""

MISSION_TYPES = """ID,Class,Subclass,Category,Dimensionality,Locality,Length
id_1,class_1,subclass_1,Anomaly,Multivariate,Local,Subsequence
id_2,class_2,subclass_2,Anomaly,Univariate,Local,Subsequence
id_3,class_3,subclass_3,Communication Gap,Univariate,Local,Subsequence
id_4,class_4,subclass_4,Rare Event,Univariate,Global,Point
"""


def mission_table(name: str) -> pd.DataFrame:
    """Two hours around midnight, a sample every 20 s; and one more, 5 s after 00:20, that is the point of an event."""
    index = pd.date_range("2006-12-31T23:00:00", "2007-01-01T01:00:00", freq="20s")
    values = np.arange(len(index), dtype=np.float32) / 64
    if name == "channel_10":
        return pd.DataFrame({name: np.where(values < 1, "on", "off")}, index=index.rename("datetime"))
    table = pd.DataFrame({name: values}, index=index.rename("datetime"))
    table.loc[pd.Timestamp("2007-01-01T00:20:05")] = 99.0
    return table.sort_index()


def write_mission(folder: Path, names: tuple[str, ...] = ("channel_2", "channel_10")) -> Path:
    """Write a mission's directory as ESA-ADB has it."""
    (folder / "channels").mkdir(parents=True)
    (folder / "labels.csv").write_text(MISSION_LABELS)
    (folder / "anomaly_types.csv").write_text(MISSION_TYPES)
    (folder / "channels.csv").write_text(
        "Channel,Subsystem,Physical Unit,Group,Target\n"
        + "".join(f"{name},subsystem_1,physical_unit_1,1,YES\n" for name in names)
    )
    (folder / "telecommands.csv").write_text("Telecommand,Priority\ntelecommand_1,3\n")
    for name in names:
        mission_table(name).to_pickle(
            folder / "channels" / f"{name}.zip", compression={"method": "zip", "archive_name": name}
        )
    return folder
