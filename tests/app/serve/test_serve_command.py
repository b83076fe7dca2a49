"""`foleymark serve` as people start it: a process of its own, its tokens, its end, and its sandbox."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from pipeline.app.cli import app
from pipeline.app.serve.running import given_settings
from pipeline.errors import UsageError
from pipeline.provenance.repository import open_repository

STORE = {"Content-Type": "application/c2pa"}
CAPABILITIES = {"queryByContent", "storeManifests", "storeBindings"}


@contextlib.contextmanager
def started(*arguments: str, home: Any = None) -> Iterator[tuple[subprocess.Popen, dict[str, Any]]]:
    """The command in a process of its own, and what it says of itself when it listens."""
    environment = os.environ | ({"FOLEYMARK_HOME": str(home)} if home else {})
    command = [sys.executable, "-m", "pipeline.app.cli", "serve", "--port", "0", "--json", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_it_serves_and_ends_when_it_is_asked_to(tmp_path, served_home, make_store, payload, monkeypatch):
    token = tell(served_home, "serve", "token", "add", "ci", "--scope", "write", "--json")["token"]
    store = make_store(payload)
    collector = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.getsockname()[1]}")
    with started("--repository", str(tmp_path / "r.db"), home=served_home) as (process, said), collector:
        assert said["api"].startswith("http://127.0.0.1:")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/c2pa"}
        with httpx.Client(base_url=said["api"], trust_env=False, timeout=30) as client:
            assert client.post("/manifests", content=store.data, headers=headers).status_code == 200
            assert client.get(f"/manifests/{store.label}").content == store.data
            tell(served_home, "serve", "token", "revoke", "ci")
            assert client.post("/manifests", content=store.data, headers=headers).status_code == 401
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=20)
        assert process.returncode == 0
        collector.setblocking(False)
        with pytest.raises(BlockingIOError):
            # nobody was told about it
            collector.accept()
        assert token not in complaints
        assert "Traceback" not in complaints
    with open_repository(str(tmp_path / "r.db"), create=False) as repository:
        kept = repository.manifest(store.label)
    assert kept is not None
    assert kept.store == store.data


def test_the_sandbox_lets_a_harness_do_what_it_wants(tmp_path, monkeypatch, make_store, payload):
    """The steps of a public conformance harness: it hands in bytes that are no manifests, and binds any value."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with started("--sandbox") as (process, said):
        assert said["sandbox"] is True
        headers = {"Authorization": f"Bearer {said['token']}"}
        with httpx.Client(base_url=said["api"], trust_env=False, timeout=30) as client:
            assert set(client.get("/services/capabilities").json()["supportedCapabilities"]) == CAPABILITIES
            assert (
                client.post("/manifests", content=b"x", headers={"Content-Type": "application/c2pa"}).status_code == 401
            )
            assert client.delete("/manifests/urn:c2pa:x").status_code == 401
            assert client.get("/manifests/urn:c2pa:does-not-exist", headers=headers).status_code == 404
            check_store_fetch_delete(client, headers)
            check_bindings(client, headers)
            check_receipts(client, headers)
            check_real_store(client, headers, make_store(payload), payload)
        assert list(tmp_path.iterdir())
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0
    assert not list(tmp_path.iterdir())


def handed_in(client: httpx.Client, headers: dict[str, str], **params: Any) -> tuple[bytes, dict[str, Any]]:
    data = f"fixture:{uuid.uuid4()}".encode()
    answer = client.post("/manifests", content=data, headers=headers | STORE, params=params)
    assert answer.status_code == 200
    return data, answer.json()


def check_store_fetch_delete(client, headers):
    data, made = handed_in(client, headers)
    path = f"/manifests/{made['manifestId'].replace(':', '%3A')}"
    assert client.get(path, headers=headers).content == data
    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(path, headers=headers).status_code == 404


def check_bindings(client, headers):
    (_, first), (_, second) = handed_in(client, headers), handed_in(client, headers)
    # words, not base64
    value = f"conformance-binding-{uuid.uuid4().int % 10**13:013}"
    body = {"bindingValue": value, "manifestId": first["manifestId"]}
    assert client.post("/bindings", json=body, headers=headers).status_code == 204
    found = client.get("/matches/byBinding", params={"value": value, "alg": "conformance-test"}, headers=headers).json()
    assert first["manifestId"] in [match["manifestId"] for match in found["matches"]]
    changed = body | {"manifestId": second["manifestId"]}
    assert client.put("/bindings", json=changed, headers=headers).status_code == 204
    nobody = body | {"manifestId": "urn:c2pa:does-not-exist"}
    assert client.post("/bindings", json=nobody, headers=headers).status_code == 404


def check_receipts(client, headers):
    _, made = handed_in(client, headers, returnReceipt="true")
    path = f"/manifests/{made['manifestId']}/receipts"
    assert client.get(path, headers=headers).json()["repository"]["manifestId"] == made["manifestId"]
    assert client.post(path, json=made["receipt"], headers=headers).json()["verified"] is True


def check_real_store(client, headers, store, payload):
    assert client.post("/manifests", content=store.data, headers=headers | STORE).json()["manifestId"] == store.label
    value = base64.b64encode(bytes.fromhex(payload)).decode()
    found = client.get("/matches/byBinding", params={"value": value, "alg": "io.foleymark.picture.1"}).json()
    assert found["matches"] == [{"manifestId": store.label, "similarityScore": 100}]
    assert client.post("/manifests", content=store.data[:-100], headers=headers | STORE).status_code == 400


def test_an_independent_verifier_accepts_what_was_fetched(serve_once, house):
    """A picture whose credentials were never in it, verified with the store that the server gave."""
    import c2pa
    from PIL import Image

    verifier = pytest.importorskip("encypher_c2pa")

    picture = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(picture, "PNG")
    asset, label = picture.getvalue(), f"urn:c2pa:{uuid.uuid4()}"
    created = {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation",
    }
    definition = {
        "label": label,
        "title": "red.png",
        "claim_generator_info": [{"name": "test", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }
    quiet = {"version": 1, "verify": {"verify_after_sign": False}, "builder": {"thumbnail": {"enabled": False}}}
    by = house[0]
    signer = c2pa.Signer.from_callback(by.sign, c2pa.C2paSigningAlg.ES256, by.chain_pem, None)
    with c2pa.Builder(definition, context=c2pa.Context(c2pa.Settings.from_dict(quiet))) as builder, signer:
        builder.set_no_embed()
        store = builder.sign(signer, "image/png", io.BytesIO(asset), io.BytesIO())
    sent = serve_once.token("write") | {"Content-Type": "application/c2pa"}
    assert serve_once.http.post("/v1/manifests", content=store, headers=sent).json()["manifestId"] == label
    fetched = serve_once.http.get(f"/v1/manifests/{label}").content
    changed = asset[:-20] + bytes([asset[-20] ^ 1]) + asset[-19:]

    def verdict(data: bytes) -> tuple[str, str]:
        found = verifier.verify(
            data,
            "image/png",
            manifest_store=fetched,
            trust_pem=by.root_pem,
            no_default_trust=True,
            telemetry=False,
            online=False,
        )
        return found["validation_state"], found["hard_binding"]

    assert verdict(asset) == ("Trusted", "match")
    assert verdict(changed) == ("Invalid", "mismatch")


# ---------------------------------------------------------------- options
def tell(home, *arguments: str) -> Any:
    """What the command prints, in this process."""
    result = CliRunner().invoke(app, arguments, env={"FOLEYMARK_HOME": str(home)})
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in arguments else result.stdout


def test_tokens_are_made_listed_and_revoked(tmp_path):
    secret = tell(tmp_path, "serve", "token", "add", "press", "--scope", "read", "--scope", "content", "--days", "30")
    assert secret.startswith("fmk_")
    (listed,) = tell(tmp_path, "serve", "token", "list", "--json")["tokens"]
    assert (listed["name"], listed["scopes"], listed["tenant"]) == ("press", ["read", "content"], "default")
    assert "sha256" not in listed
    assert "press" in tell(tmp_path, "serve", "token", "list")
    assert tell(tmp_path, "serve", "token", "revoke", "press", "--json") == {"revoked": "press"}
    assert tell(tmp_path, "serve", "token", "list", "--json") == {"tokens": []}
    assert "token add" in tell(tmp_path, "serve", "token", "list")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"host": "0.0.0.0"}, "--public"),
        ({"host": "192.0.2.1", "public": True}, "token"),
        ({"sandbox": True, "host": "0.0.0.0"}, "sandbox"),
        ({"sandbox": True, "repository": "x.db"}, "sandbox"),
        ({"sandbox": True, "public": True}, "sandbox"),
        ({"signers": "all"}, "--signers"),
        ({"origins": ("*",)}, "address"),
        ({"public_url": "javascript:alert(1)"}, "address"),
        ({"public_url": "https://example.org/path"}, "address"),
    ],
)
def test_what_would_open_too_much_is_refused(home, options, word):
    given = {"public": False, "repository": None, "host": "", "port": 0, "origins": (), "signers": "known"}
    with pytest.raises(UsageError, match=word):
        given_settings(**given | options)


def test_a_public_server_needs_a_word_and_a_token(home):
    tell(home, "serve", "token", "add", "x", "--scope", "write")
    settings = given_settings(public=True, repository=None, host="0.0.0.0", port=0)
    assert settings.repository == str(home / "repository.db")
    assert settings.allowed_hosts == ()


def test_a_port_that_is_taken(serve_once, home):
    result = CliRunner().invoke(app, ["serve", "--port", str(serve_once.port)], env={"FOLEYMARK_HOME": str(home)})
    assert isinstance(result.exception, UsageError)
    assert "--port" in str(result.exception)
