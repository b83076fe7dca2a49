"""What the credentials mean, in sentences for people. The SDK's words for it never appear."""

from __future__ import annotations

from dataclasses import replace

from pipeline.provenance.reading.axes import CONTENT_CHANGED, SIGNATURE_MISMATCH, failures_of, is_bad
from pipeline.provenance.reading.crjson import Manifest, Part, Store, ancestry
from pipeline.provenance.reading.makers import maker_name, short_name
from pipeline.provenance.source_types import MADE_BY_AI, is_ai, is_capture, term_of
from pipeline.provenance.text import spoken_day
from pipeline.provenance.trust.lists import OWN, Trust, TrustList
from pipeline.records import Action, Credential, Ingredient

# an ingredient may record any number; these many fit a sentence
MAX_PROBLEMS = 4
MAX_STORIES = 8
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
# parts of a manifest as people would call them, by the beginning of their label
SUBJECTS = (
    ("c2pa.actions", "the steps it went through"),
    ("c2pa.ingredient", "what it was made from"),
    ("c2pa.thumbnail", "the preview picture"),
    ("c2pa.soft-binding", "the watermark's entry"),
    ("c2pa.hash", "the checksum"),
    ("cawg.training", "the wishes about AI training"),
    ("c2pa.training", "the wishes about AI training"),
    ("cawg.metadata", "the author's details"),
    ("c2pa.metadata", "the author's details"),
)
STEPS = {
    "c2pa.placed": "{n} element{s} placed",
    "c2pa.mixed": "mixed",
    "c2pa.edited": "edited",
    "c2pa.trimmed": "cut",
    "c2pa.cropped": "cropped",
    "c2pa.dubbed": "dubbed",
    "c2pa.translated": "translated",
    "c2pa.transcoded": "encoded anew",
    "c2pa.converted": "converted",
    "c2pa.repackaged": "repackaged",
    "c2pa.published": "published",
    "c2pa.watermarked": "marked invisibly",
    "c2pa.watermarked.bound": "marked invisibly",
    "c2pa.watermarked.unbound": "marked invisibly",
}


def sentences_of(
    credential: Credential, store: Store, *, trust: Trust, trust_key: str | None, kind: str, is_cut: bool = False
) -> tuple[str, ...]:
    """Everything worth saying, most important first.

    Parameters
    ----------
    credential : Credential
        The axes, decided already.
    store : Store
    trust : Trust
        What was consulted.
    trust_key : str or None
        Under which of its lists the signer was found, dates aside; None when that could not be told.
    kind : str
        What the file is: "video", "image", "sound" or "file".
    is_cut : bool
        The credential shows less than the store holds.
    """
    return tuple(
        sentence
        for sentence in (
            _integrity(credential, store),
            _origin(credential, store, kind),
            _signed(credential, store.active),
            _certificate(credential),
            _vouching(credential, trust, trust_key),
            *_history(store),
            _steps(store.active.actions),
            "Parts of the credentials were too many to show." if is_cut else "",
        )
        if sentence
    )


def ingredients_of(store: Store, *, limit: int) -> tuple[Ingredient, ...]:
    """The ingredients of every manifest, nearest first, with their problems in plain words."""
    found: list[Ingredient] = []
    for manifest, _ in ancestry(store):
        for part in manifest.parts:
            if len(found) == limit:
                return tuple(found)
            found.append(replace(part.ingredient, problems=tuple(_problems(part))))
    return tuple(found)


def problem_words(code: str) -> str:
    """A validation code of an ingredient in plain words."""
    if code in CONTENT_CHANGED:
        return "its content was changed after signing"
    return PROBLEMS.get(code, f"one of its checks failed ({code})")


def broken_sentence() -> str:
    """For credentials that are there and cannot be read."""
    return "The file carries credentials, but they are damaged and cannot be read, so they prove nothing."


def oversized_sentence() -> str:
    """For credentials that are larger than anything honest."""
    return "The file carries credentials of an absurd size; they were not read, so they prove nothing."


def remote_sentence(url: str) -> str:
    """For a file that only points to its credentials."""
    return f"The file says that its credentials are kept at {url}; nothing was fetched from there."


def _integrity(credential: Credential, store: Store) -> str:
    if credential.integrity == "exact":
        return "The credentials are intact: nothing in the file changed since they were signed."
    if credential.integrity == "broken":
        return "The credentials do not follow the rules and cannot be relied on."
    failures = store.active.checks.failure
    codes = {check.code for check in failures}
    if codes & SIGNATURE_MISMATCH:
        return "The signature does not fit the credentials: they were changed or forged after signing."
    if codes & CONTENT_CHANGED:
        return "The file was changed after it was signed: its picture, sound or structure is not what was signed."
    subjects = dict.fromkeys(_subject(check.subject) for check in failures if check.code.endswith("ismatch"))
    inside = [part for part in store.active.parts if any("mismatch" in check.code for check in part.changed.failure)]
    if inside and not subjects:
        name = inside[0].ingredient.title or "an ingredient"
        return f"The credentials were changed after signing: those that {name}, its ingredient, had brought along."
    return f"The credentials were changed after signing: {', '.join(subjects) or 'a statement'} is not what was signed."


def _subject(label: str) -> str:
    return next((words for start, words in SUBJECTS if label.startswith(start)), "a statement")


def _origin(credential: Credential, store: Store, kind: str) -> str:
    said = "They declare" if credential.integrity == "exact" else "They declared"
    whole = _whole_ai(store)
    if whole is not None:
        return f"{said} that AI made this {kind}{_colon(whole)}."
    if credential.declares_ai:
        return f"{said} that AI made parts of this {kind}."
    for manifest, _ in ancestry(store):
        for action in manifest.actions:
            if action.action == "c2pa.created" and is_capture(action.digital_source_type):
                name = maker_name(action.software or manifest.generator, manifest.signer)
                return f"{said} that a camera captured this {kind}{_colon(name)}."
    return f"They do not say whether AI made this {kind}."


def _colon(name: str) -> str:
    return f": {name}" if name else ""


def _whole_ai(store: Store) -> str | None:
    """The maker of a file that AI made from the start; None when none is declared."""
    for manifest, via in ancestry(store):
        if via is not None and via.ingredient.relationship != "parentOf":
            continue
        for action in manifest.actions:
            if action.action == "c2pa.created" and term_of(action.digital_source_type) == MADE_BY_AI:
                return maker_name(action.software or manifest.generator, manifest.signer)
        for part in manifest.parts:
            came_in = part.ingredient
            if came_in.relationship == "parentOf" and is_ai(came_in.digital_source_type):
                return ""
    return None


def _signed(credential: Credential, active: Manifest) -> str:
    name = short_name(credential.signer_name) or "nobody by name"
    # anyone can write any name into a certificate that nobody vouches for
    by = f"Signed by {name}" if credential.signer in ("trusted", "own") else f"Signed in the name of {name}"
    if not credential.signed_at:
        return f"{by}; the credentials do not say when."
    day = spoken_day(credential.signed_at)
    if credential.time == "trusted":
        return f"{by} on {day}, which a trusted time stamp of {short_name(active.stamper)} confirms."
    if credential.time == "untrusted":
        stamper = short_name(active.stamper) or "an unknown authority"
        return f"{by} on {day}, by a time stamp of {stamper} that no list consulted here vouches for."
    return f"{by} on {day} by its own account; no time stamp confirms it."


def _certificate(credential: Credential) -> str:
    if credential.signer == "expired":
        day = spoken_day(credential.certificate_expires)
        return f"The signing certificate expired on {day}, and no trusted time stamp shows that it was signed before."
    if credential.signer == "revoked":
        return "The signing certificate was withdrawn by its issuer."
    if "signingCredential.invalid" in credential.codes:
        return "The signing certificate does not follow the C2PA rules."
    return ""


def _vouching(credential: Credential, trust: Trust, trust_key: str | None) -> str:
    if credential.signer == "mismatch":
        return ""
    if trust_key == OWN:
        return "The signer is your own authority."
    if not trust.signer_lists:
        return (
            "No trust list is installed here, not even the official one (foleymark trust add FILE), "
            "so nobody vouches for the signer."
        )
    lists = " nor on the ".join(map(_dated, trust.signer_lists))
    if trust_key is None:
        return f"Whether the signer was on the {lists.replace(' nor ', ' or ')} cannot be told."
    found = trust.list_by_key(trust_key)
    if found not in trust.signer_lists:
        return f"The signer is not on the {lists}."
    if credential.signer == "trusted":
        return f"The signer is on the {_dated(found)}."
    return f"The issuer of the certificate is on the {_dated(found)}."


def _dated(one: TrustList) -> str:
    return f"{one.name} ({'file' if one.is_file_date else 'list'} of {one.date})" if one.date else one.name


def _history(store: Store) -> list[str]:
    sentences = []
    for manifest, _ in ancestry(store):
        for part in manifest.parts:
            name = part.ingredient.title or "something without a name"
            made = "It was" if manifest is store.active else f"{manifest.title or 'That'} was"
            if is_bad(part):
                sentences.append(
                    f"{made} made from {name}, of which the credentials record: {' and '.join(_problems(part))}."
                )
            elif part.ingredient.relationship == "parentOf" and not part.manifest:
                sentences.append(
                    f"{made} made from {name}, which carried no credentials: what came before is not known."
                )
            elif part.ingredient.relationship == "parentOf" and part.manifest in store.manifests:
                before = store.manifests[part.manifest]
                sentences.append(
                    f"{made} made from {name}, which carried credentials in the name of "
                    f"{short_name(before.signer) or 'nobody'}."
                )
    return sentences[:MAX_STORIES]


def _problems(part: Part) -> list[str]:
    return list(dict.fromkeys(problem_words(check.code) for check in failures_of(part)))[:MAX_PROBLEMS]


def _steps(actions: tuple[Action, ...]) -> str:
    names = [action.action for action in actions]
    steps = dict.fromkeys(
        template.format(n=names.count(name), s="" if names.count(name) == 1 else "s")
        for name in names
        if (template := STEPS.get(name))
    )
    return f"Steps since then, by its own account: {', '.join(steps)}." if steps else ""
