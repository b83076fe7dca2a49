"""What key services do with a digest, for tests that stand in for them."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
WITH_HASHES = ("es256", "es384", "es512", "ps256", "ps384", "ps512")


def sign_digest(key, size, digest, *, pss=False):
    """What a service does with a digest; ECDSA in DER."""
    kind = HASHES[size]
    if not pss:
        return key.sign(digest, ec.ECDSA(utils.Prehashed(kind)))
    return key.sign(digest, padding.PSS(padding.MGF1(kind), kind.digest_size), utils.Prehashed(kind))


def two_numbers(der, key):
    """ECDSA as JOSE has it: both numbers at the width of the curve."""
    width = (key.curve.key_size + 7) // 8
    return b"".join(number.to_bytes(width, "big") for number in utils.decode_dss_signature(der))


def trusted(identity, issuer, sdk_sign, sdk_read):
    return sdk_read(sdk_sign(identity.chain_pem, identity.algorithm, identity.sign), issuer.pem)[0] == "Trusted"
