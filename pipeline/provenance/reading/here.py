"""Reading credentials in this very process: the SDK validates, and its report becomes five axes and plain sentences.

For files of one's own making. What strangers wrote is read by `reader`, which has this done in a child process.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import CredentialError, UnreadableInput
from pipeline.provenance.formats import media_type
from pipeline.provenance.reading import axes
from pipeline.provenance.reading.crjson import Store, parse_store
from pipeline.provenance.reading.previews import Previews
from pipeline.provenance.reading.tree import content_manifest, ingredients_of, signer_behind, updates_of
from pipeline.provenance.reading.wording import (
    ai_sentence,
    broken_sentence,
    oversized_sentence,
    remote_sentence,
    sentences_of,
)
from pipeline.provenance.text import clean
from pipeline.provenance.trust.lists import Trust
from pipeline.records import Credential, Origin

LOG = logging.getLogger(__name__)

# a store of the largest editors has some hundred kB of JSON
MAX_REPORT_CHARS = 16 << 20
# the official libraries write the store near the beginning or the end of a file
SEARCHED_BYTES = 4 << 20
MAX_URL_CHARS = 500
# of each kind of thing in a credential; everything is looked at, this much is handed over
MAX_SHOWN = 200
# of three hours in segments of two seconds, with two algorithms
MAX_BINDINGS = 12_000
STORE_MARK = b"jumdc2pa"
STORE_MARK_WITHIN = 64
# What certificates may be meant for (extended key usage): e-mail protection, document signing, C2PA claim signing.
# Without this the SDK calls a certificate for claim signing alone invalid.
PURPOSES = "1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.4.1.62558.2.1\n"
STORE_TYPE = "application/c2pa"
# the largest stores in the wild hold a few dozen previews; an hour of fingerprints takes half a megabyte
MAX_STORE_BYTES = 64 << 20
# what a file without a known suffix is called when its manifest comes from elsewhere
UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Wanted:
    """How a reading is to be done."""

    trust: Trust = Trust()
    # small pictures of the signer and of ingredients, decoded and encoded anew
    thumbnails: bool = False
    # read a .c2pa beside a file that has nothing inside
    sidecar: bool = True
    # where a manifest was fetched from
    address: str = ""
    # the SDK's context of `trust`, where one is kept ready
    context: Any = None


def read_here(
    path: Path, *, trust: Trust | None = None, thumbnails: bool = False, sidecar: bool = True
) -> Credential | None:
    """As `reader.read_credential`, in this process: for files that we wrote ourselves."""
    return read_file(path, Wanted(trust or Trust(), thumbnails, sidecar))


def read_file(path: Path, wanted: Wanted) -> Credential | None:
    """The credentials in a file; where it has none, those in the ``.c2pa`` beside it."""
    found = _read(path, wanted, manifest=None, origin="embedded")
    if wanted.sidecar and (found is None or found.integrity == "none") and (beside := sidecar_of(path)) is not None:
        store = _sidecar_bytes(beside)
        read = _read(path, wanted, manifest=store, origin="sidecar") if store else None
        return found if read is None else read
    return found


def read_with_store(path: Path, store: bytes, wanted: Wanted, *, origin: Origin) -> Credential | None:
    """What a manifest store from elsewhere says of a file; None when it is no manifest store."""
    if STORE_MARK not in store[:STORE_MARK_WITHIN]:
        return None
    return _read(path, wanted, manifest=store, origin=origin)


def read_store(data: bytes, wanted: Wanted) -> Credential | None:
    """What a bare manifest store says, without any file; None when it is none."""
    import c2pa

    if STORE_MARK not in data[:STORE_MARK_WITHIN]:
        return None
    if len(data) > MAX_STORE_BYTES:
        return _broken(oversized_sentence(), "store")
    try:
        with _opened(wanted) as context, c2pa.Reader(STORE_TYPE, io.BytesIO(data), context=context) as reader:
            return credential_of(reader, wanted, "file", origin="store")
    except c2pa.C2paError as error:
        LOG.debug("manifest store: %s", error)
        return _broken(broken_sentence(), "store")


def sidecar_of(path: Path) -> Path | None:
    """The manifest store beside a file: ``clip.c2pa`` or ``clip.mkv.c2pa`` for ``clip.mkv``."""
    names = (path.with_suffix(".c2pa"), path.with_name(path.name + ".c2pa"))
    return next((one for one in names if one != path and one.is_file()), None)


def verifier_settings(trust: Trust) -> dict[str, Any]:
    """SDK settings of a reader that trusts only what it is given and never touches the network."""
    return {
        "version": 1,
        # unknown keys are ignored in silence: each of these was seen to have an effect
        "core": {"allowed_network_hosts": []},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "trust": {"anchors": trust.anchors(), "trust_config": PURPOSES},
    }


def context_of(trust: Trust) -> Any:
    """The SDK's context for a trust; CredentialError when a list cannot be used."""
    import c2pa

    try:
        return c2pa.Context(c2pa.Settings.from_dict(verifier_settings(trust)))
    except c2pa.C2paError as error:
        raise CredentialError(f"a trust list cannot be used ({clean(str(error))}): remove or replace it") from error


def crashed(sentence: str) -> Credential:
    """What is known of a file whose reading had to be stopped."""
    return _broken(sentence, "embedded")


@contextlib.contextmanager
def _opened(wanted: Wanted) -> Iterator[Any]:
    if wanted.context is not None:
        yield wanted.context
        return
    with context_of(wanted.trust) as context:
        yield context


# --------------------------------------------------------------- reading
def _read(path: Path, wanted: Wanted, *, manifest: bytes | None, origin: Origin) -> Credential | None:
    import c2pa

    kind = media_type(path).partition("/")[0].replace("audio", "sound") or "file"
    # without a known suffix the SDK looks at the bytes, unless the manifest comes from elsewhere
    named = media_type(path) or (UNKNOWN_TYPE if manifest else None)
    try:
        with (
            path.open("rb") as file,
            _opened(wanted) as context,
            c2pa.Reader(named, file, manifest_data=manifest, context=context) as reader,
        ):
            return credential_of(reader, wanted, kind, origin=origin)
    except OSError as error:
        raise UnreadableInput(
            f"{path} cannot be opened ({error.strerror or error}): check its name and rights"
        ) from error
    except c2pa.C2paError as error:
        return _unread(error, path) if manifest is None else _broken(broken_sentence(), origin)


def _sidecar_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_STORE_BYTES + 1)
    except OSError as error:
        LOG.info("the manifest beside the file cannot be read: %s", error)
        return b""
    return data if len(data) <= MAX_STORE_BYTES and STORE_MARK in data[:STORE_MARK_WITHIN] else b""


def credential_of(reader: Any, wanted: Wanted, kind: str, *, origin: Origin) -> Credential:
    """What an open reader of the SDK reports, as a credential; `kind` is "video", "image", "sound" or "file"."""
    text, summary = reader.crjson(), reader.json()
    if len(text) + len(summary) > MAX_REPORT_CHARS:
        return _broken(oversized_sentence(), origin)
    try:
        store = parse_store(json.loads(text))
        trust_key = clean(json.loads(summary).get("validation_results", {}).get("trustListUri"))
    except (ValueError, RecursionError, AttributeError) as error:
        LOG.info("credentials report not understood: %s", error)
        store = None
    if store is None:
        return _broken(broken_sentence(), origin)
    if origin == "store":
        store = axes.without_file(store)
    credential = _axes(store, wanted.trust, trust_key)
    address = wanted.address or reader.get_remote_url()
    credential = replace(credential, origin=origin, remote_url=clean(address, MAX_URL_CHARS))
    previews = Previews(reader) if wanted.thumbnails else None
    credential = _contents(credential, store, previews)
    key = _expired_key(reader, store, wanted.trust) if credential.signer == "expired" else trust_key
    is_cut = len(store.active.actions) > MAX_SHOWN or sum(1 for _ in credential.every_ingredient()) == MAX_SHOWN
    said = replace(credential, ai_sentence=ai_sentence(credential, store, kind))
    sentences = sentences_of(said, store, trust=wanted.trust, trust_key=key, is_cut=is_cut)
    return replace(said, sentences=sentences)


def _expired_key(reader: Any, store: Store, trust: Trust) -> str | None:
    """Which list knows the issuer of an expired certificate; None when that cannot be told."""
    import c2pa

    from pipeline.provenance.reading.chains import list_key_of_expired

    if not trust.anchors():
        return ""
    manifest = io.BytesIO()
    try:
        reader.resource_to_stream(f"self#jumbf=/c2pa/{store.active.label}/c2pa.signature", manifest)
    except c2pa.C2paError as error:
        LOG.info("signature box not found: %s", error)
        return None
    return list_key_of_expired(manifest.getvalue(), store.active.serial, trust)


def _axes(store: Store, trust: Trust, trust_key: str) -> Credential:
    active = store.active
    own_account = max((action.when for action in active.actions), default="")
    return Credential(
        integrity=axes.integrity_of(store),
        signer=signer_behind(store, axes.signer_of(store, trust, trust_key)),
        time=axes.time_of(active),
        binding=axes.binding_of(store),
        history=axes.history_of(store),
        signer_name=active.signer,
        trust_list=", ".join(f"{one.name} {one.date}".strip() for one in trust.signer_lists),
        policy=trust.policy,
        checked_at=datetime.now(UTC).isoformat(timespec="seconds"),
        signed_at=active.stamped_at or own_account,
        time_authority=active.stamper if active.stamped_at else "",
        certificate_expires=active.expires,
        manifest_label=active.label,
        digital_source_types=axes.declared_types(store)[:MAX_SHOWN],
        declares_ai=axes.declares_ai(store),
        declares_capture=axes.declares_capture(store),
        codes=axes.all_codes(active.checks)[:MAX_SHOWN],
    )


def _contents(credential: Credential, store: Store, previews: Previews | None) -> Credential:
    """What the manifest tells of the content, together with what update manifests added to it."""
    content, updates = content_manifest(store), updates_of(store)
    told = (content, *updates)
    bindings = tuple(one for manifest in told for one in manifest.soft_bindings)
    # the last word counts
    latest = tuple(reversed(told))
    return replace(
        credential,
        claim_generator=content.generator,
        title=content.title,
        is_update=bool(updates),
        content_label=content.label,
        ai_model=next((one.ai_model for one in latest if one.ai_model), ""),
        authors=next((one.authors for one in latest if one.authors), ()),
        licence=next((one.licence for one in latest if one.licence), ""),
        training=next((one.training for one in latest if one.training), ()),
        actions=tuple(action for manifest in told for action in manifest.actions)[:MAX_SHOWN],
        ingredients=ingredients_of(store, limit=MAX_SHOWN, **({"preview": previews} if previews else {})),
        soft_bindings=tuple(dict.fromkeys(bindings))[:MAX_BINDINGS],
        thumbnail=previews(content.thumbnail_uri) if previews else b"",
    )


# ------------------------------------------------------- nothing to read
def _unread(error: Exception, path: Path) -> Credential | None:
    """What it means that the SDK gave up: no credentials, credentials elsewhere, or damaged ones."""
    import c2pa

    LOG.debug("%s: %s", path, error)
    # the SDK has no class of its own for "there is an address, and fetching is forbidden"
    if str(error).startswith("Remote"):
        url = clean(str(error).partition(" url ")[2], MAX_URL_CHARS)
        return Credential("none", "none", "none", "none", "none", remote_url=url, sentences=(remote_sentence(url),))
    if isinstance(error, c2pa.C2paError.ManifestNotFound | c2pa.C2paError.NotSupported):
        return None
    # a file that cannot be taken apart may still show that it once was signed
    return _broken(broken_sentence(), "embedded") if _shows_store(path) else None


def _broken(sentence: str, origin: Origin) -> Credential:
    return Credential("broken", "none", "none", "none", "none", origin=origin, sentences=(sentence,))


def _shows_store(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(SEARCHED_BYTES)
        file.seek(max(len(head), path.stat().st_size - SEARCHED_BYTES))
        tail = file.read(SEARCHED_BYTES)
    return STORE_MARK in head or STORE_MARK in tail
