"""Signing: the credentials go into a temporary file, are read back as a stranger would, and only then count."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import CredentialError, UnreadableInput
from pipeline.provenance.formats import SIGNABLE, signable_type
from pipeline.provenance.manifest import CREATED_LABELS, Parent, ProvenancePlan, parent_ingredient, render
from pipeline.provenance.reading.reader import read_credential, verifier_settings
from pipeline.provenance.signing.authority import Authority
from pipeline.provenance.source_types import MADE_BY_AI
from pipeline.provenance.text import clean, parse_time
from pipeline.provenance.trust.lists import Trust
from pipeline.records import Credential

LOG = logging.getLogger(__name__)

# beyond this the SDK works through a file on disk: a 201 MB video peaks at 239 MiB instead of 429 (SDK 0.91.3)
MEMORY_THRESHOLD_MB = 32


def sign_file(
    source: Path,
    destination: Path,
    *,
    plan: ProvenancePlan,
    authority: Authority,
    parent: Path | None = None,
    thumbnail_jpeg: bytes = b"",
    timestamp_url: str = "",
    now: datetime | None = None,
) -> Credential:
    """Write a copy of a file that carries the credentials of a plan, and read it back.

    Parameters
    ----------
    source : Path
        The finished file. Nothing may touch its bytes afterwards.
    destination : Path
        Where the signed copy goes; may be the source itself. It appears whole or not at all.
    plan : ProvenancePlan
    authority : Authority
    parent : Path, optional
        The file that came in, whose own credentials are carried on; the source itself when left out.
    thumbnail_jpeg : bytes
        A preview picture, or nothing.
    timestamp_url : str
        A time stamp authority (RFC 3161) to ask; empty asks none and touches no network.
    now : datetime, optional
        When the file is signed, for tests.

    Returns
    -------
    Credential
        As read back from the written file, trusting nothing but this authority.

    Raises
    ------
    CredentialError
        When the container, the certificate or the plan does not allow it, or what was written does not
        read back as planned.
    UnreadableInput
        When the source or the parent cannot be opened.
    """
    now = now or datetime.now(UTC)
    media_type = signable_type(destination)
    _check_source(source, destination)
    _check_authority(authority, now)
    plan = plan if plan.made_at else replace(plan, made_at=now.isoformat(timespec="seconds"))
    parent, before = _parent_credential(plan, parent or source, authority)
    plan = _with_parent_type(plan, before)
    definition = render(plan, parent_signed=before is not None)
    if thumbnail_jpeg:
        definition["thumbnail"] = {"format": "image/jpeg", "identifier": "thumbnail.jpg"}

    def write(unsigned: Any, signed: Any) -> None:
        import c2pa

        try:
            with _builder(definition, authority, timestamp_url) as builder:
                if before is not None and plan.parent is not None:
                    _add_parent(builder, plan.parent, parent)
                if thumbnail_jpeg:
                    _add_thumbnail(builder, thumbnail_jpeg)
                _sign(builder, authority, media_type, unsigned, signed, timestamp_url=timestamp_url)
        except c2pa.C2paError as error:
            raise CredentialError(f"{source} could not be signed ({clean(str(error))}): check that it plays") from error

    return _write_checked(
        source, destination, write, lambda path: _check_result(path, plan, authority, parent_signed=before is not None)
    )


# --------------------------------------------------------------- before
def _check_source(source: Path, destination: Path) -> None:
    if not source.is_file():
        raise UnreadableInput(f"{source} is not a file: name the file to sign")
    if not destination.parent.is_dir():
        raise UnreadableInput(f"the folder {destination.parent} does not exist: make it first")
    if SIGNABLE.get(source.suffix.lower()) != SIGNABLE[destination.suffix.lower()]:
        raise CredentialError(
            f"signing does not convert {source.suffix or 'a file'} to {destination.suffix}: give both the same suffix"
        )


def _check_authority(authority: Authority, now: datetime) -> None:
    # loaded perhaps hours ago, in a long batch
    expires = parse_time(authority.expires)
    if expires is None or expires <= now:
        raise CredentialError(
            f"the signing certificate expired on {authority.expires[:10]}: renew it with `foleymark keys renew`"
        )


def _parent_credential(plan: ProvenancePlan, path: Path, authority: Authority) -> tuple[Path, Credential | None]:
    """The parent's credentials, when there are some that can be carried on."""
    if plan.parent is None:
        return path, None
    found = read_credential(path, trust=Trust(own_pem=authority.root_pem))
    if found is not None and found.integrity == "broken":
        LOG.warning("%s carries damaged credentials, which cannot be carried on", path)
    carries = found is not None and found.integrity not in ("none", "broken")
    return path, found if carries else None


def _with_parent_type(plan: ProvenancePlan, before: Credential | None) -> ProvenancePlan:
    # only decides what the mix is called: how a signed parent came to be stands in its own credentials
    if plan.parent and before and before.declares_ai and not plan.parent.digital_source_type:
        return replace(plan, parent=replace(plan.parent, digital_source_type=MADE_BY_AI))
    return plan


# -------------------------------------------------------------- signing
def _builder(definition: dict[str, Any], authority: Authority, timestamp_url: str) -> Any:
    import c2pa

    settings = verifier_settings(Trust(own_pem=authority.root_pem))
    if timestamp_url:
        settings["core"]["allowed_network_hosts"] = [_host(timestamp_url)]
    settings["core"]["backing_store_memory_threshold_in_mb"] = MEMORY_THRESHOLD_MB
    # the file is read back below, by a context of its own
    settings["verify"]["verify_after_sign"] = False
    settings["builder"] = {"created_assertion_labels": list(CREATED_LABELS), "thumbnail": {"enabled": False}}
    return c2pa.Builder(definition, context=c2pa.Context(c2pa.Settings.from_dict(settings)))


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CredentialError(f"{url!r} is no address of a time stamp authority: it begins with https://")
    return parts.hostname


def _add_parent(builder: Any, parent: Parent, path: Path) -> None:
    with path.open("rb") as file:
        builder.add_ingredient(parent_ingredient(parent, signed=True), parent.media_type, file)


def _add_thumbnail(builder: Any, jpeg: bytes) -> None:
    import io

    builder.add_resource("thumbnail.jpg", io.BytesIO(jpeg))


def _sign(
    builder: Any, authority: Authority, media_type: str, unsigned: Any, signed: Any, *, timestamp_url: str
) -> None:
    import c2pa

    failures: list[Exception] = []

    def sign(data: bytes) -> bytes:
        # the SDK swallows what a signer raises: keep it, it is the reason to report
        try:
            return authority.sign(data)
        except Exception as error:
            failures.append(error)
            raise

    with c2pa.Signer.from_callback(
        sign, c2pa.C2paSigningAlg.ES256, authority.chain_pem, timestamp_url or None
    ) as signer:
        try:
            builder.sign(signer, media_type, unsigned, signed)
        except c2pa.C2paError:
            if failures:
                raise CredentialError(f"the signing key refused to sign ({clean(str(failures[0]))})") from failures[0]
            raise


# ---------------------------------------------------------------- after
def _write_checked(
    source: Path, destination: Path, write: Callable[[Any, Any], None], check: Callable[[Path], Credential]
) -> Credential:
    """Let `write` fill a temporary file beside the destination; it takes the name once `check` agrees."""
    handle, name = tempfile.mkstemp(prefix=f".{destination.stem}.", suffix=destination.suffix, dir=destination.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w+b") as signed:
            with source.open("rb") as unsigned:
                write(unsigned, signed)
            signed.flush()
            os.fsync(signed.fileno())
        credential = check(temporary)
        shutil.copymode(source, temporary)
        temporary.replace(destination)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(destination.parent)
    return credential


def _check_result(path: Path, plan: ProvenancePlan, authority: Authority, *, parent_signed: bool) -> Credential:
    """The credentials as a verifier reads them; refuses a file that does not say what was planned."""
    credential = read_credential(path, trust=Trust(own_pem=authority.root_pem))
    if credential is None:
        raise CredentialError("the signed file reads back without credentials: report this with the file")
    planned_marks = {(mark.algorithm, mark.payload_hex) for mark in plan.marks}
    parents = [one for one in credential.ingredients if one.relationship == "parentOf"]
    for held, complaint in (
        (credential.integrity == "exact", "its checksum does not match"),
        (credential.signer == "own", "its signature does not lead to your own root certificate"),
        (credential.title == clean(plan.title), "its title is another"),
        (credential.manifest_label == plan.manifest_label or not plan.manifest_label, "its label is another"),
        (set(credential.soft_bindings) == planned_marks, "its marks are not the ones embedded"),
        (bool(parents) == (plan.parent is not None), "the file it was made from is missing"),
        (not parent_signed or parents[0].has_credentials, "the credentials of its parent are missing"),
    ):
        if not held:
            codes = ", ".join(credential.codes[:4])
            raise CredentialError(f"the signed file does not read back as planned: {complaint} ({codes})")
    return credential


def _sync_folder(folder: Path) -> None:
    # so that the new name survives a power cut, where the system allows opening a folder
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
