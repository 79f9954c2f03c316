"""A real HTTP server on the loopback interface that serves given files, and fails as told."""

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server serves by path, its failures to come by path (each used once), and what it was asked.

    A failure is a status (int), ``"cut"``: half of what is left is sent, and the connection closed; ``"silent"``: the
    header is sent, and then nothing; ``"shifted"``: a range is answered with another range.
    """

    files: dict[str, bytes]
    ranges: bool = True
    failures: dict[str, list[int | str]] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""
    released: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        path, wanted = self.path.lstrip("/"), self.headers.get("Range")
        self.site.requests.append((path, wanted))
        failures = self.site.failures.get(path)
        failure = failures.pop(0) if failures else None
        if isinstance(failure, int):
            self.send_error(failure)
            return
        if path not in self.site.files:
            self.send_error(404)
            return
        content = self.site.files[path]
        begin = 0
        if wanted and self.site.ranges:
            match = re.fullmatch(r"bytes=(\d+)-", wanted)
            assert match
            begin = int(match[1])
            if begin >= len(content):
                self.send_error(416)
                return
            stated = begin + 1 if failure == "shifted" else begin
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {stated}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        body = content[begin:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if failure == "silent":
            self.site.released.wait(20)
            return
        self.wfile.write(body[: len(body) // 2] if failure == "cut" else body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the parent's name)
        """Print nothing."""


@contextlib.contextmanager
def serve(files: dict[str, bytes]) -> Iterator[Site]:
    """Serve files while the block runs."""
    site = Site(files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": site}))
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
