"""Outputs appear whole or not at all: on errors, kills, full disks and missing permissions."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw_trigger import files
from hw_trigger.files import OutputError, sha256_bytes, sha256_file, to_json, whole_directory, write_whole


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def write(directory: Path, text: str) -> None:
    (directory / "a.txt").write_text(text)
    (directory / "sub").mkdir()
    (directory / "sub" / "b.txt").write_text(text)


def read(directory: Path) -> tuple[str, str]:
    return (directory / "a.txt").read_text(), (directory / "sub" / "b.txt").read_text()


@pytest.fixture
def unwritable(tmp_path: Path) -> Iterator[Path]:
    """A directory that nobody can write, the superuser included."""
    directory = tmp_path / "unwritable"
    directory.mkdir()
    if os.geteuid() != 0:
        directory.chmod(0o500)
        yield directory
        directory.chmod(0o700)
        return
    yield from _mounted(directory, "ro")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB; tests that ask for it are skipped where none can be mounted."""
    directory = tmp_path / "small"
    directory.mkdir()
    yield from _mounted(directory, "size=64k")


def _mounted(directory: Path, options: str) -> Iterator[Path]:
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)]
    if mount is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield directory
    subprocess.run(["umount", str(directory)], check=True)


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]


# whole_directory


def test_a_directory_appears_with_its_parents(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "down" / "out"
    with whole_directory(target) as scratch:
        write(scratch, "new")
        assert not target.exists()
        assert scratch.parent == target.parent
    assert read(target) == ("new", "new")
    assert names(target.parent) == ["out"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_a_directory_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with whole_directory(target) as scratch:
        write(scratch, "old")
        (scratch / "left over").touch()
    with whole_directory(target) as scratch:
        assert names(scratch) == []
        write(scratch, "new")
        assert read(target) == ("old", "old")
    assert read(target) == ("new", "new")
    assert names(target) == ["a.txt", "sub"]
    assert names(tmp_path) == ["out"]


def test_a_directory_is_replaced_where_names_cannot_be_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    test_a_directory_is_replaced_as_a_whole(tmp_path)


def test_this_file_system_exchanges_names(tmp_path: Path) -> None:
    """So that the tests below are about the exchange, on Linux."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    exchanged = files._exchange(tmp_path / "one", tmp_path / "other")
    assert exchanged == (names(tmp_path / "one") == ["other"])
    assert exchanged or sys.platform != "linux"
    assert not files._exchange(tmp_path / "one", tmp_path / "missing")


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("existing", [True, False])
def test_nothing_changes_when_the_block_fails(tmp_path: Path, kind: type[BaseException], existing: bool) -> None:
    target = tmp_path / "out"
    if existing:
        with whole_directory(target) as scratch:
            write(scratch, "old")

    def fail_in_the_middle() -> None:
        with whole_directory(target) as scratch:
            write(scratch, "new")
            raise kind("in the middle")

    with pytest.raises(kind, match=r"^in the middle$"):
        fail_in_the_middle()
    assert names(tmp_path) == (["out"] if existing else [])
    if existing:
        assert read(target) == ("old", "old")


def test_errors_about_other_files_are_not_said_to_be_about_the_output(tmp_path: Path) -> None:
    missing = tmp_path / "missing.txt"
    with pytest.raises(FileNotFoundError, match=r"missing\.txt"), whole_directory(tmp_path / "out"):
        missing.read_text()
    with pytest.raises(FileNotFoundError, match=r"missing\.txt"), whole_directory(tmp_path / "out") as scratch:
        shutil.copyfile(missing, scratch / "copy")
    with pytest.raises(ConnectionResetError, match=r"^peer$"), whole_directory(tmp_path / "out"):
        raise ConnectionResetError("peer")
    assert names(tmp_path) == []


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("mine")
    with pytest.raises(OutputError) as caught, whole_directory(target):
        pytest.fail("the block must not run")
    assert str(caught.value) == f"cannot write the directory {target}: it is a file"
    assert target.read_text() == "mine"
    assert names(tmp_path) == ["out"]


def test_a_file_where_a_parent_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    target = tmp_path / "file" / "deep" / "out"
    with pytest.raises(OutputError) as caught, whole_directory(target):
        pytest.fail("the block must not run")
    assert str(caught.value) == f"cannot write the directory {target}: Not a directory"


def test_a_link_to_a_directory_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "real").mkdir(parents=True)
    link = tmp_path / "out"
    link.symlink_to(tmp_path / "elsewhere" / "real")
    with whole_directory(link) as scratch:
        write(scratch, "new")
    assert link.is_symlink()
    assert read(tmp_path / "elsewhere" / "real") == ("new", "new")
    assert names(tmp_path / "elsewhere") == ["real"]


def test_a_directory_that_may_not_be_written(unwritable: Path) -> None:
    target = unwritable / "out"
    with pytest.raises(OutputError) as caught, whole_directory(target):
        pytest.fail("the block must not run")
    reason = "Read-only file system" if os.geteuid() == 0 else "Permission denied"
    assert str(caught.value) == f"cannot write the directory {target}: {reason}"


def test_a_full_disk_keeps_the_old_directory(small_disk: Path) -> None:
    target = small_disk / "out"
    with whole_directory(target) as scratch:
        write(scratch, "old")

    def fill() -> None:
        with whole_directory(target) as scratch:
            for part in range(100):
                (scratch / str(part)).write_bytes(bytes(10_000))

    with pytest.raises(OutputError) as caught:
        fill()
    assert str(caught.value) == f"cannot write the directory {target}: No space left on device"
    assert read(target) == ("old", "old")
    assert names(small_disk) == ["out"]


def test_a_file_past_the_limit_keeps_the_old_directory(tmp_path: Path) -> None:
    """What a full disk does, where none can be made."""
    target = tmp_path / "out"
    with whole_directory(target) as scratch:
        write(scratch, "old")
    code = """
        import resource, sys
        from pathlib import Path
        from hw_trigger.files import OutputError, whole_directory, write_whole
        target = Path(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        for write in (
            lambda scratch: (scratch / "a.txt").write_bytes(bytes(2000)),
            lambda scratch: write_whole(scratch / "a.txt", bytes(2000)),
        ):
            try:
                with whole_directory(target) as scratch:
                    write(scratch)
            except OutputError as error:
                print(error)
    """
    done = subprocess.run(python(code, target), capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == f"cannot write the directory {target}: File too large"
    assert second.startswith(f"cannot write the file {tmp_path}/.out.")
    assert second.endswith("/a.txt: File too large")
    assert read(target) == ("old", "old")
    assert names(tmp_path) == ["out"]


def test_a_killed_process_leaves_the_old_directory(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with whole_directory(target) as scratch:
        write(scratch, "old")
    code = """
        import sys, time
        from pathlib import Path
        from hw_trigger.files import whole_directory
        with whole_directory(Path(sys.argv[1])) as scratch:
            (scratch / "a.txt").write_text("new")
            print("half", flush=True)
            time.sleep(60)
    """
    with subprocess.Popen(python(code, target), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert read(target) == ("old", "old")
    # What is left does not hinder the next run.
    with whole_directory(target) as scratch:
        write(scratch, "next")
    assert read(target) == ("next", "next")


def test_a_process_killed_at_any_moment_leaves_a_whole_directory(tmp_path: Path) -> None:
    target = tmp_path / "out"
    code = """
        import sys
        from pathlib import Path
        from hw_trigger.files import whole_directory
        target = Path(sys.argv[1])
        round = 0
        while True:
            with whole_directory(target) as scratch:
                (scratch / "a.txt").write_text(str(round))
                (scratch / "sub").mkdir()
                (scratch / "sub" / "b.txt").write_text(str(round))
            round += 1
            if round == 2:
                print("going", flush=True)
    """
    for pause in (0.0, 0.003, 0.01, 0.02):
        with subprocess.Popen(python(code, target), stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "going\n"
            time.sleep(pause)
            process.kill()
        one, other = read(target)
        assert one == other
        assert int(one) >= 1
        assert names(target) == ["a.txt", "sub"]


def test_a_reader_always_finds_a_directory(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with whole_directory(target) as scratch:
        write(scratch, "0")
    if not files._exchange(target, target):
        pytest.skip("this system cannot exchange two names")
    missing = 0
    done = threading.Event()

    def look() -> None:
        nonlocal missing
        while not done.is_set():
            missing += not target.is_dir()

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(200):
        with whole_directory(target) as scratch:
            (scratch / "a.txt").write_text(str(number))
    done.set()
    reader.join()
    assert missing == 0


# write_whole


def test_a_file_appears_with_its_parents(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    write_whole(path, "text ä")
    assert path.read_text(encoding="utf-8") == "text ä"
    write_whole(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert names(path.parent) == ["file.txt"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_directory_where_the_file_should_be(tmp_path: Path) -> None:
    path = tmp_path / "out"
    (path / "sub").mkdir(parents=True)
    with pytest.raises(OutputError) as caught:
        write_whole(path, "text")
    assert str(caught.value) == f"cannot write the file {path}: Is a directory"
    assert names(tmp_path) == ["out"]


def test_a_file_where_the_directory_of_a_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError) as caught:
        write_whole(tmp_path / "file" / "a.txt", "text")
    assert str(caught.value) == f"cannot write the file {tmp_path}/file/a.txt: File exists"


def test_a_file_that_may_not_be_written(unwritable: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write_whole(unwritable / "a.txt", "text")
    reason = "Read-only file system" if os.geteuid() == 0 else "Permission denied"
    assert str(caught.value) == f"cannot write the file {unwritable}/a.txt: {reason}"


def test_a_full_disk_keeps_the_old_file(small_disk: Path) -> None:
    path = small_disk / "a.txt"
    write_whole(path, "old")
    with pytest.raises(OutputError) as caught:
        write_whole(path, bytes(100_000))
    assert str(caught.value) == f"cannot write the file {path}: No space left on device"
    assert path.read_text() == "old"
    assert names(small_disk) == ["a.txt"]


def test_a_process_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    code = """
        import sys
        from pathlib import Path
        from hw_trigger.files import write_whole
        round = 0
        while True:
            write_whole(Path(sys.argv[1]), bytes([round % 256]) * 100_000)
            round += 1
            if round == 2:
                print("going", flush=True)
    """
    for pause in (0.0, 0.005, 0.02):
        with subprocess.Popen(python(code, path), stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "going\n"
            time.sleep(pause)
            process.kill()
        data = path.read_bytes()
        assert len(data) == 100_000
        assert len(set(data)) == 1


# Content


def test_json_keeps_the_order_and_refuses_what_json_has_not() -> None:
    assert to_json({"b": [1, 2.5, None], "a": "ä"}) == '{\n  "b": [\n    1,\n    2.5,\n    null\n  ],\n  "a": "ä"\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"x": float("nan")})


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        with whole_directory(tmp_path / name) as scratch:
            write_whole(scratch / "a.json", to_json({"x": 1, "y": [2]}))
    assert (tmp_path / "one" / "a.json").read_bytes() == (tmp_path / "other" / "a.json").read_bytes()
    assert names(tmp_path / "one") == names(tmp_path / "other") == ["a.json"]


def test_hashes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    path = tmp_path / "data"
    path.write_bytes(data)
    assert sha256_bytes(data) == sha256_file(path) == hashlib.sha256(data).hexdigest()
    assert sha256_bytes(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
