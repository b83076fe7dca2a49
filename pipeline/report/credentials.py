"""Credentials turned into what the check page shows: five fields, a tree, a time axis. Pure, no HTML."""

from __future__ import annotations

from typing import Any

from pipeline.detect import credentials
from pipeline.detect.source_types import in_words
from pipeline.detect.wording import day
from pipeline.records import Action, Credential, Ingredient, TrainingWish
from pipeline.report import words
from pipeline.report.pictures import data_uri

# lanes of the time axis; more are counted
MAX_LANES = 40
MAX_SPANS = 200
TICKS = 6


def credential_view(credential: Credential | None, duration_s: float = 0.0) -> dict[str, Any] | None:
    """The five axes, the people and dates, the history and the parts; None without credentials.

    `duration_s` is the length of the clip, for the time axis; 0 when it has none.
    """
    if credential is None or credential.integrity == "none":
        return None
    return {
        "axes": axes(credential),
        "ai": credential.ai_sentence,
        "facts": [(term, value) for term, value in _facts(credential) if value],
        "lists": [(term, value) for term, value in _lists(credential) if value],
        "thumbnail": data_uri(credential.thumbnail) if credential.thumbnail else "",
        "training": [_wish(one) for one in credential.training],
        "sentences": credential.sentences,
        "actions": [_action(action) for action in credential.actions],
        "timeline": timeline(credential.actions, duration_s),
        "ingredients": _ingredients(credential.ingredients),
        "soft_bindings": _bindings(credential),
        "codes": credential.codes,
    }


def axes(credential: Credential) -> list[dict[str, str]]:
    """One row per axis: question, answer in words, tone."""
    rows: list[tuple[str, tuple[str, words.Tone]]] = [
        ("The file", words.INTEGRITY[credential.integrity]),
        ("The signer", _signer_words(credential)),
        ("The date", words.TIME[credential.time]),
        ("The tie", words.BINDING[credential.binding]),
        ("The history", words.HISTORY[credential.history]),
    ]
    if credential.integrity in ("altered", "broken"):
        # what is fine about the signed version says nothing good about this one
        rows = [(axis, (text, "neutral" if tone == "good" else tone)) for axis, (text, tone) in rows]
    return [{"axis": axis, "words": text, "tone": tone, "tone_word": words.TONES[tone]} for axis, (text, tone) in rows]


def _signer_words(credential: Credential) -> tuple[str, words.Tone]:
    if credential.signer == "expired" and credentials.is_unlisted(credential):
        return "The certificate has expired, and no list vouches for the name", "caution"
    return words.SIGNER[credential.signer]


def _facts(credential: Credential) -> list[tuple[str, str]]:
    declared = {in_words(kind) for kind in credential.digital_source_types}
    return [
        ("Signed in the name of", credential.signer_name),
        ("Signed on", day(credential.signed_at) if credential.signed_at else ""),
        ("Time stamp by", credential.time_authority),
        ("Certificate expires", day(credential.certificate_expires) if credential.certificate_expires else ""),
        ("Written by", credential.claim_generator),
        ("Title", credential.title),
        ("Made by", ", ".join(credential.authors)),
        ("Licence", credential.licence),
        ("AI model", credential.ai_model),
        ("Declared", "; ".join(sorted(declared))),
        ("Found", words.ORIGINS[credential.origin]),
        ("Kept at", credential.remote_url),
    ]


def _lists(credential: Credential) -> list[tuple[str, str]]:
    """Which lists and which clock the verdict rests on."""
    policy = {"strict": "strict: only official lists and your own", "open": "open: added lists count too"}
    return [
        ("Trust lists", credential.trust_list or ("none installed" if credential.checked_at else "")),
        ("Policy", policy.get(credential.policy, credential.policy) if credential.checked_at else ""),
        ("Checked", f"{moment(credential.checked_at)} by this machine's clock" if credential.checked_at else ""),
    ]


def moment(iso: str) -> str:
    """A time to the minute, as people write it."""
    from datetime import UTC, datetime

    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return day(iso)
    when = when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    return f"{day(iso)}, {when:%H:%M} UTC"


def _wish(one: TrainingWish) -> dict[str, str]:
    text, tone = words.WISHES.get(one.wish, (one.wish, "neutral"))
    return {"use": one.use, "words": text, "tone": tone, "conditions": one.conditions}


def _bindings(credential: Credential) -> list[dict[str, Any]]:
    """Each algorithm with the first of its values and how many there are."""
    found: dict[str, list[str]] = {}
    for one in credential.soft_bindings:
        found.setdefault(one.algorithm, []).append(one.value_hex)
    return [{"algorithm": name, "value": values[0], "more": len(values) - 1} for name, values in found.items()]


def _action(action: Action) -> dict[str, str]:
    return {
        "what": words.ACTIONS.get(action.action, action.action),
        "how": in_words(action.digital_source_type) if action.digital_source_type else "",
        "who": action.software,
        "when": moment(action.when) if action.when else "",
        "description": action.description,
        "uses": ", ".join(one for one in action.ingredients if one != action.description),
    }


def timeline(actions: tuple[Action, ...], duration_s: float = 0.0) -> dict[str, Any] | None:
    """Where in the file each step happened, for a drawing; None when no step says so.

    Positions are in thousandths of the whole length.
    """
    placed = [action for action in actions if action.spans]
    if not placed:
        return None
    ends = [span.end_s if span.end_s is not None else span.start_s for action in placed for span in action.spans]
    # what a stranger claims to be an hour long must not press everything else together
    total_s = duration_s or max(ends) or 1.0
    lanes = [_lane(action, total_s) for action in placed[:MAX_LANES]]
    ticks = [f"{total_s * number / TICKS:.3g} s" for number in range(TICKS + 1)]
    return {"lanes": lanes, "ticks": ticks, "more": len(placed) - len(lanes)}


def _lane(action: Action, total_s: float) -> dict[str, Any]:
    bars = []
    for span in action.spans[:MAX_SPANS]:
        start = min(1000.0, 1000 * span.start_s / total_s)
        end = 1000.0 if span.end_s is None else min(1000.0, 1000 * span.end_s / total_s)
        # the shortest sound still has to be seen
        bars.append((round(min(start, 996.0), 1), round(max(4.0, end - start), 1)))
    name = action.description or ", ".join(action.ingredients) or words.ACTIONS.get(action.action, action.action)
    return {
        "name": name,
        "what": words.ACTIONS.get(action.action, action.action),
        "bars": bars,
        "times": _times(action),
    }


def _times(action: Action) -> str:
    """The first few stretches in words, for those who cannot see the drawing."""
    told = [
        f"{span.start_s:.2f} s" + (f" to {span.end_s:.2f} s" if span.end_s is not None else "")
        for span in action.spans[:6]
    ]
    return ", ".join(told) + (f" and {len(action.spans) - 6} more" if len(action.spans) > 6 else "")


def _ingredients(parts: tuple[Ingredient, ...]) -> list[dict[str, Any]]:
    # what it was made from comes before what was added
    return [_ingredient(one) for one in sorted(parts, key=lambda one: one.relationship != "parentOf")]


def _ingredient(part: Ingredient) -> dict[str, Any]:
    text, tone = words.INGREDIENTS[part.state]
    return {
        "title": part.title or "without a title",
        "role": words.RELATIONSHIPS.get(part.relationship, part.relationship),
        "how": in_words(part.digital_source_type) if part.digital_source_type else "",
        "state": text,
        "tone": tone,
        "signer": part.signer_name,
        "signer_words": words.INGREDIENT_SIGNER[part.signer] if part.signer_name else "",
        "when": day(part.signed_at) if part.signed_at else "",
        "tool": part.claim_generator,
        "steps": [_action(one) for one in part.actions],
        "problems": part.problems,
        "thumbnail": data_uri(part.thumbnail) if part.thumbnail else "",
        "parts": _ingredients(part.ingredients),
    }
