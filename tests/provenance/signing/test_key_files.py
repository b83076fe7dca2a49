"""Keys in files: every algorithm through the SDK, encrypted keys, and identity files that a stranger wrote."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.signing.algorithms import ALGORITHMS
from pipeline.provenance.signing.authority import init_authority
from pipeline.provenance.signing.identity import make_identity, open_identity


def write_key(path, key, *, passphrase=b"", kind=PrivateFormat.PKCS8):
    how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    path.write_bytes(key.private_bytes(Encoding.PEM, kind, how))
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_signs_what_the_sdk_trusts(
    algorithm, key_of, write_identity, tmp_path, sdk_sign, sdk_read, issuer
):
    key = key_of(algorithm)
    write_key(tmp_path / "key.pem", key)
    path = write_identity(key.public_key(), signer="files", key="key.pem", algorithm=algorithm)
    identity = open_identity(path, home=tmp_path / "nothing")
    assert (identity.algorithm, identity.organisation) == (algorithm, "Test Studio")
    assert identity.root_pem == issuer.pem and identity.days_left >= 363
    state, _ = sdk_read(sdk_sign(identity.chain_pem, algorithm, identity.sign), issuer.pem)
    assert state == "Trusted"


def test_home_folder_without_identity_file_uses_the_authority(tmp_path):
    with pytest.raises(CredentialError, match="foleymark keys init"):
        open_identity(home=tmp_path)
    made = init_authority(tmp_path / "authority", organisation="Studio")
    assert open_identity(home=tmp_path) == made and made.is_development


def test_identity_file_of_the_home_folder_goes_first(tmp_path, key_of, write_identity):
    init_authority(tmp_path / "authority", organisation="Other")
    write_key(tmp_path / "key.pem", key_of("es384"))
    write_identity(key_of("es384").public_key(), signer="files", key="key.pem")
    identity = open_identity(home=tmp_path)
    assert (identity.organisation, identity.algorithm, identity.is_development) == ("Test Studio", "es384", False)


@pytest.mark.parametrize("where", ["variable", "file"])
@pytest.mark.parametrize("kind", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_encrypted_key(where, kind, tmp_path, key_of, write_identity, monkeypatch):
    key = key_of("es256")
    write_key(tmp_path / "key.pem", key, passphrase=b"opens it", kind=kind)
    if where == "variable":
        monkeypatch.setenv("STUDIO_PASS", "opens it")
        fields = {"passphrase_env": "STUDIO_PASS"}
    else:
        (tmp_path / "pass").write_text("opens it\n")
        (tmp_path / "pass").chmod(0o600)
        fields = {"passphrase_file": "pass"}
    path = write_identity(key.public_key(), signer="files", key="key.pem", **fields)
    assert open_identity(path, home=tmp_path).sign(b"claim")


def test_passphrases_that_do_not_help(tmp_path, key_of, write_identity, monkeypatch):
    key = key_of("es256")
    write_key(tmp_path / "key.pem", key, passphrase=b"opens it")

    def complaint(**fields):
        path = write_identity(key.public_key(), signer="files", key="key.pem", **fields)
        with pytest.raises(CredentialError) as caught:
            open_identity(path, home=tmp_path)
        return str(caught.value)

    assert "name the environment variable or file" in complaint()
    assert "STUDIO_PASS is empty" in complaint(passphrase_env="STUDIO_PASS")
    monkeypatch.setenv("STUDIO_PASS", "no")
    assert "does not open" in complaint(passphrase_env="STUDIO_PASS")
    (tmp_path / "pass").write_text("opens it")
    (tmp_path / "pass").chmod(0o644)
    assert "chmod 600" in complaint(passphrase_file="pass")
    assert "cannot be read" in complaint(passphrase_file="gone")


def test_wrong_key_is_named(tmp_path, key_of, write_identity):
    write_key(tmp_path / "key.pem", key_of("es384"))
    path = write_identity(key_of("es256").public_key(), signer="files", key="key.pem")
    with pytest.raises(CredentialError, match="does not belong to the certificate"):
        open_identity(path, home=tmp_path)


def test_signature_of_another_key_never_gets_out(issuer, key_of):
    from pipeline.provenance.signing.algorithms import sign_with

    leaf = issuer.certify(key_of("ps256").public_key())
    wrong = make_identity([leaf], lambda data: sign_with(key_of("es256"), "es256", data), place="the safe")
    with pytest.raises(CredentialError, match="the key in the safe does not belong"):
        wrong.sign(b"claim")


def test_root_in_the_chain_becomes_the_root(tmp_path, key_of, write_identity, issuer):
    key = key_of("es256")
    write_key(tmp_path / "key.pem", key)
    path = write_identity(key.public_key(), signer="files", key="key.pem", root="")
    chain = tmp_path / "chain.pem"
    chain.write_text(chain.read_text() + issuer.pem)
    identity = open_identity(path, home=tmp_path)
    assert identity.root_pem == issuer.pem and identity.chain_pem.count("BEGIN") == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"signer": "cloud"}, "one of files, pkcs11"),
        ({"signer": ["files"]}, "one of files, pkcs11"),
        ({"signer": "files"}, "missing required field `key`"),
        ({"signer": "files", "key": 5}, "Expected `str`, got `int`"),
        ({"signer": "files", "key": "k", "passphrase": "hunter2"}, "passphrase_env or passphrase_file"),
        ({"signer": "pkcs11", "module": "m", "token": "t", "key_label": "k", "PIN": "1234"}, "pin_env or pin_file"),
        ({"signer": "pkcs11", "module": "m", "token": "t"}, "key_label or key_id"),
        ({"signer": "pkcs11", "module": "m", "token": "t", "key_id": "xyz"}, "hexadecimal"),
        ({"signer": "files", "key": "k", "chain": ""}, "'chain' names the PEM file"),
        ({"signer": "files", "key": "k", "chain": [1]}, "'chain' is a text"),
        ({"signer": "files", "key": "k", "algorithm": "rs256"}, "one of es256"),
        ({"signer": "files", "key": "k", "regoin": "x"}, "has no setting 'regoin'"),
        ({"signer": "aws-kms", "key": "k", "timeout_s": 9999}, "up to 120 seconds"),
        ({"signer": "gcp-kms", "key": "mykey"}, "names a version"),
        ({"signer": "azure-key-vault", "key": "http://x/keys/a/b"}, "identifier with a version"),
        ({"signer": "vault", "address": "http://vault.example.com", "key": "k"}, "begins with https://"),
        ({"signer": "vault", "address": "https://v", "key": "../../sys/seal"}, "names of letters"),
        ({"signer": "vault", "address": "https://v", "key": "k", "mount": "a/../../b"}, "names of letters"),
    ],
)
def test_identity_files_that_cannot_be(fields, said, write_identity, key_of, tmp_path):
    path = write_identity(key_of("es256").public_key(), **fields)
    with pytest.raises(UsageError) as caught:
        open_identity(path, home=tmp_path)
    assert said in str(caught.value) and "hunter2" not in str(caught.value)


def test_an_algorithm_the_key_does_not_have(write_identity, key_of, tmp_path):
    write_key(tmp_path / "key.pem", key_of("es256"))
    path = write_identity(key_of("es256").public_key(), signer="files", key="key.pem", algorithm="ps256")
    with pytest.raises(CredentialError, match="it takes es256"):
        open_identity(path, home=tmp_path)


def test_a_certificate_that_verifiers_refuse_is_not_opened(tmp_path, key_of, write_identity, issuer):
    write_key(tmp_path / "key.pem", key_of("es256"))
    path = write_identity(key_of("es256").public_key(), signer="files", key="key.pem")
    (tmp_path / "chain.pem").write_text(issuer.pem)
    with pytest.raises(CredentialError, match="certifying others"):
        open_identity(path, home=tmp_path)
