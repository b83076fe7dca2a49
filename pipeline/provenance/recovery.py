"""The rule of recovery: what may be said when a mark, a fingerprint and a signed manifest agree or do not.

Pure: everything that was measured comes in as `Candidate`, everything that is said goes out as `Recovery`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.provenance.fingerprint.alignment import Alignment
from pipeline.records import Credential, MatchSpan, Recovery, RecoveryMatch, RecoveryState
from pipeline.records.credentials import Binding

# pictures agree from here: copies reach 0.55 to 0.95 even cropped to 70 %, and of 175 unrelated pairs one 0.48
AGREE = 0.55
# a search over thousands of crops finds more by chance; copies cropped to 70 % of a side reach 0.7
AGREE_CROPPED = 0.62
# below it and without a stretch that agrees, pictures are others; unrelated ones stay under 0.2
OTHERS = 0.3
# as long as they have to agree, or all of a shorter file
LEAST_S = 0.6
# Movement is the same from here. Of five pictures and more, copies of 24 clips gave 0.76 and more, and clips that
# generators made of one picture 0.45 at most
SAME_MOVEMENT = 0.5
# a sound is the same from here; unrelated ones agree in 0.5 to 0.6 of their bits
SOUND_AGREES, SOUND_DIFFERS = 0.72, 0.65
# bits of 256: what codes alone may claim when there is no sketch
CODES_AGREE = 48
# another registered file that is more like the asked one by so much is the likelier source
MARGIN = 0.06
# so near to the first, a second one is named
CLOSE = 0.03
MOST_MATCHES = 10


@dataclass(frozen=True)
class Candidate:
    """A registered manifest and what speaks for it."""

    label: str
    credential: Credential | None
    title: str = ""
    media_type: str = ""
    # tracks whose mark carries the id: "picture", "sound"
    marks: tuple[str, ...] = ()
    # the id stands in the signed manifest
    mark_is_signed: bool = False
    # another signer held the id first
    is_contested: bool = False
    # of the pictures; None when there is no sketch, or none that the manifest signed
    alignment: Alignment | None = None
    sound: float | None = None
    # of the nearest code, and whether that code stands in the signed manifest
    distance: int | None = None
    code_is_signed: bool = False
    # where codes are near, for want of an alignment
    near: tuple[MatchSpan, ...] = ()
    is_mirrored: bool = False
    revoked: str = ""
    is_private: bool = False
    # the asked file is one picture, which lasts no time
    is_still: bool = False


def judge(
    candidates: Sequence[Candidate],
    *,
    embedded: Credential | None = None,
    looked_for_marks: bool = True,
    not_checked: tuple[str, ...] = (),
) -> Recovery:
    """What can be said of where a file comes from.

    Parameters
    ----------
    candidates : sequence of Candidate
        Every manifest that a mark or a fingerprint leads to.
    embedded : Credential or None
        What the file itself carries.
    looked_for_marks : bool
        False when there was no key to look for marks with.
    """
    matches = [match for one in candidates if (match := _match(one))]
    best = max((_likeness(one) for one in candidates if agrees(one)), default=0.0)
    matches = [_outdone(match, best) for match in matches]
    order: list[RecoveryState] = ["recovered", "similar", "unsure", "transplant"]
    matches.sort(key=lambda match: (order.index(match.state), bool(match.revoked), -_closeness(match)))
    sentences = _sentences(matches, embedded, looked_for_marks)
    return Recovery(embedded, tuple(matches[:MOST_MATCHES]), sentences, not_checked)


def agrees(one: Candidate) -> bool:
    """Whether the fingerprint agrees: pictures (or, without any, sound) are the same."""
    if one.alignment is not None and not one.alignment.is_telling:
        return False  # plain pictures resemble each other, and so do their codes
    if moves_otherwise(one):
        return False
    if one.alignment is not None:
        seconds = sum(span.end_s - span.start_s for span in one.alignment.spans)
        needed = AGREE if one.alignment.crop.is_whole else AGREE_CROPPED
        return (
            one.alignment.similarity >= needed
            and bool(one.alignment.spans)
            and (one.is_still or seconds >= LEAST_S - 1e-6)
        )
    if one.alignment is None and one.media_type.startswith("audio/"):
        return one.sound is not None and one.sound >= SOUND_AGREES
    return one.distance is not None and one.distance <= CODES_AGREE and one.code_is_signed


def moves_otherwise(one: Candidate) -> bool:
    """Whether it looks the same and moves otherwise: another version of the scene, not a copy."""
    movement = one.alignment.movement if one.alignment else None
    return movement is not None and movement < SAME_MOVEMENT


def differs(one: Candidate) -> bool:
    """Whether what is seen or heard is clearly another."""
    if one.alignment is not None and one.alignment.is_telling:
        return not one.alignment.spans and one.alignment.similarity < OTHERS
    if one.alignment is None and one.media_type.startswith("audio/"):
        return one.sound is not None and one.sound < SOUND_DIFFERS
    return False


# ------------------------------------------------------------- one match
def _match(one: Candidate) -> RecoveryMatch | None:
    """What is said of one candidate; None when nothing leads to it after all."""
    if not one.marks and not agrees(one):
        return None
    state, sentence = _state(one)
    alignment = one.alignment if one.alignment and one.alignment.spans else None
    spans = tuple(
        MatchSpan(span.start_s, span.end_s, span.registered_start_s, span.registered_end_s)
        for span in (alignment.spans if alignment else ())
    )
    found_by = one.marks + (("fingerprint",) if agrees(one) else ())
    return RecoveryMatch(
        label=one.label,
        state=state,
        sentence=sentence,
        title=one.title,
        media_type=one.media_type,
        found_by=found_by,
        spans=spans or (one.near if agrees(one) else ()),
        is_mirrored=alignment.crop.is_mirrored if alignment else one.is_mirrored,
        crop=(alignment.crop.width, alignment.crop.height) if alignment else (1.0, 1.0),
        similarity=one.alignment.similarity if one.alignment and one.alignment.is_telling else None,
        distance=one.distance,
        sound_similarity=one.sound,
        revoked=one.revoked,
        is_private=one.is_private,
        credential=_bound(one, state),
    )


def _state(one: Candidate) -> tuple[RecoveryState, str]:
    name = f"“{one.title}”" if one.title else one.label
    if one.credential is None or not one.credential.holds:
        return "unsure", f"The repository's manifest of {name} is damaged, so it proves nothing about this file."
    if not one.marks:
        return "similar", f"It shows the same as {name}, but carries no mark of it: similar content, no proof."
    if not one.mark_is_signed:
        return "unsure", f"The mark in it leads to {name}, but its signed manifest does not name that mark."
    if one.is_contested:
        return "unsure", f"{name} claims a mark that another signer registered before, so it may be a borrowed one."
    if agrees(one):
        return "recovered", f"Watermark, fingerprint and signed manifest agree: these are the credentials of {name}."
    if differs(one):
        if one.sound is not None and one.sound >= SOUND_AGREES and not one.media_type.startswith("audio/"):
            return "unsure", f"Its sound is that of {name}, but what is seen is something else: it was put together."
        return "transplant", f"It carries the mark of {name}, but shows something else: the mark was transplanted."
    if moves_otherwise(one):
        return "unsure", f"It carries the mark of {name} and looks like it, but moves otherwise: a possible transplant."
    if one.alignment is not None and not one.alignment.is_telling:
        return "unsure", f"It carries the mark of {name}, but shows too little to tell whether it is that file."
    return "unsure", f"It carries the mark of {name}, but little else agrees: a possible transplant or heavy edit."


def _bound(one: Candidate, state: RecoveryState) -> Credential | None:
    """The credential with how it was tied to the file."""
    if one.credential is None or not one.credential.holds or state == "transplant":
        return one.credential
    ways = [way for way, is_there in (("watermark", bool(one.marks)), ("fingerprint", agrees(one))) if is_there]
    bindings: dict[str, Binding] = {
        "watermark+fingerprint": "watermark+fingerprint",
        "watermark": "watermark",
        "fingerprint": "fingerprint",
    }
    binding = bindings["+".join(ways)]
    if state != "recovered":
        return replace(one.credential, binding=binding)
    return replace(one.credential, integrity="recovered", binding=binding)


def _likeness(one: Candidate) -> float:
    if one.alignment is not None and one.alignment.is_telling:
        return one.alignment.similarity
    return one.sound or 0.0


def _outdone(match: RecoveryMatch, best: float) -> RecoveryMatch:
    """A mark on a look-alike: another registered file is clearly more like it."""
    if match.state != "recovered" or match.similarity is None or match.similarity >= best - MARGIN:
        return match
    name = f"“{match.title}”" if match.title else match.label
    sentence = f"It carries the mark of {name}, but another registered file is more like it: a possible transplant."
    credential = replace(match.credential, integrity="none") if match.credential else None
    return replace(match, state="unsure", sentence=sentence, credential=credential)


def _closeness(match: RecoveryMatch) -> float:
    if match.similarity is not None:
        return match.similarity
    if match.sound_similarity is not None:
        return match.sound_similarity
    return 1 - (match.distance if match.distance is not None else 256) / 256


# ------------------------------------------------------------- the whole
def _sentences(
    matches: Sequence[RecoveryMatch], embedded: Credential | None, looked_for_marks: bool
) -> tuple[str, ...]:
    said: list[str] = []
    if matches:
        said.append(matches[0].sentence)
        if matches[0].revoked:
            said.append(f"That manifest was revoked {matches[0].revoked}.")
        said += _near_seconds(matches)
    else:
        said.append("Nothing in the repository matches it; that says nothing about where it comes from.")
    said += _beside_embedded(matches, embedded)
    if not looked_for_marks:
        said.append("No mark was looked for, because there is no mark key, so nothing can be called recovered.")
    return tuple(said)


def _near_seconds(matches: Sequence[RecoveryMatch]) -> list[str]:
    first = matches[0]
    near = [one for one in matches[1:] if _closeness(one) > _closeness(first) - CLOSE]
    alike = [one for one in near if one.state == first.state == "similar"]
    if alike:
        return [f"{len(alike)} other registered file{'s are' if len(alike) > 1 else ' is'} almost as like it."]
    parts = [one for one in matches[1:] if one.state == "recovered"]
    if first.state == "recovered" and parts:
        return [f"Other parts of it come from {len(parts)} more registered file{'s' if len(parts) > 1 else ''}."]
    return []


def _beside_embedded(matches: Sequence[RecoveryMatch], embedded: Credential | None) -> list[str]:
    recovered = [one for one in matches if one.state == "recovered"]
    if embedded is None or not embedded.manifest_label or not recovered:
        return []
    label = recovered[0].label
    if embedded.manifest_label == label:
        return ["The credentials in the file are the same."]
    if embedded.content_label == label:
        return ["The credentials in the file are the same, with statements that were added later."]
    if any(one.manifest_label == label for one in embedded.every_ingredient()):
        return ["The file carries later credentials of its own, which name these as what it was made from."]
    return ["The file carries other credentials of its own than those its mark leads to: both are shown."]
