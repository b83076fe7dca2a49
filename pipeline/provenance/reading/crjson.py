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

from pipeline.provenance.text import clean, iso
from pipeline.records import Action, Ingredient

# bytes of one soft binding value; ours has 8, fingerprints have 32
MAX_BINDING_BYTES = 256
MAX_LABEL = 160


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
    soft_bindings: tuple[tuple[str, str], ...] = ()
    discloses_ai: bool = False
    checks: Checks = Checks()
    # of all its ingredients: what is different now from what was recorded
    changed: Checks = Checks()


@dataclass(frozen=True)
class Store:
    """All manifests of a file; the active one speaks for the file itself."""

    active: Manifest
    manifests: dict[str, Manifest]


def parse_store(data: Any) -> Store | None:
    """The store of a crJSON document, or None when it holds no manifest."""
    parsed = [_manifest(_dict(one)) for one in _list(_dict(data).get("manifests"))]
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
    claim = _dict(raw.get("claim.v2") or raw.get("claim"))
    assertions = _dict(raw.get("assertions"))
    signature = _dict(raw.get("signature"))
    certificate = _dict(signature.get("certificateInfo"))
    stamp = _dict(signature.get("timeStampInfo"))
    stamp_subject = _dict(_dict(stamp.get("certificateInfo")).get("subject"))
    subject = _dict(certificate.get("subject"))
    deltas = {
        _tail(_dict(one).get("ingredientAssertionURI")): _checks(_dict(one).get("validationDeltas"))
        for one in _list(raw.get("ingredientDeltas"))
    }
    return Manifest(
        label=clean(raw.get("label"), MAX_LABEL),
        title=clean(claim.get("dc:title")),
        generator=_generator(claim),
        signer=clean(subject.get("O")) or clean(subject.get("CN")),
        expires=iso(_dict(certificate.get("validity")).get("notAfter")),
        serial=clean(certificate.get("serialNumber"), 80),
        stamped_at=iso(stamp.get("timestamp")),
        stamper=clean(stamp_subject.get("O")) or clean(stamp_subject.get("CN")),
        actions=tuple(_actions(assertions)),
        parts=tuple(_parts(assertions, deltas)),
        soft_bindings=tuple(_soft_bindings(assertions)),
        discloses_ai=any(_base(label) == "c2pa.ai-disclosure" for label in assertions),
        checks=_checks(raw.get("validationResults")),
        changed=_joined(list(deltas.values())),
    )


def _generator(claim: dict[str, Any]) -> str:
    info = claim.get("claim_generator_info")
    first = _dict(_list(info)[0] if isinstance(info, list) and info else info)
    named = " ".join(filter(None, (clean(first.get("name"), 100), clean(first.get("version"), 40))))
    return named or clean(claim.get("claim_generator"))


def _actions(assertions: dict[str, Any]) -> Iterator[Action]:
    for label, body in assertions.items():
        if _base(label) != "c2pa.actions":
            continue
        for raw in map(_dict, _list(_dict(body).get("actions"))):
            agent = raw.get("softwareAgent")
            yield Action(
                action=clean(raw.get("action"), 80),
                when=iso(raw.get("when")),
                software=clean(agent) or clean(_dict(agent).get("name")),
                digital_source_type=clean(raw.get("digitalSourceType")),
                description=clean(raw.get("description") or _dict(raw.get("parameters")).get("description")),
            )


def _parts(assertions: dict[str, Any], deltas: dict[str, Checks]) -> Iterator[Part]:
    for label, body in assertions.items():
        if _base(label) != "c2pa.ingredient":
            continue
        raw = _dict(body)
        # version 3 calls its manifest activeManifest, the older ones c2pa_manifest
        manifest = _tail(_dict(raw.get("activeManifest") or raw.get("c2pa_manifest")).get("url"))
        recorded = _checks(_dict(raw.get("validationResults")).get("activeManifest"))
        nested = [_checks(_dict(one).get("validationDeltas")) for one in _deltas(raw)]
        legacy = Checks(failure=_lines(raw.get("validationStatus")))
        yield Part(
            ingredient=Ingredient(
                title=clean(raw.get("dc:title") or raw.get("title")),
                relationship=clean(raw.get("relationship"), 40),
                digital_source_type=clean(raw.get("digitalSourceType")),
                has_credentials=bool(manifest),
            ),
            manifest=manifest,
            recorded=_joined([recorded, legacy, *nested]),
            changed=deltas.get(clean(label, MAX_LABEL), Checks()),
        )


def _deltas(raw: dict[str, Any]) -> list[Any]:
    return _list(_dict(raw.get("validationResults")).get("ingredientDeltas"))


def _soft_bindings(assertions: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for label, body in assertions.items():
        if _base(label) != "c2pa.soft-binding":
            continue
        for block in map(_dict, _list(_dict(body).get("blocks"))):
            value = _hex(block.get("value"))
            if value:
                yield clean(_dict(body).get("alg"), 80), value


def _hex(value: Any) -> str:
    """Bytes written as a list of numbers or, in crJSON, as ``b64'...'``; empty when they are neither."""
    import base64
    import binascii

    try:
        if isinstance(value, list):
            return bytes(value[: MAX_BINDING_BYTES + 1])[:MAX_BINDING_BYTES].hex()
        if isinstance(value, str) and len(value) <= 2 * MAX_BINDING_BYTES:
            return base64.b64decode(value.removeprefix("b64'").removesuffix("'"), validate=True).hex()
    except (TypeError, ValueError, binascii.Error):
        return ""
    return ""


def _checks(raw: Any) -> Checks:
    data = _dict(raw)
    return Checks(_lines(data.get("success")), _lines(data.get("informational")), _lines(data.get("failure")))


def _lines(raw: Any) -> tuple[Check, ...]:
    lines = (_dict(one) for one in _list(raw))
    found = (Check(clean(one.get("code"), 80), _tail(one.get("url"))) for one in lines if one.get("code"))
    return tuple(dict.fromkeys(found))


def _joined(many: list[Checks]) -> Checks:
    return Checks(
        tuple(dict.fromkeys(line for one in many for line in one.success)),
        tuple(dict.fromkeys(line for one in many for line in one.informational)),
        tuple(dict.fromkeys(line for one in many for line in one.failure)),
    )


def _base(label: Any) -> str:
    """The label of an assertion without instance number and version: c2pa.ingredient.v3__1 -> c2pa.ingredient."""
    name = clean(label, MAX_LABEL).partition("__")[0]
    stem, _, version = name.rpartition(".")
    return stem if stem and version[:1] == "v" and version[1:].isdigit() else name


def _tail(uri: Any) -> str:
    return clean(uri, 2 * MAX_LABEL).rstrip("/").rpartition("/")[2][:MAX_LABEL]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
