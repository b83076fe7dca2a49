"""Signing for the benchmarks of credentials: what the credentials say, by our own way and by the bare SDK."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.credential_tampering import SignedFile
from pipeline.provenance.formats import SIGNABLE, media_type
from pipeline.provenance.manifest import PICTURE_MARK, Mark, Parent, ProvenancePlan, placements_of

if TYPE_CHECKING:
    from pipeline.provenance.signing.identity import SigningIdentity

# as short as the SDK lets a manifest be, in the form that its introduction shows
CREATED = {
    "action": "c2pa.created",
    "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation",
}
SDK_DEFAULT = {
    "claim_generator_info": [{"name": "minimal", "version": "1.0"}],
    "title": "minimal",
    "assertions": [{"label": "c2pa.actions", "data": {"actions": [CREATED]}}],
}


def plan_for(path: Path, **changes: Any) -> ProvenancePlan:
    """What the credentials of a file of the benchmark say."""
    from pipeline.records import Cue

    cue = Cue(id="c1", stem="FX-impacts", time_s=0.1, length_s=0.1, category="X", sound="impact/metal")
    plan = ProvenancePlan(
        title="finished",
        software_version="0.1.0",
        parent=Parent("original", media_type=media_type(path)),
        who="Ann Author",
        placements=placements_of([cue]),
        marks=(Mark(PICTURE_MARK, "10000000deadbeef"),),
        transcoded=True,
    )
    return replace(plan, **changes)


def sign(path: Path, identity: SigningIdentity, *, sidecar: bool = False, **changes: Any) -> SignedFile:
    """A signed copy of a file."""
    from pipeline.provenance.signing.sign import sign_media

    done = sign_media(
        path, path.with_stem("signed"), plan=plan_for(path, **changes), authority=identity, sidecar=sidecar
    )
    return SignedFile(path.suffix, done.path.read_bytes(), done.store, done.sidecar is not None)


def sdk_sign(
    source: Path,
    destination: Path,
    definition: dict[str, Any],
    identity: SigningIdentity,
    *,
    settings: dict[str, Any] | None = None,
) -> bytes:
    """The bare SDK: its defaults unless told otherwise. Returns the manifest store."""
    import c2pa

    algorithm = getattr(c2pa.C2paSigningAlg, identity.algorithm.upper())
    context = c2pa.Context(c2pa.Settings.from_dict(settings)) if settings else c2pa.Context()
    with (
        context,
        c2pa.Builder(definition, context=context) as builder,
        c2pa.Signer.from_callback(identity.sign, algorithm, identity.chain_pem, None) as signer,
        source.open("rb") as unsigned,
        destination.open("w+b") as signed,
    ):
        return bytes(builder.sign(signer, SIGNABLE[source.suffix], unsigned, signed))
