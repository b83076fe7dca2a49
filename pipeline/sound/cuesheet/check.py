"""What a cue sheet may say: every value of a cue and of the head, checked one by one.

A sheet from outside is hostile: it comes here as plain data of unknown shape, and leaves as records that can be
rendered or as one sentence that names the cue that is wrong.
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

from pipeline.errors import UsageError
from pipeline.records import Cue, Feeling, Mood, SoundPlan, from_data
from pipeline.sound.catalogue import MUSIC_PARAMETERS, PARAMETERS, WHOLE_PARAMETERS, Family, family_of
from pipeline.sound.recordings.play import PREFIX
from pipeline.sound.track.cue import PREFIX as TRACK_PREFIX
from pipeline.sound.track.cue import USER_LICENCE

# a cue a second for more than two hours
MAX_CUES = 8_000
MAX_POINTS = 1_000
MAX_TEXT = 20_000
MAX_DURATION_S = 86_400
# a sheet that differs by more belongs to another clip; another encoding of the same one differs by less
OTHER_CLIP_S = 0.5
LEVEL_DB = (-120.0, 24.0)
_SEED_LIMIT = 2**63
CUE_FIELDS = tuple(field.name for field in fields(Cue))
_HEAD_FIELDS = ("prompt", "seed", "markers_s", "accents_s", "feelings", "mood")
# of a sheet rounded to 1 ms
_GRACE_S = 0.0015
# a recording goes where its cue says; its category and length are its own
_RECORDING = Family((), ("FX-foley", "FX-impacts", "BG", "MX"), "", 0.0, None)
# a person's own track
_TRACK = Family((), ("MX",), "MUSICAL", 0.0, None)
# of a recording whose cue gives none: the sound ends by itself
_USUAL_RECORDING_S = 5.0


def check_plan(head: dict[str, Any], entries: Any, places: list[str], *, duration_s: float | None) -> SoundPlan:
    """A plan from the plain data of a sheet.

    Parameters
    ----------
    head : dict
        Prompt, seed, markers, accents, feelings and mood; what is missing or None is at its default.
    duration_s : float, optional
        Of the clip; without it the head's own counts.
    entries : list of dict
        One a cue.
    places : list of str
        Where each cue stands, for messages, e.g. "the cue at line 12".

    Raises
    ------
    UsageError
        One sentence.
    """
    if duration_s is None:
        duration_s = _duration_s(head)
    elif head.get("duration_s") is not None and abs(_duration_s(head) - duration_s) > OTHER_CLIP_S:
        raise UsageError(
            f"The cue sheet was written for a clip of {_duration_s(head):.3f} s, and this one lasts {duration_s:.3f} s;"
            " if it is meant for this clip, take the line duration_s out of it."
        )
    if not isinstance(entries, list):
        raise UsageError('"cues" in the cue sheet must be a list; start each cue with "- sound:".')
    if len(entries) > MAX_CUES:
        raise UsageError(f"The cue sheet has {len(entries)} cues; the most is {MAX_CUES}.")
    cues = tuple(_read_cue(entry, place, duration_s) for entry, place in zip(entries, places, strict=True))
    _refuse_twins(cues)
    return _read_plan(head, tuple(sorted(cues, key=lambda cue: cue.time_s)), duration_s)


def refuse_unknown(data: dict[Any, Any], known: tuple[str, ...], where: str) -> None:
    """UsageError for the first key that means nothing."""
    for key in data:
        if key not in known:
            raise UsageError(f"In {where}, {str(key)[:80]!r} means nothing; known are {', '.join(known)}.")


def _duration_s(head: dict[str, Any]) -> float:
    value = head.get("duration_s")
    if not isinstance(value, int | float) or not 0 < value <= MAX_DURATION_S:
        raise UsageError(f"The cue sheet's duration_s is not between 0 and {MAX_DURATION_S} seconds.")
    return float(value)


def _read_cue(entry: Any, where: str, duration_s: float) -> Cue:
    if not isinstance(entry, dict):
        raise UsageError(f'In {where}, each cue must be a mapping such as "sound: impact/metal".')
    if isinstance(entry.get("id"), str) and entry["id"]:
        where = f"cue {entry['id'][:80]!r}"
    refuse_unknown(entry, CUE_FIELDS, where)
    sound = entry.get("sound")
    family = _family_of(sound) if isinstance(sound, str) else None
    if family is None:
        raise UsageError(f"In {where}, {str(sound)[:80]!r} is no known sound; the head of the cue sheet lists them.")
    if "time_s" not in entry:
        raise UsageError(f'In {where}, "time_s" is missing.')
    entry = _with_key_in_numbers(entry, where)
    try:
        cue = from_data({**_usual(entry, family, duration_s), **entry}, Cue)
    except ValueError as error:
        raise UsageError(f"In {where}, a value has the wrong form: {str(error)[:200]}.") from error
    _check_cue(cue, family, where, duration_s)
    return cue


def _family_of(sound: str) -> Family | None:
    if sound.startswith(TRACK_PREFIX):
        name = sound.removeprefix(TRACK_PREFIX)
        return _TRACK if name and "/" not in name and "\\" not in name else None
    return _RECORDING if sound.startswith(PREFIX) else family_of(sound)


def _usual(entry: dict[str, Any], family: Family, duration_s: float) -> dict[str, Any]:
    # what a new cue leaves out
    time_s = entry["time_s"]
    ongoing = max(duration_s - time_s, 0.001) if isinstance(time_s, int | float) else duration_s
    usual = {
        "id": f"user-{entry['sound'].replace('/', '-')}-{time_s}"[:120],
        "stem": family.stems[0],
        "length_s": family.length_s or ongoing,
        "category": family.category,
    }
    if family is _TRACK:
        usual |= {"source": entry["sound"].removeprefix(TRACK_PREFIX), "licence": USER_LICENCE}
    if family is _RECORDING:
        # nobody but the library or the person knows where a recording comes from and what may be done with it
        usual |= {"source": "", "licence": ""}
        if entry.get("stem") not in ("BG", "MX"):
            usual["length_s"] = min(ongoing, _USUAL_RECORDING_S)
    return usual


def _check_cue(cue: Cue, family: Family, where: str, duration_s: float) -> None:
    # half a millisecond of grace: a sheet rounds to 1 ms
    end_s = duration_s + 0.0005
    longest_s = family.longest_s or end_s
    checks = (
        (0 <= cue.time_s < end_s, f"time_s {cue.time_s:g} lies outside the clip (0 to {duration_s:.3f})"),
        (0 < cue.length_s <= longest_s, f"length_s {cue.length_s:g} is not between 0 and {longest_s:.3f}"),
        (-1 <= cue.pan <= 1, f"pan {cue.pan:g} is not between -1 and 1"),
        (LEVEL_DB[0] <= cue.level_db <= LEVEL_DB[1], f"level_db {cue.level_db:g} is not between -120 and +24"),
        (0 <= cue.confidence <= 1, f"confidence {cue.confidence:g} is not between 0 and 1"),
        (cue.stem in family.stems, f"{cue.sound} cannot go to stem {cue.stem}; use {' or '.join(family.stems)}"),
        (abs(cue.seed) < _SEED_LIMIT, "the seed has more than 63 bits"),
        (
            max(len(cue.automation), len(cue.pan_automation)) <= MAX_POINTS,
            f"there are more than {MAX_POINTS} automation points",
        ),
        (bool(cue.id), "the id is empty"),
        (cue.asset_sha256 == "" or _is_hash(cue.asset_sha256), "asset_sha256 is not 64 hex digits"),
        (all(len(text) <= MAX_TEXT for text in _texts(cue)), "a text is too long"),
    )
    for is_right, problem in (*checks, *_parameter_checks(cue), *_automation_checks(cue)):
        if not is_right:
            raise UsageError(f"In {where}, {problem}.")


def _with_key_in_numbers(entry: dict[str, Any], where: str) -> dict[str, Any]:
    # people write "key: D minor" and "mode: dorian"
    asked = entry.get("parameters")
    if not isinstance(asked, dict) or not any(isinstance(asked.get(name), str) for name in WHOLE_PARAMETERS):
        return entry
    from pipeline.sound.music.harmony import MODE_NAMES
    from pipeline.sound.music.key_names import read_key, read_mode

    numbers = dict(asked)
    try:
        if isinstance(asked.get("key"), str):
            tonic, mode = read_key(asked["key"])
            numbers["key"] = float(tonic)
            if mode:
                numbers.setdefault("mode", float(MODE_NAMES.index(mode)))
        if isinstance(asked.get("mode"), str):
            numbers["mode"] = float(MODE_NAMES.index(read_mode(asked["mode"])))
    except UsageError as error:
        raise UsageError(f"In {where}: {error}") from error
    return {**entry, "parameters": numbers}


def _parameter_checks(cue: Cue) -> list[tuple[bool, str]]:
    if cue.sound.startswith("music/"):
        return [_music_check(name, value) for name, value in cue.parameters.items()]
    return [
        (
            name in PARAMETERS and 0 <= value <= 1,
            f"parameter {name[:40]!r} must be one of {', '.join(PARAMETERS)}, between 0 and 1",
        )
        for name, value in cue.parameters.items()
    ]


def _music_check(name: str, value: float) -> tuple[bool, str]:
    if name not in MUSIC_PARAMETERS:
        return False, f"parameter {name[:40]!r} of music must be one of {', '.join(MUSIC_PARAMETERS)}"
    low, high = MUSIC_PARAMETERS[name]
    is_right = low <= value <= high and (name not in WHOLE_PARAMETERS or value == int(value))
    return (
        is_right,
        f"{name} {value:g} is no {'whole ' if name in WHOLE_PARAMETERS else ''}number from {low:g} to {high:g}",
    )


def _automation_checks(cue: Cue) -> list[tuple[bool, str]]:
    curves = (cue.automation, cue.pan_automation)
    times = [[time_s for time_s, _ in curve] for curve in curves]
    return [
        (
            all(all(map(math.isfinite, curve)) and curve == sorted(curve) for curve in times),
            "automation times must be numbers that rise",
        ),
        (
            all(LEVEL_DB[0] <= level <= LEVEL_DB[1] for _, level in cue.automation),
            "automation levels must be between -120 and +24 dB",
        ),
        (all(-1 <= pan <= 1 for _, pan in cue.pan_automation), "pan_automation must be between -1 and 1"),
    ]


def _texts(cue: Cue) -> tuple[str, ...]:
    return cue.id, cue.sound, cue.description, cue.why, cue.source, cue.licence, cue.author, cue.category


def _is_hash(text: str) -> bool:
    return len(text) == 64 and all(sign in "0123456789abcdef" for sign in text)


def _read_plan(data: dict[str, Any], cues: tuple[Cue, ...], duration_s: float) -> SoundPlan:
    head = {name: data[name] for name in _HEAD_FIELDS if data.get(name) is not None}
    if isinstance(head.get("mood"), dict):
        refuse_unknown(head["mood"], tuple(field.name for field in fields(Mood)), "the mood")
    if "feelings" in head:
        head["feelings"] = _feeling_rows(head["feelings"])
    try:
        plan = from_data({"duration_s": duration_s, "cues": [], **head}, SoundPlan)
    except ValueError as error:
        raise UsageError(f"At the head of the cue sheet, a value has the wrong form: {str(error)[:200]}.") from error
    numbers = [getattr(plan.mood, field.name) for field in fields(Mood)]
    checks = (
        (all(0 <= time_s <= duration_s + 0.0005 for time_s in plan.markers_s), "a marker lies outside the clip"),
        (len(plan.markers_s) <= MAX_CUES, f"there are more than {MAX_CUES} markers"),
        (all(0 <= time_s <= duration_s + 0.0005 for time_s in plan.accents_s), "an accent lies outside the clip"),
        (len(plan.accents_s) <= MAX_CUES, f"there are more than {MAX_CUES} accents"),
        *_feeling_checks(plan.feelings, duration_s),
        (all(math.isfinite(n) and -1 <= n <= 10_000 for n in numbers), "a mood value is out of range"),
        (abs(plan.seed) < _SEED_LIMIT, "the seed has more than 63 bits"),
        (len(plan.prompt) <= MAX_TEXT, f"the prompt is longer than {MAX_TEXT} characters"),
    )
    for is_right, problem in checks:
        if not is_right:
            raise UsageError(f"At the head of the cue sheet, {problem}.")
    markers_s, accents_s = tuple(sorted(plan.markers_s)), tuple(sorted(plan.accents_s))
    return replace(plan, cues=cues, markers_s=markers_s, accents_s=accents_s)


def _feeling_rows(rows: Any) -> list[dict[str, Any]]:
    # a row is written as [start_s, end_s, valence, arousal]
    names = [field.name for field in fields(Feeling)]
    if not isinstance(rows, list) or len(rows) > MAX_CUES:
        raise UsageError(f"At the head of the cue sheet, feelings must be a list of at most {MAX_CUES}.")
    for row in rows:
        if not isinstance(row, list) or len(row) != len(names):
            raise UsageError(f"At the head of the cue sheet, each of the feelings must be [{', '.join(names)}].")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _feeling_checks(feelings: tuple[Feeling, ...], duration_s: float) -> tuple[tuple[bool, str], ...]:
    edges = [0.0, *(edge for feeling in feelings for edge in (feeling.start_s, feeling.end_s))]
    return (
        (
            all(math.isfinite(edge) and 0 <= edge <= duration_s + _GRACE_S for edge in edges),
            "a feeling lies outside the clip",
        ),
        (all(f.start_s < f.end_s for f in feelings), "a feeling ends before it begins"),
        (
            all(abs(b.start_s - a.end_s) <= _GRACE_S for a, b in zip(feelings, feelings[1:], strict=False)),
            "the feelings must follow each other without gaps",
        ),
        (all(-1 <= f.valence <= 1 for f in feelings), "a feeling's valence is not between -1 and 1"),
        (all(0 <= f.arousal <= 1 for f in feelings), "a feeling's arousal is not between 0 and 1"),
    )


def _refuse_twins(cues: tuple[Cue, ...]) -> None:
    seen: set[str] = set()
    for cue in cues:
        if cue.id in seen:
            raise UsageError(f"Two cues have the id {cue.id[:80]!r}; give one of them another.")
        seen.add(cue.id)
