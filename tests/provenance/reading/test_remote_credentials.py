"""Credentials that a file only points to: fetched when somebody asks for it, from hosts that were named."""

from __future__ import annotations

import http.server
import threading

import pytest

from pipeline import checking
from pipeline.config import CheckSettings
from pipeline.keys import Keys
from pipeline.provenance.trust.anchors import add_anchors


@pytest.fixture
def served():
    """A server on this machine: its address, what it serves by path, and who came."""

    class Handler(http.server.BaseHTTPRequestHandler):
        stores: dict[str, bytes] = {}
        asked: list[str] = []

        def do_GET(self) -> None:
            Handler.asked.append(self.path)
            content = Handler.stores.get(self.path)
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def keys(authority, tmp_path) -> Keys:
    (tmp_path / "root.pem").write_text(authority.root_pem)
    found = Keys(tmp_path / "home")
    add_anchors(found.home / "trust", tmp_path / "root.pem", mine=True)
    return found


@pytest.fixture
def pointing(clip, created, sign_as, served, tmp_path):
    address, handler = served
    path = tmp_path / "a.mp4"
    definition = {"title": "x", "assertions": [created]}
    handler.stores = {"/a.c2pa": sign_as(clip, path, definition, embed=False, remote_url=f"{address}/a.c2pa")}
    handler.asked = []
    return path


def look(path, keys, *hosts: str, local: bool = True):
    settings = CheckSettings(fetch_hosts=hosts)
    return checking.check(path, keys=keys, parts=("credentials",), settings=settings, local=local)


def test_nothing_is_fetched_unasked(pointing, keys, served):
    result = look(pointing, keys)
    assert result.credential.integrity == "none" and result.credential.remote_url.endswith("/a.c2pa")
    assert result.verdict.name == "inconclusive" and "nothing was fetched" in result.verdict.explanation
    assert served[1].asked == []


def test_named_host_is_asked(pointing, keys, served):
    result = look(pointing, keys, "127.0.0.1")
    assert served[1].asked == ["/a.c2pa"]
    found = result.credential
    assert (found.integrity, found.signer, found.binding, found.origin) == ("exact", "own", "hard", "remote")
    assert result.verdict.name == "declared_ai"


def test_other_hosts_and_this_machine_are_not(pointing, keys, served):
    for hosts, local, reason in ((("a.example",), True, "not among the hosts"), (("127.0.0.1",), False, "https")):
        result = look(pointing, keys, *hosts, local=local)
        assert result.credential.integrity == "none" and served[1].asked == []
        assert any(reason in line for line in result.verdict.not_checked)


@pytest.mark.parametrize("content", [None, b"", b"<html>", bytes(1000)])
def test_what_is_no_manifest_there_is_told(pointing, keys, served, content):
    served[1].stores = {} if content is None else {"/a.c2pa": content}
    result = look(pointing, keys, "127.0.0.1")
    assert result.credential.integrity == "none"
    assert any("were not read" in line for line in result.verdict.not_checked)


def test_manifest_of_another_film_does_not_count(pointing, keys, created, sign_as, make_clip, served, tmp_path):
    other = make_clip(tmp_path / "other.mp4", size_px=96)
    definition = {"title": "other", "assertions": [created]}
    served[1].stores = {"/a.c2pa": sign_as(other, tmp_path / "b.mp4", definition, embed=False)}
    result = look(pointing, keys, "127.0.0.1")
    assert result.credential.integrity == "altered" and result.verdict.name != "declared_ai"
