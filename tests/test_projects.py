"""What is said of directories that are no project, or no longer the one that was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hw_trigger.errors import UserError
from hw_trigger.files import sha256_bytes
from hw_trigger.projects import ProjectKind


class OddError(UserError):
    pass


KIND = ProjectKind("odd project", "odd.json", "odd", 3, OddError, to_write="; make one", to_repair="; make it again")


def refusal(call: object, *arguments: object) -> str:
    with pytest.raises(OddError) as raised:
        call(*arguments)  # type: ignore[operator]
    return str(raised.value)


def test_a_manifest_is_read(tmp_path: Path) -> None:
    document = {"format": "odd", "version": 3, "more": 1}
    (tmp_path / "odd.json").write_text(json.dumps(document))
    assert KIND.read(tmp_path) == (json.dumps(document), document)


def test_what_is_no_manifest_is_refused(tmp_path: Path) -> None:
    assert refusal(KIND.read, tmp_path) == f"{tmp_path} is not an odd project: it has no readable odd.json; make one"
    manifest = tmp_path / "odd.json"
    for text, what in (
        ("{", f"{tmp_path} is not an odd project: its odd.json is not JSON"),
        ("[]", f"{tmp_path} is not an odd project: the 'format' in its odd.json must be 'odd'"),
        ('{"format": "odd", "version": 2}', f"the odd project {tmp_path} has version 2, and this release reads 3"),
    ):
        manifest.write_text(text)
        assert refusal(KIND.read, tmp_path) == what


def test_files_are_compared(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    hashes = {"a": sha256_bytes(b"a")}
    KIND.check(tmp_path, hashes)
    (tmp_path / "a").write_text("b")
    ending = "since it was written; make it again"
    assert refusal(KIND.check, tmp_path, hashes) == f"the odd project {tmp_path} has its file 'a' changed {ending}"
    (tmp_path / "a").unlink()
    assert refusal(KIND.check, tmp_path, hashes) == f"the odd project {tmp_path} has its file 'a' removed {ending}"


def test_only_projects_are_replaced(tmp_path: Path) -> None:
    KIND.check_replaceable(tmp_path / "new")
    KIND.check_replaceable(tmp_path)
    (tmp_path / "other").touch()
    what = "exists, and is not an odd project that could be replaced; remove it, or choose another"
    assert refusal(KIND.check_replaceable, tmp_path) == f"{tmp_path} {what}"
    assert refusal(KIND.check_replaceable, tmp_path / "other") == f"{tmp_path / 'other'} {what}"
    (tmp_path / "odd.json").touch()
    KIND.check_replaceable(tmp_path)
