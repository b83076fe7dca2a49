"""Fetching from addresses: only where allowed, only so much, only so long."""

from __future__ import annotations

import http.server
import socket
import threading
import time

import pytest

from pipeline.errors import CredentialError
from pipeline.provenance import fetching
from pipeline.provenance.fetching import fetch


class Answers(http.server.BaseHTTPRequestHandler):
    """Whatever the path asks for."""

    asked: list[str] = []

    def do_GET(self) -> None:
        Answers.asked.append(self.path)
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(10 if self.path in ("/slow", "/big") else 1):
                self.wfile.write(b"x" * 1000)
                self.wfile.flush()
                if self.path == "/slow":
                    time.sleep(0.2)
        except OSError:
            # the other side has hung up, as it should
            pass

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address():
    Answers.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_content_is_fetched(address):
    assert fetch(f"{address}/a?b=c", max_bytes=1000, local=True) == b"x" * 1000
    assert Answers.asked == ["/a?b=c"]


def test_this_machine_only_when_allowed(address):
    with pytest.raises(CredentialError, match="only plain https"):
        fetch(address, max_bytes=1000)
    with pytest.raises(CredentialError, match="not among the hosts"):
        fetch(address, max_bytes=1000, hosts=("a.example",), local=True)
    assert fetch(address, max_bytes=1000, hosts=("127.0.0.1",), local=True)
    assert len(Answers.asked) == 1


def test_too_much_and_too_slow(address):
    with pytest.raises(CredentialError, match="larger than"):
        fetch(f"{address}/big", max_bytes=5000, local=True)
    with pytest.raises(CredentialError, match="cannot be fetched"):
        fetch(f"{address}/slow", max_bytes=50_000, timeout_s=0.5, local=True)
    with pytest.raises(CredentialError, match="404"):
        fetch(f"{address}/gone", max_bytes=5000, local=True)


def test_redirects_stay_on_the_host(address):
    assert fetch(f"{address}/to//a", max_bytes=1000, local=True) == b"x" * 1000
    for target in ("http://localhost/", "https://a.example/", "file:///etc/passwd", "http://169.254.169.254/"):
        with pytest.raises(CredentialError):
            fetch(f"{address}/to/{target}", max_bytes=1000, local=True)
    with pytest.raises(CredentialError, match="302"):
        fetch(f"{address}/to//to//to//to//to//a", max_bytes=1000, local=True)


def test_other_hosts_are_followed_when_asked_for(address, tmp_path):
    elsewhere = address.replace("127.0.0.1", "localhost")
    with open(tmp_path / "a", "wb") as into:
        fetching.fetch_into(
            into, f"{address}/to/{elsewhere}/a", max_bytes=1000, timeout_s=5, local=True, elsewhere=True
        )
    assert (tmp_path / "a").read_bytes() == b"x" * 1000
    with open(tmp_path / "b", "wb") as into, pytest.raises(CredentialError, match="only plain https"):
        fetching.fetch_into(
            into, f"{address}/to/http://a.example/", max_bytes=1000, timeout_s=5, local=True, elsewhere=True
        )


def test_a_host_out_there_does_not_send_us_to_this_machine(monkeypatch, tmp_path):
    """Where this machine is allowed as a host, only what it says itself may lead back to it."""
    monkeypatch.setattr(fetching, "_get", lambda *_, **__: (302, "http://127.0.0.1:9/secret"))
    with open(tmp_path / "a", "wb") as into, pytest.raises(CredentialError, match="only plain https"):
        fetching.fetch_into(into, "https://a.example/", max_bytes=9, timeout_s=5, local=True, elsewhere=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/x",
        "ftp://a.example/x",
        "file:///etc/passwd",
        "https://user:secret@a.example/",
        "https://a.example:22/",
        "https://",
        "https://[::1",
        "x",
        "",
    ],
)
def test_addresses_that_are_none(url):
    with pytest.raises(CredentialError):
        fetch(url, max_bytes=10)


@pytest.mark.parametrize(
    "inside",
    [
        "10.1.2.3",
        "127.0.0.1",
        "192.168.0.9",
        "169.254.169.254",
        "::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
    ],
)
def test_names_that_lead_inside_are_refused(monkeypatch, inside):
    """A name may resolve to anything: what counts is the address, and one bad among good ones is enough."""
    family = socket.AF_INET6 if ":" in inside else socket.AF_INET
    both = [(socket.AF_INET, 0, 0, "", ("93.184.216.34", 443)), (family, 0, 0, "", (inside, 443))]
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_, **__: both)
    monkeypatch.setattr(fetching.socket, "create_connection", lambda *_, **__: pytest.fail("connected"))
    with pytest.raises(CredentialError, match="inside a private network"):
        fetch("https://a.example/x", max_bytes=10)


def test_the_address_that_was_looked_at_is_the_one_called(monkeypatch):
    called = []

    def connect(target, timeout_s):
        called.append(target)
        raise OSError("enough")

    found = [(socket.AF_INET, 0, 0, "", ("93.184.216.34", 443))]
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(fetching.socket, "create_connection", connect)
    with pytest.raises(CredentialError, match="enough"):
        fetch("https://a.example/x", max_bytes=10)
    assert called == [("93.184.216.34", 443)]
