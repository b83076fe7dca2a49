"""Payload: the 64 bits a mark carries, their keyed check, and their code word."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

import numpy as np

from pipeline.records import Payload
from pipeline.watermark import convolution

VERSION = 1
ID_BITS = 60
PAYLOAD_BITS = 64
# a wrong word passes by chance once in 16.8 million; the sync peak guards in front of it
CHECK_BITS = 24
# Patterns that a key has: which one a file carries follows from its id. Files that are averaged, to learn the pattern
# of a key or to blur an id, then mostly hold different ones; the reader tries all, so more would cost time and margin.
VARIANTS = 8
# two of 60 random bits hardly ever meet, so a registry that refuses so many is not working
MOST_DRAWS = 8
# how an id is reserved before it is embedded: False when it is taken. The seam to whoever keeps the ids.
Reserve = Callable[[Payload], bool]
# symbols of one code word
CODE_LENGTH = convolution.coded_length(PAYLOAD_BITS + CHECK_BITS)


def new_payload(reserve: Reserve | None = None) -> Payload:
    """A fresh random id; with a registry's `reserve` one that it has reserved, so that no two files share it.

    Raises
    ------
    RuntimeError
        The registry refuses one id after the other, which chance does not explain.
    """
    for _ in range(MOST_DRAWS):
        payload = Payload(version=VERSION, id=secrets.randbits(ID_BITS))
        if reserve is None or reserve(payload):
            return payload
    raise RuntimeError(f"the registry refused {MOST_DRAWS} random ids in a row; it is broken or full")


def variant_of(payload: Payload) -> int:
    """Which of the key's patterns carries this id, 0 to 7."""
    return hashlib.sha256(b"foleymark variant" + payload.id.to_bytes(8, "big")).digest()[0] % VARIANTS


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
