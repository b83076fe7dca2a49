"""A manifest store in our own records: read from crJSON (C2PA specification 2.4), cut, cleaned and counted.

Whatever a manifest holds was written by a stranger: every text is cut and cleaned here, and nothing is taken
over that does not have the expected shape. Nothing is left out for its number, though: what decides a verdict
could stand behind a thousand idle lines. The report itself is limited in size before it comes here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.provenance.reading import statements
from pipeline.provenance.reading.shapes import MAX_LABEL, as_dict, as_list, tail
from pipeline.provenance.text import clean, iso
from pipeline.records import Action, Ingredient, SoftBinding, TrainingWish


@dataclass(frozen=True)
class Check:
    """One line of a validation result."""

    code: str
    # the part of the store it speaks of, e.g. "c2pa.actions.v2"
    subject: str = ""


@dataclass(frozen=True)
class Checks:
    """What held, what did not, and what was only noted."""

    success: tuple[Check, ...] = ()
    informational: tuple[Check, ...] = ()
    failure: tuple[Check, ...] = ()

    def has(self, code: str) -> bool:
        """Whether any line carries this code."""
        return any(check.code == code for check in (*self.success, *self.informational, *self.failure))


@dataclass(frozen=True)
class Part:
    """An ingredient with the manifest it brought along and both of its results."""

    ingredient: Ingredient
    # label of its own manifest in this store, or empty
    manifest: str = ""
    # as recorded when it was taken in
    recorded: Checks = Checks()
    # what is different now
    changed: Checks = Checks()
    # where in the store its preview picture is, or empty
    thumbnail_uri: str = ""


@dataclass(frozen=True)
class Manifest:
    """One signed set of statements."""

    label: str
    title: str = ""
    generator: str = ""
    # organisation in the signing certificate, or its common name
    signer: str = ""
    expires: str = ""
    # serial number of the signing certificate, hex
    serial: str = ""
    # time stamp and who gave it
    stamped_at: str = ""
    stamper: str = ""
    actions: tuple[Action, ...] = ()
    parts: tuple[Part, ...] = ()
    soft_bindings: tuple[SoftBinding, ...] = ()
    discloses_ai: bool = False
    ai_model: str = ""
    authors: tuple[str, ...] = ()
    licence: str = ""
    training: tuple[TrainingWish, ...] = ()
    thumbnail_uri: str = ""
    # adds statements to the manifest before it, and leaves the content alone
    is_update: bool = False
    checks: Checks = Checks()
    # of all its ingredients: what is different now from what was recorded
    changed: Checks = Checks()


@dataclass(frozen=True)
class Store:
    """All manifests of a file; the active one speaks for the file itself."""

    active: Manifest
    manifests: dict[str, Manifest]
    # False for a bare store: what the SDK says of the content is then about nothing
    has_file: bool = True


def parse_store(data: Any) -> Store | None:
    """The store of a crJSON document, or None when it holds no manifest."""
    parsed = [_manifest(as_dict(one)) for one in as_list(as_dict(data).get("manifests"))]
    # crJSON lists the active manifest first
    return Store(parsed[0], {one.label: one for one in reversed(parsed)}) if parsed else None


def ancestry(store: Store) -> Iterator[tuple[Manifest, Part | None]]:
    """The active manifest, then every manifest behind it, each once, with the part that led there."""
    seen = {store.active.label}
    waiting: deque[tuple[Manifest, Part | None]] = deque([(store.active, None)])
    while waiting:
        manifest, via = waiting.popleft()
        yield manifest, via
        for part in manifest.parts:
            found = store.manifests.get(part.manifest)
            if found and found.label not in seen:
                seen.add(found.label)
                waiting.append((found, part))


# --------------------------------------------------------------- parsing
def _manifest(raw: dict[str, Any]) -> Manifest:
    claim = as_dict(raw.get("claim.v2") or raw.get("claim"))
    assertions = as_dict(raw.get("assertions"))
    signature = as_dict(raw.get("signature"))
    certificate = as_dict(signature.get("certificateInfo"))
    stamp = as_dict(signature.get("timeStampInfo"))
    stamp_subject = as_dict(as_dict(stamp.get("certificateInfo")).get("subject"))
    subject = as_dict(certificate.get("subject"))
    deltas = {
        tail(as_dict(one).get("ingredientAssertionURI")): _checks(as_dict(one).get("validationDeltas"))
        for one in as_list(raw.get("ingredientDeltas"))
    }
    return Manifest(
        label=clean(raw.get("label"), MAX_LABEL),
        title=clean(claim.get("dc:title")),
        generator=_generator(claim),
        signer=clean(subject.get("O")) or clean(subject.get("CN")),
        expires=iso(as_dict(certificate.get("validity")).get("notAfter")),
        serial=clean(certificate.get("serialNumber"), 80),
        stamped_at=iso(stamp.get("timestamp")),
        stamper=clean(stamp_subject.get("O")) or clean(stamp_subject.get("CN")),
        actions=tuple(statements.actions(assertions, _titles(assertions))),
        parts=tuple(_parts(assertions, deltas)),
        soft_bindings=tuple(statements.soft_bindings(assertions)),
        discloses_ai=any(True for _ in statements.of_kind(assertions, "c2pa.ai-disclosure")),
        ai_model=statements.ai_model(assertions),
        authors=statements.authors(assertions),
        licence=statements.licence(assertions),
        training=tuple(statements.training(assertions)),
        thumbnail_uri=statements.thumbnail_uri(assertions),
        is_update=raw.get("isUpdateManifest") is True,
        checks=_checks(raw.get("validationResults")),
        changed=_joined(list(deltas.values())),
    )


def _generator(claim: dict[str, Any]) -> str:
    info = claim.get("claim_generator_info")
    first = as_dict(as_list(info)[0] if isinstance(info, list) and info else info)
    named = " ".join(filter(None, (clean(first.get("name"), 100), clean(first.get("version"), 40))))
    return named or clean(claim.get("claim_generator"))


def _parts(assertions: dict[str, Any], deltas: dict[str, Checks]) -> Iterator[Part]:
    for label, raw in statements.of_kind(assertions, "c2pa.ingredient"):
        # version 3 calls its manifest activeManifest, the older ones c2pa_manifest
        manifest = tail(as_dict(raw.get("activeManifest") or raw.get("c2pa_manifest")).get("url"))
        recorded = _checks(as_dict(raw.get("validationResults")).get("activeManifest"))
        nested = [_checks(as_dict(one).get("validationDeltas")) for one in _deltas(raw)]
        legacy = Checks(failure=_lines(raw.get("validationStatus")))
        yield Part(
            ingredient=Ingredient(
                title=_title(raw),
                relationship=clean(raw.get("relationship"), 40),
                digital_source_type=clean(raw.get("digitalSourceType")),
                has_credentials=bool(manifest),
            ),
            manifest=manifest,
            recorded=_joined([recorded, legacy, *nested]),
            changed=deltas.get(label, Checks()),
            thumbnail_uri=clean(as_dict(raw.get("thumbnail")).get("url"), 400),
        )


def _titles(assertions: dict[str, Any]) -> dict[str, str]:
    return {label: _title(raw) for label, raw in statements.of_kind(assertions, "c2pa.ingredient")}


def _title(raw: dict[str, Any]) -> str:
    return clean(raw.get("dc:title") or raw.get("title"))


def _deltas(raw: dict[str, Any]) -> list[Any]:
    return as_list(as_dict(raw.get("validationResults")).get("ingredientDeltas"))


def _checks(raw: Any) -> Checks:
    data = as_dict(raw)
    return Checks(_lines(data.get("success")), _lines(data.get("informational")), _lines(data.get("failure")))


def _lines(raw: Any) -> tuple[Check, ...]:
    lines = (as_dict(one) for one in as_list(raw))
    found = (Check(clean(one.get("code"), 80), tail(one.get("url"))) for one in lines if one.get("code"))
    return tuple(dict.fromkeys(found))


def _joined(many: list[Checks]) -> Checks:
    return Checks(
        tuple(dict.fromkeys(line for one in many for line in one.success)),
        tuple(dict.fromkeys(line for one in many for line in one.informational)),
        tuple(dict.fromkeys(line for one in many for line in one.failure)),
    )
