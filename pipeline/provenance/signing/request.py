"""A certificate request for a real authority: the key, the request, and the identity file that will use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.signing.algorithms import ALGORITHMS
from pipeline.provenance.signing.certificates import CLAIM_SIGNING_OID, NAME_BYTES, key_usage
from pipeline.provenance.signing.identity import IDENTITY_FILE

KEY = "signing-key.pem"
REQUEST = "request.csr"
CHAIN = "chain.pem"
# SDK and authorities agree on it, and no module is too small for it
RSA_BITS = 3072
CURVES = {"es256": "SECP256R1", "es384": "SECP384R1", "es512": "SECP521R1"}


def write_request(
    folder: Path, *, organisation: str, country: str = "", algorithm: str = "es256", common_name: str = ""
) -> Path:
    """Make a key and a request for it (PKCS #10) in a new folder.

    Parameters
    ----------
    folder : Path
        New, or empty; not inside a git work tree.
    organisation : str
        O=, what people will read as the signer.
    country : str
        C=, two letters; empty leaves it out.
    algorithm : str
        One of C2PA's.
    common_name : str
        CN=; the organisation when empty.

    Returns
    -------
    Path
        The request. The identity file beside it expects the answer as ``chain.pem``.

    Raises
    ------
    UsageError
        When a name cannot stand in a certificate.
    CredentialError
        When the folder is in use or lies in a git work tree.
    """
    from pipeline.provenance.signing.pem_files import key_pem, refuse_git_tree, write_private_folder

    folder = folder.resolve()
    refuse_git_tree(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CredentialError(f"{folder} is in use: name a new folder for the key and its request")
    subject = _subject(organisation.strip(), common_name.strip() or organisation.strip(), country.strip().upper())
    key = _new_key(algorithm)
    texts = {KEY: key_pem(key), REQUEST: _request_pem(key, subject, algorithm), IDENTITY_FILE: _identity(algorithm)}
    write_private_folder(folder, texts)
    return folder / REQUEST


def _subject(organisation: str, common_name: str, country: str) -> Any:
    from cryptography import x509

    if not organisation:
        raise UsageError("Name the organisation: it is what people will read as the signer.")
    for name in (organisation, common_name):
        if len(name.encode()) > NAME_BYTES:
            raise UsageError(f"{name[:40]!r}... is too long for a certificate: use at most {NAME_BYTES} bytes.")
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise UsageError(f"{country!r} is no country code: use two letters, e.g. DE.")
    parts = [
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organisation),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name),
    ]
    return x509.Name(([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, country)] if country else []) + parts)


def _new_key(algorithm: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if algorithm not in ALGORITHMS:
        raise UsageError(f"There is no algorithm {algorithm!r}; choose one of {', '.join(ALGORITHMS)}.")
    if algorithm == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm.startswith("ps"):
        return rsa.generate_private_key(65537, RSA_BITS)
    return ec.generate_private_key(getattr(ec, CURVES[algorithm])())


def _request_pem(key: Any, subject: Any, algorithm: str) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from pipeline.provenance.signing.algorithms import hash_of

    purposes = [x509.ObjectIdentifier(CLAIM_SIGNING_OID), x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(key_usage(certify=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    signed = builder.sign(key, None if algorithm == "ed25519" else hash_of(algorithm))
    return signed.public_bytes(Encoding.PEM).decode("ascii")


def _identity(algorithm: str) -> str:
    return (
        "# Who signs. Put what the authority sends back beside this file as chain.pem: the signing\n"
        "# certificate first, then its intermediates. See docs/signing_keys.md.\n"
        f"signer: files\nchain: {CHAIN}\nkey: {KEY}\nalgorithm: {algorithm}\n"
    )
