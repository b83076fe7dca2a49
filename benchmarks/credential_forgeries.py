"""Forgeries that take more than the file: other keys, other files, another time, and what came with an ingredient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.credential_files import write_file
from benchmarks.credential_signing import plan_for, sdk_sign, sign
from benchmarks.credential_tampering import (
    CURVE,
    SignedFile,
    Tampering,
    exchanges,
    flip,
    ingredient_tamperings,
)
from pipeline.provenance.manifest import render

if TYPE_CHECKING:
    from pipeline.provenance.signing.identity import SigningIdentity

# one of each way in which a container holds a store
EXCHANGED = (".mp4", ".wav", ".jpg", ".png", ".flac", ".heic")
# object ids in a time stamp (RFC 3161, RFC 5652): what is stamped, and the signed data around it
STAMP_INFO = bytes.fromhex("060b2a864886f70d0109100104")
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")


def forgeries(folder: Path, identity: SigningIdentity, stranger: SigningIdentity) -> Iterator[Tampering]:
    """Files with the credentials of others, or with a signature by somebody else.

    Parameters
    ----------
    folder : Path
        Where to work.
    identity, stranger
        Who is trusted, and somebody of the same name who is not.
    """
    for suffix in EXCHANGED:
        one, other = (sign(write_file(folder / f"{seed}{suffix}", seed=seed), identity) for seed in (1, 2))
        yield from exchanges(one, other)
        beside = [sign(folder / f"{seed}{suffix}", identity, sidecar=True) for seed in (1, 2)]
        swapped = beside[0].with_data(beside[1].data)
        yield Tampering("sidecar", "of another file", swapped)
        plain = folder / f"1{suffix}"
        yield Tampering("signer", "wrong key", by_key(plain, replace(identity, sign=stranger.sign)))
        yield Tampering("signer", "stranger of the same name", sign(plain, stranger))
        yield from _with_signed_parent(plain, folder, identity)


def by_key(path: Path, identity: SigningIdentity) -> SignedFile:
    """Signed by the SDK itself, which does not look at what it wrote."""
    definition = render(plan_for(path))
    done = path.with_stem("forged")
    store = sdk_sign(path, done, definition, identity, settings={"verify": {"verify_after_sign": False}})
    return SignedFile(path.suffix, done.read_bytes(), store)


def _with_signed_parent(path: Path, folder: Path, identity: SigningIdentity) -> Iterator[Tampering]:
    parent = folder / f"parent{path.suffix}"
    parent.write_bytes(sign(path, identity).data)
    yield from ingredient_tamperings(sign(parent, identity))


def stamp_forgeries(path: Path, identity: SigningIdentity, url: str) -> Iterator[Tampering]:
    """Mangled time stamps; the first is the file as it was stamped. The signature itself stays good."""
    from pipeline.provenance.signing.sign import sign_media
    from pipeline.provenance.signing.timestamps import TimestampPolicy

    done = sign_media(
        path,
        path.with_stem("stamped"),
        plan=plan_for(path),
        authority=identity,
        timestamps=TimestampPolicy("required", (url,)),
    )
    file = SignedFile(path.suffix, done.path.read_bytes(), done.store)
    store = file.store
    info = store.index(STAMP_INFO)
    start = store.rindex(SIGNED_DATA, 0, info) - 4
    end = start + 4 + int.from_bytes(store[start + 2 : start + 4], "big")
    moment = store.index(b"\x18\x0f20", info)
    yield Tampering("stamp", "as it was", file, is_covered=False)
    for name, at in (
        ("day", moment + 9),
        ("second", moment + 15),
        ("imprint", moment - 40),
        ("digest", store.index(MESSAGE_DIGEST, info) + 24),
        ("key", store.index(CURVE, info) + len(CURVE) + 12),
        ("signature", end - 6),
    ):
        yield Tampering("stamp", name, file.with_store(flip(store, at)))
