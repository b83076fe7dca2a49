"""What the assertions of a manifest state: steps, rights, wishes, marks. All of it was written by strangers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.provenance.reading.shapes import as_dict, as_list, base_label, tail
from pipeline.provenance.text import clean, iso
from pipeline.records import Action, SoftBinding, Span, TrainingWish

# bytes of one soft binding value; ours has 8, fingerprints have 32
MAX_BINDING_BYTES = 256
# a hundred days: beyond that a number is no time in a film
MAX_TIME_MS = 100 * 86_400_000
MAX_SPANS = 200
MAX_NAMES = 20
MAX_WISHES = 20
# CAWG training and data mining assertion 1.1; C2PA's own of version 1 has the same ends
USES = {
    "ai_training": "AI training",
    "ai_generative_training": "generative AI training",
    "ai_inference": "AI use",
    "data_mining": "data mining",
}
METADATA = ("cawg.metadata", "c2pa.metadata", "stds.schema-org.CreativeWork")
AUTHOR_KEYS = ("dc:creator", "author", "photoshop:AuthorsPosition", "plus:ImageCreator")
LICENCE_KEYS = (
    "xmpRights:UsageTerms",
    "cc:license",
    "license",
    "dc:rights",
    "copyrightNotice",
    "xmpRights:WebStatement",
)

Assertions = dict[str, Any]


def of_kind(assertions: Assertions, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every assertion with one of these labels, whatever its version and instance."""
    for label, body in assertions.items():
        if base_label(label) in kinds:
            yield clean(label, 160), as_dict(body)


def actions(assertions: Assertions, titles: dict[str, str]) -> Iterator[Action]:
    """The steps in order; `titles` names ingredients by their label."""
    for _, body in of_kind(assertions, "c2pa.actions"):
        for raw in map(as_dict, as_list(body.get("actions"))):
            agent = raw.get("softwareAgent")
            parameters = as_dict(raw.get("parameters"))
            yield Action(
                action=clean(raw.get("action"), 80),
                when=iso(raw.get("when")),
                software=clean(agent) or clean(as_dict(agent).get("name")),
                digital_source_type=clean(raw.get("digitalSourceType")),
                description=clean(raw.get("description") or parameters.get("description")),
                spans=tuple(_spans(raw))[:MAX_SPANS],
                ingredients=tuple(_used(parameters, titles))[:MAX_NAMES],
            )


def _spans(raw: dict[str, Any]) -> Iterator[Span]:
    for change in map(as_dict, as_list(raw.get("changes"))):
        regions = change.get("region")
        for region in map(as_dict, regions if isinstance(regions, list) else [regions]):
            time = as_dict(region.get("time"))
            # C2PA specification 2.4, region of interest: normal play time is the default
            if region.get("type") == "temporal" and time.get("type", "npt") == "npt":
                start_s, end_s = _play_time_s(time.get("start")), _play_time_s(time.get("end"))
                yield Span(start_s or 0.0, end_s if end_s is None or end_s >= (start_s or 0.0) else None)


def _play_time_s(value: Any) -> float | None:
    """Normal play time (RFC 2326): seconds, or hours:minutes:seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    parts = str(value)[:40].strip().removesuffix("s").split(":")
    try:
        seconds = sum(float(part) * 60**power for power, part in enumerate(reversed(parts)))
    except ValueError:
        return None
    return seconds if len(parts) <= 3 and 0 <= seconds * 1000 < MAX_TIME_MS else None


def _used(parameters: dict[str, Any], titles: dict[str, str]) -> Iterator[str]:
    listed = as_list(parameters.get("ingredients")) or [parameters.get("ingredient")]
    for one in map(as_dict, listed):
        if title := titles.get(tail(one.get("url"))):
            yield title


def soft_bindings(assertions: Assertions) -> Iterator[SoftBinding]:
    """Every value of every signed soft binding."""
    for _, body in of_kind(assertions, "c2pa.soft-binding"):
        for block in map(as_dict, as_list(body.get("blocks"))):
            value = _hex(block.get("value"))
            if value:
                span = as_dict(as_dict(block.get("scope")).get("timespan"))
                start_s, end_s = _seconds(span.get("start")), _seconds(span.get("end"))
                yield SoftBinding(clean(body.get("alg"), 80), value, start_s, end_s)


def _seconds(milliseconds: Any) -> float | None:
    # C2PA specification 2.4: the timespan of a soft binding is in milliseconds
    whole = isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool)
    return milliseconds / 1000 if whole and 0 <= milliseconds < MAX_TIME_MS else None


def _hex(value: Any) -> str:
    """Bytes written as a list of numbers or, in crJSON, as ``b64'...'``; empty when they are neither, or too many."""
    import base64
    import binascii

    try:
        if isinstance(value, list):
            # cut short it would be another value, and might be somebody's
            return bytes(value).hex() if len(value) <= MAX_BINDING_BYTES else ""
        if isinstance(value, str) and len(value) <= 2 * MAX_BINDING_BYTES:
            return base64.b64decode(value.removeprefix("b64'").removesuffix("'"), validate=True).hex()
    except (TypeError, ValueError, binascii.Error):
        return ""
    return ""


def training(assertions: Assertions) -> Iterator[TrainingWish]:
    """What is wished about training and mining."""
    for _, body in of_kind(assertions, "cawg.training-mining", "c2pa.training-mining"):
        for name, entry in list(as_dict(body.get("entries")).items())[:MAX_WISHES]:
            short = clean(name, 80).removeprefix("cawg.").removeprefix("c2pa.")
            wish = clean(as_dict(entry).get("use"), 40)
            if wish:
                yield TrainingWish(USES.get(short, short), wish, clean(as_dict(entry).get("constraint_info"), 300))


def authors(assertions: Assertions) -> tuple[str, ...]:
    """Who made it, by its own metadata."""
    found = [
        name for _, body in of_kind(assertions, *METADATA) for key in AUTHOR_KEYS for name in _names(body.get(key))
    ]
    return tuple(dict.fromkeys(found))[:MAX_NAMES]


def licence(assertions: Assertions) -> str:
    """Licence or rights, as written: the first that says something."""
    for _, body in of_kind(assertions, *METADATA):
        for key in LICENCE_KEYS:
            if words := "; ".join(_names(body.get(key))):
                return clean(words, 300)
    return ""


def _names(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for one in value[:MAX_NAMES] for name in _names(one) if not isinstance(one, list)]
    if isinstance(value, dict):
        # schema.org writes people as objects, XMP in JSON-LD texts in several languages
        return [text] if (text := clean(value.get("name") or value.get("@value") or value.get("x-default"))) else []
    return [text] if (text := clean(value)) else []


def ai_model(assertions: Assertions) -> str:
    """The model that an AI disclosure names."""
    return next(
        (name for _, body in of_kind(assertions, "c2pa.ai-disclosure") if (name := clean(body.get("modelName")))), ""
    )


def thumbnail_uri(assertions: Assertions) -> str:
    """Where in the store the signer's preview picture is."""
    for _, body in of_kind(assertions, "c2pa.thumbnail.claim", "c2pa.thumbnail.claim.jpeg", "c2pa.thumbnail.claim.png"):
        return clean(body.get("identifier"), 400)
    return ""
