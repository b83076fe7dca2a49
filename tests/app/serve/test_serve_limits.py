"""What a server does with those who want too much, too fast, too slowly, or not what they say."""

from __future__ import annotations

import base64
import socket
import tempfile
import threading
import time
from pathlib import Path

import httpx
import pytest

from pipeline.app.serve.buckets import MAX_CALLERS, Buckets, address_key
from pipeline.app.serve.tokens import TokenFile
from pipeline.errors import CredentialError, UsageError

VALUE = base64.b64encode(bytes(8)).decode()
QUERY = {"alg": "io.foleymark.picture.1", "value": VALUE}
HOSTILE = (
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2fsecret",
    "' OR 1=1 --",
    "urn:c2pa:x'; DROP TABLE manifest;--",
    "<script>alert(1)</script>",
    "urn:c2pa:" + "a" * 5000,
    "urn:c2pa:\u202egnp",
    "%00",
    "urn:c2pa:a b",
    "${jndi:ldap://x}",
    "{{7*7}}",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_identifiers_that_are_none(serve_once, text):
    for path in (f"/v1/manifests/{text}", f"/v1/manifests/{text}/receipts"):
        answer = serve_once.http.get(path)
        assert answer.status_code in (400, 404)
        assert answer.headers["content-type"] == "application/json"
        assert "script" not in answer.text
        assert "DROP" not in answer.text


@pytest.mark.parametrize("text", HOSTILE)
def test_values_and_algorithms_that_are_none(serve_once, text):
    as_value = serve_once.http.get("/v1/matches/byBinding", params={"alg": "io.iscc.v0", "value": text})
    assert as_value.status_code in (400, 414)
    as_alg = serve_once.http.get("/v1/matches/byBinding", params={"alg": text, "value": VALUE})
    assert as_alg.status_code == 400
    as_body = serve_once.http.post("/v1/matches/byBinding", json={"alg": text, "value": text})
    assert as_body.status_code == 400
    for answer in (as_value, as_alg, as_body):
        assert set(answer.json()) == {"error"}
        assert text not in answer.text


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 400),
        ({"alg": "a.b"}, 400),
        ({"value": VALUE}, 400),
        ({**QUERY, "maxResults": "0"}, 400),
        ({**QUERY, "maxResults": "many"}, 400),
        ({**QUERY, "maxResults": "9" * 40}, 400),
        ({**QUERY, "value": ""}, 400),
        ({**QUERY, "value": "A" * 2049}, 414),
        ({**QUERY, "value": VALUE.rstrip("=")}, 200),
    ],
)
def test_queries_that_are_wrong(serve_once, params, status):
    assert serve_once.http.get("/v1/matches/byBinding", params=params).status_code == status


@pytest.mark.parametrize(
    "body",
    [b"", b"[1]", b"nul", b'{"alg":1,"value":2}', b"[" * 60_000, b'{"alg":"\\ud800","value":"AA=="}', b"\xff\xfe{}"],
)
def test_json_that_is_none(serve_once, body):
    answer = serve_once.http.post("/v1/matches/byBinding", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


def test_nothing_lists_what_there_is(serve_once):
    for path in (
        "/",
        "/v1",
        "/v1/",
        "/v1/manifests",
        "/v1/manifests/",
        "/v1/bindings",
        "/docs",
        "/redoc",
        "/openapi.json",
    ):
        assert serve_once.http.get(path).status_code in (404, 405), path


def test_every_answer_says_how_it_may_be_used(serve_once):
    for answer in (
        serve_once.http.get("/v1/services/status"),
        serve_once.http.get("/nothing"),
        serve_once.http.post("/v1/manifests"),
        serve_once.http.get("/v1/services/status", headers={"Authorization": "Bearer x"}),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


# ------------------------------------------------------------------ tokens
def test_tokens_and_scopes(serve_once, make_store, payload):
    http = serve_once.http
    store = make_store(payload)
    sent = {"Content-Type": "application/c2pa"}
    for wrong in ("", "Basic abc", "Bearer fmk_nonsense", "Bearer"):
        given = {"Authorization": wrong} if wrong else {}
        answer = http.post("/v1/manifests", content=store.data, headers=sent | given)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert http.delete("/v1/manifests/urn:c2pa:x").status_code == 401
    reader = serve_once.token("read")
    binding = {"bindingValue": VALUE, "manifestId": "x"}
    assert http.post("/v1/manifests", content=store.data, headers=sent | reader).status_code == 403
    assert http.post("/v1/bindings", json=binding, headers=reader).status_code == 403
    assert http.delete("/v1/manifests/urn:c2pa:x", headers=reader).status_code == 403
    assert http.post("/v1/matches/byContent", content=b"x", headers=reader).status_code == 403
    assert http.get("/v1/admin/receipts", headers=reader).status_code == 403
    assert http.get("/v1/admin/receipts", headers=serve_once.token("admin")).status_code == 200


def test_a_revoked_token_is_refused_at_once(serve_once):
    headers = serve_once.token("admin")
    tokens = TokenFile(serve_once.settings.tokens_path)
    assert serve_once.http.get("/v1/admin/receipts", headers=headers).status_code == 200
    tokens.revoke(tokens.all()[-1].name)
    assert serve_once.http.get("/v1/admin/receipts", headers=headers).status_code == 401


def test_reads_can_be_closed(serve):
    served = serve(open_reads=False)
    find = "/v1/matches/byBinding"
    assert served.http.get(find, params=QUERY).status_code == 401
    assert served.http.get("/v1/manifests/urn:c2pa:x").status_code == 401
    assert served.http.get("/v1/manifests/urn:c2pa:x/receipts").status_code == 401
    assert served.http.get(find, params=QUERY, headers=served.token("write")).status_code == 403
    assert served.http.get(find, params=QUERY, headers=served.token("read")).status_code == 200


def test_the_token_file(tmp_path):
    tokens = TokenFile(tmp_path / "serve" / "tokens.json")
    secret = tokens.add("ci", scopes=("read", "write"), tenant="north")
    assert secret not in tokens.path.read_text()
    assert tokens.path.stat().st_mode & 0o777 == 0o600
    found = tokens.find(secret)
    assert found is not None
    assert (found.name, found.tenant, found.allows("write"), found.allows("revoke")) == ("ci", "north", True, False)
    assert "sha256" not in repr(found)
    assert tokens.find(secret + "x") is None
    assert tokens.find("fmk_" + "a" * 10_000) is None
    with pytest.raises(UsageError, match="called"):
        tokens.add("ci", scopes=("read",))
    for name, scopes in (("a b", ("read",)), ("x", ()), ("x", ("root",))):
        with pytest.raises(UsageError):
            tokens.add(name, scopes=scopes)
    tokens.path.chmod(0o644)
    with pytest.raises(CredentialError, match="chmod 600"):
        TokenFile(tokens.path).find(secret)
    tokens.path.chmod(0o600)
    tokens.path.write_text("{}")
    with pytest.raises(CredentialError, match="damaged"):
        TokenFile(tokens.path).all()


def test_an_expired_token_is_unknown(tmp_path, monkeypatch):
    tokens = TokenFile(tmp_path / "tokens.json")
    secret = tokens.add("short", scopes=("read",), days=1)
    assert tokens.find(secret) is not None
    text = tokens.path.read_text()
    year = tokens.all()[0].expires[:4]
    tokens.path.write_text(text.replace(f'"expires": "{year}', '"expires": "2020'))
    assert tokens.find(secret) is None
    assert tokens.all()[0].is_expired


def test_tokens_made_at_once_are_all_kept(tmp_path):
    tokens = TokenFile(tmp_path / "tokens.json")
    makers = [
        threading.Thread(target=lambda n=n: TokenFile(tokens.path).add(f"t{n}", scopes=("read",))) for n in range(8)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert sorted(token.name for token in tokens.all()) == [f"t{n}" for n in range(8)]


# ------------------------------------------------------------------ amounts
def test_what_is_too_large_is_not_read(serve_once, serve):
    small = serve(limits={"store_bytes": 50_000, "content_bytes": 50_000})
    headers = small.token("write", "content")
    for path, kind in (("manifests", "application/c2pa"), ("matches/byContent", "video/mp4")):
        head = f"POST /v1/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {headers['Authorization']}\r\n"
        expects = "Expect: 100-continue\r\n"
        announced = head + expects + f"Content-Type: {kind}\r\nContent-Length: 50001\r\nConnection: close\r\n\r\n"
        assert small.raw(announced.encode()).startswith(b"HTTP/1.1 413 ")

        def pieces():
            for _ in range(20):
                yield bytes(4000)

        unannounced = small.http.post(f"/v1/{path}", content=pieces(), headers=headers | {"Content-Type": kind})
        assert unannounced.status_code == 413
    long = {"alg": "a.b", "value": "A" * 70_000}
    assert serve_once.http.post("/v1/matches/byBinding", json=long).status_code == 413


def test_a_body_nobody_asked_for_is_answered(serve_once):
    said = serve_once.http.post("/v1/manifests", content=bytes(100_000))
    assert said.status_code == 401
    assert serve_once.http.get("/v1/services/status").status_code == 200


def test_a_damaged_token_file_lets_nobody_in(serve, caplog):
    served = serve()
    headers = served.token("admin")
    served.settings.tokens_path.chmod(0o644)
    answer = served.http.get("/v1/admin/receipts", headers=headers)
    assert (answer.status_code, set(answer.json())) == (500, {"error"})
    assert "chmod" not in answer.text
    assert "chmod 600" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_headers_are_bounded(serve_once):
    many = "Connection: close\r\n" + "".join(f"X-{n}: 1\r\n" for n in range(70))
    assert serve_once.raw(f"GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n".encode()).startswith(b"HTTP/1.1 431 ")
    endless = f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'a' * 40_000}".encode()
    assert serve_once.raw(endless).startswith(b"HTTP/1.1 400 ")


def test_too_many_requests_are_sent_away(serve):
    served = serve(limits={"per_minute": 1.0, "burst": 5})
    # one was spent on seeing that the server is up
    answers = [served.http.get("/v1/services/capabilities") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 30
    # a token has a bucket of its own
    assert served.http.get("/v1/services/status", headers=served.token("read")).status_code == 200


def test_only_a_named_proxy_is_believed_about_who_asks(serve):
    few = {"per_minute": 1.0, "burst": 3}

    def codes(served):
        asked = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(6)]
        return {served.http.get("/v1/services/capabilities", headers=one).status_code for one in asked}

    assert codes(serve(limits=few)) == {200, 429}
    assert codes(serve(limits=few, proxies=("127.0.0.1",))) == {200}


def test_guessing_tokens_is_slow(serve):
    served = serve(limits={"per_minute": 1.0, "burst": 5})
    guess = {"Authorization": "Bearer fmk_guess"}
    codes = [served.http.get("/v1/services/status", headers=guess).status_code for _ in range(6)]
    assert codes[0] == 401
    assert codes[-1] == 429


def test_buckets():
    now = [0.0]
    buckets = Buckets(60, 2, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1.0]
    assert buckets.take("b") == 0
    now[0] = 1.0
    assert buckets.take("a") == 0
    for number in range(MAX_CALLERS + 10):
        buckets.take(str(number))
    assert len(buckets._buckets) == MAX_CALLERS
    assert address_key("2001:db8::1") == address_key("2001:db8::ffff") != address_key("2001:db8:0:1::1")
    assert address_key("::ffff:10.0.0.1") == address_key("10.0.0.1") != address_key("10.0.0.2")
    assert address_key("nonsense") == address_key("")


# ------------------------------------------------------------------ time
def test_a_client_that_never_ends_its_headers_is_hung_up_on(serve):
    served = serve(limits={"header_s": 0.3})
    for begun in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a"):
        assert served.raw(begun).startswith(b"HTTP/1.1 408 ")
    # a second request on the same line gets its own time, and no more
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as line:
        line.sendall(b"GET /v1/services/capabilities HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said = b""
        while not said.endswith(b"]}"):
            said += line.recv(65536)
        line.sendall(b"GET / HT")
        assert line.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_drips_is_not_waited_for(serve):
    before = set(Path(tempfile.gettempdir()).glob("foleymark-serve-*"))
    served = serve(limits={"pause_s": 0.2, "content_body_s": 0.5})
    headers = served.token("write", "content")

    def drip(pause_s: float):
        for _ in range(round(1.2 / pause_s)):
            yield b"0" * 100
            time.sleep(pause_s)

    # one pauses for too long, one never does and never ends
    for pause_s in (0.4, 0.05):
        sent = headers | {"Content-Type": "video/mp4"}
        with httpx.Client(base_url=str(served.http.base_url), timeout=30, trust_env=False) as client:
            answer = client.post("/v1/matches/byContent", content=drip(pause_s), headers=sent)
        assert answer.status_code == 408
    assert set(Path(tempfile.gettempdir()).glob("foleymark-serve-*")) <= before


def test_a_sender_who_leaves_is_cleared_up_after(serve_once, caplog):
    before = set(Path(tempfile.gettempdir()).glob("foleymark-serve-*"))
    secret = serve_once.token("content")["Authorization"]
    head = f"POST /v1/matches/byContent HTTP/1.1\r\nHost: localhost\r\nAuthorization: {secret}\r\n"
    head += "Content-Type: video/mp4\r\nContent-Length: 100000\r\n\r\n"
    with caplog.at_level("INFO", logger="pipeline.app.serve"):
        with socket.create_connection(("127.0.0.1", serve_once.port)) as line:
            line.sendall(head.encode() + bytes(1000))
            time.sleep(0.2)
        ends = time.monotonic() + 10
        while " 499 " not in caplog.text and time.monotonic() < ends:
            time.sleep(0.02)
    assert " 499 " in caplog.text
    assert "Traceback" not in caplog.text
    assert set(Path(tempfile.gettempdir()).glob("foleymark-serve-*")) <= before


def test_a_reader_who_takes_nothing_is_let_go(serve, make_store):
    served = serve(limits={"pause_s": 0.3})
    big = make_store("00" * 8, title="x")
    service = served.app.state.service
    padded = big.data + bytes(15_000_000)
    assert served.http.get("/v1/services/status").status_code == 200
    from pipeline.provenance.repository import StoredManifest

    real = service.repository.manifest
    stored = StoredManifest("urn:c2pa:big", padded, "", "", "", "default", "", "published", "public")
    service.repository.manifest = lambda label: stored if label == "urn:c2pa:big" else real(label)
    with socket.create_connection(("127.0.0.1", served.port)) as line:
        line.sendall(b"GET /v1/manifests/urn:c2pa:big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(1.0)
        line.settimeout(10)
        received = 0
        try:
            while piece := line.recv(1 << 20):
                received += len(piece)
        except ConnectionResetError:
            pass
    assert received < len(padded)
    assert served.http.get("/v1/services/status").status_code == 200


# ------------------------------------------------------------------ names
def test_a_name_that_is_not_ours_is_not_answered(serve_once):
    ours = b"GET /v1/services/capabilities HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
    for name, status in (
        (b"localhost:1", b"200"),
        (b"127.0.0.1", b"200"),
        (b"[::1]:8", b"200"),
        (b"evil.example", b"421"),
    ):
        assert serve_once.raw(ours % name).startswith(b"HTTP/1.1 " + status)


def test_pages_of_other_origins_call_only_when_named(serve, serve_once):
    origin = {"Origin": "https://pages.example"}
    assert "access-control-allow-origin" not in serve_once.http.get("/v1/services/status", headers=origin).headers
    served = serve(origins=("https://pages.example",))
    assert (
        served.http.get("/v1/services/status", headers=origin).headers["access-control-allow-origin"]
        == origin["Origin"]
    )
    other = served.http.get("/v1/services/status", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_the_log_knows_no_secrets(serve_once, caplog, make_store, payload):
    headers = serve_once.token("admin")
    with caplog.at_level("INFO", logger="pipeline.app.serve"):
        serve_once.http.get("/v1/admin/receipts", headers=headers)
        serve_once.http.get("/v1/matches/byBinding", params={"alg": "a.b", "value": VALUE})
        serve_once.http.get("/x%0A2026 forged")
        serve_once.http.get("/v1/services/status", headers={"Authorization": "Bearer fmk_wrong"})
    secret = headers["Authorization"].removeprefix("Bearer ")
    assert "/v1/admin/receipts" in caplog.text
    assert secret not in caplog.text
    assert "fmk_wrong" not in caplog.text
    assert VALUE not in caplog.text
    assert all("\n" not in record.getMessage() for record in caplog.records)


# ------------------------------------------------------------------ poison
def test_what_does_not_hold_is_not_taken_in(serve_once, make_store, payload, stranger):
    headers = serve_once.token("write")
    good = make_store(payload)

    def add(data, **more):
        sent = headers | {"Content-Type": "application/c2pa"} | more
        return serve_once.http.post("/v1/manifests", content=data, headers=sent).status_code

    # the value stands there as a CBOR list
    at = good.data.index(b"soft-binding") + 100
    bent = good.data[:at] + bytes([good.data[at] ^ 1]) + good.data[at + 1 :]
    assert add(b"") == 400
    assert add(b"no manifest") == 400
    assert add(good.data[:-200]) == 400
    assert add(bent) == 400
    assert add(bytes(60) + good.data) == 400
    assert add(good.data, **{"Content-Type": "application/json"}) == 415
    assert add(make_store(payload, by=stranger).data) == 403
    assert add(good.data) == 200
    same_name = make_store(payload, label=good.label, title="another")
    assert add(same_name.data) == 409
    found = serve_once.http.get(f"/v1/manifests/{good.label}")
    assert found.content == good.data
