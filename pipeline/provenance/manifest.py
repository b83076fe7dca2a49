"""The manifest: what a finished file will say about itself, planned first and rendered for the SDK.

The order of a finished clip's history follows C2PA specification 2.4: opened (the clip that came in), placed
(once per sound), mixed, watermarked.bound, transcoded. What a generator signs of its own starts with created.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.errors import CredentialError
from pipeline.provenance.source_types import MADE_BY_AI, MADE_BY_RULES, MIXED, PARTLY_MADE_BY_AI, is_ai, to_uri
from pipeline.records import Cue, Loudness, Verdict

GENERATOR = "Foleymark"
SPEC_VERSION = "2.4.0"
# our labels stand under a domain of the project, as the specification asks of assertions of one's own
OWN_LABEL = "io.foleymark."
PICTURE_MARK = OWN_LABEL + "picture.1"
SOUND_MARK = OWN_LABEL + "sound.1"
FINDINGS = OWN_LABEL + "findings"
SOUNDS = OWN_LABEL + "sounds"
PROMPT = OWN_LABEL + "prompt"

# assertions that we vouch for ourselves; the SDK compares them without the version at their end
CREATED_LABELS = (
    "c2pa.actions",
    "c2pa.ingredient",
    "c2pa.soft-binding",
    "c2pa.ai-disclosure",
    "c2pa.thumbnail.claim",
    "cawg.training-mining",
    "cawg.metadata",
    FINDINGS,
    SOUNDS,
    PROMPT,
)

# more distinct sounds than this are told as one per stem and licence; more moments than this as one span:
# coarser, never wrong, and a manifest stays far below a megabyte
MAX_SOUNDS = 64
MAX_REGIONS = 200
MAX_AUTHORS = 20

Training = Literal["allowed", "notAllowed", "unspecified"]
# CAWG training and data mining assertion 1.1
TRAINING_USES = ("cawg.ai_training", "cawg.ai_generative_training", "cawg.ai_inference", "cawg.data_mining")


@dataclass(frozen=True)
class Parent:
    """The clip that came in."""

    title: str
    media_type: str = "video/mp4"
    # how it came to be, as a term or URI; empty when nobody knows
    digital_source_type: str = ""


@dataclass(frozen=True)
class Placement:
    """One sound at one moment."""

    # what is heard: recipe or file, the same for every use of it
    asset: str
    stem: str
    start_s: float
    end_s: float
    source: str
    licence: str
    # how the sound came to be; empty when its maker does not say
    digital_source_type: str = ""
    # of a recording: who recorded it, and the SHA-256 of the file
    author: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Mark:
    """An invisible mark that the file carries."""

    algorithm: str
    payload_hex: str
    # what carries it
    track: Literal["picture", "sound"] = "picture"


@dataclass(frozen=True)
class ProvenancePlan:
    """Everything the credentials of one file will say."""

    title: str
    software_version: str
    # None only for what a generator signs of its own
    parent: Parent | None = None
    # the author to name, or empty
    who: str = ""
    placements: tuple[Placement, ...] = ()
    loudness: Loudness | None = None
    marks: tuple[Mark, ...] = ()
    # what the detectors said of the unmarked master
    findings: Verdict | None = None
    training: Training = "notAllowed"
    # the software that signs is itself the generator that made the file
    created_by_generator: bool = False
    # the model to name then, or empty
    model: str = ""
    # pixels were encoded anew
    transcoded: bool = False
    # a prompt is private: it stands in the credentials only when given here
    prompt: str = ""
    # ISO 8601, when the file was finished
    made_at: str = ""
    # urn:c2pa:<uuid> decided beforehand, or empty
    manifest_label: str = ""


def placements_of(cues: Iterable[Cue], *, source_types: Mapping[str, str] | None = None) -> tuple[Placement, ...]:
    """What a cue sheet places, for the plan.

    Parameters
    ----------
    cues : iterable of Cue
    source_types : mapping
        How the sounds of each source came to be (source -> term); our own synthesis is known.
    """
    known = {"foleymark": MADE_BY_RULES, **(source_types or {})}
    return tuple(
        Placement(
            asset=cue.sound,
            stem=cue.stem,
            start_s=max(0.0, cue.time_s),
            end_s=max(0.0, cue.time_s) + cue.length_s,
            source=cue.source,
            licence=cue.licence,
            digital_source_type=known.get(cue.source, ""),
            author=cue.author,
            sha256=cue.asset_sha256,
        )
        for cue in cues
    )


def render(plan: ProvenancePlan, *, parent_signed: bool = False) -> dict[str, Any]:
    """The manifest definition of a plan, as the SDK's builder takes it.

    Parameters
    ----------
    plan : ProvenancePlan
    parent_signed : bool
        The parent carries credentials: its ingredient is then added from its file, and not rendered here.

    Raises
    ------
    CredentialError
        When the plan has a gap; names it.
    """
    check_plan(plan)
    groups = _group(plan.placements)
    ingredients = [_sound_ingredient(number, group) for number, group in enumerate(groups)]
    if plan.parent and not parent_signed:
        ingredients.insert(0, parent_ingredient(plan.parent, signed=False))
    definition: dict[str, Any] = {
        "claim_generator_info": [{"name": GENERATOR, "version": plan.software_version, "specVersion": SPEC_VERSION}],
        "title": plan.title,
        "ingredients": ingredients,
        "assertions": [_actions(plan, groups), *_other_assertions(plan, groups)],
    }
    if plan.manifest_label:
        definition["label"] = plan.manifest_label
    return definition


def parent_ingredient(parent: Parent, *, signed: bool) -> dict[str, Any]:
    """The ingredient of the clip that came in; its own credentials, where it has some, say how it came to be."""
    ingredient = {"title": parent.title, "format": parent.media_type, "relationship": "parentOf", "label": "parent"}
    if parent.digital_source_type and not signed:
        # the SDK drops the spelling digitalSourceType without a word
        ingredient["digital_source_type"] = to_uri(parent.digital_source_type)
    return ingredient


def check_plan(plan: ProvenancePlan) -> None:
    """Refuse a plan that would leave a gap in the history; CredentialError names it."""
    if not plan.title.strip():
        raise CredentialError("the file has no title: name one for its credentials")
    if not plan.software_version:
        raise CredentialError(
            "the plan does not say which version of the software made the file: give software_version"
        )
    if (plan.parent is None) != plan.created_by_generator:
        raise CredentialError(
            "a file was either made from another or generated by this software: "
            "give its parent, or say that it was generated"
        )
    if plan.manifest_label and not re.fullmatch(r"urn:c2pa:[0-9a-f-]{36}", plan.manifest_label):
        raise CredentialError(f"{plan.manifest_label!r} is no manifest label: leave it empty to get one")
    for placement in plan.placements:
        _check_placement(placement)
    for mark in plan.marks:
        if not re.fullmatch(r"[0-9a-f]{16}", mark.payload_hex) or not mark.algorithm:
            raise CredentialError(
                f"the mark {mark.algorithm!r} has no payload of 16 hex digits: embed it before signing"
            )


def _check_placement(placement: Placement) -> None:
    moment = f"{placement.asset or 'a sound'} at {placement.start_s:.2f} s"
    if not placement.asset.strip():
        raise CredentialError(f"{moment} does not say what it is: name its sound in the cue sheet")
    if not placement.source.strip():
        raise CredentialError(f"{moment} does not say who made it: fill in `source` in the cue sheet")
    if not placement.licence.strip():
        raise CredentialError(f"{moment} has no licence: fill in `licence` in the cue sheet, or leave the sound out")
    if not 0.0 <= placement.start_s <= placement.end_s < float("inf"):
        raise CredentialError(f"{moment} ends before it starts: correct its times in the cue sheet")


# ---------------------------------------------------------------- sounds
def _group(placements: tuple[Placement, ...]) -> list[list[Placement]]:
    """Placements of one sound together, in order of first use."""

    def gather(asset: bool) -> list[list[Placement]]:
        found: dict[tuple[str, ...], list[Placement]] = defaultdict(list)
        for one in sorted(placements, key=lambda one: one.start_s):
            name = one.asset if asset else f"stem {one.stem}"
            found[(name, one.source, one.licence, one.digital_source_type)].append(one)
        return list(found.values())

    groups = gather(asset=True)
    return groups if len(groups) <= MAX_SOUNDS else gather(asset=False)


def _group_title(group: list[Placement]) -> str:
    assets = {one.asset for one in group}
    return assets.pop() if len(assets) == 1 else f"{len(assets)} sounds of the stem {group[0].stem}"


def _sound_ingredient(number: int, group: list[Placement]) -> dict[str, Any]:
    ingredient = {
        "title": _group_title(group),
        "relationship": "componentOf",
        "label": f"sound-{number}",
        "format": "audio/wav",
        "description": _sound_rights(group),
    }
    if group[0].digital_source_type:
        ingredient["digital_source_type"] = to_uri(group[0].digital_source_type)
    return ingredient


def _sound_rights(group: list[Placement]) -> str:
    # attribution licences ask for the author; more authors than these are in the cue sheet
    first = group[0]
    authors = sorted({one.author for one in group if one.author})[:MAX_AUTHORS]
    by = f", recorded by {'; '.join(authors)}" if authors else ""
    digest = f", sha256 {first.sha256}" if first.sha256 and len({one.sha256 for one in group}) == 1 else ""
    return f"made by {first.source}{by}, licence {first.licence}{digest}"


def _regions(group: list[Placement]) -> list[dict[str, Any]]:
    spans = [(one.start_s, one.end_s) for one in group]
    if len(spans) > MAX_REGIONS:
        spans = [(min(start for start, _ in spans), max(end for _, end in spans))]
    return [
        {"type": "temporal", "time": {"type": "npt", "start": f"{start:.3f}", "end": f"{end:.3f}"}}
        for start, end in spans
    ]


# ------------------------------------------------------------ assertions
def _actions(plan: ProvenancePlan, groups: list[list[Placement]]) -> dict[str, Any]:
    actions = [_inception(plan)]
    for number, group in enumerate(groups):
        actions.append(
            {
                "action": "c2pa.placed",
                "description": _group_title(group),
                "parameters": {"ingredientIds": [f"sound-{number}"]},
                "changes": [{"region": _regions(group), "description": "when it is heard"}],
            }
        )
    if groups:
        actions.append(_mixed(plan))
    actions.extend(
        {"action": "c2pa.watermarked.bound", "description": f"{mark.track} mark, {mark.algorithm}"}
        for mark in plan.marks
    )
    if plan.transcoded:
        actions.append({"action": "c2pa.transcoded"})
    if plan.made_at:
        for action in actions:
            action["when"] = plan.made_at
    return {"label": "c2pa.actions.v2", "data": {"actions": actions, "allActionsIncluded": True}}


def _inception(plan: ProvenancePlan) -> dict[str, Any]:
    if plan.parent:
        # specification 2.4: an opened action has no source type, its ingredient has
        return {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
    return {"action": "c2pa.created", "digitalSourceType": to_uri(MADE_BY_AI)}


def _mixed(plan: ProvenancePlan) -> dict[str, Any]:
    picture = plan.parent.digital_source_type if plan.parent else MADE_BY_AI
    uses_ai = is_ai(picture) or any(is_ai(one.digital_source_type) for one in plan.placements)
    action: dict[str, Any] = {
        "action": "c2pa.mixed",
        "digitalSourceType": to_uri(PARTLY_MADE_BY_AI if uses_ai else MIXED),
        "description": "the placed sounds were mixed into the soundtrack",
    }
    if plan.loudness and plan.loudness.integrated_lufs is not None:
        figures = {"integrated_lufs": round(plan.loudness.integrated_lufs, 2)}
        if plan.loudness.true_peak_dbtp is not None:
            figures["true_peak_dbtp"] = round(plan.loudness.true_peak_dbtp, 2)
        action["parameters"] = {OWN_LABEL + "loudness": figures}
    return action


def _other_assertions(plan: ProvenancePlan, groups: list[list[Placement]]) -> list[dict[str, Any]]:
    assertions: list[dict[str, Any]] = []
    for mark in plan.marks:
        # the SDK cannot write the byte string that the specification asks for; a list of numbers reads back
        blocks = [{"scope": {}, "value": list(bytes.fromhex(mark.payload_hex))}]
        assertions.append({"label": "c2pa.soft-binding", "data": {"alg": mark.algorithm, "blocks": blocks}})
    if plan.created_by_generator:
        assertions.append({"label": "c2pa.ai-disclosure", "data": _disclosure(plan)})
    if plan.training != "unspecified":
        entries = {use: {"use": plan.training} for use in TRAINING_USES}
        assertions.append({"label": "cawg.training-mining", "data": {"entries": entries}})
    if plan.who.strip():
        data = {"@context": {"dc": "http://purl.org/dc/elements/1.1/"}, "dc:creator": [plan.who.strip()]}
        assertions.append({"label": "cawg.metadata", "data": data, "kind": "Json"})
    if plan.findings:
        assertions.append({"label": FINDINGS, "data": _findings(plan.findings)})
    if groups:
        assertions.append({"label": SOUNDS, "data": {"sounds": [_rights(group) for group in groups]}})
    if plan.prompt:
        assertions.append({"label": PROMPT, "data": {"prompt": plan.prompt}})
    return assertions


def _disclosure(plan: ProvenancePlan) -> dict[str, Any]:
    return {"modelType": "c2pa.types.model", **({"modelName": plan.model} if plan.model else {})}


def _rights(group: list[Placement]) -> dict[str, Any]:
    return {
        "sound": _group_title(group),
        "made_by": group[0].source,
        "licence": group[0].licence,
        "uses": len(group),
        "stems": sorted({one.stem for one in group}),
    }


def _findings(verdict: Verdict) -> dict[str, Any]:
    # names and figures only: the sentences may quote container tags, and with them a private prompt
    detectors = [
        {"name": one.name, "scope": one.scope, "applicable": one.applicable, "llr": round(one.llr, 3)}
        for one in verdict.evidence
    ]
    return {"verdict": verdict.name, "examined": "the unmarked master", "detectors": detectors}
