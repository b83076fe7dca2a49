"""Files at web addresses: fetched into a temporary folder for a check, only when the user allowed that."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from pipeline.errors import CredentialError, UnreadableInput, UsageError

# a clip of some minutes as services deliver it; longer ones a person can download with intent
MAX_BYTES = 1 << 30
TIMEOUT_S = 600.0
MAX_NAME_CHARS = 80
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ODD = re.compile(r"[^\w.-]+")
# what a file begins with, and the suffix by which the parts of Foleymark know it; an address may say anything
_BEGINNINGS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), ".png"),
    (re.compile(rb"\xff\xd8\xff"), ".jpg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), ".webp"),
    (re.compile(rb"(RIFF|RF64)....WAVE", re.DOTALL), ".wav"),
    (re.compile(rb"RIFF....AVI ", re.DOTALL), ".avi"),
    (re.compile(rb"fLaC"), ".flac"),
    (re.compile(rb"FORM....AIF[FC]", re.DOTALL), ".aiff"),
    (re.compile(rb"ID3|\xff[\xfb\xf3\xf2]"), ".mp3"),
    (re.compile(rb"GIF8"), ".gif"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), ".mkv"),
    (re.compile(rb"....ftypqt", re.DOTALL), ".mov"),
    (re.compile(rb"....ftyp", re.DOTALL), ".mp4"),
)
_PAGE = re.compile(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype html|html|head|script)", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Whether an argument is an address rather than a file or folder."""
    return _ADDRESS.match(text) is not None


def require_network(files: list[str], *, allowed: bool) -> None:
    """UsageError when there is an address among the files and the network was not allowed."""
    first = next((one for one in files if is_address(one)), None)
    if first is not None and not allowed:
        raise UsageError(f"{first} is an address: add --allow-network to have it fetched, or download it yourself.")


@contextlib.contextmanager
def fetched(address: str, *, local: bool = False, max_bytes: int = MAX_BYTES) -> Iterator[Path]:
    """A file with the content of an address; gone afterwards.

    Raises
    ------
    UnreadableInput
        It may not be fetched, is not there, too large, too slow, or is a web page.
    """
    with tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
        path = Path(folder) / "fetched"
        _download(address, path, local=local, max_bytes=max_bytes)
        yield path.rename(path.with_name(_name(address, path)))


def _download(address: str, path: Path, *, local: bool, max_bytes: int) -> None:
    from pipeline.provenance.fetching import fetch_into

    try:
        with open(path, "wb") as into:
            fetch_into(into, address, max_bytes=max_bytes, timeout_s=TIMEOUT_S, local=local, elsewhere=True)
    except CredentialError as error:
        raise UnreadableInput(f"{error}.") from error
    except OSError as error:
        raise UnreadableInput(f"{address} cannot be kept here ({error.strerror}): make room and try again.") from error


def _name(address: str, path: Path) -> str:
    """The name in the address, with the suffix of what is really inside."""
    with open(path, "rb") as stream:
        head = stream.read(512)
    if _PAGE.match(head):
        raise UnreadableInput(f"{address} is a web page, not a file: give the address of the video itself.")
    name = PurePosixPath(_ODD.sub("_", unquote(urlsplit(address).path).rpartition("/")[2])[-MAX_NAME_CHARS:])
    stem = name.stem.lstrip(".") or "fetched"
    inside = next((suffix for begins, suffix in _BEGINNINGS if begins.match(head)), "")
    return stem + (inside or _harmless(name.suffix))


def _harmless(suffix: str) -> str:
    """A suffix that promises no still and no sound, which the content would have shown."""
    from pipeline.batch import VIDEO_SUFFIXES

    return suffix.lower() if suffix.lower() in VIDEO_SUFFIXES else ".mp4"
