"""Signing: the credentials go into a temporary file, are read back as a stranger would, and only then count."""

from __future__ import annotations

import filecmp
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import CredentialError, UnreadableInput
from pipeline.files import sha256_file
from pipeline.provenance.formats import has_place, is_matroska, media_type, signable_type
from pipeline.provenance.manifest import (
    CREATED_LABELS,
    Parent,
    ProvenancePlan,
    Source,
    parent_ingredient,
    preview_name,
    render,
    source_ingredient,
)
from pipeline.provenance.reading.reader import read_credential, verifier_settings
from pipeline.provenance.signing import large
from pipeline.provenance.signing.identity import SigningIdentity
from pipeline.provenance.signing.sidecar import check_remote, sidecar_path
from pipeline.provenance.signing.streams import WatchedFile
from pipeline.provenance.signing.timestamps import OFF, TimestampPolicy, host_of, stamped
from pipeline.provenance.signing.verify import check_result
from pipeline.provenance.signing.writing import (
    beside,
    check_folder,
    put_in_place,
    real_destination,
    said,
    write_error,
)
from pipeline.provenance.source_types import MADE_BY_AI, is_capture, to_uri
from pipeline.provenance.text import clean, parse_time
from pipeline.provenance.trust.lists import Trust
from pipeline.records import Credential

LOG = logging.getLogger(__name__)

# beyond this the SDK works through a file on disk instead of in memory
MEMORY_THRESHOLD_MB = 16


@dataclass(frozen=True)
class Signed:
    """A file with its credentials."""

    path: Path
    # as read back
    credential: Credential
    # the manifest store, as a .c2pa file holds it
    store: bytes
    # where the store was written beside the file; None when it is inside
    sidecar: Path | None = None
    # what has to be told, a sentence each
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Task:
    """All that one signing needs, settled and checked."""

    source: Path
    destination: Path
    identity: SigningIdentity
    plan: ProvenancePlan
    definition: dict[str, Any]
    # ingredients with credentials of their own: definition and file
    carried: tuple[tuple[dict[str, Any], Path], ...]
    thumbnail_jpeg: bytes
    sidecar: bool
    remote_url: str
    # for a large file: see large.py; None to hash it whole
    patches: Mapping[int, bytes] | None


def sign_file(
    source: Path, destination: Path, *, plan: ProvenancePlan, authority: SigningIdentity, **how: Any
) -> Credential:
    """As `sign_media`, for callers that want to know only what the credentials say."""
    return sign_media(source, destination, plan=plan, authority=authority, **how).credential


def sign_media(
    source: Path,
    destination: Path,
    *,
    plan: ProvenancePlan,
    authority: SigningIdentity,
    parent: Path | None = None,
    thumbnail_jpeg: bytes = b"",
    timestamps: TimestampPolicy = OFF,
    sidecar: bool = False,
    remote_url: str = "",
    now: datetime | None = None,
) -> Signed:
    """Write a copy of a file that carries the credentials of a plan, and read it back.

    Parameters
    ----------
    source : Path
        The finished file. Nothing may touch its bytes afterwards.
    destination : Path
        Where the signed copy goes; may be the source itself. It appears whole or not at all.
    plan : ProvenancePlan
    authority : SigningIdentity
        Who signs.
    parent : Path, optional
        The file that came in, whose own credentials are carried on; the source itself when left out.
    thumbnail_jpeg : bytes
        A preview picture, or nothing.
    timestamps : TimestampPolicy
        Whether to have the signature stamped; nobody is asked unless it says so.
    sidecar : bool
        Put the credentials beside the file instead of into it; always so where a container has no place for them.
    remote_url : str
        Write into the file that its credentials are also found at this address.
    now : datetime, optional
        When the file is signed, for tests.

    Returns
    -------
    Signed
        With the credential as read back from what was written, trusting nothing but this signer.

    Raises
    ------
    CredentialError
        When the container, the certificate or the plan does not allow it, or what was written does not
        read back as planned.
    UnreadableInput
        When the source, the parent or an ingredient cannot be opened.
    UsageError
        When the destination cannot be written, or the address is none.
    """
    now = now or datetime.now(UTC)
    destination = real_destination(destination)
    _check_source(source, destination)
    _check_identity(authority, now)
    if remote_url:
        check_remote(remote_url, destination)
    beside_it = sidecar or not has_place(destination)
    plan, carried, notes = _with_ingredients(plan, parent or source, authority)
    plan = plan if plan.made_at else replace(plan, made_at=now.isoformat(timespec="seconds"))
    parent_signed = any(one["relationship"] == "parentOf" for one, _ in carried)
    definition = _definition(plan, carried, parent_signed, thumbnail_jpeg)
    patches = None if beside_it else large.leaf_patches(source)
    task = _Task(
        source, destination, authority, plan, definition, carried, thumbnail_jpeg, beside_it, remote_url, patches
    )
    if beside_it and not sidecar:
        notes += (_no_place(destination),)
    return _write(task, timestamps, parent_signed, notes)


# --------------------------------------------------------------- before
def _check_source(source: Path, destination: Path) -> None:
    kind = signable_type(destination)
    if not source.is_file():
        raise UnreadableInput(f"{source} is not a file: name the file to sign")
    check_folder(destination)
    if is_matroska(source) and has_place(source):
        raise CredentialError(
            f"{source} is a Matroska or WebM film under another name: give it the suffix .mkv or .webm"
        )
    if media_type(source) != kind:
        raise CredentialError(
            f"signing does not convert {source.suffix or 'a file'} to {destination.suffix}: give both the same suffix"
        )


def _check_identity(identity: SigningIdentity, now: datetime) -> None:
    # loaded perhaps hours ago, in a long batch
    expires = parse_time(identity.expires)
    if expires is None or expires <= now:
        raise CredentialError(
            f"the signing certificate expired on {identity.expires[:10]}: renew it with `foleymark keys renew`"
        )


def _no_place(path: Path) -> str:
    return (
        f"{path.suffix.lower()} files have no place for content credentials: they are in "
        f"{sidecar_path(path).name} beside the file, and both have to travel together"
    )


# ---------------------------------------------------------- ingredients
def _with_ingredients(
    plan: ProvenancePlan, parent: Path, identity: SigningIdentity
) -> tuple[ProvenancePlan, tuple[tuple[dict[str, Any], Path], ...], tuple[str, ...]]:
    """The plan with what the files themselves say, the ingredients that bring credentials, and what to tell."""
    carried: list[tuple[dict[str, Any], Path]] = []
    notes: list[str] = []
    if plan.parent is not None:
        found = _usable(parent, identity, notes)
        plan = _with_parent_type(plan, found)
        if found is not None:
            carried.append((parent_ingredient(plan.parent or Parent(parent.name), signed=True), parent))
    elif plan.created_by_generator and _usable(parent, identity, []) is not None:
        raise CredentialError(
            f"{parent} has credentials already, so it was not made just now: sign it as a file that came in"
        )
    sources = []
    for number, source in enumerate(plan.ingredients):
        found = _usable(source.path, identity, notes) if source.path else None
        if found is not None and source.path:
            carried.append((source_ingredient(source, number, signed=True), source.path))
        sources.append(_completed(source, found))
    return replace(plan, ingredients=tuple(sources)), tuple(carried), tuple(notes)


def _usable(path: Path, identity: SigningIdentity, notes: list[str]) -> Credential | None:
    """A file's credentials, when there are some that can be carried on."""
    found = read_credential(path, trust=Trust(own_pem=identity.root_pem))
    if found is None or found.integrity == "none":
        if found is not None and found.remote_url:
            notes.append(f"{path.name} has its credentials at {found.remote_url}; they are not fetched, nor carried on")
        return None
    if found.origin == "sidecar":
        notes.append(
            f"the credentials of {path.name} lie beside it; they cannot be carried on, only those inside a file"
        )
        return None
    if found.integrity == "broken":
        LOG.warning("%s carries damaged credentials, which cannot be carried on", path)
        notes.append(f"{path.name} carries damaged credentials, which cannot be carried on")
        return None
    if found.integrity != "exact":
        notes.append(f"{path.name} was changed after it was signed; its credentials are carried on and say so")
    return found


def _with_parent_type(plan: ProvenancePlan, before: Credential | None) -> ProvenancePlan:
    # only decides what the mix is called: how a signed parent came to be stands in its own credentials
    if plan.parent is None or before is None or not before.declares_ai:
        return plan
    if plan.parent.digital_source_type and is_capture(to_uri(plan.parent.digital_source_type)):
        raise CredentialError(
            f"the credentials of {plan.parent.title} say that AI made it or parts of it, which the source type "
            f"{plan.parent.digital_source_type!r} contradicts: leave the source type out"
        )
    if not plan.parent.digital_source_type:
        return replace(plan, parent=replace(plan.parent, digital_source_type=MADE_BY_AI))
    return plan


def _completed(source: Source, found: Credential | None) -> Source:
    # without credentials the hash ties the statement to the file; with them only the mix needs to know of AI
    if found is not None:
        return replace(source, digital_source_type=MADE_BY_AI) if found.declares_ai else source
    if source.path is None:
        return source
    return replace(
        source,
        media_type=source.media_type or media_type(source.path) or "application/octet-stream",
        sha256=source.sha256 or sha256_file(source.path),
    )


def _definition(
    plan: ProvenancePlan, carried: tuple[tuple[dict[str, Any], Path], ...], parent_signed: bool, thumbnail_jpeg: bytes
) -> dict[str, Any]:
    paths = {path for one, path in carried if one["relationship"] == "componentOf"}
    signed = [number for number, source in enumerate(plan.ingredients) if source.path in paths]
    definition = render(plan, parent_signed=parent_signed, signed_sources=signed)
    if thumbnail_jpeg:
        definition["thumbnail"] = {"format": "image/jpeg", "identifier": "thumbnail.jpg"}
    return definition


# -------------------------------------------------------------- writing
def _write(task: _Task, timestamps: TimestampPolicy, parent_signed: bool, notes: tuple[str, ...]) -> Signed:
    """Sign into a temporary file beside the destination; it takes the name once it reads back as planned."""
    side = sidecar_path(task.destination) if task.sidecar else None
    with beside(task.destination) as temporary, beside(side or task.destination) as store_file:
        store, due = stamped(timestamps, lambda url: _attempt(task, temporary, url))
        credential = check_result(
            temporary,
            task.plan,
            task.identity,
            store=store,
            parent_signed=parent_signed,
            sidecar=side is not None,
        )
        if timestamps.mode != "off" and not due and credential.time == "none":
            raise CredentialError("the time stamp that was given cannot be read back: name another authority")
        files = {temporary: task.destination}
        if side:
            with said(side):
                store_file.write_bytes(store)
            files[store_file] = side
            if task.destination.exists() and filecmp.cmp(temporary, task.destination, shallow=False):
                # what is there already need not be written again
                del files[temporary]
        put_in_place(files, mode_of=task.source)
    if due:
        notes += (f"signed without a time stamp ({due}): add one later with `foleymark stamp`",)
    return Signed(task.destination, credential, store, side, notes)


def _attempt(task: _Task, temporary: Path, timestamp_url: str) -> bytes:
    """Sign once into the temporary file; returns the manifest store."""
    import c2pa

    try:
        unsigned_file, signed_file = task.source.open("rb"), temporary.open("w+b")
    except OSError as error:
        raise UnreadableInput(
            f"{task.source} cannot be opened ({error.strerror}): check its name and rights"
        ) from error
    with unsigned_file, signed_file:
        unsigned, signed = WatchedFile(unsigned_file, task.patches), WatchedFile(signed_file)
        leaves = task.patches is not None
        try:
            with _builder(task.definition, task.identity, timestamp_url, leaves=leaves) as builder:
                _add_files(builder, task)
                if task.sidecar:
                    builder.set_no_embed()
                if task.remote_url:
                    builder.set_remote_url(task.remote_url)
                kind = signable_type(task.destination)
                store = _sign(builder, task.identity, kind, unsigned, signed, timestamp_url=timestamp_url)
            with said(task.destination):
                signed.flush()
            return store
        except c2pa.C2paError as error:
            if signed.failure:
                raise write_error(task.destination, signed.failure) from error
            reason = unsigned.failure.strerror if unsigned.failure else str(error)
            raise CredentialError(
                f"{task.source} could not be signed ({clean(reason)}): check that it plays"
            ) from error


def _add_files(builder: Any, task: _Task) -> None:
    import io

    for ingredient, path in task.carried:
        kind = ingredient.get("format") or media_type(path)
        with path.open("rb") as file:
            builder.add_ingredient(ingredient, kind, file)
    if task.thumbnail_jpeg:
        builder.add_resource("thumbnail.jpg", io.BytesIO(task.thumbnail_jpeg))
    for number, source in enumerate(task.plan.ingredients):
        if source.thumbnail_jpeg:
            builder.add_resource(preview_name(number), io.BytesIO(source.thumbnail_jpeg))


# -------------------------------------------------------------- the SDK
def _builder(
    definition: dict[str, Any], authority: SigningIdentity, timestamp_url: str, *, leaves: bool = False
) -> Any:
    import c2pa

    settings = verifier_settings(Trust(own_pem=authority.root_pem))
    if timestamp_url:
        settings["core"]["allowed_network_hosts"] = [host_of(timestamp_url)]
    settings["core"]["backing_store_memory_threshold_in_mb"] = MEMORY_THRESHOLD_MB
    if leaves:
        # without proofs beside the media, which an independent verifier does not read
        settings["core"] |= {"merkle_tree_chunk_size_in_kb": large.LEAF_KIB, "merkle_tree_max_proofs": 0}
    # the file is read back afterwards, by a context of its own
    settings["verify"]["verify_after_sign"] = False
    settings["builder"] = {"created_assertion_labels": list(CREATED_LABELS), "thumbnail": {"enabled": False}}
    return c2pa.Builder(definition, context=c2pa.Context(c2pa.Settings.from_dict(settings)))


def _sign(
    builder: Any, authority: SigningIdentity, kind: str, unsigned: Any, signed: Any, *, timestamp_url: str
) -> bytes:
    """Sign, and keep the reason when the key refuses; returns the manifest store."""
    import c2pa

    failures: list[Exception] = []

    def sign(data: bytes) -> bytes:
        # the SDK swallows what a signer raises: keep it, it is the reason to report
        try:
            return authority.sign(data)
        except Exception as error:
            failures.append(error)
            raise

    algorithm = getattr(c2pa.C2paSigningAlg, authority.algorithm.upper())
    with c2pa.Signer.from_callback(sign, algorithm, authority.chain_pem, timestamp_url or None) as signer:
        try:
            return bytes(builder.sign(signer, kind, unsigned, signed))
        except c2pa.C2paError:
            if failures:
                raise CredentialError(f"the signing key refused to sign ({clean(str(failures[0]))})") from failures[0]
            raise
