"""Files that are recognised: the real chain, in the server's own child processes."""

from __future__ import annotations

import base64
import socket
import tempfile
import time
from pathlib import Path

import pytest

from pipeline.app.serve.scores import answerable, code_score, match_score
from pipeline.app.serve.uploads import sniffed_suffix
from pipeline.media.probe import probe
from pipeline.provenance.fingerprint import ALGORITHM, fingerprint_clip
from pipeline.records import RecoveryMatch

FRAMES = 5 * 24


@pytest.fixture(scope="module")
def clip(tmp_path_factory, make_clip) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", frames=FRAMES)


@pytest.fixture(scope="module")
def copy(tmp_path_factory, clip) -> Path:
    """The same pictures, encoded again and much harder, in another container."""
    import av

    path = tmp_path_factory.mktemp("copies") / "copy.mkv"
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        video = source.streams.video[0]
        stream = target.add_stream("libx264", rate=24, options={"crf": "32"})
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        for frame in source.decode(video):
            frame.pict_type = 0
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def registered(serve_once, make_store, clip) -> str:
    """A manifest with the clip's fingerprint and a mark, added over the API; its identifier."""
    store = make_store(bytes(range(1, 9)).hex(), fingerprint=fingerprint_clip(probe(clip)).blocks)
    added = serve_once.add(store, serve_once.token("write"))
    assert added.status_code == 200, added.text
    return store.label


def ask(served, data: bytes, kind="video/mp4", **params):
    headers = served.token("content") | {"Content-Type": kind}
    return served.http.post("/v1/matches/byContent", content=data, headers=headers, params=params)


def test_a_copy_leads_to_its_manifest(serve_once, registered, copy):
    before = set(Path(tempfile.gettempdir()).glob("foleymark-serve-*"))
    # named a picture by its sender: what counts is what it is
    answer = ask(serve_once, copy.read_bytes(), "image/png")
    assert answer.status_code == 200, answer.text
    (match,) = answer.json()["matches"]
    assert match["manifestId"] == registered
    # alike, and no mark that says more: never in the band of recovered ones
    assert 50 <= match["similarityScore"] < 90
    assert set(Path(tempfile.gettempdir()).glob("foleymark-serve-*")) <= before


def test_a_hint_is_a_hint(serve_once, registered, make_still, tmp_path):
    still = make_still(tmp_path / "other.jpg", width=320, height=240, index=77).read_bytes()
    hint = {"hintAlg": "io.foleymark.picture.1", "hintValue": base64.b64encode(bytes(range(1, 9))).decode()}
    # the content itself led to nothing, or there would be a score
    assert ask(serve_once, still, "image/jpeg", **hint).json() == {"matches": [{"manifestId": registered}]}
    for half in ({"hintAlg": "io.foleymark.picture.1"}, {"hintValue": "AA=="}):
        assert ask(serve_once, still, "image/jpeg", **half).status_code == 400


def test_a_fingerprint_near_to_a_registered_one_is_found(serve_once, registered, copy):
    blocks = fingerprint_clip(probe(copy)).blocks
    _, _, stretch = next(block for block in blocks if block[1])
    value = base64.b64encode(bytes.fromhex(stretch)).decode()
    answer = serve_once.http.post("/v1/matches/byBinding", json={"alg": ALGORITHM, "value": value})
    (match,) = answer.json()["matches"]
    assert match["manifestId"] == registered
    assert match["similarityScore"] >= 50
    other = base64.b64encode(bytes.fromhex(stretch)[:2] + bytes(range(32))).decode()
    assert serve_once.http.post("/v1/matches/byBinding", json={"alg": ALGORITHM, "value": other}).json() == {
        "matches": []
    }


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"", "video/mp4", 400),
        (b"words", "video/mp4", 415),
        (b"words", "text/plain", 415),
        (b"--x\r\n", "multipart/form-data; boundary=x", 415),
        (b"\0\0\0\x18ftypisom" + bytes(500), "video/mp4", 400),
    ],
)
def test_files_that_cannot_be_read(serve_once, data, kind, status):
    answer = ask(serve_once, data, kind)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}


def test_a_job_that_takes_too_long_is_ended(serve, clip):
    served = serve(limits={"recognise_s": 0.05})
    assert ask(served, clip.read_bytes()).status_code == 504


def test_a_job_that_wants_too_much_is_ended(serve, clip):
    served = serve(limits={"job_memory_bytes": 30 << 20})
    assert ask(served, clip.read_bytes()).status_code == 400


def test_nobody_works_for_those_who_left(serve_once, clip, caplog):
    secret, data = serve_once.token("content")["Authorization"], clip.read_bytes()
    head = f"POST /v1/matches/byContent HTTP/1.1\r\nHost: localhost\r\nAuthorization: {secret}\r\n"
    head += f"Content-Type: video/mp4\r\nContent-Length: {len(data)}\r\n\r\n"
    jobs = serve_once.app.state.service.jobs
    with caplog.at_level("INFO", logger="pipeline.app.serve"):
        with socket.create_connection(("127.0.0.1", serve_once.port)) as line:
            line.sendall(head.encode() + data)
            time.sleep(0.1)
        ends = time.monotonic() + 10
        while " 499 " not in caplog.text and time.monotonic() < ends:
            time.sleep(0.02)
    assert " 499 " in caplog.text
    assert "Traceback" not in caplog.text
    assert jobs._taken == 0


def test_too_many_jobs_are_sent_away(serve, clip):
    served = serve(limits={"jobs": 0, "waiting_jobs": 0})
    answer = ask(served, clip.read_bytes())
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert served.http.get("/v1/services/status").json()["status"] == "degraded"


def test_scores_keep_to_their_bands():
    def score(state, **more):
        return match_score(RecoveryMatch("urn:c2pa:x", state, "", **more))

    assert score("recovered", similarity=1.0) == 100
    assert score("recovered") == 90
    assert score("similar", similarity=1.0) == 89
    assert score("similar", distance=64) == 70
    assert score("similar", similarity=-1.0) == 50
    assert score("unsure") == 40
    assert score("transplant") is None
    assert score("recovered", revoked="on 2026-01-01: x") is None
    assert [code_score(bits) for bits in (0, 1, 64, 128, 256)] == [100, 89, 70, 50, 50]


def test_one_algorithm_can_be_asked_for():
    seen = RecoveryMatch("urn:c2pa:a", "recovered", "", found_by=("picture", "fingerprint"), similarity=0.5)
    heard = RecoveryMatch("urn:c2pa:b", "unsure", "", found_by=("sound",))
    moved = RecoveryMatch("urn:c2pa:c", "transplant", "", found_by=("picture",))
    found = (seen, heard, moved)
    assert answerable(found, None) == [("urn:c2pa:a", 95), ("urn:c2pa:b", 40)]
    assert answerable(found, "io.foleymark.sound.1") == [("urn:c2pa:b", 40)]
    assert answerable(found, "io.iscc.v0") == [("urn:c2pa:a", 95)]
    assert answerable(found, "com.example.other") == []


def test_suffixes_are_told_by_content():
    assert sniffed_suffix(b"\0\0\0\x18ftypqt  ") == ".mov"
    assert sniffed_suffix(b"\0\0\0\x18ftypmp42") == ".mp4"
    assert sniffed_suffix(b"RIFF\0\0\0\0WEBP") == ".webp"
    assert sniffed_suffix(b"G" + bytes(187) + b"G") == ".ts"
    assert sniffed_suffix(b"#!/bin/sh") == ""
    assert sniffed_suffix(b"") == ""
