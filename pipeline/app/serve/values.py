"""Binding values and identifiers as they stand in requests."""

from __future__ import annotations

import base64
import binascii
import re

# of our marks: eight bytes that `foleymark mark` embeds
WATERMARKS = ("io.foleymark.picture.1", "io.foleymark.sound.1")
FINGERPRINTS = ("io.iscc.v0",)
MAX_ALGORITHM_CHARS = 128
MAX_LABEL_CHARS = 200
# a fingerprint unit has 32 bytes; nothing we look up is longer than this
MAX_VALUE_BYTES = 4096
_ALGORITHM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# C2PA manifest labels: urn:c2pa:<uuid>[:generator[:version_reason]] and the older vendor:urn:uuid:<uuid>
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._~+-]*")


def value_of(text: str, *, any_text: bool = False) -> bytes:
    """The bytes of a base64 value; ValueError says what is wrong.

    Both alphabets are taken, with or without padding, and a ``+`` that an address turned into a space. With `any_text`,
    in a sandbox, what is no base64 stands for itself, because harnesses bind words.
    """
    plain = text.strip().replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    if not plain:
        raise ValueError("'value' is empty; give the soft binding's value in base64")
    if len(plain) > MAX_VALUE_BYTES * 4 // 3 + 4:
        raise ValueError(f"'value' is too long; at most {MAX_VALUE_BYTES} bytes are looked up")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        if any_text:
            return text.encode("utf-8", "replace")
        raise ValueError("'value' is not base64") from error


def algorithm_of(text: str) -> str:
    """A soft binding algorithm's name; ValueError for what cannot be one."""
    if len(text) > MAX_ALGORITHM_CHARS or not _ALGORITHM.fullmatch(text):
        raise ValueError("'alg' is no name of a soft binding algorithm")
    return text


def label_of(text: str) -> str:
    """A manifest's identifier; ValueError for what cannot be one."""
    if len(text) > MAX_LABEL_CHARS or not _LABEL.fullmatch(text):
        raise ValueError("this is no identifier of a C2PA manifest")
    return text
