"""Who signed a manifest, by key and not by name: only that tells a rightful holder from an imitator."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline.errors import CredentialError

if TYPE_CHECKING:
    from cryptography import x509

# JUMBF (ISO/IEC 19566-5): a superbox, its description; C2PA 2.4: the signature's type, by the first four bytes
SUPERBOX, DESCRIPTION, CONTENT, SIGNATURE = b"jumb", b"jumd", b"cbor", b"c2cs"
# RFC 9360: x5chain has the label 33; writers before it used the name
CHAIN_KEYS = (33, "x5chain")
# nothing honest nests deeper
MAX_DEPTH = 16
UNKNOWN = "Who signed the manifest {label} cannot be told ({why}); sign the file again with a tool that writes C2PA 2."


def signer_of(store: bytes, label: str, *, issuers: tuple[bytes, ...] = ()) -> str:
    """A number for whoever signed a manifest: the same as long as authority and organisation stay the same.

    Parameters
    ----------
    store : bytes
        A manifest store whose signature was found intact.
    label : str
        Its active manifest.
    issuers : tuple of bytes
        Root certificates (PEM, any number in each) that may have issued the signer's, besides those that came along.

    Returns
    -------
    str
        SHA-256 in hex over the key that issued the signing certificate and the organisation in it, where that key is
        known and the certificate really was issued by it; over the signing key itself otherwise. Names alone are worth
        nothing: anybody can write one into a certificate.

    Raises
    ------
    CredentialError
        The signature's certificates cannot be found without doubt.
    """
    from cryptography import x509

    try:
        chain = [x509.load_der_x509_certificate(one) for one in _chain(_signature(store, label))]
        known = [root for pem in issuers for root in x509.load_pem_x509_certificates(pem)]
    except (ValueError, IndexError, RecursionError) as error:
        raise CredentialError(UNKNOWN.format(label=label, why=error)) from error
    leaf = chain[0]
    issuer = next((one for one in (*chain[1:], *known) if _issued(leaf, one)), None)
    if issuer is None:
        return hashlib.sha256(_key(leaf)).hexdigest()
    return hashlib.sha256(_key(issuer) + b"\0" + _organisation(leaf)).hexdigest()


def _issued(leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        leaf.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return leaf != issuer


def _key(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _organisation(certificate: x509.Certificate) -> bytes:
    from cryptography.x509.oid import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return "\0".join(str(one.value) for one in names).encode() or certificate.subject.public_bytes()


# ------------------------------------------------------------------ boxes
def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each box in a row; ValueError where one does not end inside its parent."""
    at = 0
    while at < len(data):
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < head or at + size > len(data):
            raise ValueError("a box is cut off")
        yield kind, data[at + head : at + size]
        at += size


def _superboxes(data: bytes) -> Iterator[tuple[bytes, str, bytes]]:
    """Type, label and what follows the description, of each superbox in a row."""
    for kind, content in _boxes(data):
        if kind != SUPERBOX:
            continue
        size = int.from_bytes(content[:4], "big")
        description = content[8:size]
        if content[4:8] != DESCRIPTION or size > len(content):
            raise ValueError("a box is not described")
        # 16 bytes of type, one of switches, then the label up to a zero
        yield description[:4], description[17:].partition(b"\0")[0].decode("utf-8"), content[size:]


def _signature(store: bytes, label: str) -> bytes:
    """The COSE signature of one manifest."""
    manifests = [
        content for _, _, inside in _superboxes(store) for _, name, content in _superboxes(inside) if name == label
    ]
    signatures = [body for one in manifests for kind, _, body in _superboxes(one) if kind == SIGNATURE]
    found = [body for one in signatures for kind, body in _boxes(one) if kind == CONTENT]
    if len(manifests) != 1 or len(found) != 1:
        raise ValueError(f"{len(manifests)} manifests of that name with {len(found)} signatures")
    return found[0]


# ------------------------------------------------------------------- COSE
def _chain(signature: bytes) -> list[bytes]:
    """The certificates of a COSE_Sign1 (RFC 9052), the signer's first."""
    message, end = _cbor(signature, 0)
    # the box is padded by nothing, and a message by nothing but its own headers
    if end != len(signature) or not isinstance(message, list) or len(message) != 4:
        raise ValueError("the signature is no COSE message")
    protected = _cbor(message[0], 0)[0] if message[0] else {}
    headers = [one for one in (protected, message[1]) if isinstance(one, dict)]
    chains = [header[key] for header in headers for key in CHAIN_KEYS if key in header]
    if len(chains) != 1:
        raise ValueError(f"{len(chains)} certificate chains")
    chain = chains[0] if isinstance(chains[0], list) else chains
    if not chain or not all(isinstance(one, bytes) for one in chain):
        raise ValueError("the certificates are not there")
    return chain


def _cbor(data: Any, at: int, depth: int = 0) -> tuple[Any, int]:
    """One value of CBOR (RFC 8949) and where it ends; only what C2PA's signatures are made of."""
    if not isinstance(data, bytes) or depth > MAX_DEPTH:
        raise ValueError("the signature is not plain CBOR")
    major, (argument, at) = data[at] >> 5, _argument(data, at)
    if major in (0, 1):
        return (argument if major == 0 else -1 - argument), at
    if major in (2, 3):
        body = data[at : at + argument]
        if len(body) != argument:
            raise ValueError("the signature is cut off")
        return (body if major == 2 else body.decode("utf-8")), at + argument
    if major == 4:
        return _items(data, at, argument, depth)
    if major == 5:
        flat, at = _items(data, at, 2 * argument, depth)
        made = {key: value for key, value in zip(flat[::2], flat[1::2], strict=True) if isinstance(key, int | str)}
        # a key that stands there twice means one thing to us and another to the next reader
        if len(made) != argument:
            raise ValueError("a header of the signature is given twice")
        return made, at
    return _cbor(data, at, depth + 1) if major == 6 else (None, at)


def _argument(data: bytes, at: int) -> tuple[int, int]:
    short = data[at] & 31
    if short < 24:
        return short, at + 1
    if short > 27:
        raise ValueError("the signature has parts of no stated length")
    size = 1 << (short - 24)
    if at + 1 + size > len(data):
        raise ValueError("the signature is cut off")
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def _items(data: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    if count > len(data):
        raise ValueError("the signature is cut off")
    found = []
    for _ in range(count):
        value, at = _cbor(data, at, depth + 1)
        found.append(value)
    return found, at
