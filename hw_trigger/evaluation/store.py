"""Records on disk while an evaluation goes on: a file for each row, channel and seed, each whole or not there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from hw_trigger.evaluation.record import Record
from hw_trigger.files import to_json, write_whole


@dataclass(frozen=True)
class Store:
    """A directory of records; ``<row>/<channel>.json``, with ``-seed<N>`` behind the channel for other seeds than 0."""

    directory: Path

    def path(self, row: str, channel: str, seed: int) -> Path:
        """Return the file of a record."""
        return self.directory / row / f"{channel}{seed_suffix(seed)}.json"

    def load(self, row: str, channel: str, seed: int, key: str) -> Record | None:
        """Return the record, None where it is not there, or was measured of something else than `key` says.

        A damaged file is as good as none: its record is measured again.
        """
        try:
            values = json.loads(self.path(row, channel, seed).read_text("utf-8"))
            return Record.from_dict(values["record"]) if values["key"] == key else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def save(self, record: Record, key: str) -> None:
        """Keep a record.

        Parameters
        ----------
        key
            A digest of all that the record depends on.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        path = self.path(record.row, record.channel, record.seed)
        write_whole(path, to_json({"key": key, "record": record.to_dict()}))


def seed_suffix(seed: int) -> str:
    """Return what follows the name of what was made with a seed: nothing for seed 0."""
    return f"-seed{seed}" if seed else ""
