"""Keys in HashiCorp Vault: against a server of our own on loopback that does what the transit engine does."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from key_services import WITH_HASHES, sign_digest, trusted

from pipeline.errors import CredentialError
from pipeline.provenance.signing.identity import open_identity


def transit(key, seen):
    """The transit engine's `sign`, for one key called studio."""

    def answer(path, headers, asked):
        seen.append(asked)
        if headers["X-Vault-Token"] != "s.token":
            return 403, {"errors": ["permission denied"]}
        if path != "/v1/transit/sign/studio":
            return 404, {"errors": []}
        data = base64.b64decode(asked["input"])
        if not asked.get("prehashed"):
            signature = key.sign(data)
        elif asked.get("signature_algorithm") == "pss":
            assert asked["salt_length"] == "hash"
            signature = sign_digest(key, asked["hash_algorithm"][-3:], data, pss=True)
        else:
            assert asked["marshaling_algorithm"] == "asn1"
            signature = sign_digest(key, asked["hash_algorithm"][-3:], data)
        version = asked.get("key_version", 3)
        return 200, {"data": {"signature": f"vault:v{version}:{base64.b64encode(signature).decode()}"}}

    return answer


@pytest.fixture
def vault_identity(serve, write_identity, tmp_path, monkeypatch):
    """A function that opens an identity whose key is in a vault that answers as told."""
    monkeypatch.setenv("VAULT_TOKEN", "s.token")

    def opened(public_key, answer, **fields):
        path = write_identity(public_key, signer="vault", address=serve(answer), key="studio", **fields)
        return open_identity(path, home=tmp_path)

    return opened


@pytest.mark.parametrize("algorithm", [*WITH_HASHES, "ed25519"])
def test_vault_signs(algorithm, key_of, vault_identity, issuer, sdk_sign, sdk_read):
    key, seen = key_of(algorithm), []
    identity = vault_identity(key.public_key(), transit(key, seen), algorithm=algorithm)
    assert trusted(identity, issuer, sdk_sign, sdk_read)
    assert len(seen) == 1 and "key_version" not in seen[0]


def test_vault_token_from_a_file_and_a_chosen_version(key_of, vault_identity, tmp_path, monkeypatch):
    monkeypatch.delenv("VAULT_TOKEN")
    (tmp_path / "token").write_text("s.token\n")
    (tmp_path / "token").chmod(0o600)
    seen = []
    identity = vault_identity(
        key_of("es256").public_key(), transit(key_of("es256"), seen), token_file="token", key_version=2
    )
    assert identity.sign(b"claim") and seen[0]["key_version"] == 2


def test_vault_that_is_busy_is_asked_again(key_of, vault_identity):
    right, seen = transit(key_of("es256"), []), []

    def answer(*request):
        seen.append(request)
        return right(*request) if len(seen) == 3 else (503, {"errors": ["Vault is sealed"]})

    assert vault_identity(key_of("es256").public_key(), answer).sign(b"claim")
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("answer", "said", "asked"),
    [
        ((403, {"errors": ["permission denied"]}), "does not let this token sign with 'studio'", 1),
        ((404, {"errors": []}), "has no transit/sign/studio", 1),
        ((503, {"errors": ["Vault is sealed"]}), "HTTP 503: Vault is sealed", 2),
        ((307, b""), "HTTP 307", 1),
        ((200, b"<html>"), "no signature", 1),
        ((200, {"data": {"signature": "vault:v1:%%%"}}), "no signature", 1),
        ((200, {"data": {"signature": 7}}), "no signature", 1),
        ((200, b"[" * 100_000), "no signature", 1),
        ((200, b"x" * (2 << 20)), "far too large", 1),
    ],
)
def test_vault_that_does_not_sign_is_quoted(answer, said, asked, key_of, vault_identity):
    seen = []

    def reply(*request):
        seen.append(request)
        return answer

    identity = vault_identity(key_of("es256").public_key(), reply, attempts=2)
    with pytest.raises(CredentialError) as caught:
        identity.sign(b"claim")
    assert said in str(caught.value) and "s.token" not in str(caught.value)
    assert len(seen) == asked


def test_vault_with_another_key(key_of, vault_identity):
    other = ec.generate_private_key(ec.SECP256R1())
    identity = vault_identity(key_of("es256").public_key(), transit(other, []))
    with pytest.raises(CredentialError, match="the key in vault studio does not belong"):
        identity.sign(b"claim")


def test_vault_that_is_not_there(key_of, write_identity, tmp_path, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", "s.token")
    fields = {"signer": "vault", "address": "http://127.0.0.1:9", "key": "studio", "attempts": 1}
    identity = open_identity(write_identity(key_of("es256").public_key(), **fields), home=tmp_path)
    with pytest.raises(CredentialError, match="nobody listens there"):
        identity.sign(b"claim")


@pytest.fixture
def tls_files(tmp_path):
    """A server's certificate with its key, and the authority that issued it, as PEM files."""
    import ipaddress
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec as curves

    from pipeline.provenance.signing.certificates import make_root, pem_of
    from pipeline.provenance.signing.pem_files import key_pem

    now = datetime.now(UTC)
    root_key, root = make_root("Intranet", now=now)
    key = curves.generate_private_key(curves.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vault")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(
        root.subject, name, key.public_key(), 7, now - timedelta(hours=1), now + timedelta(days=1)
    )
    issued = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    builder = builder.add_extension(address, critical=False).add_extension(issued, critical=False)
    (tmp_path / "server.pem").write_text(pem_of(builder.sign(root_key, hashes.SHA256())) + key_pem(key))
    (tmp_path / "intranet.pem").write_text(pem_of(root))
    return tmp_path / "server.pem", tmp_path / "intranet.pem"


def test_vault_behind_a_certificate_of_the_house(key_of, serve, tls_files, write_identity, tmp_path, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", "s.token")
    address = serve(transit(key_of("es256"), []), tls=tls_files[0])

    def opened(**fields):
        known = {"signer": "vault", "address": address, "key": "studio", "attempts": 1}
        return open_identity(write_identity(key_of("es256").public_key(), **known | fields), home=tmp_path)

    assert opened(ca_file="intranet.pem").sign(b"claim")
    with pytest.raises(CredentialError, match="its certificate is not trusted"):
        opened().sign(b"claim")
