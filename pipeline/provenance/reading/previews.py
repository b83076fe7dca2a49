"""Preview pictures out of manifests: made small and encoded anew, so that none of the stranger's bytes are left."""

from __future__ import annotations

import io
import logging
import warnings
from typing import Any

LOG = logging.getLogger(__name__)

# previews in the wild are 1024 pixels wide at most and weigh some 100 kB
MAX_PREVIEW_BYTES = 4 << 20
MAX_PREVIEW_PX = 16_000_000
SHOWN_PX = 320
JPEG_QUALITY = 80
# of one file: a page shows no more
MAX_PREVIEWS = 24
FORMATS = ("JPEG", "PNG", "WEBP")


class Previews:
    """Fetches and re-encodes previews of one store; after the first few dozen it gives nothing."""

    def __init__(self, reader: Any):
        self._reader = reader
        self._left = MAX_PREVIEWS

    def __call__(self, uri: str) -> bytes:
        """A small JPEG, or nothing when there is no such picture or it is none."""
        import c2pa

        if not uri or self._left <= 0:
            return b""
        self._left -= 1
        stream = _Bounded()
        try:
            self._reader.resource_to_stream(uri, stream)
        except c2pa.C2paError as error:
            LOG.info("preview picture not found: %s", error)
            return b""
        return small_jpeg(stream.getvalue())


class _Bounded(io.BytesIO):
    """Takes what it is given up to a limit; more is dropped, and then nothing counts."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > MAX_PREVIEW_BYTES:
            raise OSError("the preview picture is too large")
        return super().write(data)


def small_jpeg(data: bytes) -> bytes:
    """A picture of a stranger as a small JPEG of our own; empty when it is no JPEG, PNG or WebP, or too large."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                if picture.width * picture.height > MAX_PREVIEW_PX:
                    return b""
                picture.draft("RGB", (SHOWN_PX, SHOWN_PX))
                picture.thumbnail((SHOWN_PX, SHOWN_PX))
                out = io.BytesIO()
                picture.convert("RGB").save(out, "JPEG", quality=JPEG_QUALITY)
                return out.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        LOG.info("preview picture refused: %s", error)
        return b""
