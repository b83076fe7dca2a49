"""A time stamp for a file that was signed without one.

An update manifest (C2PA specification 2.4, "Update manifests") holds the stamp of the earlier signature in
a ``c2pa.time-stamp`` assertion and says nothing else; picture, sound and earlier credentials stay as they are.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.errors import CredentialError
from pipeline.provenance.formats import signable_type
from pipeline.provenance.reading.reader import read_credential, verifier_settings
from pipeline.provenance.signing.identity import SigningIdentity
from pipeline.provenance.signing.timestamps import TimestampPolicy, stamped
from pipeline.provenance.signing.writing import beside, put_in_place, real_destination
from pipeline.provenance.text import clean, parse_time
from pipeline.provenance.trust.lists import Trust
from pipeline.records import Credential

STAMP_LABEL = "c2pa.time-stamp"
MEMORY_THRESHOLD_MB = 16
# where an update keeps the checksum of the file, for the SDK (0.91.3) and for an independent verifier. In the
# others (RIFF, FLAC, MP3, TIFF, PDF, SVG) a store that grows changes bytes that the first checksum covers
UPDATABLE = frozenset({".mp4", ".m4v", ".mov", ".m4a", ".jpg", ".jpeg", ".png", ".avif", ".heic", ".heif", ".gif"})


def add_stamp(
    source: Path,
    destination: Path,
    *,
    identity: SigningIdentity,
    timestamps: TimestampPolicy,
    trust: Trust | None = None,
    now: datetime | None = None,
) -> Credential:
    """Have the signature of a file stamped after the fact, in an update manifest.

    Parameters
    ----------
    source, destination : Path
        Of the same kind; the destination may be the source itself. It appears whole or not at all.
    identity : SigningIdentity
        Who signs the update; may be another than who signed the file.
    timestamps : TimestampPolicy
        Whom to ask; a stamp is always required, whatever its mode.
    trust : Trust, optional
        For reading the result back; the identity's own root when left out.
    now : datetime, optional
        For tests.

    Returns
    -------
    Credential
        As read back from what was written.

    Raises
    ------
    CredentialError
        When the file carries no intact credentials, has a stamp already, its certificate has expired, no
        authority gives a stamp, or the result does not read back.
    """
    trust = trust or Trust(own_pem=identity.root_pem)
    destination = real_destination(destination)
    before = _due(source, read_credential(source, trust=trust, sidecar=False), now or datetime.now(UTC))
    with beside(destination) as temporary:
        # without a stamp there is nothing to write
        wanted = replace(timestamps, mode="required")
        store, _ = stamped(wanted, lambda url: _write(source, temporary, identity, url))
        after = _checked(read_credential(temporary, trust=trust, sidecar=False), before, store)
        put_in_place({temporary: destination}, mode_of=source)
    return after


def is_due(credential: Credential | None) -> bool:
    """Whether credentials are intact and lack a time stamp."""
    return credential is not None and credential.integrity == "exact" and credential.time == "none"


def _due(source: Path, found: Credential | None, now: datetime) -> Credential:
    if found is None:
        raise CredentialError(f"{source} carries no credentials that could be stamped: sign it with a time stamp")
    if source.suffix.lower() not in UPDATABLE:
        raise CredentialError(
            f"a later stamp would break the checksum of {source}, as {source.suffix} files are built: sign the "
            "original anew with a time stamp"
        )
    if found.integrity != "exact":
        raise CredentialError(f"the credentials of {source} do not hold ({found.integrity}): sign it anew")
    if found.time != "none":
        raise CredentialError(f"{source} has a time stamp already: nothing is to be done")
    expires = parse_time(found.certificate_expires)
    if expires is not None and expires <= now:
        # a stamp proves that the signature existed when it was made, which would be too late
        raise CredentialError(
            f"the certificate that signed {source} expired on {found.certificate_expires[:10]}, so a stamp of today "
            "proves nothing: sign the file anew"
        )
    return found


def _write(source: Path, temporary: Path, identity: SigningIdentity, timestamp_url: str) -> bytes:
    """Sign the update into the temporary file; returns the manifest store."""
    import c2pa

    failures: list[Exception] = []

    def sign(data: bytes) -> bytes:
        # the SDK swallows what a signer raises: keep it, it is the reason to report
        try:
            return identity.sign(data)
        except Exception as error:
            failures.append(error)
            raise

    algorithm = getattr(c2pa.C2paSigningAlg, identity.algorithm.upper())
    try:
        with (
            source.open("rb") as unsigned,
            temporary.open("w+b") as signed,
            _builder(identity, timestamp_url) as builder,
            c2pa.Signer.from_callback(sign, algorithm, identity.chain_pem, timestamp_url) as signer,
        ):
            builder.set_intent(c2pa.C2paBuilderIntent.UPDATE)
            return bytes(builder.sign(signer, signable_type(source), unsigned, signed))
    except c2pa.C2paError as error:
        if failures:
            raise CredentialError(f"the signing key refused to sign ({clean(str(failures[0]))})") from failures[0]
        raise CredentialError(f"{source} could not be updated ({clean(str(error), 300)})") from error
    except OSError as error:
        raise CredentialError(
            f"{source} could not be copied ({error.strerror}): make room or check its rights"
        ) from error


def _builder(identity: SigningIdentity, timestamp_url: str) -> Any:
    from urllib.parse import urlsplit

    import c2pa

    settings = verifier_settings(Trust(own_pem=identity.root_pem))
    # for this assertion the SDK compares host and port, for a signature the host alone (0.91.3)
    settings["core"]["allowed_network_hosts"] = [urlsplit(timestamp_url).netloc]
    settings["core"]["backing_store_memory_threshold_in_mb"] = MEMORY_THRESHOLD_MB
    settings["verify"]["verify_after_sign"] = False
    settings["builder"] = {
        "thumbnail": {"enabled": False},
        # the SDK adds "opened" for the earlier credentials, and nothing else happened
        "actions": {"all_actions_included": True},
        "auto_timestamp_assertion": {"enabled": True, "skip_existing": False, "fetch_scope": "parent"},
        "created_assertion_labels": [STAMP_LABEL, "c2pa.actions", "c2pa.ingredient"],
    }
    generator = {"name": "Foleymark", "version": version("foleymark"), "specVersion": "2.4.0"}
    definition = {"claim_version": 2, "claim_generator_info": [generator]}
    return c2pa.Builder(definition, context=c2pa.Context(c2pa.Settings.from_dict(settings)))


def _checked(after: Credential | None, before: Credential, store: bytes) -> Credential:
    if after is None:
        raise CredentialError("the updated file reads back without credentials: report this with the file")
    for held, complaint in (
        (after.integrity == "exact", "its checksum does not match"),
        (after.signer in ("own", "trusted", "unknown"), "its signature is not accepted"),
        (after.manifest_label != before.manifest_label, "nothing was added"),
        (after.time != "none", "its own signature has no time stamp"),
        # the label of a box stands in the store as it is
        (STAMP_LABEL.encode() in store, "the stamp of the earlier signature is missing"),
    ):
        if not held:
            codes = ", ".join(after.codes[:4])
            raise CredentialError(f"the updated file does not read back as planned: {complaint} ({codes})")
    return after
