"""Payload: the 64 bits a mark carries, their keyed check, and their code word."""

from __future__ import annotations

import hashlib
import hmac
import secrets

import numpy as np

from pipeline.records import Payload
from pipeline.watermark import convolution

VERSION = 1
ID_BITS = 60
PAYLOAD_BITS = 64
# a wrong word passes by chance once in 16.8 million; the sync peak guards in front of it
CHECK_BITS = 24
# symbols of one code word
CODE_LENGTH = convolution.coded_length(PAYLOAD_BITS + CHECK_BITS)


def new_payload() -> Payload:
    """A fresh random id."""
    return Payload(version=VERSION, id=secrets.randbits(ID_BITS))


def encode_payload(payload: Payload, *, key: bytes) -> np.ndarray:
    """Code word of a payload under a key.

    Parameters
    ----------
    payload : Payload
    key : bytes
        The mark key; the check depends on it.

    Returns
    -------
    int8 [612]
        +1 or -1.

    Raises
    ------
    ValueError
        When version or id do not fit their bits.
    """
    if not (0 <= payload.version < 16 and 0 <= payload.id < 1 << ID_BITS):
        raise ValueError(f"version {payload.version} and id {payload.id} do not fit 4 + 60 bits")
    data = ((payload.version << ID_BITS) | payload.id).to_bytes(PAYLOAD_BITS // 8, "big")
    bits = np.unpackbits(np.frombuffer(data + _check(data, key), dtype=np.uint8))
    return convolution.encode(bits)


def decode_payload(soft: np.ndarray, *, key: bytes) -> Payload | None:
    """The payload of a noisy code word, or None when its check fails.

    Parameters
    ----------
    soft : float [612]
        Symbols in the order of `encode_payload`, any scale.
    key : bytes
        The mark key.
    """
    data = np.packbits(convolution.decode(soft)).tobytes()
    body, check = data[: PAYLOAD_BITS // 8], data[PAYLOAD_BITS // 8 :]
    if not hmac.compare_digest(check, _check(body, key)):
        return None
    value = int.from_bytes(body, "big")
    return Payload(version=value >> ID_BITS, id=value & ((1 << ID_BITS) - 1))


def _check(data: bytes, key: bytes) -> bytes:
    # the label keeps this use of the key apart from the patterns that are drawn from it
    return hmac.new(key, b"foleymark payload check 1" + data, hashlib.sha256).digest()[: CHECK_BITS // 8]
