"""The authority: what it writes, what it refuses, and the reasons it gives."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.signing.authority import init_authority, load_authority, renew_leaf
from pipeline.provenance.signing.certificates import CLAIM_SIGNING_OID

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_init_writes_three_private_files(tmp_path):
    made = init_authority(tmp_path / "keys", organisation="Studio", now=NOW)
    names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert names == {"root.pem": 0o600, "root-key.pem": 0o600, "signing.pem": 0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
    assert (made.organisation, made.days_left) == ("Studio", 365)
    assert made.expires.startswith("2027-03-01") and len(made.root_fingerprint) == 64


def test_key_is_not_shown(tmp_path):
    made = init_authority(tmp_path / "keys", now=NOW)
    assert "PRIVATE" not in repr(made) and "sign=" not in repr(made)


def test_leaf_follows_the_certificate_profile(tmp_path):
    made = init_authority(tmp_path / "keys", now=NOW)
    leaf = x509.load_pem_x509_certificates(made.chain_pem.encode())[0]
    root = x509.load_pem_x509_certificates(made.root_pem.encode())[0]
    extension = {type(one.value): one for one in leaf.extensions}
    assert {one.dotted_string for one in extension[x509.ExtendedKeyUsage].value} >= {CLAIM_SIGNING_OID}
    assert extension[x509.BasicConstraints].value.ca is False
    usage = extension[x509.KeyUsage]
    assert usage.critical and usage.value.digital_signature and not usage.value.key_cert_sign
    issuer_id = extension[x509.AuthorityKeyIdentifier].value.key_identifier
    assert issuer_id == root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert leaf.public_key().curve.name == "secp256r1" and root.public_key().curve.name == "secp384r1"
    leaf.verify_directly_issued_by(root)


def test_signature_is_der_over_sha256(tmp_path):
    made = init_authority(tmp_path / "keys", now=NOW)
    leaf = x509.load_pem_x509_certificates(made.chain_pem.encode())[0]
    leaf.public_key().verify(made.sign(b"claim"), b"claim", ec.ECDSA(hashes.SHA256()))


def test_init_refuses_a_git_tree(tmp_path):
    (tmp_path / ".git").mkdir()
    with pytest.raises(CredentialError, match="git work tree"):
        init_authority(tmp_path / "deep" / "keys", now=NOW)
    assert not (tmp_path / "deep").exists()


def test_init_refuses_to_overwrite(tmp_path):
    first = init_authority(tmp_path / "keys", now=NOW)
    with pytest.raises(CredentialError, match="holds an authority already"):
        init_authority(tmp_path / "keys", now=NOW)
    assert load_authority(tmp_path / "keys", now=NOW).chain_pem == first.chain_pem


def test_init_refuses_a_folder_in_use(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(CredentialError, match="not empty"):
        init_authority(tmp_path, now=NOW)


def test_init_refuses_an_empty_name(tmp_path):
    with pytest.raises(UsageError, match="organisation"):
        init_authority(tmp_path / "keys", organisation="  ", now=NOW)


def test_init_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def full(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.provenance.signing.pem_files.write_private", full)
    with pytest.raises(OSError, match="No space"):
        init_authority(tmp_path / "keys", now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_renew_keeps_the_root(tmp_path):
    first = init_authority(tmp_path / "keys", now=NOW)
    later = renew_leaf(tmp_path / "keys", now=NOW + timedelta(days=300))
    assert later.root_fingerprint == first.root_fingerprint
    assert later.chain_pem != first.chain_pem and later.days_left == 365
    assert stat.S_IMODE((tmp_path / "keys" / "signing.pem").stat().st_mode) == 0o600


def test_renew_works_after_the_leaf_expired(tmp_path):
    init_authority(tmp_path / "keys", now=NOW)
    later = NOW + timedelta(days=400)
    with pytest.raises(CredentialError, match="expired on 2027-03-01"):
        load_authority(tmp_path / "keys", now=later)
    assert renew_leaf(tmp_path / "keys", now=later).days_left == 365


def test_renew_after_the_root_expired_says_so(tmp_path):
    init_authority(tmp_path / "keys", now=NOW)
    with pytest.raises(CredentialError, match="root certificate .* has expired"):
        renew_leaf(tmp_path / "keys", now=NOW + timedelta(days=4000))


def test_signing_needs_no_root_key(tmp_path):
    init_authority(tmp_path / "keys", now=NOW)
    (tmp_path / "keys" / "root-key.pem").rename(tmp_path / "root-key.pem")
    assert load_authority(tmp_path / "keys", now=NOW).sign(b"x")


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_load_refuses_a_key_that_others_can_read(tmp_path):
    init_authority(tmp_path / "keys", now=NOW)
    (tmp_path / "keys" / "signing.pem").chmod(0o640)
    with pytest.raises(CredentialError, match="chmod 600"):
        load_authority(tmp_path / "keys", now=NOW)


def test_load_of_nothing_says_how_to_begin(tmp_path):
    with pytest.raises(CredentialError, match="foleymark keys init"):
        load_authority(tmp_path / "keys", now=NOW)


@pytest.mark.parametrize("name", ["root.pem", "signing.pem"])
def test_load_refuses_damaged_files(tmp_path, name):
    init_authority(tmp_path / "keys", now=NOW)
    (tmp_path / "keys" / name).write_bytes(b"\x00\xff not a certificate")
    with pytest.raises(CredentialError, match="holds no readable certificate"):
        load_authority(tmp_path / "keys", now=NOW)


def test_load_refuses_a_foreign_root(tmp_path):
    init_authority(tmp_path / "keys", now=NOW)
    init_authority(tmp_path / "other", now=NOW)
    (tmp_path / "other" / "root.pem").replace(tmp_path / "keys" / "root.pem")
    with pytest.raises(CredentialError, match="not issued by the root"):
        load_authority(tmp_path / "keys", now=NOW)


def test_load_refuses_a_foreign_key(tmp_path):
    first = init_authority(tmp_path / "keys", now=NOW)
    init_authority(tmp_path / "other", now=NOW)
    key = (tmp_path / "other" / "signing.pem").read_text().partition("-----BEGIN PRIVATE KEY-----")[2]
    (tmp_path / "keys" / "signing.pem").write_text(first.chain_pem + "-----BEGIN PRIVATE KEY-----" + key)
    with pytest.raises(CredentialError, match="does not belong to the certificate"):
        load_authority(tmp_path / "keys", now=NOW)


def test_long_names_fit_the_certificate(tmp_path):
    made = init_authority(tmp_path / "keys", organisation="Ä" * 200, now=NOW)
    assert made.organisation == "Ä" * 32
