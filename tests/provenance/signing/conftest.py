"""Factories: keys of every algorithm, certificates right and wrong, identity files, and the bare SDK."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

CURVES = {"es256": "SECP256R1", "es384": "SECP384R1", "es512": "SECP521R1"}


@dataclass(frozen=True)
class Issuer:
    """A root that certifies keys for tests."""

    key: Any
    certificate: Any

    def certify(self, public_key: Any) -> Any:
        from pipeline.provenance.signing.certificates import issue_leaf

        return issue_leaf(self.key, self.certificate, public_key, now=datetime.now(UTC))

    @property
    def pem(self) -> str:
        from pipeline.provenance.signing.certificates import pem_of

        return pem_of(self.certificate)


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    from pipeline.provenance.signing.certificates import make_root

    return Issuer(*make_root("Test Studio", now=datetime.now(UTC) - timedelta(days=1)))


@pytest.fixture(scope="session")
def key_of():
    """A private key for an algorithm; the same one each time."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    made: dict[str, Any] = {}

    def key(algorithm: str) -> Any:
        kind = "rsa" if algorithm.startswith("ps") else algorithm
        if kind not in made:
            if kind == "rsa":
                made[kind] = rsa.generate_private_key(65537, 2048)
            elif kind == "ed25519":
                made[kind] = ed25519.Ed25519PrivateKey.generate()
            else:
                made[kind] = ec.generate_private_key(getattr(ec, CURVES[kind])())
        return made[kind]

    return key


@pytest.fixture
def write_identity(tmp_path, issuer):
    """A function that writes identity.yaml with a certificate for a public key, and what else it is given."""
    import yaml

    from pipeline.provenance.signing.certificates import pem_of

    def write(public_key: Any, **fields: Any) -> Path:
        (tmp_path / "chain.pem").write_text(pem_of(issuer.certify(public_key)))
        (tmp_path / "root.pem").write_text(issuer.pem)
        path = tmp_path / "identity.yaml"
        path.write_text(yaml.safe_dump({"chain": "chain.pem", "root": "root.pem"} | fields))
        return path

    return write


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (9, 80, 200)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def sdk_sign(jpeg):
    """The bare SDK: signs a small picture with a chain and a callback."""
    import c2pa

    action = {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    }
    manifest = {
        "claim_generator_info": [{"name": "test"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }

    def sign(chain_pem: str, algorithm: str, callback, *, timestamp_url: str = "", trust: Any = None) -> bytes:
        settings = {"core": {"allowed_network_hosts": ["127.0.0.1"]}, "trust": trust or {}}
        context = c2pa.Context(c2pa.Settings.from_dict(settings))
        kind = getattr(c2pa.C2paSigningAlg, algorithm.upper())
        signed = io.BytesIO()
        with (
            c2pa.Builder(manifest, context=context) as builder,
            c2pa.Signer.from_callback(callback, kind, chain_pem, timestamp_url or None) as signer,
        ):
            builder.sign(signer, "image/jpeg", io.BytesIO(jpeg), signed)
        return signed.getvalue()

    return sign


@pytest.fixture(scope="session")
def sdk_read():
    """The bare SDK: (state, codes of failures and remarks) of a signed picture, with roots to believe."""
    import c2pa

    def read(signed: bytes, root_pem: str, *, tsa_pem: str = "", trust: Any = None) -> tuple[str, list[str]]:
        anchors = [{"trust_anchors": root_pem, "trust_uri": "own", "trust_kind": "manifest"}] if root_pem else []
        if tsa_pem:
            anchors.append({"trust_anchors": tsa_pem, "trust_uri": "time", "trust_kind": "tsa"})
        settings = {"core": {"allowed_network_hosts": []}, "trust": {"anchors": anchors} | (trust or {})}
        context = c2pa.Context(c2pa.Settings.from_dict(settings))
        with c2pa.Reader("image/jpeg", io.BytesIO(signed), context=context) as reader:
            report = json.loads(reader.json())
        results = report["validation_results"]["activeManifest"]
        codes = [one["code"] for part in ("failure", "informational", "success") for one in results[part]]
        return report["validation_state"], codes

    return read


@pytest.fixture(scope="session")
def short_lived(issuer):
    """A function that certifies a key for some seconds from now."""
    from pipeline.provenance.signing.certificates import LEAF_DAYS, issue_leaf

    def certify(public_key: Any, *, lasts_s: float) -> Any:
        # the usual days, counted from so long ago that this much is left
        then = datetime.now(UTC) + timedelta(seconds=lasts_s) - timedelta(days=LEAF_DAYS)
        return issue_leaf(issuer.key, issuer.certificate, public_key, now=then)

    return certify


@pytest.fixture
def tsa():
    """A time stamp authority on loopback."""
    from benchmarks.local_tsa import LocalTsa

    with LocalTsa() as authority:
        yield authority


@pytest.fixture(scope="session")
def root():
    """A root with its key."""
    from certificate_recipes import AUTHORITY, Recipe

    return Recipe(common="root", **AUTHORITY).issue()


@pytest.fixture(scope="session")
def rsa_root():
    """A root with an RSA key."""
    from certificate_recipes import AUTHORITY, Recipe
    from cryptography.hazmat.primitives.asymmetric import rsa

    return Recipe(common="rsa root", key=rsa.generate_private_key(65537, 2048), **AUTHORITY).issue()


@pytest.fixture
def sdk_trusts(sdk_sign, sdk_read):
    """Whether the SDK signs with a chain and calls the result trusted."""

    def ask(chain, key, root, algorithm="es256"):
        import c2pa

        from pipeline.provenance.signing.algorithms import sign_with
        from pipeline.provenance.signing.certificates import pem_of

        text = "".join(pem_of(one) for one in chain)
        try:
            signed = sdk_sign(text, algorithm, lambda data: sign_with(key, algorithm, data))
        except c2pa.C2paError:
            return False
        return sdk_read(signed, pem_of(root))[0] == "Trusted"

    return ask


@pytest.fixture
def serve():
    """A function that runs answers to POSTs on loopback: (path, headers, body) -> (status, body)."""
    import json
    import ssl
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    servers = []

    def start(answer, *, tls=None):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, reply = answer(self.path, self.headers, json.loads(body))
                data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            # a client that turns away is no concern of the server
            server.handle_error = lambda *_: None
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        servers.append((server, thread))
        return f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()
