"""The cue sheet as YAML: a block a cue, with a header that says how to edit it.

A sheet from outside is hostile: depth is capped and anchors and aliases are refused before anything is built.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pipeline.errors import UsageError
from pipeline.records import Mood, SoundPlan
from pipeline.sound.catalogue import families
from pipeline.sound.cuesheet.check import check_plan, refuse_unknown
from pipeline.sound.cuesheet.data import HEAD, Sheet, cue_data, head_data, number, read_made, read_made_head

# plan > cues > cue > automation > point
MAX_DEPTH = 6
_KEYS = ("duration_s", "prompt", "seed", *HEAD, "mood", "cues", "made", "made_prompt", "made_head")
_HEADER = """\
# Foleymark cue sheet: every sound that will be heard, when and why.
# Edit, delete or add cues, then: foleymark sound CLIP --cues THIS.yaml -o OUT
# A new cue needs only "sound" and "time_s". Times are seconds from the start of the clip.
# pan: -1 left .. 1 right   level_db: 0 is normal, at most +24   locked: true keeps a cue through a new analysis
# automation: [seconds from time_s, dB] points, straight lines between them; pan_automation: the same with -1 .. 1
# markers_s: cuts, on which the music lands; accents_s: strong moments that a beat should meet
# feelings: [from, to, valence -1 dark .. 1 bright, arousal 0 calm .. 1 excited] of each scene, for the music
# parameters of music: bpm 40 .. 200, key ("D minor"), valence, arousal; what is left out is chosen to suit the picture
# recording/PATH plays a file of the folder given with --library
# track/NAME plays your own music, the file given with --track, cut to the cuts
"""
_FOOTER = """
# What Foleymark wrote itself, so that a new analysis can tell what you changed. Leave this part as it is.
"""


def dump_yaml(sheet: Sheet) -> str:
    """Write a sheet; the sounds one can ask for stand at the end of the header."""
    import yaml

    parts = [_HEADER, *(f"# {name}: {', '.join(family.names)}\n" for name, family in families().items()), "\n"]
    parts.append(_yaml(_head(sheet.plan), yaml) + ("\ncues:\n" if sheet.plan.cues else "\ncues: []\n"))
    for cue in sheet.plan.cues:
        block = _yaml(cue_data(cue), yaml)
        parts.append("".join(("- " if i == 0 else "  ") + line for i, line in enumerate(block.splitlines(True))) + "\n")
    if sheet.made is not None:
        made = {k: [m.time_s, m.digest] for k, m in sheet.made.items()}
        note = {"made_prompt": sheet.made_prompt, "made_head": dict(sheet.made_head), "made": made}
        parts.append(_FOOTER + _yaml(note, yaml))
    return "".join(parts)


def load_yaml(text: str, *, duration_s: float | None) -> Sheet:
    """Read a sheet; with no `duration_s` it is as long as it says. UsageError names the line or cue that is wrong."""
    data, lines = _parse(text)
    refuse_unknown(data, _KEYS, "the cue sheet")
    entries = data.get("cues") or []
    places = [f"the cue at line {line}" for line in lines]
    plan = check_plan(data, entries, places, duration_s=duration_s)
    made_prompt = data.get("made_prompt")
    made_prompt = made_prompt[:20] if isinstance(made_prompt, str) else ""
    return Sheet(plan, read_made(data.get("made")), made_prompt, read_made_head(data.get("made_head")))


def _head(plan: SoundPlan) -> dict[str, Any]:
    return {
        "duration_s": number(plan.duration_s),
        "seed": plan.seed,
        "prompt": plan.prompt,
        **head_data(plan),
        "mood": {field.name: number(getattr(plan.mood, field.name)) for field in fields(Mood)},
    }


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
