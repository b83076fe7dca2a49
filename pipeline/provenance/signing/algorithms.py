"""The signature algorithms that C2PA allows, and checking a signature against its certificate.

C2PA specification 2.4, "Digital signatures": ES256/384/512 (ECDSA), PS256/384/512 (RSASSA-PSS, salt as
long as the hash) and Ed25519.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from pipeline.errors import CredentialError

if TYPE_CHECKING:
    from cryptography import x509

Algorithm = Literal["es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519"]
ALGORITHMS: tuple[str, ...] = get_args(Algorithm)
# each curve has the hash of its own strength
CURVES: dict[str, Algorithm] = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


def algorithm_of(public_key: Any, wanted: str = "") -> Algorithm:
    """What a key signs with: given by the curve, chosen for RSA (ps256 unless `wanted` says otherwise).

    Raises
    ------
    CredentialError
        When C2PA knows no algorithm for the key, or the key cannot do what is wanted.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(public_key, ed25519.Ed25519PublicKey):
        possible: tuple[Algorithm, ...] = ("ed25519",)
    elif isinstance(public_key, rsa.RSAPublicKey):
        possible = ("ps256", "ps384", "ps512")
    elif isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in CURVES:
        possible = (CURVES[public_key.curve.name],)
    else:
        raise CredentialError(
            "the key is of a kind that content credentials do not use: take P-256, P-384, P-521, RSA or Ed25519"
        )
    for algorithm in possible:
        if wanted in ("", algorithm):
            return algorithm
    raise CredentialError(f"the key cannot sign with {wanted!r}: it takes {' or '.join(possible)}")


def hash_of(algorithm: str) -> Any:
    """The hash an algorithm signs over; Ed25519 takes the bytes themselves and has none here."""
    from cryptography.hazmat.primitives import hashes

    return {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]


def digest_of(algorithm: str, data: bytes) -> bytes:
    """The hash of what is to be signed, for keys that sign hashes."""
    from cryptography.hazmat.primitives import hashes

    digest = hashes.Hash(hash_of(algorithm))
    digest.update(data)
    return digest.finalize()


def sign_with(key: Any, algorithm: str, data: bytes) -> bytes:
    """Sign with a private key at hand; ECDSA in DER, as the SDK's callback takes it."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if algorithm == "ed25519":
        return key.sign(data)
    kind = hash_of(algorithm)
    if algorithm.startswith("es"):
        return key.sign(data, ec.ECDSA(kind))
    return key.sign(data, _pss(kind), kind)


def is_signature(certificate: x509.Certificate, algorithm: str, signature: bytes, data: bytes) -> bool:
    """Whether the key of a certificate made a signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec

    key: Any = certificate.public_key()
    try:
        if algorithm == "ed25519":
            key.verify(signature, data)
        elif algorithm.startswith("es"):
            key.verify(signature, data, ec.ECDSA(hash_of(algorithm)))
        else:
            key.verify(signature, data, _pss(hash_of(algorithm)), hash_of(algorithm))
    except InvalidSignature:
        return False
    return True


def der_of(raw: bytes) -> bytes:
    """DER of an ECDSA signature that came as two numbers of equal length, one behind the other."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


def _pss(kind: Any) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.PSS(mgf=padding.MGF1(kind), salt_length=kind.digest_size)
