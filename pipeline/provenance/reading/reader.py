"""Reading the credentials of a file: the SDK validates, and its report becomes five axes and plain sentences."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.errors import CredentialError, UnreadableInput
from pipeline.provenance.formats import media_type
from pipeline.provenance.reading import axes
from pipeline.provenance.reading.crjson import Store, parse_store
from pipeline.provenance.reading.wording import (
    broken_sentence,
    ingredients_of,
    oversized_sentence,
    remote_sentence,
    sentences_of,
)
from pipeline.provenance.text import clean
from pipeline.provenance.trust.lists import Trust
from pipeline.records import Credential

LOG = logging.getLogger(__name__)

# a store of the largest editors has some hundred kB of JSON
MAX_REPORT_CHARS = 16 << 20
# the official libraries write the store near the beginning or the end of a file
SEARCHED_BYTES = 4 << 20
MAX_URL_CHARS = 500
# of each kind of thing in a credential; everything is looked at, this much is handed over
MAX_SHOWN = 200
STORE_MARK = b"jumdc2pa"


def read_credential(path: Path, *, trust: Trust | None = None) -> Credential | None:
    """What a file's credentials say and how far they can be believed; nothing is ever fetched.

    Parameters
    ----------
    path : Path
        A file of any kind, from anybody.
    trust : Trust, optional
        Whose signatures to believe; without it nobody's.

    Returns
    -------
    Credential or None
        None when the file carries no credentials and names no place where they are kept.

    Raises
    ------
    UnreadableInput
        When the file cannot be opened.
    CredentialError
        When a trust list of `trust` cannot be used.
    """
    import c2pa

    trust = trust or Trust()
    kind = media_type(path).partition("/")[0].replace("audio", "sound") or "file"
    try:
        with path.open("rb") as file, _context(trust) as context, _reader(file, path, context) as reader:
            return _credential(reader, trust, kind)
    except OSError as error:
        raise UnreadableInput(
            f"{path} cannot be opened ({error.strerror or error}): check its name and rights"
        ) from error
    except c2pa.C2paError as error:
        return _unread(error, path)


def verifier_settings(trust: Trust) -> dict[str, Any]:
    """SDK settings of a reader that trusts only what it is given and never touches the network."""
    return {
        "version": 1,
        # unknown keys are ignored in silence: each of these was seen to have an effect
        "core": {"allowed_network_hosts": []},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "trust": {"anchors": trust.anchors()},
    }


def _context(trust: Trust) -> Any:
    import c2pa

    try:
        return c2pa.Context(c2pa.Settings.from_dict(verifier_settings(trust)))
    except c2pa.C2paError as error:
        raise CredentialError(f"a trust list cannot be used ({clean(str(error))}): remove or replace it") from error


def _reader(file: Any, path: Path, context: Any) -> Any:
    import c2pa

    # without a known suffix the SDK looks at the bytes
    return c2pa.Reader(media_type(path) or None, file, context=context)


def _credential(reader: Any, trust: Trust, kind: str) -> Credential:
    text, summary = reader.crjson(), reader.json()
    if len(text) + len(summary) > MAX_REPORT_CHARS:
        return _broken(oversized_sentence())
    try:
        store = parse_store(json.loads(text))
        trust_key = clean(json.loads(summary).get("validation_results", {}).get("trustListUri"))
    except (ValueError, RecursionError, AttributeError) as error:
        LOG.info("credentials report not understood: %s", error)
        store = None
    if store is None:
        return _broken(broken_sentence())
    credential = _axes(store, trust, trust_key, remote_url=clean(reader.get_remote_url(), MAX_URL_CHARS))
    key = _expired_key(reader, store, trust) if credential.signer == "expired" else trust_key
    is_cut = len(store.active.actions) > MAX_SHOWN or len(credential.ingredients) == MAX_SHOWN
    sentences = sentences_of(credential, store, trust=trust, trust_key=key, kind=kind, is_cut=is_cut)
    return replace(credential, sentences=sentences)


def _expired_key(reader: Any, store: Store, trust: Trust) -> str | None:
    """Which list knows the issuer of an expired certificate; None when that cannot be told."""
    import io

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


def _axes(store: Store, trust: Trust, trust_key: str, *, remote_url: str) -> Credential:
    active = store.active
    own_account = max((action.when for action in active.actions), default="")
    return Credential(
        integrity=axes.integrity_of(store),
        signer=axes.signer_of(store, trust, trust_key),
        time=axes.time_of(active),
        binding=axes.binding_of(store),
        history=axes.history_of(store),
        signer_name=active.signer,
        trust_list=", ".join(f"{one.name} {one.date}".strip() for one in trust.signer_lists),
        signed_at=active.stamped_at or own_account,
        certificate_expires=active.expires,
        claim_generator=active.generator,
        title=active.title,
        manifest_label=active.label,
        digital_source_types=axes.declared_types(store)[:MAX_SHOWN],
        declares_ai=axes.declares_ai(store),
        declares_capture=axes.declares_capture(store),
        actions=active.actions[:MAX_SHOWN],
        ingredients=ingredients_of(store, limit=MAX_SHOWN),
        soft_bindings=active.soft_bindings[:MAX_SHOWN],
        codes=axes.all_codes(active.checks)[:MAX_SHOWN],
        remote_url=remote_url,
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
    return _broken(broken_sentence()) if _shows_store(path) else None


def _broken(sentence: str) -> Credential:
    return Credential("broken", "none", "none", "none", "none", sentences=(sentence,))


def _shows_store(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(SEARCHED_BYTES)
        file.seek(max(len(head), path.stat().st_size - SEARCHED_BYTES))
        tail = file.read(SEARCHED_BYTES)
    return STORE_MARK in head or STORE_MARK in tail
