"""A time stamp authority (RFC 3161) of our own on loopback, for tests and benchmarks: real tokens, real faults.

It has a root and a signing certificate as the C2PA time stamp profile wants them, answers over HTTP, and
misbehaves on request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Fault = Literal[
    "", "nonce", "imprint", "rejected", "garbage", "hang", "huge", "error", "no-certificate", "drip", "bulky"
]
# any policy: this one is of the arc for examples (RFC 7299)
POLICY_OID = "1.3.6.1.4.1.32473.1"
# certificates that make a token of some 20 kB
BULKY = 40
HUGE_BYTES = 4 << 20


class LocalTsa:
    """The authority; a context manager. `root_pem` is what a verifier has to know."""

    def __init__(self, *, clock: Callable[[], datetime] | None = None, rsa: bool = False) -> None:
        self.fault: Fault = ""
        # answers after which it behaves, or None to misbehave for good
        self.faults_left: int | None = None
        self.requests = 0
        self.clock = clock or (lambda: datetime.now(UTC))
        self._released = threading.Event()
        self._make_certificates(rsa)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        # a hanging answer must not keep the process
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/tsa"

    def __enter__(self) -> LocalTsa:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # ---------------------------------------------------------- certificates
    def _make_certificates(self, rsa: bool) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys
        from cryptography.hazmat.primitives.serialization import Encoding

        from pipeline.provenance.signing.certificates import key_usage

        root_key = ec.generate_private_key(ec.SECP384R1())
        self._key: Any = rsa_keys.generate_private_key(65537, 2048) if rsa else ec.generate_private_key(ec.SECP256R1())
        root = _certificate("Test time root", root_key.public_key(), "Test time root", root_key.public_key())
        root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        root = root.add_extension(key_usage(certify=True), critical=True)
        self._root = root.sign(root_key, hashes.SHA384())
        leaf = _certificate("Test time stamps", self._key.public_key(), "Test time root", root_key.public_key())
        leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        leaf = leaf.add_extension(key_usage(certify=False), critical=True)
        purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
        self._leaf = leaf.add_extension(purpose, critical=True).sign(root_key, hashes.SHA384())
        self.root_pem = self._root.public_bytes(Encoding.PEM).decode()

    # --------------------------------------------------------------- answers
    def _handler(self) -> type[BaseHTTPRequestHandler]:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the library's name
                request = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                authority._respond(self, request)

            def log_message(self, *_: Any) -> None:
                """Tests read no log."""

        return Handler

    def _respond(self, handler: BaseHTTPRequestHandler, request: bytes) -> None:
        self.requests += 1
        fault = self._next_fault()
        if fault == "hang":
            self._released.wait(60)
            return
        body = b"<html>busy</html>" if fault in ("garbage", "error") else self._answer(request, fault)
        if fault == "huge":
            body = body + b"\0" * HUGE_BYTES
        handler.send_response(503 if fault == "error" else 200)
        handler.send_header("Content-Type", "application/timestamp-reply")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            if fault == "drip":
                self._drip(handler, body)
            else:
                handler.wfile.write(body)
        except OSError:
            # the other side had enough, as it should
            handler.close_connection = True

    def _drip(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        for byte in body:
            if self._released.wait(0.2):
                return
            handler.wfile.write(bytes([byte]))

    def _next_fault(self) -> Fault:
        if self.faults_left is None:
            return self.fault
        self.faults_left -= 1
        return self.fault if self.faults_left >= 0 else ""

    def _answer(self, request: bytes, fault: Fault) -> bytes:
        from asn1crypto import tsp

        asked = tsp.TimeStampReq.load(request)
        if fault == "rejected":
            status = tsp.PKIStatusInfo({"status": "rejection", "status_string": ["no more today"]}).dump()
            # a refusal has no token, which the library's own record cannot leave out
            return bytes([0x30, len(status)]) + status
        token = self._token(asked, fault)
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump()

    def _token(self, asked: Any, fault: Fault) -> Any:
        import secrets

        from asn1crypto import cms, tsp

        imprint = asked["message_imprint"].copy()
        if fault == "imprint":
            imprint["hashed_message"] = bytes(len(imprint["hashed_message"].native))
        nonce = asked["nonce"].native
        info = {
            "version": "v1",
            "policy": POLICY_OID,
            "message_imprint": imprint,
            "serial_number": secrets.randbits(64),
            "gen_time": self.clock().replace(microsecond=0),
        }
        if nonce is not None:
            info["nonce"] = nonce + 1 if fault == "nonce" else nonce
        content = tsp.TSTInfo(info).dump()
        data = self._signed_data(content, certificates={"no-certificate": 0, "bulky": BULKY}.get(fault, 2))
        return cms.ContentInfo({"content_type": "signed_data", "content": data})

    def _signed_data(self, content: bytes, *, certificates: int) -> Any:
        from asn1crypto import cms, x509
        from cryptography.hazmat.primitives.serialization import Encoding

        leaf = x509.Certificate.load(self._leaf.public_bytes(Encoding.DER))
        root = x509.Certificate.load(self._root.public_bytes(Encoding.DER))
        attributes = self._attributes(content, leaf)
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    "issuer_and_serial_number",
                    cms.IssuerAndSerialNumber({"issuer": leaf.issuer, "serial_number": leaf.serial_number}),
                ),
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_rsa" if self._is_rsa() else "sha256_ecdsa"},
                # the attributes are signed in the form of a SET (RFC 5652, 5.4)
                "signature": self._sign(attributes.untag().dump(force=True)),
            }
        )
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(content)},
                "certificates": [leaf, *[root] * (certificates - 1)] if certificates else None,
                "signer_infos": [signer],
            }
        )

    def _attributes(self, content: bytes, leaf: Any) -> Any:
        import hashlib

        from asn1crypto import cms, tsp

        certificate_id = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(leaf.dump()).digest()})
        return cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": self.clock()})]}),
                cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
                cms.CMSAttribute(
                    {
                        "type": "signing_certificate_v2",
                        "values": [tsp.SigningCertificateV2({"certs": [certificate_id]})],
                    }
                ),
            ]
        )

    def _is_rsa(self) -> bool:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return isinstance(self._key, rsa.RSAPrivateKey)

    def _sign(self, data: bytes) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding

        if self._is_rsa():
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))


def _certificate(subject: str, key: Any, issuer: str, issuer_key: Any) -> Any:
    from cryptography import x509

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # stamps of years ago have to be possible
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _name(common: str) -> Any:
    from cryptography import x509

    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Test Time"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common),
        ]
    )
