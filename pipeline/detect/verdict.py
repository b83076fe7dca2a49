"""The answer to "is this AI-made?", and why nothing more can be said when nothing more can be said."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.detect import container, credentials, watermark
from pipeline.detect.labels import Labels
from pipeline.detect.wording import day, plain
from pipeline.records import Clip, Credential, Evidence, Marks, Verdict, VerdictName

NOT_GENUINE = "That is not evidence that it is genuine."
WEAK_CONTENT = (
    "The pictures themselves were measured by one detector, which is too weak to decide anything on its own; "
    "this version therefore never calls a file “likely AI-made” from its pictures."
)


@dataclass(frozen=True)
class Findings:
    """What `judge` weighs."""

    credential: Credential | None
    marks: Marks
    label: Evidence | None
    content: tuple[Evidence, ...]
    unreadable: str
    # whether credentials and labels were looked for at all
    looked_for: tuple[str, ...] = ("credentials", "container")


@dataclass(frozen=True)
class Opinion:
    """What one rule concludes."""

    name: VerdictName
    headline: str
    sentences: tuple[str, ...]


def judge(
    *,
    credential: Credential | None,
    marks: Marks = Marks(),
    clip: Clip | None,
    labels: Labels | None = None,
    content: tuple[Evidence, ...] = (),
    not_checked: tuple[str, ...] = (),
    unreadable: str = "",
    looked_for: tuple[str, ...] = ("credentials", "container"),
) -> Verdict:
    """Weigh everything known of one file.

    Parameters
    ----------
    credential : Credential or None
        None when the file carries none.
    marks : Marks
        Empty when the mark was not looked for.
    clip : Clip or None
        None when the file was not probed or could not be.
    labels : Labels, optional
        What the whole file says of itself unsigned; without, the clip's container tags are looked at.
    content : tuple of Evidence
        What detectors found in picture and sound; shown, and never enough for a verdict in this version.
    not_checked : tuple of str
        What was not looked at and why, a sentence each.
    unreadable : str
        Why the media could not be read; empty when it could.
    looked_for : tuple of str
        Which of "credentials" and "container" were looked at; of the others nothing is said.

    Returns
    -------
    Verdict
        The same findings always give the same verdict.
    """
    label = container.declaration(clip, labels)
    findings = Findings(credential, marks, label, content, unreadable, looked_for)
    opinion = next(found for rule in _RULES if (found := rule(findings)) is not None)
    looked = credentials.evidence(credential) if "credentials" in looked_for else ()
    declared = [*looked, watermark.evidence(marks), *([label] if label else [])]
    hints = container.hints(clip, labels)
    return Verdict(
        name=opinion.name,
        headline=opinion.headline,
        explanation=" ".join(opinion.sentences),
        evidence=(*declared, *content, *hints),
        not_checked=not_checked,
    )


def _by_ai_credentials(found: Findings) -> Opinion | None:
    if not credentials.declares_ai(found.credential):
        return None
    assert found.credential is not None
    credential, name = found.credential, credentials.signer(found.credential)
    whole = credentials.is_wholly_ai(credential)
    degree = "AI-made" if whole else "partly AI-made"
    own = credential.signer == "own"
    headline = f"Declared {degree}, signed with your own certificate" if own else f"Declared {degree} by {name}"
    what = "was made by AI" if whole else "contains parts made by AI"
    when = f" on {day(credential.signed_at)}" if credential.signed_at else ""
    tool = credentials.ai_tool(credential)
    sentences = [
        _integrity_sentence(credential),
        f"They declare that it {what}{f' with {tool}' if tool else ''}, and were signed in the name of {name}{when}.",
        *credentials.trust_caveats(credential),
        *_mark_sentences(found.marks),
    ]
    return Opinion("declared_ai", headline, tuple(sentences))


def _integrity_sentence(credential: Credential) -> str:
    if credential.integrity == "recovered":
        return "The content credentials of the original were recovered for this copy, which itself carries none."
    return "The file carries content credentials and is intact: it has not been changed since they were signed."


def _by_contradiction(found: Findings) -> Opinion | None:
    if found.label is None or not credentials.is_trusted_capture(found.credential):
        return None
    sentences = (
        "Its signed credentials declare that a camera captured it, but an unsigned label in the file says AI made it.",
        "One of the two is wrong. Ask whoever sent the file before relying on either.",
    )
    return Opinion("inconclusive", "The file contradicts itself", sentences)


def _by_label(found: Findings) -> Opinion | None:
    if found.label is None:
        return None
    sentences = [
        found.label.sentence,
        "The label is not signed, so anyone could have written it. "
        "People rarely label camera footage as AI, but it can be done to discredit it.",
        *_broken_sentences(found.credential),
        *_mark_sentences(found.marks),
    ]
    return Opinion("declared_ai", "Labelled AI-made by the file itself, without a signature", tuple(sentences))


def _by_capture(found: Findings) -> Opinion | None:
    if not credentials.is_trusted_capture(found.credential):
        return None
    assert found.credential is not None
    name = credentials.signer(found.credential)
    when = f" on {day(found.credential.signed_at)}" if found.credential.signed_at else ""
    sentences = (
        _integrity_sentence(found.credential),
        f"They declare that a camera captured it, and were signed in the name of {name}{when}.",
        *credentials.trust_caveats(found.credential),
        "A camera can also film a screen or a staged scene: this says how the file was made, "
        "not that what it shows is true.",
    )
    return Opinion("captured_signed", f"Captured by a camera, signed by {name}", sentences)


def _by_unreadable(found: Findings) -> Opinion | None:
    if not found.unreadable:
        return None
    return Opinion(
        "not_applicable",
        "This file could not be judged",
        (
            f"{plain(found.unreadable, limit=300).rstrip('.')}.",
            f"Nothing is known about where it comes from. {NOT_GENUINE}",
        ),
    )


def _by_broken_credentials(found: Findings) -> Opinion | None:
    broken = _broken_sentences(found.credential)
    if not broken:
        return None
    sentences = (*broken, *_mark_sentences(found.marks), *_content_sentences(found.content))
    altered = found.credential is not None and found.credential.integrity == "altered"
    headline = (
        "Changed after it was signed; its credentials no longer count"
        if altered
        else "Its credentials cannot be relied on"
    )
    return Opinion("inconclusive", headline, sentences)


def _broken_sentences(credential: Credential | None) -> tuple[str, ...]:
    if not credentials.is_present(credential) or credentials.is_reliable(credential):
        return ()
    assert credential is not None
    states = {
        "altered": "The file carries content credentials, but it was changed after they were signed.",
        "broken": "The file carries content credentials, but they are damaged and cannot be checked.",
    }
    first = states.get(
        credential.integrity, "The file carries content credentials, but their signature does not fit the signer."
    )
    claim = ""
    if credential.declares_ai:
        claim = "They once declared the work AI-made, which may or may not hold for what is in the file now."
    elif credential.declares_capture:
        claim = "They once declared a camera recording, which does not hold for a changed file."
    end = f"They prove nothing about this version. {NOT_GENUINE}"
    return tuple(sentence for sentence in (first, claim, end) if sentence)


def _by_silent_credentials(found: Findings) -> Opinion | None:
    if not credentials.is_present(found.credential):
        return None
    assert found.credential is not None
    name = credentials.signer(found.credential)
    if found.credential.declares_capture:
        headline = "Said to be captured by a camera, but nobody vouches for that"
        claim = (
            f"They declare a camera recording, in the name of {name}, but not with everything it takes to rely on it."
        )
    else:
        headline = f"Signed by {name}, but nothing is said about how the pictures were made"
        claim = f"They were signed in the name of {name} and do not say whether a camera or AI made the pictures."
    sentences = [_integrity_sentence(found.credential), claim, *credentials.trust_caveats(found.credential)]
    if found.credential.history in ("gaps", "bad ingredient"):
        sentences.append("The history they tell has gaps or contains a part whose own credentials failed.")
    return Opinion(
        "inconclusive", headline, (*sentences, *_mark_sentences(found.marks), *_content_sentences(found.content))
    )


def _by_nothing(found: Findings) -> Opinion:
    marked = _mark_sentences(found.marks)
    headline = "Nothing is known about where this video comes from"
    if marked:
        headline = "Finished with Foleymark; nothing else is known about where it comes from"
    sentences = (
        *_absent_sentences(found),
        *_elsewhere_sentences(found.credential),
        *marked,
        f"So nothing is known about its origin. {NOT_GENUINE}",
        *_content_sentences(found.content),
    )
    return Opinion("inconclusive", headline, sentences)


def _absent_sentences(found: Findings) -> tuple[str, ...]:
    names = {"credentials": "no content credentials", "container": "no AI label"}
    absent = [name for part, name in names.items() if part in found.looked_for]
    return (f"The file carries {' and '.join(absent)}.",) if absent else ()


def _elsewhere_sentences(credential: Credential | None) -> tuple[str, ...]:
    if credential is None or not credential.remote_url:
        return ()
    return ("It names an address where credentials are said to be kept; nothing was fetched from there.",)


def _mark_sentences(marks: Marks) -> tuple[str, ...]:
    said = watermark.evidence(marks)
    return (said.sentence,) if said.applicable else ()


def _content_sentences(content: tuple[Evidence, ...]) -> tuple[str, ...]:
    return (WEAK_CONTENT,) if any(e.applicable and e.scope == "content" for e in content) else ()


# the first rule with an opinion decides; the last always has one
_RULES = (
    _by_ai_credentials,
    _by_contradiction,
    _by_label,
    _by_capture,
    _by_unreadable,
    _by_broken_credentials,
    _by_silent_credentials,
    _by_nothing,
)
