"""Reading the credentials of a file from anybody: in a child process that may do nothing but read."""

from __future__ import annotations

import stat
from pathlib import Path

from pipeline.errors import CredentialError, UnreadableInput
from pipeline.provenance.reading import worker
from pipeline.provenance.reading.here import (
    MAX_STORE_BYTES,
    STORE_MARK,
    STORE_MARK_WITHIN,
    Wanted,
    crashed,
    read_here,
    read_store,
    verifier_settings,
)
from pipeline.provenance.reading.wording import oversized_sentence, stopped_sentence
from pipeline.provenance.trust.lists import Trust
from pipeline.records import Credential

__all__ = [
    "read_credential",
    "read_here",
    "read_manifest_bytes",
    "read_manifest_here",
    "read_with_manifest",
    "verifier_settings",
    "warm_up",
]


def read_credential(
    path: Path, *, trust: Trust | None = None, thumbnails: bool = False, sidecar: bool = True
) -> Credential | None:
    """What a file's credentials say and how far they can be believed; nothing is ever fetched.

    Parameters
    ----------
    path : Path
        A file of any kind, from anybody.
    trust : Trust, optional
        Whose signatures to believe; without it nobody's.
    thumbnails : bool
        Also take the preview pictures of the signer and of ingredients, made small and encoded anew.
    sidecar : bool
        Read the ``.c2pa`` beside a file that carries nothing itself.

    Returns
    -------
    Credential or None
        None when the file carries no credentials and names no place where they are kept. Integrity "broken"
        with a sentence that says why when reading it crashed, hung or took too much memory.

    Raises
    ------
    UnreadableInput
        When the file cannot be opened.
    CredentialError
        When a trust list of `trust` cannot be used.
    """
    size_bytes = _size_bytes(path)
    request = worker.request_of(
        trust or Trust(), path=path, size_bytes=size_bytes, thumbnails=thumbnails, sidecar=sidecar
    )
    return _ask(request)


def read_with_manifest(
    path: Path, store: bytes, *, trust: Trust | None = None, thumbnails: bool = False, address: str = ""
) -> Credential | None:
    """What a manifest store fetched from an address says of a file; None when it is no manifest store."""
    if not _is_store(store):
        return None
    size_bytes = _size_bytes(path) + len(store)
    request = worker.request_of(
        trust or Trust(), path=path, store=store, size_bytes=size_bytes, thumbnails=thumbnails, address=address
    )
    return _ask(request)


def read_manifest_bytes(data: bytes, *, trust: Trust | None = None) -> Credential | None:
    """What a bare manifest store (.c2pa) says, without the file it was signed for.

    Signature, trust and statements are checked. Whether it belongs to any file cannot be told here: where all
    holds the integrity is "none" and the binding "none", and `Credential.holds` is true.

    Parameters
    ----------
    data : bytes
        The manifest store, from anybody.
    trust : Trust, optional

    Returns
    -------
    Credential or None
        None when the bytes are no manifest store; integrity "broken" or "altered" when they are a damaged one.
    """
    if not _is_store(data):
        return None
    if len(data) > MAX_STORE_BYTES:
        return crashed(oversized_sentence())
    return _ask(worker.request_of(trust or Trust(), store=data, size_bytes=len(data)))


def read_manifest_here(data: bytes, *, trust: Trust | None = None) -> Credential | None:
    """As `read_manifest_bytes`, in this process: for manifests that we signed ourselves."""
    return read_store(data, Wanted(trust or Trust()))


def warm_up() -> None:
    """Start the reading process ahead of the first file."""
    worker.warm_up()


def _is_store(data: bytes) -> bool:
    return STORE_MARK in data[:STORE_MARK_WITHIN]


def _size_bytes(path: Path) -> int:
    try:
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            # opened here as well: why it cannot be is for the caller to know
            path.open("rb").close()
    except OSError as error:
        raise UnreadableInput(
            f"{path} cannot be opened ({error.strerror or error}): check its name and rights"
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableInput(f"{path} cannot be opened (it is no ordinary file): name a file")
    return found.st_size


def _ask(request: dict[str, object]) -> Credential | None:
    import msgspec

    try:
        data = msgspec.json.decode(worker.ask(request))
        if data.get("error") == "UnreadableInput":
            raise UnreadableInput(data["message"])
        if "error" in data:
            raise CredentialError(data["message"])
        if "stopped" in data:
            raise worker.Stopped("they wanted more than they may have")
        return msgspec.convert(data["credential"], Credential | None) if data["credential"] else None
    except worker.Stopped as error:
        return crashed(stopped_sentence(str(error)))
    except (msgspec.MsgspecError, KeyError, AttributeError):
        return crashed(stopped_sentence("what came back made no sense"))
