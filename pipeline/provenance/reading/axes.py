"""The five axes of a verdict on credentials, decided from validation codes (C2PA specification 2.4, chapter 15).

Nothing here says "valid" or "invalid": a file can be untouched and its certificate expired, or trusted at
the top and made from something broken.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.provenance.reading.crjson import Check, Checks, Manifest, Part, Store, ancestry
from pipeline.provenance.source_types import is_ai, is_capture
from pipeline.provenance.trust.lists import OWN, Trust
from pipeline.records import Binding, History, Integrity, SignerTrust, TimeTrust

# the content no longer has the signed checksum
CONTENT_CHANGED = frozenset(
    {
        "assertion.bmffHash.mismatch",
        "assertion.boxesHash.mismatch",
        "assertion.collectionHash.mismatch",
        "assertion.dataHash.mismatch",
        "assertion.multiAssetHash.mismatch",
        "assertion.alternativeContentRepresentation.hashMismatch",
    }
)
# the statements themselves no longer are what was signed
STATEMENTS_CHANGED = frozenset(
    {
        "assertion.hashedURI.mismatch",
        "hashedURI.mismatch",
        "assertion.missing",
        "assertion.external-reference.hashMismatch",
        "claimSignature.mismatch",
        "ingredient.manifest.mismatch",
        "ingredient.claimSignature.mismatch",
    }
)
SIGNATURE_MISMATCH = frozenset({"claimSignature.mismatch", "signingCredential.mismatch"})
EXPIRED = frozenset({"signingCredential.expired", "claimSignature.outsideValidity"})
REVOKED = frozenset({"signingCredential.ocsp.revoked", "signingCredential.revoked"})
# says who is believed, not whether anything changed
ABOUT_TRUST = frozenset({"signingCredential.untrusted", "signingCredential.invalid"}) | EXPIRED
CONTENT_MATCHES = frozenset(code.removesuffix("mismatch") + "match" for code in CONTENT_CHANGED)
# something an ingredient may say without being bad
HARMLESS_PREFIXES = ("timeStamp.", "signingCredential.ocsp.", "ingredient.unknownProvenance", "cawg.")


def integrity_of(store: Store) -> Integrity:
    """Whether anything in the file changed since it was signed.

    "altered": content or statements changed. "broken": the statements cannot be made sense of.
    """
    codes = {check.code for check in store.active.checks.failure}
    # what an ingredient's own statements lost after the file was signed stands in the deltas only
    codes |= codes_of(store.active.changed.failure)
    if codes & (CONTENT_CHANGED | STATEMENTS_CHANGED):
        return "altered"
    if {code for code in codes if not _is_about_trust(code)}:
        return "broken"
    if not store.has_file:
        return "none"
    return "exact" if codes_of(store.active.checks.success) & CONTENT_MATCHES else "broken"


def without_file(store: Store) -> Store:
    """The store without the checks of the content, for a manifest that was read without its file."""
    failure = tuple(check for check in store.active.checks.failure if check.code not in CONTENT_CHANGED)
    active = replace(store.active, checks=replace(store.active.checks, failure=failure))
    return Store(active, {**store.manifests, active.label: active}, has_file=False)


def signer_of(store: Store, trust: Trust, trust_key: str) -> SignerTrust:
    """Who vouches for the signer; `trust_key` is the list of `trust` that the SDK found it under."""
    codes = codes_of(store.active.checks.failure)
    if codes & SIGNATURE_MISMATCH:
        return "mismatch"
    if codes & REVOKED:
        return "revoked"
    if codes & EXPIRED:
        return "expired"
    if not store.active.checks.has("signingCredential.trusted"):
        return "unknown"
    if trust_key == OWN:
        return "own"
    found = trust.list_by_key(trust_key)
    if found is not None and found.is_mine and found in trust.signer_lists:
        return "own"
    # SDK 0.91.3 lets a list of time stamp authorities vouch for signers: it must not
    return "trusted" if found in trust.signer_lists else "unknown"


def time_of(manifest: Manifest) -> TimeTrust:
    """Whether an independent authority vouches for when it was signed."""
    if not manifest.stamped_at:
        return "none"
    return "trusted" if manifest.checks.has("timeStamp.trusted") else "untrusted"


def binding_of(store: Store) -> Binding:
    """What ties the statements to this file: a matching checksum, or nothing."""
    codes = codes_of(store.active.checks.success)
    broken = codes_of(store.active.checks.failure) & (CONTENT_CHANGED | SIGNATURE_MISMATCH)
    return "hard" if codes & CONTENT_MATCHES and not broken else "none"


def history_of(store: Store) -> History:
    """Whether every step back to the making of the file is signed."""
    behind = [manifest for manifest, _ in ancestry(store)]
    if any(_says_bad(manifest.changed) or any(map(is_bad, manifest.parts)) for manifest in behind):
        return "bad ingredient"
    return "gaps" if any(_has_gap(manifest, store) for manifest in behind) else "complete"


def is_bad(part: Part) -> bool:
    """Whether an ingredient was, or is now, other than its signer left it."""
    return _says_bad(part.recorded) or _says_bad(part.changed)


def failures_of(part: Part) -> tuple[Check, ...]:
    """Everything recorded against an ingredient and everything found now, each once."""
    return tuple(dict.fromkeys((*part.recorded.failure, *part.changed.failure)))


def codes_of(checks: tuple[Check, ...]) -> set[str]:
    """The codes of some lines."""
    return {check.code for check in checks}


def all_codes(checks: Checks) -> tuple[str, ...]:
    """Every code of a result once, failures first."""
    return tuple(dict.fromkeys(check.code for check in (*checks.failure, *checks.informational, *checks.success)))


def declared_types(store: Store) -> tuple[str, ...]:
    """Every digital source type that any manifest behind the file declares, nearest first."""
    found: dict[str, None] = {}
    for manifest, _ in ancestry(store):
        for action in manifest.actions:
            found.setdefault(action.digital_source_type)
        for part in manifest.parts:
            found.setdefault(part.ingredient.digital_source_type)
    return tuple(uri for uri in found if uri)


def declares_ai(store: Store) -> bool:
    """Whether any manifest behind the file says that AI made it or parts of it."""
    disclosed = any(manifest.discloses_ai for manifest, _ in ancestry(store))
    return disclosed or any(is_ai(uri) for uri in declared_types(store))


def declares_capture(store: Store) -> bool:
    """Whether the file, or what it was made from, is declared to come from a camera."""
    return any(
        action.action == "c2pa.created" and is_capture(action.digital_source_type)
        for manifest, via in ancestry(store)
        for action in manifest.actions
        if via is None or via.ingredient.relationship == "parentOf"
    )


def _says_bad(checks: Checks) -> bool:
    return any(not _is_about_trust(check.code) for check in checks.failure)


def _is_about_trust(code: str) -> bool:
    return code in ABOUT_TRUST or code.startswith(HARMLESS_PREFIXES) and code not in REVOKED


def _has_gap(manifest: Manifest, store: Store) -> bool:
    begins = any(action.action in ("c2pa.created", "c2pa.opened") for action in manifest.actions)
    # a placed sound whose maker is declared is told completely; a clip that came in unsigned is not
    return not begins or any(
        (part.ingredient.relationship == "parentOf" or not part.ingredient.digital_source_type)
        and part.manifest not in store.manifests
        for part in manifest.parts
    )
