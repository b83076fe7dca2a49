"""The cue sheet as YAML: what a person reads, edits and feeds back.

Times are written to 1 ms, levels and other numbers to 0.001; whatever `spot` writes survives the round trip exactly.
A sheet from outside is hostile: size, depth and counts are capped, anchors and aliases refused, every value checked.
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.records import Cue, Mood, SoundPlan, from_data
from pipeline.sound.catalogue import PARAMETERS, Family, families, family_of

MAX_BYTES = 4_000_000
# a cue a second for more than two hours
MAX_CUES = 8_000
MAX_POINTS = 1_000
MAX_TEXT = 20_000
# plan > cues > cue > automation > point
MAX_DEPTH = 6
LEVEL_DB = (-120.0, 24.0)
_SEED_LIMIT = 2**63
_HEADER = """\
# Foleymark cue sheet: every sound that will be heard, when and why.
# Edit, delete or add cues, then: foleymark sound CLIP --cues THIS.yaml -o OUT
# A new cue needs only "sound" and "time_s". Times are seconds from the start of the clip.
# pan: -1 left .. 1 right   level_db: 0 is normal, at most +24   locked: true keeps a cue through a new analysis
# automation: [seconds from time_s, dB] points, straight lines between them
"""
_PLAN_KEYS = ("duration_s", "prompt", "seed", "markers_s", "mood", "cues")


def dump_cues(plan: SoundPlan) -> str:
    """Write a plan as YAML with a header; the sounds one can ask for stand at the end of the header."""
    import yaml

    mood = {field.name: _number(getattr(plan.mood, field.name)) for field in fields(Mood)}
    head = {
        "duration_s": _number(plan.duration_s),
        "seed": plan.seed,
        "prompt": plan.prompt,
        "markers_s": [_number(time_s) for time_s in plan.markers_s],
        "mood": mood,
    }
    parts = [_HEADER, *(f"# {name}: {', '.join(family.names)}\n" for name, family in families().items()), "\n"]
    parts.append(_yaml(head, yaml) + "\ncues:\n" if plan.cues else _yaml(head, yaml) + "\ncues: []\n")
    for cue in plan.cues:
        block = _yaml(_cue_data(cue), yaml)
        parts.append("".join(("- " if i == 0 else "  ") + line for i, line in enumerate(block.splitlines(True))) + "\n")
    return "".join(parts)


def load_cues(path: Path, *, duration_s: float) -> SoundPlan:
    """Read a cue sheet for a clip of a given length.

    Raises
    ------
    UsageError
        One sentence that names the line or the cue that is wrong.
    """
    text = _read_text(Path(path))
    data, lines = _parse(text)
    _refuse_unknown(data, _PLAN_KEYS, "the cue sheet")
    entries = data.get("cues") or []
    if not isinstance(entries, list):
        raise UsageError('"cues" in the cue sheet must be a list; start each cue with "- sound:".')
    if len(entries) > MAX_CUES:
        raise UsageError(f"The cue sheet has {len(entries)} cues; the most is {MAX_CUES}.")
    cues = tuple(
        _read_cue(entry, f"the cue at line {line}", duration_s) for entry, line in zip(entries, lines, strict=True)
    )
    _refuse_twins(cues)
    return _read_plan(data, tuple(sorted(cues, key=lambda cue: cue.time_s)), duration_s)


def _cue_data(cue: Cue) -> dict[str, Any]:
    # what a person edits comes first; what is at its default and explains nothing is left out
    data: dict[str, Any] = {
        "id": cue.id,
        "sound": cue.sound,
        "time_s": _number(cue.time_s),
        "length_s": _number(cue.length_s),
        "level_db": _number(cue.level_db),
        "pan": _number(cue.pan),
        "stem": cue.stem,
        "description": cue.description,
        "why": cue.why,
        "category": cue.category,
        "confidence": _number(cue.confidence),
        "parameters": {name: _number(value) for name, value in cue.parameters.items()},
        "automation": [[_number(time_s), _number(level_db)] for time_s, level_db in cue.automation],
        "seed": cue.seed,
        "source": cue.source,
        "licence": cue.licence,
        "locked": cue.locked,
    }
    empty = {name for name in ("parameters", "automation", "locked", "why", "description") if not data[name]}
    return {name: value for name, value in data.items() if name not in empty}


def _number(value: float) -> float:
    # -0.000 helps nobody
    return round(float(value), 3) + 0.0


def _yaml(data: dict[str, Any], yaml: Any) -> str:
    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):
        """Writes floats with three decimals and lists of numbers on one line."""

    Dumper.add_representer(
        float, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", f"{value:.3f}")
    )
    Dumper.add_representer(
        list, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
    )
    Dumper.ignore_aliases = lambda self, value: True
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)


def _read_text(path: Path) -> str:
    try:
        if not path.is_file():
            raise UsageError(f"There is no cue sheet at {path}.")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"The cue sheet {path} cannot be read: {error.strerror or error}.") from error
    if len(raw) > MAX_BYTES:
        raise UsageError(f"The cue sheet {path} is larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"The cue sheet {path} is not UTF-8 text; save it as UTF-8.") from error


def _parse(text: str) -> tuple[dict[str, Any], list[int]]:
    # plain data, and the line of each entry under "cues"; structure is checked on events before anything is built
    import yaml

    loader_class = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_structure(yaml.parse(text, Loader=loader_class), yaml)
        loader = loader_class(text)
        try:
            root = loader.get_single_node()
            _refuse_doubled_keys(root, yaml)
            data = loader.construct_document(root) if root is not None else None
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise UsageError(_yaml_sentence(error)) from error
    except (ValueError, OverflowError) as error:
        raise UsageError(
            "The cue sheet holds a number or date that cannot be read; write plain decimal numbers."
        ) from error
    if not isinstance(data, dict) or root is None:
        raise UsageError(
            'The cue sheet must be a mapping with "cues:"; write one with "foleymark cues CLIP -o CUES.yaml".'
        )
    entries = next((value for key, value in root.value if key.value == "cues"), None)
    lines = [node.start_mark.line + 1 for node in entries.value] if isinstance(entries, yaml.SequenceNode) else []
    return data, lines


def _check_structure(events: Any, yaml: Any) -> None:
    depth = 0
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UsageError(f"Line {line} of the cue sheet uses an anchor or alias (& or *); write the values out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise UsageError(f"Line {line} of the cue sheet is nested too deep.")


def _refuse_doubled_keys(node: Any, yaml: Any) -> None:
    # YAML keeps the last of two equal keys in silence, which hides a slip of the hand
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen or key.value == "<<":
                raise UsageError(
                    f"Line {key.start_mark.line + 1} of the cue sheet has a key twice or one that is not a word."
                )
            seen.add(key.value)
            _refuse_doubled_keys(value, yaml)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_doubled_keys(value, yaml)


def _yaml_sentence(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"Line {mark.line + 1} of the cue sheet" if mark is not None else "The cue sheet"
    return f"{where} is not valid YAML: {getattr(error, 'problem', None) or 'unexpected text'}."


def _read_cue(entry: Any, where: str, duration_s: float) -> Cue:
    if not isinstance(entry, dict):
        raise UsageError(f'In {where}, each cue must be a mapping such as "sound: impact/metal".')
    if isinstance(entry.get("id"), str) and entry["id"]:
        where = f"cue {entry['id'][:80]!r}"
    _refuse_unknown(entry, tuple(field.name for field in fields(Cue)), where)
    sound = entry.get("sound")
    family = family_of(sound) if isinstance(sound, str) else None
    if family is None:
        raise UsageError(f"In {where}, {str(sound)[:80]!r} is no known sound; the head of the cue sheet lists them.")
    if "time_s" not in entry:
        raise UsageError(f'In {where}, "time_s" is missing.')
    try:
        cue = from_data({**_usual(entry, family, duration_s), **entry}, Cue)
    except ValueError as error:
        raise UsageError(f"In {where}, a value has the wrong form: {str(error)[:200]}.") from error
    _check_cue(cue, family, where, duration_s)
    return cue


def _usual(entry: dict[str, Any], family: Family, duration_s: float) -> dict[str, Any]:
    # what a new cue leaves out
    time_s = entry["time_s"]
    ongoing = duration_s - time_s if isinstance(time_s, int | float) else duration_s
    return {
        "id": f"user-{entry['sound'].replace('/', '-')}-{time_s}"[:120],
        "stem": family.stems[0],
        "length_s": family.length_s or max(ongoing, 0.001),
        "category": family.category,
    }


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
        (len(cue.automation) <= MAX_POINTS, f"there are more than {MAX_POINTS} automation points"),
        (bool(cue.id), "the id is empty"),
        (
            all(map(_is_short, (cue.id, cue.description, cue.why, cue.source, cue.licence, cue.category))),
            "a text is too long",
        ),
    )
    for is_right, problem in (*checks, *_parameter_checks(cue), *_automation_checks(cue)):
        if not is_right:
            raise UsageError(f"In {where}, {problem}.")


def _parameter_checks(cue: Cue) -> list[tuple[bool, str]]:
    return [
        (
            name in PARAMETERS and 0 <= value <= 1,
            f"parameter {name[:40]!r} must be one of {', '.join(PARAMETERS)}, between 0 and 1",
        )
        for name, value in cue.parameters.items()
    ]


def _automation_checks(cue: Cue) -> list[tuple[bool, str]]:
    times = [time_s for time_s, _ in cue.automation]
    levels = [level_db for _, level_db in cue.automation]
    return [
        (all(map(math.isfinite, times)) and times == sorted(times), "automation times must be numbers that rise"),
        (
            all(LEVEL_DB[0] <= level <= LEVEL_DB[1] for level in levels),
            "automation levels must be between -120 and +24 dB",
        ),
    ]


def _is_short(text: str) -> bool:
    return len(text) <= MAX_TEXT


def _read_plan(data: dict[str, Any], cues: tuple[Cue, ...], duration_s: float) -> SoundPlan:
    head = {name: data[name] for name in ("prompt", "seed", "markers_s", "mood") if data.get(name) is not None}
    if isinstance(head.get("mood"), dict):
        _refuse_unknown(head["mood"], tuple(field.name for field in fields(Mood)), "the mood")
    try:
        plan = from_data({"duration_s": duration_s, "cues": [], **head}, SoundPlan)
    except ValueError as error:
        raise UsageError(f"At the head of the cue sheet, a value has the wrong form: {str(error)[:200]}.") from error
    numbers = [getattr(plan.mood, field.name) for field in fields(Mood)]
    checks = (
        (all(0 <= time_s <= duration_s + 0.0005 for time_s in plan.markers_s), "a marker lies outside the clip"),
        (len(plan.markers_s) <= MAX_CUES, f"there are more than {MAX_CUES} markers"),
        (all(math.isfinite(n) and -1 <= n <= 10_000 for n in numbers), "a mood value is out of range"),
        (abs(plan.seed) < _SEED_LIMIT, "the seed has more than 63 bits"),
        (_is_short(plan.prompt), f"the prompt is longer than {MAX_TEXT} characters"),
    )
    for is_right, problem in checks:
        if not is_right:
            raise UsageError(f"At the head of the cue sheet, {problem}.")
    return replace(plan, cues=cues, markers_s=tuple(sorted(plan.markers_s)))


def _refuse_unknown(data: dict[Any, Any], known: tuple[str, ...], where: str) -> None:
    for key in data:
        if key not in known:
            raise UsageError(f"In {where}, {str(key)[:80]!r} means nothing; known are {', '.join(known)}.")


def _refuse_twins(cues: tuple[Cue, ...]) -> None:
    seen: set[str] = set()
    for cue in cues:
        if cue.id in seen:
            raise UsageError(f"Two cues have the id {cue.id[:80]!r}; give one of them another.")
        seen.add(cue.id)
