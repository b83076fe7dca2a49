"""A cue sheet as data: its cues as they are written down, and the note of what Foleymark wrote into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from pipeline.errors import UsageError
from pipeline.records import Cue, SoundPlan

# deleted cues stay in the note, so it may be longer than the sheet
MAX_MADE = 40_000
# parts of the head that tell the music of the picture; what a person changes in them stays
HEAD = ("markers_s", "accents_s", "feelings")
_OPTIONAL = ("parameters", "automation", "pan_automation", "locked", "why", "description", "author", "asset_sha256")


@dataclass(frozen=True)
class Made:
    """What Foleymark wrote for one cue."""

    # where the analysis saw it, wherever a person moved it since
    time_s: float
    # of the values that were written
    digest: str


@dataclass(frozen=True)
class Sheet:
    """A cue sheet: the plan, and what of it Foleymark wrote itself."""

    plan: SoundPlan
    # by cue id, deleted cues too; None when the sheet has no note, so that nobody knows
    made: Mapping[str, Made] | None = None
    # digest of the prompt that was written; empty when nobody knows
    made_prompt: str = ""
    # digests of what the head says to the music, by name; empty when nobody knows
    made_head: Mapping[str, str] = field(default_factory=dict)

    @property
    def prompt_is_edited(self) -> bool:
        """Whether a person changed the prompt in the sheet."""
        return bool(self.made_prompt) and digest(self.plan.prompt) != self.made_prompt

    @property
    def edited_head(self) -> tuple[str, ...]:
        """Which of `HEAD` a person changed in the sheet."""
        now = head_digests(self.plan)
        return tuple(name for name in HEAD if name in self.made_head and self.made_head[name] != now[name])

    def is_edited(self, cue: Cue) -> bool:
        """Whether a person changed, added or locked a cue."""
        made = (self.made or {}).get(cue.id)
        return made is None or cue.locked or digest(cue) != made.digest

    @property
    def edits(self) -> dict[str, Any]:
        """Everything a person did to the sheet, as plain data; empty when nothing."""
        cues = [cue_data(cue) for cue in self.plan.cues if self.is_edited(cue)]
        deleted = sorted(set(self.made or {}) - {cue.id for cue in self.plan.cues})
        prompt = self.plan.prompt if self.prompt_is_edited else ""
        said = [(name, head_data(self.plan)[name]) for name in self.edited_head]
        every = (("cues", cues), ("deleted", deleted), ("prompt", prompt))
        return {name: value for name, value in every if value} | dict(said)


def written(plan: SoundPlan) -> Sheet:
    """The sheet of a plan that nobody has edited."""
    made = {cue.id: Made(number(cue.time_s), digest(cue)) for cue in plan.cues}
    return Sheet(plan, made, digest(plan.prompt), head_digests(plan))


def head_data(plan: SoundPlan) -> dict[str, list[Any]]:
    """What the head says to the music, as it is written; a feeling is [start_s, end_s, valence, arousal]."""
    return {
        "markers_s": [number(time_s) for time_s in plan.markers_s],
        "accents_s": [number(time_s) for time_s in plan.accents_s],
        "feelings": [[number(value) for value in astuple(feeling)] for feeling in plan.feelings],
    }


def head_digests(plan: SoundPlan) -> dict[str, str]:
    """Digest of each part of `head_data`."""
    return {name: digest(json.dumps(value)) for name, value in head_data(plan).items()}


def cue_data(cue: Cue) -> dict[str, Any]:
    """A cue as it is written: what a person edits first, numbers rounded, what is at its default left out."""
    data: dict[str, Any] = {
        "id": cue.id,
        "sound": cue.sound,
        "time_s": number(cue.time_s),
        "length_s": number(cue.length_s),
        "level_db": number(cue.level_db),
        "pan": number(cue.pan),
        "stem": cue.stem,
        "description": cue.description,
        "why": cue.why,
        "category": cue.category,
        "confidence": number(cue.confidence),
        "parameters": {name: number(value) for name, value in cue.parameters.items()},
        "automation": [[number(time_s), number(level_db)] for time_s, level_db in cue.automation],
        "pan_automation": [[number(time_s), number(pan)] for time_s, pan in cue.pan_automation],
        "seed": cue.seed,
        "source": cue.source,
        "licence": cue.licence,
        "author": cue.author,
        "asset_sha256": cue.asset_sha256,
        "locked": cue.locked,
    }
    return {name: value for name, value in data.items() if value or name not in _OPTIONAL}


def number(value: float) -> float:
    """A number as it is written, to 1 ms or 0.001; -0.000 helps nobody."""
    return round(float(value), 3) + 0.0


def digest(what: Cue | str) -> str:
    """A short digest of a cue's written values (not of its id) or of a text; begins with a letter, as in no number."""
    data = what if isinstance(what, str) else {k: v for k, v in cue_data(what).items() if k != "id"}
    text = json.dumps(data, sort_keys=True, ensure_ascii=True)
    return "m" + hashlib.sha256(text.encode()).hexdigest()[:8]


def read_made_head(data: Any) -> dict[str, str]:
    """The note on the head from plain data, name -> digest; what is none of it is left out."""
    if not isinstance(data, dict):
        return {}
    return {name: data[name][:20] for name in HEAD if isinstance(data.get(name), str)}


def read_made(data: Any) -> dict[str, Made] | None:
    """The note from plain data, id -> [seconds, digest]; UsageError when it is not one."""
    if data is None:
        return None
    wrong = UsageError('The note "made" in the cue sheet is damaged; delete it, and every cue counts as edited by you.')
    if not isinstance(data, dict) or len(data) > MAX_MADE:
        raise wrong
    for key, value in data.items():
        if not isinstance(key, str) or not isinstance(value, list) or len(value) != 2:
            raise wrong
        if not isinstance(value[0], int | float) or not abs(value[0]) < 1e6 or not isinstance(value[1], str):
            raise wrong
    return {key: Made(float(time_s), text[:20]) for key, (time_s, text) in data.items()}
