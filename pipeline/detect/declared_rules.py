"""Rules on what a file declares: credentials, labels, and files that cannot be read."""

from __future__ import annotations

from pipeline.detect import credentials
from pipeline.detect.content_rules import content_sentences
from pipeline.detect.findings import NOT_GENUINE, Findings, Opinion, mark_sentences
from pipeline.detect.wording import day, plain
from pipeline.records import Credential


def by_ai_credentials(found: Findings) -> Opinion | None:
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
        *mark_sentences(found.marks),
    ]
    return Opinion("declared_ai", headline, tuple(sentences))


def _integrity_sentence(credential: Credential) -> str:
    if credential.integrity == "recovered":
        return "The content credentials of the original were recovered for this copy, which itself carries none."
    return "The file carries content credentials and is intact: it has not been changed since they were signed."


def by_contradiction(found: Findings) -> Opinion | None:
    if found.label is None or not credentials.is_trusted_capture(found.credential):
        return None
    sentences = (
        "Its signed credentials declare that a camera captured it, but an unsigned label in the file says AI made it.",
        "One of the two is wrong. Ask whoever sent the file before relying on either.",
    )
    return Opinion("inconclusive", "The file contradicts itself", sentences)


def by_label(found: Findings) -> Opinion | None:
    if found.label is None:
        return None
    sentences = [
        found.label.sentence,
        "The label is not signed, so anyone could have written it. "
        "People rarely label camera footage as AI, but it can be done to discredit it.",
        *_broken_sentences(found.credential),
        *mark_sentences(found.marks),
    ]
    return Opinion("declared_ai", "Labelled AI-made by the file itself, without a signature", tuple(sentences))


def by_capture(found: Findings) -> Opinion | None:
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


def by_unreadable(found: Findings) -> Opinion | None:
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


def by_broken_credentials(found: Findings) -> Opinion | None:
    broken = _broken_sentences(found.credential)
    if not broken:
        return None
    sentences = (*broken, *mark_sentences(found.marks), *content_sentences(found))
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


def by_silent_credentials(found: Findings) -> Opinion | None:
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
    return Opinion("inconclusive", headline, (*sentences, *mark_sentences(found.marks), *content_sentences(found)))
