import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.mirror import Site, serve
from support.telemetry import REAL_ARCHIVE, needs_real_archive, npy, ramp, small_files

from hw_trigger.files import OutputError, sha256_bytes
from hw_trigger.telemetry import archive, download
from hw_trigger.telemetry.archive import ChecksumError, UnknownChannelError, open_archive
from hw_trigger.telemetry.checksums import KnownChannel, KnownFiles, labels_digest
from hw_trigger.telemetry.download import (
    CHUNK,
    DEFAULT_MIRROR,
    DownloadError,
    Mirror,
    Patience,
    cached,
    configured_mirror,
    download_channel,
)

LABELS = "labeled_anomalies.csv"
TRAIN, TEST = "train/X-1.npy", "test/X-1.npy"
HASTE = Patience(attempts=3, connect=5.0, read=0.3, pause=0.0)
ADVICE = "choose another mirror with HW_TRIGGER_MIRROR, or set HW_TRIGGER_DATA to a copy of the data"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A mirror of the small archive, whose channels are taken for NASA's; X-1's arrays are of several chunks."""
    files = {name.removeprefix("data/"): content for name, content in small_files().items()}
    files[TRAIN] = npy(ramp(20_000))
    channels = {
        name: KnownChannel("PROBE", sha256_bytes(files[f"train/{name}.npy"]), sha256_bytes(files[f"test/{name}.npy"]))
        for name in ("X-1", "X-2")
    }
    for module in (archive, download):
        monkeypatch.setattr(module, "known_files", lambda: KnownFiles(labels_digest(files[LABELS]), channels))
    with serve(files) as running:
        yield running


def fetch(site: Site, cache: Path, name: str = "X-1", patience: Patience = HASTE) -> None:
    download_channel(name, cache, Mirror(site.address, f"{site.address}/{LABELS}"), patience=patience)


def holds(cache: Path, site: Site) -> bool:
    """Whether the cache holds exactly X-1 as served, and no remains."""
    found = {path.relative_to(cache).as_posix(): path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    found.pop(".lock")
    return found == {LABELS: site.files[LABELS], f"data/{TRAIN}": site.files[TRAIN], f"data/{TEST}": site.files[TEST]}


def test_only_the_files_of_the_channel_are_fetched(site: Site, tmp_path: Path) -> None:
    assert not cached("X-1", tmp_path)
    fetch(site, tmp_path)
    assert site.requests == [(LABELS, None), (TRAIN, None), (TEST, None)]
    assert holds(tmp_path, site)
    assert cached("X-1", tmp_path)
    assert open_archive(tmp_path, verify=True).load("X-1").train.shape == (20_000, 2)


def test_what_is_in_the_cache_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    fetch(site, tmp_path)
    site.requests.clear()
    fetch(site, tmp_path)
    assert site.requests == []
    fetch(site, tmp_path, "X-2")
    assert site.requests == [("train/X-2.npy", None), ("test/X-2.npy", None)]


def test_a_damaged_file_in_the_cache_is_fetched_again(site: Site, tmp_path: Path) -> None:
    fetch(site, tmp_path)
    site.requests.clear()
    (tmp_path / "data" / TEST).write_bytes(b"damaged")
    assert not cached("X-1", tmp_path)
    fetch(site, tmp_path)
    assert site.requests == [(TEST, None)]
    assert holds(tmp_path, site)


def test_a_cut_transfer_goes_on_where_it_was_cut(site: Site, tmp_path: Path) -> None:
    site.failures = {TRAIN: ["cut", "cut"]}
    fetch(site, tmp_path)
    length = len(site.files[TRAIN])
    # Half of what is left comes, in whole chunks.
    first = length // 2 // CHUNK * CHUNK
    second = first + (length - first) // 2 // CHUNK * CHUNK
    asked = [wanted for path, wanted in site.requests if path == TRAIN]
    assert asked == [None, f"bytes={first}-", f"bytes={second}-"]
    assert holds(tmp_path, site)


def test_a_transfer_cut_too_often_goes_on_in_the_next_run(site: Site, tmp_path: Path) -> None:
    site.failures = {TRAIN: ["cut", "cut"]}
    # How urllib3 counts the bytes is its own affair; what is around that is ours.
    before, after = (
        f"cannot fetch {site.address}/{TRAIN}: IncompleteRead: ",
        f" (2 tries); run again to go on, {ADVICE}",
    )
    with pytest.raises(
        DownloadError, match=rf"^{re.escape(before)}.*\d+ bytes read, \d+ more expected.*{re.escape(after)}$"
    ):
        fetch(site, tmp_path, patience=Patience(2, pause=0.0))
    assert not (tmp_path / "data" / TRAIN).exists()
    part = tmp_path / "data" / f"{TRAIN}.part"
    length = part.stat().st_size
    assert 0 < length < len(site.files[TRAIN])
    site.requests.clear()
    fetch(site, tmp_path)
    assert site.requests == [(TRAIN, f"bytes={length}-"), (TEST, None)]
    assert holds(tmp_path, site)


def test_a_server_without_ranges_sends_all_again(site: Site, tmp_path: Path) -> None:
    site.ranges = False
    site.failures = {TRAIN: ["cut"]}
    fetch(site, tmp_path)
    assert [wanted is None for path, wanted in site.requests if path == TRAIN] == [True, False]
    assert holds(tmp_path, site)


def test_a_server_that_sends_another_range_is_not_believed(site: Site, tmp_path: Path) -> None:
    site.failures = {TRAIN: ["cut", "shifted", "shifted"]}
    length = len(site.files[TRAIN])
    have = length // 2 // CHUNK * CHUNK
    message = (
        f"cannot fetch {site.address}/{TRAIN}: asked for the bytes from {have} on, the server answers with "
        f"Content-Range 'bytes {have + 1}-{length - 1}/{length}' (3 tries); run again to go on, {ADVICE}"
    )
    with pytest.raises(DownloadError, match=f"^{re.escape(message)}$"):
        fetch(site, tmp_path)
    fetch(site, tmp_path)
    assert holds(tmp_path, site)


@pytest.mark.parametrize("remains", ["whole", "too long", "other"])
def test_remains_of_a_killed_run(site: Site, tmp_path: Path, remains: str) -> None:
    content = site.files[TRAIN]
    part = tmp_path / "data" / f"{TRAIN}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes({"whole": content, "too long": content + b"x", "other": b"x" * 1000}[remains])
    fetch(site, tmp_path)
    asked = [wanted for path, wanted in site.requests if path == TRAIN]
    again = [] if remains == "whole" else [None]
    assert asked == [
        f"bytes={ {'whole': len(content), 'too long': len(content) + 1, 'other': 1000}[remains] }-",
        *again,
    ]
    assert holds(tmp_path, site)


def test_wrong_bytes_are_refused_and_not_kept(site: Site, tmp_path: Path) -> None:
    right = site.files[TRAIN]
    site.files[TRAIN] = wrong = right[:-1] + b"?"
    message = (
        f"{site.address}/{TRAIN}: the SHA-256 is {sha256_bytes(wrong)}, and {sha256_bytes(right)} is needed; "
        "the mirror has another file, choose one with HW_TRIGGER_MIRROR"
    )
    with pytest.raises(ChecksumError, match=f"^{re.escape(message)}$"):
        fetch(site, tmp_path)
    assert list((tmp_path / "data" / "train").iterdir()) == []
    assert [path for path, _ in site.requests] == [LABELS, TRAIN]


def test_a_missing_file_is_not_tried_again(site: Site, tmp_path: Path) -> None:
    del site.files[TEST]
    message = (
        f"cannot fetch {site.address}/{TEST}: the server answers 404 Not Found; "
        f"the mirror does not have this file, {ADVICE}"
    )
    with pytest.raises(DownloadError, match=f"^{re.escape(message)}$"):
        fetch(site, tmp_path)
    assert [path for path, _ in site.requests] == [LABELS, TRAIN, TEST]


def test_a_refusal_is_not_tried_again(site: Site, tmp_path: Path) -> None:
    site.failures = {LABELS: [403]}
    message = f"cannot fetch {site.address}/{LABELS}: the server answers 403 Forbidden; {ADVICE}"
    with pytest.raises(DownloadError, match=f"^{re.escape(message)}$"):
        fetch(site, tmp_path)


def test_a_busy_server_is_tried_again(site: Site, tmp_path: Path) -> None:
    site.failures = {LABELS: [503, 429]}
    fetch(site, tmp_path)
    assert holds(tmp_path, site)
    site.failures = {"train/X-2.npy": [503, 429, 500]}
    message = (
        f"cannot fetch {site.address}/train/X-2.npy: the server answers 500 Internal Server Error (3 tries); "
        f"run again to go on, {ADVICE}"
    )
    with pytest.raises(DownloadError, match=f"^{re.escape(message)}$"):
        fetch(site, tmp_path, "X-2")


def test_a_silent_server_times_out_and_is_tried_again(site: Site, tmp_path: Path) -> None:
    site.failures = {TRAIN: ["silent"]}
    fetch(site, tmp_path)
    assert holds(tmp_path, site)


def test_no_server_at_all(site: Site, tmp_path: Path) -> None:
    with serve({}) as gone:
        address = gone.address
    message = (
        f"cannot fetch {address}/l: ConnectionRefusedError: [Errno 111] Connection refused (1 tries); "
        f"run again to go on, {ADVICE}"
    )
    with pytest.raises(DownloadError, match=f"^{re.escape(message)}$"):
        download_channel("X-1", tmp_path, Mirror(address, f"{address}/l"), patience=Patience(1, pause=0.0))


@pytest.mark.usefixtures("site")
def test_an_address_that_is_none(tmp_path: Path) -> None:
    before = "cannot fetch mirror/l: "
    after = "; the mirror's address must begin with http:// or https://"
    with pytest.raises(DownloadError, match=f"^{re.escape(before)}.+{re.escape(after)}$"):
        download_channel("X-1", tmp_path, Mirror("mirror", "mirror/l"), patience=HASTE)


def test_a_cache_that_cannot_be_written(site: Site, tmp_path: Path) -> None:
    cache = tmp_path / "file"
    cache.write_bytes(b"")
    with pytest.raises(OutputError, match=f"^{re.escape(f'cannot write to the cache {cache}: File exists')}$"):
        fetch(site, cache)
    assert site.requests == []


@pytest.mark.usefixtures("site")
def test_an_unknown_channel(tmp_path: Path) -> None:
    message = "the NASA SMAP and MSL data have no channel 'X-3'; did you mean 'X-2'?; they have 2 channels"
    with pytest.raises(UnknownChannelError, match=f"^{re.escape(message)}$"):
        download_channel("X-3", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told(site: Site, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    mirror = Mirror(site.address, f"{site.address}/{LABELS}")
    download_channel("X-1", tmp_path, mirror, progress=lambda *news: told.append(news), patience=HASTE)
    length = len(site.files[TRAIN])
    assert [news for news in told if news[1] == news[2]] == [
        (LABELS, len(site.files[LABELS]), len(site.files[LABELS])),
        ("X-1.npy", length, length),
        ("X-1.npy", len(site.files[TEST]), len(site.files[TEST])),
    ]
    assert [done for _, done, total in told if total == length] == [*range(CHUNK, length, CHUNK), length]


def test_two_runs_at_once_share_one_transfer(site: Site, tmp_path: Path) -> None:
    runs = [threading.Thread(target=fetch, args=(site, tmp_path)) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sorted(site.requests) == [(LABELS, None), (TEST, None), (TRAIN, None)]
    assert holds(tmp_path, site)


def test_labels_with_other_line_ends_are_the_same_labels(site: Site, tmp_path: Path) -> None:
    site.files[LABELS] = site.files[LABELS].replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    fetch(site, tmp_path)
    assert holds(tmp_path, site)
    assert cached("X-1", tmp_path)
    assert len(open_archive(tmp_path).load("X-1").anomalies) == 2


def test_the_mirror_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HW_TRIGGER_MIRROR", raising=False)
    assert configured_mirror() == DEFAULT_MIRROR
    monkeypatch.setenv("HW_TRIGGER_MIRROR", "http://127.0.0.1:9/smap/")
    assert configured_mirror() == Mirror("http://127.0.0.1:9/smap", "http://127.0.0.1:9/smap/labeled_anomalies.csv")


@needs_real_archive
def test_the_real_files_pass_the_packaged_checksums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zipfile

    with zipfile.ZipFile(REAL_ARCHIVE) as real:
        names = [LABELS, "data/train/A-1.npy", "data/test/A-1.npy"]
        files = {name.removeprefix("data/"): real.read(name) for name in names}
    with serve(files) as site:
        monkeypatch.setenv("HW_TRIGGER_MIRROR", site.address)
        site.failures = {"test/A-1.npy": ["cut"]}
        download_channel("A-1", tmp_path, patience=HASTE)
        assert open_archive(tmp_path, verify=True).load("A-1").test.shape == (8640, 25)
