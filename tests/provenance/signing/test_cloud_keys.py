"""Keys in cloud services: fakes of their clients that take exactly the documented calls and really sign.

They stand for boto3, google-cloud-kms and azure-keyvault-keys, and answer in the form of each service. With
boto3 installed, the real one is used against a server on loopback as well.
"""

from __future__ import annotations

import base64
import contextlib
import sys
from types import ModuleType, SimpleNamespace

import pytest
from key_services import WITH_HASHES, sign_digest, trusted, two_numbers

from pipeline.errors import CredentialError
from pipeline.provenance.signing.identity import open_identity


@pytest.fixture
def install(monkeypatch):
    """A function that puts a fake library in place, parents included."""

    def put(name, **members):
        parts = name.split(".")
        for number in range(1, len(parts) + 1):
            full = ".".join(parts[:number])
            if number == len(parts) or full not in sys.modules:
                monkeypatch.setitem(sys.modules, full, ModuleType(full))
            if number > 1:
                monkeypatch.setattr(
                    sys.modules[".".join(parts[: number - 1])], parts[number - 1], sys.modules[full], raising=False
                )
        for member, value in members.items():
            setattr(sys.modules[name], member, value)

    return put


def kms_answer(key, asked):
    """AWS KMS `Sign`, by its reference."""
    algorithm, message = asked["SigningAlgorithm"], asked["Message"]
    if algorithm == "ED25519_SHA_512":
        assert asked["MessageType"] == "RAW"
        return key.sign(message)
    assert asked["MessageType"] == "DIGEST"
    return sign_digest(key, algorithm[-3:], message, pss=algorithm.startswith("RSASSA_PSS"))


@pytest.fixture
def aws(install):
    """A function that installs a boto3 which signs with a key; returns what it was called with."""

    def use(key):
        calls = SimpleNamespace(session=None, client=None, limits=None, sign=None, closed=False)

        class Client:
            def sign(self, *, KeyId, Message, MessageType, SigningAlgorithm):
                calls.sign = {"Message": Message, "MessageType": MessageType, "SigningAlgorithm": SigningAlgorithm}
                assert not calls.closed
                return {"KeyId": KeyId, "Signature": kms_answer(key, calls.sign), "SigningAlgorithm": SigningAlgorithm}

            def close(self):
                calls.closed = True

        class Session:
            def __init__(self, *, profile_name, region_name):
                calls.session = (profile_name, region_name)

            def client(self, service, *, endpoint_url, config):
                calls.client, calls.limits = (service, endpoint_url), config.options
                return Client()

        class Config:
            def __init__(self, **options):
                self.options = options

        install("boto3.session", Session=Session)
        install("botocore.config", Config=Config)
        return calls

    return use


@pytest.mark.parametrize("algorithm", [*WITH_HASHES, "ed25519"])
def test_aws_signs(algorithm, aws, key_of, write_identity, tmp_path, issuer, sdk_sign, sdk_read):
    key = key_of(algorithm)
    calls = aws(key)
    fields = {"signer": "aws-kms", "key": "alias/studio", "region": "eu-central-1", "attempts": 3}
    identity = open_identity(write_identity(key.public_key(), algorithm=algorithm, **fields), home=tmp_path)
    assert trusted(identity, issuer, sdk_sign, sdk_read)
    assert calls.closed
    assert calls.session == (None, "eu-central-1") and calls.client == ("kms", None)
    assert calls.limits["retries"] == {"total_max_attempts": 3, "mode": "standard"}
    assert calls.limits["read_timeout"] == calls.limits["connect_timeout"] == 10.0


def test_aws_cannot_sign_a_long_claim_with_ed25519(aws, key_of, write_identity, tmp_path):
    aws(key_of("ed25519"))
    path = write_identity(key_of("ed25519").public_key(), signer="aws-kms", key="alias/studio")
    with pytest.raises(CredentialError, match="at most 4096 bytes"):
        open_identity(path, home=tmp_path).sign(b"x" * 5000)


def test_what_a_client_raises_is_kept(aws, key_of, write_identity, tmp_path, monkeypatch):
    aws(key_of("es256"))
    path = write_identity(key_of("es256").public_key(), signer="aws-kms", key="alias/studio")
    identity = open_identity(path, home=tmp_path)
    said = RuntimeError("AccessDeniedException: not authorized to perform kms:Sign")
    monkeypatch.setattr(sys.modules[__name__], "kms_answer", lambda *_: (_ for _ in ()).throw(said))
    with pytest.raises(
        CredentialError, match="aws-kms did not sign .AccessDenied.*check the key, its rights"
    ) as caught:
        identity.sign(b"claim")
    assert caught.value.__cause__ is said


def test_real_boto3_against_a_server(key_of, write_identity, tmp_path, serve, monkeypatch):
    pytest.importorskip("boto3", reason="boto3 is not installed")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    key = key_of("es256")

    def answer(path, headers, asked):
        assert headers["X-Amz-Target"] == "TrentService.Sign"
        signature = kms_answer(key, asked | {"Message": base64.b64decode(asked["Message"])})
        return 200, {"KeyId": asked["KeyId"], "Signature": base64.b64encode(signature).decode()}

    fields = {"signer": "aws-kms", "key": "alias/studio", "region": "eu-central-1", "endpoint": serve(answer)}
    assert open_identity(write_identity(key.public_key(), **fields), home=tmp_path).sign(b"claim")


GCP_KEY = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/studio/cryptoKeyVersions/1"


@pytest.mark.parametrize("algorithm", [*WITH_HASHES, "ed25519"])
def test_google_signs(algorithm, install, key_of, write_identity, tmp_path, issuer, sdk_sign, sdk_read):
    key, calls = key_of(algorithm), []

    class Client(contextlib.nullcontext):
        def __init__(self, *, client_options):
            super().__init__(self)
            assert client_options is None

        def asymmetric_sign(self, *, request, timeout, retry):
            calls.append((request, timeout, retry))
            if "data" in request:
                return SimpleNamespace(signature=key.sign(request["data"]))
            ((name, digest),) = request["digest"].items()
            return SimpleNamespace(signature=sign_digest(key, name[3:], digest, pss=algorithm.startswith("ps")))

    install("google.cloud.kms", KeyManagementServiceClient=Client)
    names = {"ServiceUnavailable": OSError, "DeadlineExceeded": TimeoutError, "InternalServerError": RuntimeError}
    install("google.api_core.exceptions", **names)
    install("google.api_core.retry", Retry=lambda **options: options, if_exception_type=lambda *kinds: kinds)
    path = write_identity(key.public_key(), signer="gcp-kms", key=GCP_KEY, algorithm=algorithm, attempts=3)
    assert trusted(open_identity(path, home=tmp_path), issuer, sdk_sign, sdk_read)
    ((request, timeout, retry),) = calls
    assert request["name"] == GCP_KEY and timeout == 10.0 and retry["timeout"] == 30.0


AZURE_KEY = "https://studio.vault.azure.net/keys/signing/0123456789abcdef"


@pytest.mark.parametrize("algorithm", WITH_HASHES)
def test_azure_signs(algorithm, install, key_of, write_identity, tmp_path, issuer, sdk_sign, sdk_read):
    key, calls = key_of(algorithm), []

    class Client(contextlib.nullcontext):
        def __init__(self, key_id, *, credential, **limits):
            super().__init__(self)
            assert credential == "credential"
            calls.append((key_id, limits))

        def sign(self, name, digest):
            signature = sign_digest(key, name[2:], digest, pss=name.startswith("PS"))
            return SimpleNamespace(signature=two_numbers(signature, key) if name.startswith("ES") else signature)

    install("azure.identity", DefaultAzureCredential=lambda: contextlib.nullcontext("credential"))
    install("azure.keyvault.keys.crypto", CryptographyClient=Client, SignatureAlgorithm=str)
    path = write_identity(key.public_key(), signer="azure-key-vault", key=AZURE_KEY, algorithm=algorithm)
    assert trusted(open_identity(path, home=tmp_path), issuer, sdk_sign, sdk_read)
    assert calls == [(AZURE_KEY, {"connection_timeout": 10.0, "read_timeout": 10.0, "retry_total": 3})]


def test_azure_has_no_ed25519(key_of, write_identity, tmp_path):
    path = write_identity(key_of("ed25519").public_key(), signer="azure-key-vault", key=AZURE_KEY)
    with pytest.raises(CredentialError, match="no Ed25519 keys"):
        open_identity(path, home=tmp_path)


@pytest.mark.parametrize(
    ("fields", "missing", "said"),
    [
        ({"signer": "aws-kms", "key": "k"}, "boto3", r"foleymark\[aws\]"),
        ({"signer": "gcp-kms", "key": GCP_KEY}, "google.cloud.kms", r"foleymark\[gcp\]"),
        ({"signer": "azure-key-vault", "key": AZURE_KEY}, "azure.keyvault.keys", r"foleymark\[azure\]"),
    ],
)
def test_missing_client_library_is_named(fields, missing, said, key_of, write_identity, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    path = write_identity(key_of("es256").public_key(), **fields)
    with pytest.raises(CredentialError, match=said):
        open_identity(path, home=tmp_path)
