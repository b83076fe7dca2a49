"""Whether a registration claims no more than its manifest: what the repository is told has to be signed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace

from pipeline.errors import CredentialError
from pipeline.provenance.repository.records import Binding, CodeSegment, Registration
from pipeline.provenance.repository.signers import signer_of
from pipeline.provenance.text import clean
from pipeline.records import Credential, SoftBinding

# the fingerprint's name in C2PA's list of soft binding algorithms
FINGERPRINT = "io.iscc.v0"
# ours: its value is the SHA-256 of the sketch
SKETCH = "io.foleymark.sketch.1"
# a store with the thumbnails of many ingredients has a few MB
MAX_STORE_BYTES = 16_000_000
# a film of three hours in segments of two seconds, twice over
MAX_SEGMENTS = 20_000
MAX_BINDINGS = 1_000
MAX_SKETCH_BYTES = 16_000_000
MAX_TIME_S = 10_000_000
MAX_TITLE, MAX_REASON = 500, 500
LABEL = re.compile(r"[\x21-\x7e]{1,200}")
ALGORITHM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
VALUE = re.compile(r"(?:[0-9a-f]{2}){1,256}")
PAYLOAD = re.compile(r"[0-9a-f]{16}")
TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")


def accepted(
    registration: Registration, *, issuers: tuple[bytes, ...] = (), ours: bool = False
) -> tuple[Registration, str]:
    """A registration whose every statement was checked, and who signed it.

    Parameters
    ----------
    registration : Registration
        From anybody.
    issuers : tuple of bytes
        As in `signer_of`.
    ours : bool
        The manifest was signed by this process: it is read here, and not by a process of its own as a stranger's is.

    Raises
    ------
    CredentialError
        The manifest's signature is not intact, a binding or segment does not stand in its signed soft bindings, the
        label is another, or a limit is passed. Nothing is taken over in part.
    """
    _check_form(registration)
    credential = _read(registration.store, ours=ours)
    if credential is None or not credential.holds:
        raise CredentialError(
            f"The manifest {registration.label} cannot be registered: its signature is not intact; get the original."
        )
    if credential.manifest_label != registration.label:
        raise CredentialError(
            f"The store holds the manifest {credential.manifest_label}, not {registration.label}; name it as it is."
        )
    _check_bindings(registration, credential)
    _check_sketch(registration, credential)
    signer = signer_of(registration.store, registration.label, issuers=issuers)
    return replace(registration, title=clean(registration.title, MAX_TITLE)), signer


def registration_of(
    store: bytes,
    *,
    media_type: str,
    title: str = "",
    tenant: str = "default",
    sketch: bytes = b"",
    ours: bool = False,
) -> Registration:
    """Everything that a bare manifest store itself says about what finds it again; `ours` as in `accepted`.

    Raises
    ------
    CredentialError
        The bytes are no manifest store with an intact signature.
    """
    _check_size(store)
    credential = _read(store, ours=ours)
    if credential is None or not credential.holds:
        raise CredentialError("This is no C2PA manifest store with an intact signature; export it again.")
    # a still has no stretches: it is found by its whole
    is_still = media_type.startswith("image/") and not any(_is_segment(one) for one in credential.soft_bindings)
    whole = dict.fromkeys(_binding(one) for one in credential.soft_bindings if not _is_segment(one))
    parts = dict.fromkeys(
        CodeSegment(one.start_s or 0.0, one.end_s or 0.0, bytes.fromhex(one.value_hex))
        for one in credential.soft_bindings
        if _is_segment(one) or (is_still and one.algorithm == FINGERPRINT)
    )
    return Registration(
        label=credential.manifest_label,
        store=store,
        media_type=media_type,
        title=title or credential.title,
        bindings=tuple(whole),
        segments=tuple(parts),
        sketch=sketch,
        tenant=tenant,
    )


def _read(store: bytes, *, ours: bool) -> Credential | None:
    from pipeline.provenance.reading.reader import read_manifest_bytes, read_manifest_here

    return (read_manifest_here if ours else read_manifest_bytes)(store)


def _is_segment(one: SoftBinding) -> bool:
    return one.algorithm == FINGERPRINT and one.start_s is not None and one.end_s is not None


def _binding(one: SoftBinding) -> Binding:
    return Binding(one.algorithm, one.value_hex, one.start_s, one.end_s)


# ------------------------------------------------------------------ checks
def _check_form(one: Registration) -> None:
    _check_size(one.store)
    for held, complaint in _forms(one):
        if not held:
            raise CredentialError(f"The manifest {clean(one.label, 80)} cannot be registered: {complaint}.")


def _forms(one: Registration) -> Iterator[tuple[bool, str]]:
    yield bool(LABEL.fullmatch(one.label)), "its label is no plain name of up to 200 characters"
    yield bool(MEDIA_TYPE.fullmatch(one.media_type)), "its media type is none"
    yield bool(TENANT.fullmatch(one.tenant)), "its tenant is no plain name"
    yield one.visibility in ("public", "private"), "its visibility is neither public nor private"
    yield len(one.bindings) <= MAX_BINDINGS, f"it has more than {MAX_BINDINGS} bindings"
    yield len(one.segments) <= MAX_SEGMENTS, f"it has more than {MAX_SEGMENTS} segments"
    times = [at_s for b in one.bindings for at_s in (b.start_s, b.end_s)]
    times += [at_s for s in one.segments for at_s in (s.start_s, s.end_s)]
    yield all(at_s is None or 0 <= at_s < MAX_TIME_S for at_s in times), "a time lies outside of any film"
    yield len(one.sketch) <= MAX_SKETCH_BYTES, f"its sketch is over {MAX_SKETCH_BYTES // 1_000_000} MB"
    yield all(ALGORITHM.fullmatch(b.algorithm) for b in one.bindings), "the name of an algorithm is no plain name"
    yield all(VALUE.fullmatch(b.value_hex) for b in one.bindings), "a binding's value is not small hex digits"


def _check_size(store: bytes) -> None:
    if len(store) > MAX_STORE_BYTES:
        raise CredentialError(f"A manifest over {MAX_STORE_BYTES // 1_000_000} MB is not taken; leave thumbnails out.")


def _check_bindings(registration: Registration, credential: Credential) -> None:
    claimed = [_place(b.algorithm, b.value_hex, b.start_s, b.end_s) for b in registration.bindings]
    claimed += [_place(FINGERPRINT, s.code.hex(), *_span(s)) for s in registration.segments]
    signed = {_place(b.algorithm, b.value_hex, b.start_s, b.end_s) for b in credential.soft_bindings}
    for one in claimed:
        if one not in signed:
            raise CredentialError(
                f"The manifest {registration.label} does not itself name {one[0]} {str(one[1])[:32]}; "
                "register only what stands in its signed soft bindings."
            )


def _span(segment: CodeSegment) -> tuple[float | None, float | None]:
    # no length: a still, signed as a whole
    return (None, None) if segment.start_s == segment.end_s == 0 else (segment.start_s, segment.end_s)


def _check_sketch(registration: Registration, credential: Credential) -> None:
    signed = {one.value_hex for one in credential.soft_bindings if one.algorithm == SKETCH}
    # one without a signed hash can still only speak of its own manifest
    if signed and registration.sketch and hashlib.sha256(registration.sketch).hexdigest() not in signed:
        raise CredentialError(f"The sketch given with {registration.label} is not the signed one; leave it out.")


def _place(algorithm: str, value_hex: str, start_s: float | None, end_s: float | None) -> tuple[object, ...]:
    # manifests count in milliseconds
    return algorithm, value_hex, *(None if at_s is None else round(at_s * 1000) for at_s in (start_s, end_s))
