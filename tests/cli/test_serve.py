"""``hw-trigger serve``: its help teaches, and mistakes are told before anything is served."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path

import pytest

from hw_trigger.cli.main import main


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command in this process, and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["hw-trigger", "serve", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


def test_help_teaches(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "--help") == 0
    text = capsys.readouterr().out
    for line in (
        "hw-trigger serve serve.port=9000 serve.models=P-1-lstm16w50-w8a8",
        "hw-trigger serve serve.state=state",
        "curl -s 127.0.0.1:8000/v1/models",
        "hw-trigger serve serve.host=0.0.0.0 serve.api_keys=keys",
    ):
        assert re.search(rf"^ *{re.escape(line)} *$", text, re.MULTILINE), line


WITH_ITSELF = (
    "the configuration has serve.experiment={'variant': 'integer'}: value error, it compares integer, serve.variant, "
    "with itself; name another variant"
)
NO_SUCH_KEY = (
    "the configuration lacks the key 'serve.experiment.variant'\nthe configuration has no key 'serve.experiment.variants'; "
    "did you mean 'serve.experiment.variant'?; the keys there are serve.experiment.variant, serve.experiment.share, "
    "serve.experiment.shadow"
)

MISTAKES = [
    ((), "there is no directory of models at models; `hw-trigger qat` writes a model into one"),
    (
        ("paths.models=.",),
        "there is no bundle in .; `hw-trigger qat` writes one, or paths.models=DIRECTORY says where they are",
    ),
    (
        ("paths.models=.", "serve.models=[none]"),
        "serve.models has 'none', which cannot be served: there is no bundle at none; `hw-trigger qat` writes one",
    ),
    (("serve.port=65536",), "the configuration has serve.port=65536: input should be less than or equal to 65535"),
    (
        ("serve.port=http",),
        "the configuration has serve.port='http': input should be a valid integer, unable to parse string as an integer",
    ),
    (("serve.api_keys=no.keys",), "cannot read serve.api_keys=no.keys: No such file or directory"),
    (
        ("serve.host=192.0.2.1",),
        "cannot listen on serve.host=192.0.2.1 serve.port=0: Cannot assign requested address; serve.port=0 takes any free port",
    ),
    (
        ("serve.variants=[onnx]",),
        "the configuration has serve.variant='integer': value error, it is not among serve.variants, which are loaded: onnx",
    ),
    (("serve.experiment={variant: integer}",), WITH_ITSELF),
    (("serve.experiment={variants: onnx}",), NO_SUCH_KEY),
]


@pytest.mark.parametrize(("overrides", "message"), MISTAKES)
def test_mistakes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], overrides: tuple[str, ...], message: str
) -> None:
    port = () if any(item.startswith("serve.port") for item in overrides) else ("serve.port=0",)
    assert call(monkeypatch, *port, *overrides) == 2
    found = capsys.readouterr()
    assert found.err == f"error: {message}\n"
    assert found.out == ""


def test_a_file_that_is_no_file_of_keys(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("keys").write_text("secret\n")
    assert call(monkeypatch, "serve.api_keys=keys") == 2
    text = capsys.readouterr().err
    assert text == (
        "error: serve.api_keys=keys: line 1 is no SHA-256, which has 64 hexadecimal digits; `printf %s KEY | sha256sum` prints "
        "that of a key\n"
    )


def test_a_port_in_use(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert call(monkeypatch, f"serve.port={port}") == 2
    assert capsys.readouterr().err == (
        f"error: cannot listen on serve.host=127.0.0.1 serve.port={port}: Address already in use; "
        "serve.port=0 takes any free port\n"
    )
