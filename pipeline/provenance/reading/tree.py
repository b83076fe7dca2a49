"""What a file was made from, as a tree: every ingredient with its own result and its own ingredients."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from pipeline.provenance.reading.axes import CONTENT_CHANGED, EXPIRED, REVOKED, SIGNATURE_MISMATCH, failures_of, is_bad
from pipeline.provenance.reading.crjson import Manifest, Part, Store
from pipeline.records import Ingredient, IngredientState, SignerTrust, TimeTrust

# an ingredient may record any number; these many fit a sentence
MAX_PROBLEMS = 4
# generations that are told; real files have three or four
MAX_DEPTH = 12
# steps told of each ingredient
MAX_STEPS = 20
PROBLEMS = {
    "signingCredential.untrusted": "its signer was on no list that was consulted",
    "signingCredential.expired": "its signing certificate had expired",
    "signingCredential.invalid": "its signing certificate does not follow the rules",
    "signingCredential.ocsp.revoked": "its signing certificate was withdrawn",
    "claimSignature.mismatch": "its signature does not fit what it says",
    "claimSignature.missing": "it was not signed",
    "claimSignature.outsideValidity": "it was signed outside the life of its certificate",
    "assertion.hashedURI.mismatch": "its statements were changed after signing",
    "ingredient.manifest.mismatch": "its credentials were changed after they were taken in",
    "ingredient.manifest.missing": "its credentials are missing",
}

# preview bytes of an address in the store
Preview = Callable[[str], bytes]
Place = tuple[str, int]


def no_preview(uri: str) -> bytes:
    """No pictures."""
    return b""


def ingredients_of(store: Store, *, limit: int, preview: Preview = no_preview) -> tuple[Ingredient, ...]:
    """The tree of ingredients, at most `limit` of them, the nearest before the deeper ones.

    A manifest that is the ingredient of several is told once, where it is nearest; elsewhere it is "repeated".
    """
    content = content_manifest(store)
    told, expanded = _chosen(store, content, limit)
    return _branch(store, content, told=told, expanded=expanded, preview=preview)


def content_manifest(store: Store) -> Manifest:
    """The manifest that speaks of the content: behind update manifests, which only add statements."""
    manifest, seen = store.active, {store.active.label}
    while manifest.is_update:
        behind = next((store.manifests.get(p.manifest) for p in manifest.parts if _is_parent(p)), None)
        if behind is None or behind.label in seen:
            break
        seen.add(behind.label)
        manifest = behind
    return manifest


def updates_of(store: Store) -> tuple[Manifest, ...]:
    """The update manifests before the content's, oldest first."""
    content, found, manifest = content_manifest(store), [], store.active
    while manifest is not content:
        found.append(manifest)
        manifest = next(store.manifests[p.manifest] for p in manifest.parts if _is_parent(p))
    return tuple(reversed(found))


def signer_behind(store: Store, signer: SignerTrust) -> SignerTrust:
    """How far the signature of the content is believed when that of the newest manifest is believed as told.

    Anybody's update may stand before a stranger's manifest: what the stranger said does not become more credible by it.
    """
    manifest, content = store.active, content_manifest(store)
    while manifest is not content:
        part = next(p for p in manifest.parts if _is_parent(p))
        found = _signer(_final_codes(part))
        if found != "trusted":
            return found
        manifest = store.manifests[part.manifest]
    return signer


def problem_words(code: str) -> str:
    """A validation code of an ingredient in plain words."""
    if code in CONTENT_CHANGED:
        return "its content was changed after signing"
    return PROBLEMS.get(code, f"one of its checks failed ({code})")


def problems_of(part: Part) -> tuple[str, ...]:
    """Everything wrong with an ingredient, in plain words."""
    return tuple(dict.fromkeys(problem_words(check.code) for check in failures_of(part)))[:MAX_PROBLEMS]


def _is_parent(part: Part) -> bool:
    return part.ingredient.relationship == "parentOf"


def _chosen(store: Store, root: Manifest, limit: int) -> tuple[set[Place], set[Place]]:
    """Which parts are told, and at which of them the manifest behind is told too."""
    told: set[Place] = set()
    expanded: set[Place] = set()
    seen = {store.active.label, root.label}
    waiting = deque([(root, 1)])
    while waiting:
        manifest, depth = waiting.popleft()
        for number, part in enumerate(manifest.parts):
            if len(told) == limit:
                return told, expanded
            told.add((manifest.label, number))
            behind = store.manifests.get(part.manifest)
            if behind and behind.label not in seen and depth < MAX_DEPTH:
                seen.add(behind.label)
                expanded.add((manifest.label, number))
                waiting.append((behind, depth + 1))
    return told, expanded


def _branch(
    store: Store, root: Manifest, *, told: set[Place], expanded: set[Place], preview: Preview
) -> tuple[Ingredient, ...]:
    # deepest first and without recursion: a chain of a thousand manifests must not exhaust the stack
    order, waiting = [root], deque([root])
    while waiting:
        manifest = waiting.popleft()
        for number, part in enumerate(manifest.parts):
            if (manifest.label, number) in expanded:
                behind = store.manifests[part.manifest]
                order.append(behind)
                waiting.append(behind)
    made: dict[str, tuple[Ingredient, ...]] = {}
    for manifest in reversed(order):
        made[manifest.label] = tuple(
            _ingredient(
                part,
                store,
                inside=made.get(part.manifest, ()) if (manifest.label, number) in expanded else None,
                thumbnail=preview(part.thumbnail_uri) if part.thumbnail_uri else b"",
            )
            for number, part in enumerate(manifest.parts)
            if (manifest.label, number) in told
        )
    return made[root.label]


def _ingredient(part: Part, store: Store, *, inside: tuple[Ingredient, ...] | None, thumbnail: bytes) -> Ingredient:
    behind = store.manifests.get(part.manifest)
    base = replace(
        part.ingredient,
        problems=problems_of(part),
        state=_state(part, known=behind is not None, told_here=inside is not None),
        thumbnail=thumbnail,
    )
    if behind is None:
        return base
    codes = _final_codes(part)
    return replace(
        base,
        manifest_label=behind.label,
        signer_name=behind.signer,
        signer=_signer(codes),
        signed_at=behind.stamped_at or max((action.when for action in behind.actions), default=""),
        time=_time(behind, codes),
        claim_generator=behind.generator,
        actions=behind.actions[:MAX_STEPS] if inside is not None else (),
        ingredients=inside or (),
    )


def _state(part: Part, *, known: bool, told_here: bool) -> IngredientState:
    if is_bad(part):
        return "bad"
    if not part.manifest:
        return "unsigned"
    if not known:
        return "bad"
    return "holds" if told_here else "repeated"


def _final_codes(part: Part) -> set[str]:
    """What holds of an ingredient now: as recorded, but where it was looked at again the newer result counts."""
    codes = {check.code for checks in (part.recorded, part.changed) for check in (*checks.success, *checks.failure)}
    if any(check.code == "signingCredential.untrusted" for check in part.changed.failure):
        codes.discard("signingCredential.trusted")
    return codes


def _signer(codes: set[str]) -> SignerTrust:
    """By what was recorded when it was taken in, and what differs now."""
    for found, words in ((SIGNATURE_MISMATCH, "mismatch"), (REVOKED, "revoked"), (EXPIRED, "expired")):
        if codes & found:
            return words  # type: ignore[return-value]
    return "trusted" if "signingCredential.trusted" in codes else "unknown"


def _time(manifest: Manifest, codes: set[str]) -> TimeTrust:
    if not manifest.stamped_at:
        return "none"
    return "trusted" if "timeStamp.trusted" in codes else "untrusted"
