"""Which files can carry content credentials, and what their media types are."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import CredentialError

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
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
# named for ingredients that cannot carry credentials themselves
UNSIGNABLE = {".mkv": "video/x-matroska", ".webm": "video/webm", ".ogg": "audio/ogg", ".ts": "video/mp2t"}


def media_type(path: Path) -> str:
    """The media type of a file by its suffix, or an empty string."""
    suffix = path.suffix.lower()
    return SIGNABLE.get(suffix) or UNSIGNABLE.get(suffix, "")


def signable_type(path: Path) -> str:
    """The media type of a file that can be signed.

    Raises
    ------
    CredentialError
        When the container has no place for credentials.
    """
    found = SIGNABLE.get(path.suffix.lower())
    if not found:
        kind = path.suffix.lower() or "files without a suffix"
        raise CredentialError(f"content credentials have no place in {kind}: write an .mp4 or .mov file instead")
    return found
