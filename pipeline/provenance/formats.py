"""Which files can carry content credentials, and what their media types are."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import CredentialError, UnreadableInput

# what signs and reads back, tried with SDK 0.91.3
SIGNABLE = {
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
    ".avi": "video/avi",
    ".m4a": "audio/mp4",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".dng": "image/x-adobe-dng",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
}
# no place inside for credentials; a sidecar covers all their bytes
UNSIGNABLE = {
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".ts": "video/mp2t",
    ".mts": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".flv": "video/x-flv",
    ".mxf": "application/mxf",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".ogv": "video/ogg",
    ".opus": "audio/ogg",
    ".aac": "audio/aac",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".bmp": "image/bmp",
}
# ISO base media: boxes, and samples found by their place in the file
BOXED = frozenset({".mp4", ".m4v", ".mov", ".m4a"})


def media_type(path: Path) -> str:
    """The media type of a file by its suffix, or an empty string."""
    suffix = path.suffix.lower()
    return SIGNABLE.get(suffix) or UNSIGNABLE.get(suffix, "")


def has_place(path: Path) -> bool:
    """Whether credentials can stand inside a file of this kind."""
    return path.suffix.lower() in SIGNABLE


def is_known(path: Path) -> bool:
    """Whether a file of this kind can be given credentials, inside or beside it."""
    return bool(media_type(path))


def is_matroska(path: Path) -> bool:
    """Whether a file is Matroska or WebM by its first bytes (RFC 8794), whatever it is called."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x1aE\xdf\xa3"
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be opened ({error.strerror}): check its name and rights") from error


def signable_type(path: Path) -> str:
    """The media type of a file that can be given credentials, inside or beside it.

    Raises
    ------
    CredentialError
        When it is no media file by its suffix.
    """
    found = media_type(path)
    if not found:
        kind = f"{path.suffix.lower()} files" if path.suffix else "files without a suffix"
        raise CredentialError(f"{kind} are not media that can be signed: name a video, sound, picture or PDF")
    return found
