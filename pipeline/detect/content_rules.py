"""Rules on what was seen in the pictures themselves, and the words for it."""

from __future__ import annotations

from pipeline.detect.findings import NOT_GENUINE, Content, Findings, Opinion, mark_sentences
from pipeline.detect.fusion import conformal_set, leaning, reasons
from pipeline.records import Credential, Evidence

# one detector alone never decides
LEAST_DETECTORS = 2
SETTLES = "Signed credentials of a camera or of a generator would settle it; so may the original, less compressed file."


def verdict_of(content: Content) -> str:
    """What the pictures alone allow to be said: "ai", "camera", or "" when nothing."""
    return "" if content.fused is None or obstacles(content) else leaning(content.fused)


def obstacles(content: Content) -> tuple[str, ...]:
    """Why the pictures do not decide, a sentence each; empty when they do."""
    found = [*_material(content), *_scores(content.fused)]
    if not found and (content.agreement is None or not content.agreement.agrees):
        untried = "Whether the answer would survive another compression could not be tried."
        found.append(content.agreement.sentence if content.agreement else untried)
    return tuple(found)


def may_decide(content: Content) -> bool:
    """Whether a verdict is possible, so that it is worth delivering the file anew to see if it holds."""
    return not [*_material(content), *_scores(content.fused)]


def _material(content: Content) -> list[str]:
    found = []
    if content.quality is None:
        found.append("The pictures were not looked at.")
    elif content.quality.gate == "failed":
        found.append(f"The pictures cannot be judged: {content.quality.reason}.")
    if content.kind is not None and not content.kind.is_ordinary:
        found.append(f"{content.kind.sentence} The detectors were not made for that, and what they say does not count.")
    return found


def _scores(fused: Evidence | None) -> list[str]:
    if fused is None:
        return ["The detectors' findings were not weighed together."]
    if not fused.applicable:
        return [fused.sentence]
    if fused.raw["detectors"] < LEAST_DETECTORS:
        return ["Only one detector could judge it, which is never enough."]
    kind = conformal_set(fused)
    if kind == "both":
        return ["What was found is usual for camera footage and for generated clips alike, so it stays open."]
    if kind == "neither":
        return ["It is unlike the camera footage and unlike the generated clips that the detectors were measured on."]
    if not leaning(fused):
        lean = "a generator" if kind == "ai" else "a camera"
        return [f"It leans towards {lean}, but not so far that wrong answers would be rare."]
    return []


def by_likely(found: Findings) -> Opinion | None:
    """The pictures say AI, and everything that could speak against relying on them has been tried."""
    if verdict_of(found.content) != "ai":
        return None
    sentences = (
        *absent_sentences(found),
        *mark_sentences(found.marks),
        *_weighed(found.content),
        "It is a judgement of the pictures, not a proof. " + SETTLES,
    )
    return Opinion("likely_ai", "Likely AI-made, judged by its pictures", sentences)


def by_no_evidence(found: Findings) -> Opinion | None:
    """The pictures are like camera footage and unlike generated clips."""
    if verdict_of(found.content) != "camera":
        return None
    sentences = (
        *absent_sentences(found),
        *mark_sentences(found.marks),
        *_weighed(found.content),
        f"{NOT_GENUINE} A generator that the detectors do not know may leave no sign. {SETTLES}",
    )
    return Opinion("no_ai_evidence", "No sign of AI was found", sentences)


def by_unfit(found: Findings) -> Opinion | None:
    """There is nothing in the pictures that could be judged."""
    quality = found.content.quality
    if quality is None or quality.gate != "failed":
        return None
    sentences = (
        *absent_sentences(found),
        *elsewhere_sentences(found.credential),
        *mark_sentences(found.marks),
        f"The pictures cannot be judged: {quality.reason}.",
        f"So nothing is known about its origin. {NOT_GENUINE}",
    )
    return Opinion("not_applicable", "Nothing can be said about these pictures", sentences)


def by_nothing(found: Findings) -> Opinion:
    """Nothing decides."""
    marked = mark_sentences(found.marks)
    headline = "Nothing is known about where this video comes from"
    if marked:
        headline = "Finished with Foleymark; nothing else is known about where it comes from"
    elif found.content.fused is not None:
        headline = "It cannot be told whether AI made this"
    sentences = (
        *absent_sentences(found),
        *elsewhere_sentences(found.credential),
        *marked,
        *content_sentences(found),
        f"So nothing is known about its origin. {NOT_GENUINE}",
    )
    return Opinion("inconclusive", headline, sentences)


def content_sentences(found: Findings) -> tuple[str, ...]:
    """What the pictures say beside a rule that does not rest on them; empty when they were not looked at."""
    content = found.content
    if content.fused is None:
        return ()
    decided = verdict_of(content)
    if decided:
        says = "AI made them" if decided == "ai" else "a camera took them"
        return (*_weighed(content), f"Judged by the pictures alone, it is likely that {says}.")
    lean = (content.fused.sentence,) if content.fused.applicable and _is_ordinary(content) else ()
    return (*lean, *obstacles(content), SETTLES)


def _is_ordinary(content: Content) -> bool:
    return content.kind is not None and content.kind.is_ordinary


def _weighed(content: Content) -> tuple[str, ...]:
    """Reasons for and against, whether they hold, and how often such an answer is wrong."""
    fused = content.fused
    assert fused is not None
    for_ai, for_camera = reasons(fused, content.evidence)
    said = [fused.sentence]
    if for_ai:
        said.append(f"What speaks most for AI: {_listed(for_ai)}.")
    if for_camera:
        said.append(f"What speaks most for a camera: {_listed(for_camera)}.")
    if content.quality is not None and content.quality.gate == "low":
        said.append(f"The quality is low: {content.quality.reason}.")
    if content.agreement is not None:
        said.append(content.agreement.sentence)
    return (*said, fused.reason) if fused.reason else tuple(said)


def _listed(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def absent_sentences(found: Findings) -> tuple[str, ...]:
    """What was looked for and is not there."""
    names = {"credentials": "no content credentials", "container": "no AI label"}
    absent = [name for part, name in names.items() if part in found.looked_for]
    return (f"The file carries {' and '.join(absent)}.",) if absent else ()


def elsewhere_sentences(credential: Credential | None) -> tuple[str, ...]:
    """Credentials that the file only points to."""
    if credential is None or not credential.remote_url:
        return ()
    return ("It names an address where credentials are said to be kept; nothing was fetched from there.",)
