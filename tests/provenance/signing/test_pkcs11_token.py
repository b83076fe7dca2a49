"""Keys in a PKCS #11 token: SoftHSM, a real module in software, with keys that were generated inside it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.signing.identity import open_identity

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
PIN = "246810"


@pytest.fixture(scope="session")
def token(tmp_path_factory):
    """Path of the module, with a token called studio in it; the configuration counts for this process."""
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    module = next((path for path in MODULES if Path(path).is_file()), None)
    tool = shutil.which("softhsm2-util")
    if module is None or tool is None:
        pytest.skip("needs SoftHSM (softhsm2)")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    # the module reads it when it is first loaded, and stays loaded
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    subprocess.run(
        [tool, "--init-token", "--free", "--label", "studio", "--pin", PIN, "--so-pin", "97531"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    yield module
    del os.environ["SOFTHSM2_CONF"]


@pytest.fixture(scope="session")
def key_in_token(token):
    """A function that generates a key inside the token and hands out its public half."""
    import pkcs11
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
    from pkcs11.util.rsa import encode_rsa_public_key

    curves = {"es256": "secp256r1", "es384": "secp384r1", "es512": "secp521r1", "ed25519": "1.3.101.112"}

    def generate(algorithm, label, key_id):
        names = {"id": key_id, "label": label, "store": True}
        with pkcs11.lib(token).get_token(token_label="studio").open(rw=True, user_pin=PIN) as session:
            if algorithm.startswith("ps"):
                public, _ = session.generate_keypair(pkcs11.KeyType.RSA, 2048, **names)
                return load_der_public_key(encode_rsa_public_key(public))
            edwards = algorithm == "ed25519"
            parameters = session.create_domain_parameters(
                pkcs11.KeyType.EC_EDWARDS if edwards else pkcs11.KeyType.EC,
                {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curves[algorithm])},
                local=True,
            )
            kind = {"mechanism": pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN} if edwards else {}
            public, _ = parameters.generate_keypair(**names, **kind)
            if edwards:
                # an OCTET STRING around 32 bytes
                return Ed25519PublicKey.from_public_bytes(public[pkcs11.Attribute.EC_POINT][-32:])
            return load_der_public_key(encode_ec_public_key(public))

    return generate


@pytest.fixture
def opened(token, write_identity, tmp_path, monkeypatch):
    """A function that opens the identity of a key in the token."""
    monkeypatch.setenv("STUDIO_PIN", PIN)

    def open_it(public_key, **fields):
        known = {"signer": "pkcs11", "module": token, "token": "studio", "pin_env": "STUDIO_PIN"}
        return open_identity(write_identity(public_key, **known | fields), home=tmp_path)

    return open_it


@pytest.mark.parametrize("algorithm", ["es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519"])
def test_token_signs_what_the_sdk_trusts(algorithm, key_in_token, opened, issuer, sdk_sign, sdk_read):
    public = key_in_token(algorithm, f"key-{algorithm}", algorithm.encode())
    identity = opened(public, key_label=f"key-{algorithm}", algorithm=algorithm)
    for _ in range(2):  # each in a session of its own
        signed = sdk_sign(identity.chain_pem, algorithm, identity.sign)
        assert sdk_read(signed, issuer.pem)[0] == "Trusted"


def test_key_by_id_and_pin_from_a_file(key_in_token, opened, tmp_path):
    public = key_in_token("es256", "twins", b"\x01\x02")
    key_in_token("es256", "twins", b"\x01\x03")
    (tmp_path / "pin").write_text(PIN + "\n")
    (tmp_path / "pin").chmod(0o600)
    assert opened(public, key_id="0102", pin_env="", pin_file="pin").sign(b"claim")
    with pytest.raises(CredentialError, match="has 2 keys of that name"):
        opened(public, key_label="twins").sign(b"claim")


def test_what_a_token_cannot_do_is_said(key_in_token, opened, monkeypatch):
    public = key_in_token("es256", "plain", b"\x05")
    other = key_in_token("es256", "other", b"\x06")

    def complaint(public_key=public, **fields):
        with pytest.raises((CredentialError, UsageError)) as caught:
            opened(public_key, **{"key_label": "plain"} | fields).sign(b"claim")
        return str(caught.value)

    assert "has no key of that name" in complaint(key_label="missing")
    assert "there is no token 'elsewhere'" in complaint(token="elsewhere")
    assert "no PKCS #11 library" in complaint(module="/nothing/lib.so")
    assert "name pin_env or pin_file" in complaint(pin_env="")
    assert "the key in pkcs11 plain does not belong" in complaint(other)
    monkeypatch.setenv("WRONG_PIN", "111111")
    said = complaint(pin_env="WRONG_PIN")
    assert "the PIN does not open token 'studio'" in said and "111111" not in said


def test_a_refused_pin_is_not_tried_again(key_in_token, opened, monkeypatch):
    """Hardware locks itself after a few wrong tries, and a batch has many clips."""
    from pipeline.provenance.signing.signers import pkcs11_token

    public = key_in_token("es256", "careful", b"\x07")
    monkeypatch.setenv("WRONG_PIN", "222222")
    tries, real = [], pkcs11_token._sign
    monkeypatch.setattr(pkcs11_token, "_sign", lambda *arguments: (tries.append(1), real(*arguments))[1])
    for _ in range(3):
        with pytest.raises(CredentialError, match="correct it before it locks"):
            opened(public, key_label="careful", pin_env="WRONG_PIN").sign(b"claim")
    assert len(tries) == 1
    assert opened(public, key_label="careful").sign(b"claim")


def test_a_file_that_is_no_module(opened, key_of, tmp_path):
    (tmp_path / "lib.so").write_bytes(b"not a library")
    with pytest.raises(CredentialError, match="PKCS #11 library"):
        opened(key_of("es256").public_key(), key_label="k", module=str(tmp_path / "lib.so")).sign(b"claim")
