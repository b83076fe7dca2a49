"""What the credentials mean, in sentences for people. The SDK's words for it never appear."""

from __future__ import annotations

from pipeline.provenance.reading.axes import CONTENT_CHANGED, SIGNATURE_MISMATCH, is_bad
from pipeline.provenance.reading.crjson import Manifest, Store, ancestry
from pipeline.provenance.reading.makers import maker_name, short_name
from pipeline.provenance.reading.tree import problems_of
from pipeline.provenance.source_types import MADE_BY_AI, is_ai, is_capture, term_of
from pipeline.provenance.text import spoken_day, spoken_moment
from pipeline.provenance.trust.lists import OWN, Trust
from pipeline.records import Action, Credential

MAX_STORIES = 8
WITHOUT_FILE = "The credentials hold by themselves; they were read without a file, so they say nothing about one yet."
RECOVERED = "The file carries none itself; these were found again among registered files, and they hold."
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
    credential: Credential, store: Store, *, trust: Trust, trust_key: str | None, is_cut: bool = False
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
    is_cut : bool
        The credential shows less than the store holds.
    """
    return tuple(
        sentence
        for sentence in (
            _integrity(credential, store),
            _found_at(credential),
            credential.ai_sentence,
            _signed(credential, store.active),
            _certificate(credential),
            _vouching(credential, trust, trust_key),
            *_history(store),
            _steps(credential.actions),
            _wishes(credential),
            "Parts of the credentials were too many to show." if is_cut else "",
            _checked(credential, trust),
        )
        if sentence
    )


def recovered_sentences(credential: Credential) -> tuple[str, ...]:
    """The sentences of credentials that were found again for a file."""
    return tuple(RECOVERED if sentence == WITHOUT_FILE else sentence for sentence in credential.sentences)


def broken_sentence() -> str:
    """For credentials that are there and cannot be read."""
    return "The file carries credentials, but they are damaged and cannot be read, so they prove nothing."


def oversized_sentence() -> str:
    """For credentials that are larger than anything honest."""
    return "The file carries credentials of an absurd size; they were not read, so they prove nothing."


def stopped_sentence(reason: str) -> str:
    """For a file at which the reader itself failed."""
    return f"The credentials of the file could not be read: {reason}. Whatever they say does not count."


def remote_sentence(url: str) -> str:
    """For a file that only points to its credentials."""
    return f"The file says that its credentials are kept at {url}; nothing was fetched from there."


def _integrity(credential: Credential, store: Store) -> str:
    if credential.integrity == "exact":
        return "The credentials are intact: nothing in the file changed since they were signed."
    if credential.integrity == "none":
        return WITHOUT_FILE
    if credential.integrity == "broken":
        return "The credentials do not follow the rules and cannot be relied on."
    failures = store.active.checks.failure
    codes = {check.code for check in failures}
    if codes & SIGNATURE_MISMATCH:
        return "The signature does not fit the credentials: they were changed or forged after signing."
    if codes & CONTENT_CHANGED:
        return (
            "The file was changed after it was signed, or the credentials of another file were put into it: "
            "its picture, sound or structure is not what was signed."
        )
    subjects = dict.fromkeys(_subject(check.subject) for check in failures if check.code.endswith("ismatch"))
    inside = [part for part in store.active.parts if any("mismatch" in check.code for check in part.changed.failure)]
    if inside and not subjects:
        name = inside[0].ingredient.title or "an ingredient"
        return f"The credentials were changed after signing: those that {name}, its ingredient, had brought along."
    return f"The credentials were changed after signing: {', '.join(subjects) or 'a statement'} is not what was signed."


def _subject(label: str) -> str:
    return next((words for start, words in SUBJECTS if label.startswith(start)), "a statement")


def ai_sentence(credential: Credential, store: Store, kind: str) -> str:
    """What is declared about the part of AI; `kind` is "video", "image", "sound" or "file"."""
    said = "They declare" if credential.holds else "They declared"
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
    mine = trust.list_by_key(trust_key or "")
    if mine is not None and mine.is_mine and credential.signer == "own":
        return f"The signer is of your own house: {mine.dated}."
    if not trust.signer_lists:
        return (
            "No trust list is installed here, not even the official one (foleymark trust update), "
            "so nobody vouches for the signer."
        )
    lists = " nor on the ".join(one.dated for one in trust.signer_lists)
    if trust_key is None:
        return f"Whether the signer was on the {lists.replace(' nor ', ' or ')} cannot be told."
    found = trust.list_by_key(trust_key)
    if found not in trust.signer_lists:
        return f"The signer is not on the {lists}."
    if credential.signer == "trusted":
        return f"The signer is on the {found.dated}."
    return f"The issuer of the certificate is on the {found.dated}."


def _found_at(credential: Credential) -> str:
    if credential.origin == "embedded" and credential.remote_url:
        return f"The file says that they are also kept at {credential.remote_url}; nothing was fetched from there."
    return {
        "sidecar": "They were not in the file but in the .c2pa file beside it.",
        "remote": f"They were not in the file but fetched from {credential.remote_url}.",
    }.get(credential.origin, "")


def _wishes(credential: Credential) -> str:
    """What is wished about AI training, in one sentence."""
    words = {"allowed": "allow", "notAllowed": "do not allow", "constrained": "allow under conditions"}
    wishes: dict[str, list[str]] = {}
    for one in credential.training:
        if one.wish in words:
            wishes.setdefault(words[one.wish], []).append(one.use)
    told = "; they ".join(f"{verb} {', '.join(uses)}" for verb, uses in wishes.items())
    return f"They {told}." if told else ""


def _checked(credential: Credential, trust: Trust) -> str:
    """Which clock and which lists a verdict rests on: it may be another tomorrow."""
    when = f"Checked on {spoken_moment(credential.checked_at)} by this machine's clock"
    lists = " and the ".join(one.dated for one in trust.signer_lists)
    stamps = " and the ".join(one.dated for one in trust.time_lists)
    against = f" against the {lists}" if lists else " against no trust list"
    times = f"; time stamps against the {stamps}" if stamps else ""
    aside = ""
    if trust.left_aside:
        aside = f"; the strict policy left aside: {', '.join(one.name for one in trust.left_aside)}"
    return f"{when}{against}{times}{aside}."


def _history(store: Store) -> list[str]:
    sentences = []
    for manifest, _ in ancestry(store):
        for part in manifest.parts:
            name = part.ingredient.title or "something without a name"
            made = "It was" if manifest is store.active else f"{manifest.title or 'That'} was"
            if manifest.is_update and part.ingredient.relationship == "parentOf" and not is_bad(part):
                by = short_name(manifest.signer) or "nobody by name"
                sentences.append(f"Statements were added to the credentials later, in the name of {by}.")
            elif is_bad(part):
                sentences.append(
                    f"{made} made from {name}, of which the credentials record: {' and '.join(problems_of(part))}."
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


def _steps(actions: tuple[Action, ...]) -> str:
    names = [action.action for action in actions]
    steps = dict.fromkeys(
        template.format(n=names.count(name), s="" if names.count(name) == 1 else "s")
        for name in names
        if (template := STEPS.get(name))
    )
    return f"Steps since then, by its own account: {', '.join(steps)}." if steps else ""
