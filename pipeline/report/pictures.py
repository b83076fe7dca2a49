"""Pictures in a page: inside it, as data."""

from __future__ import annotations

import base64
import re

_PICTURE_TYPES = {
    re.compile(rb"\x89PNG\r\n\x1a\n"): "image/png",
    re.compile(rb"\xff\xd8\xff"): "image/jpeg",
    re.compile(rb"RIFF....WEBP", re.DOTALL): "image/webp",
}


def data_uri(picture: bytes) -> str:
    """PNG, JPEG or WebP bytes as a data URI; ValueError for anything else."""
    for magic, kind in _PICTURE_TYPES.items():
        if magic.match(picture):
            return f"data:{kind};base64,{base64.b64encode(picture).decode('ascii')}"
    raise ValueError("a picture for a report must be PNG, JPEG or WebP")
