"""reel.yaml, written by a person or a stranger, as a checked `Reel`; every mistake is one sentence that says where."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, cast, get_args

from pipeline.config import SoundSettings
from pipeline.errors import UsageError
from pipeline.records import from_data, to_data
from pipeline.reel import values
from pipeline.reel.reel import Card, Fit, Part, Reel, Title, Transition
from pipeline.reel.transition_words import read_transition
from pipeline.reel.tree import Node, read_tree

MAX_PARTS = 500
MAX_TITLES = 50
MAX_TEXT, MAX_TITLE_LINES, MAX_CARD_LINES = 1_000, 6, 20
MAX_PROMPT = 20_000
# of a clip that is used, and of a card
MAX_SOURCE_S, MAX_CARD_S = 86_400.0, 3_600.0
# a card that says nothing about its length stays long enough to be read
USUAL_CARD_S = 3.0

REEL_KEYS = ("title", "format", "size", "fps", "fit", "sound", "clips", "ending")
CLIP_KEYS = ("clip", "from", "to", "seconds", "speed", "fit", "title", "titles", "transition", "sound", "prompt")
CARD_KEYS = ("card", "seconds", "background", "colour", "color", "transition", "prompt")
CARD_TEXT_KEYS = ("text", "seconds", "background", "colour", "color")
TITLE_KEYS = ("text", "from", "to", "seconds", "position", "colour", "color", "size", "fade")
POSITIONS = ("top", "middle", "bottom")
# key, field of `Title`, least and most
_TITLE_TIMES = (
    ("from", "start_s", 0.0, MAX_SOURCE_S),
    ("seconds", "length_s", 0.1, MAX_SOURCE_S),
    ("fade", "fade_s", 0.0, 10.0),
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# of the sound settings: paths, which are relative to the reel's file as those of clips are
_SOUND_PATHS = ("music_track", "soundfont", "library")


def read_reel(path: Path, *, format: str | None = None) -> Reel:  # noqa: A002 what people call it
    """Read a reel.

    Parameters
    ----------
    path
        A YAML file; see docs/reels.md. Paths in it are relative to its folder.
    format
        A format by name or a size, instead of the file's own.

    Raises
    ------
    UsageError
        One sentence naming the entry, the line, the key and what is allowed there.
    """
    path = Path(path)
    root, data = read_tree(path)
    root.check_keys(REEL_KEYS)
    folder = path.resolve().parent
    fit = root.field("fit")
    fps = root.field("fps")
    title = root.field("title")
    reel = Reel(
        parts=_parts(root, folder),
        title=values.text(title, "title", most=200) if title else "",
        size_px=_size(root, format),
        frame_rate=values.rate(fps, "fps") if fps else None,
        ending=_ending(root.field("ending")),
        sound=_sound(root.field("sound"), data.get("sound"), folder),
    )
    return dataclasses.replace(reel, fit=_fit(fit)) if fit else reel


def _size(root: Node, format: str | None) -> tuple[int, int] | None:  # noqa: A002
    if format is not None:
        return values.frame(Node(format, None, None, 0, "The command", "--format"), "format")
    shape, sides = root.field("format"), root.field("size")
    if shape and sides:
        sides.refuse("format and size both say how large the film is; leave one of them")
    return values.frame(shape, "format") if shape else values.size(sides, "size") if sides else None


def _fit(node: Node) -> Fit:
    return cast(Fit, values.choice(node, "fit", get_args(Fit)))


def _parts(root: Node, folder: Path) -> tuple[Part, ...]:
    clips = root.field("clips")
    if clips is None or not clips.items:
        root.refuse("there are no clips; write 'clips:' and under it a line '- clip: FILE' for each")
    if len(clips.items) > MAX_PARTS:
        clips.refuse(f"there are {len(clips.items)} entries; at most {MAX_PARTS} make a reel")
    parts = tuple(_part(item.named(f"entry {number}"), folder) for number, item in enumerate(clips.items, 1))
    kind = parts[0].transition.kind
    if kind not in ("cut", "dip"):
        first = clips.items[0].named("entry 1")
        first.refuse(f"nothing comes before it that it could {kind} from; write 'transition: dip 1.0' or none")
    return parts


def _part(node: Node, folder: Path) -> Part:
    if node.word is not None:
        return Part(clip=_file(node, "clip", folder))
    if node.fields is None:
        node.refuse("write '- clip: FILE' or '- card: TEXT'")
    if ("clip" in node.fields) == ("card" in node.fields):
        node.refuse("an entry is either a clip or a card; give it one of these keys")
    transition, prompt = node.field("transition"), node.field("prompt")
    part = _clip(node, folder) if "clip" in node.fields else _card(node)
    return dataclasses.replace(
        part,
        transition=read_transition(transition) if transition else Transition(),
        prompt=values.text(prompt, "prompt", most=MAX_PROMPT, lines=MAX_PROMPT) if prompt else "",
    )


def _clip(node: Node, folder: Path) -> Part:
    node.check_keys(CLIP_KEYS)
    fit, speed, sound = node.field("fit"), node.field("speed"), node.field("sound")
    start_s, start_timecode = _moment(node, "from")
    end_s, end_timecode = _moment(node, "to")
    length = node.field("seconds")
    if length:
        if end_s or end_timecode:
            length.refuse("seconds and to both say where the clip ends; leave one of them")
        if start_timecode:
            length.refuse("seconds goes with a from in seconds; beside a time code write to")
        end_s = start_s + values.seconds(length, "seconds", 0.01, MAX_SOURCE_S)
    if end_s and not start_timecode and end_s <= start_s:
        node.refuse(f"it ends (to: {end_s:g}) before it begins (from: {start_s:g})")
    return Part(
        clip=_file(cast(Node, node.field("clip")), "clip", folder),
        start_s=start_s,
        end_s=end_s,
        start_timecode=start_timecode,
        end_timecode=end_timecode,
        speed=values.speed(speed, "speed") if speed else 1.0,
        fit=_fit(fit) if fit else None,
        titles=_titles(node.field("title", "titles")),
        sound_db=values.level_db(sound, "sound") if sound else 0.0,
    )


def _moment(node: Node, key: str) -> tuple[float, str]:
    """Seconds, or a time code, whose pictures can only be counted when the clip is known."""
    found = node.field(key)
    if found is None:
        return 0.0, ""
    written = values.word(found, key)
    if values.is_timecode(written):
        return 0.0, written
    # an end at 0 would stand for the end of the clip
    return values.seconds(found, key, 0.0 if key == "from" else 0.001, MAX_SOURCE_S), ""


def _card(node: Node) -> Part:
    node.check_keys(CARD_KEYS)
    words = cast(Node, node.field("card"))
    if words.fields is not None:
        words.check_keys(CARD_TEXT_KEYS)
    inner = words.field("text") if words.fields is not None else words
    if inner is None:
        words.refuse("a card needs its text")
    length = node.field("seconds") or words.field("seconds")
    background = node.field("background") or words.field("background")
    colour = node.field("colour", "color") or words.field("colour", "color")
    card = Card(
        text=values.text(inner, "card", most=MAX_TEXT, lines=MAX_CARD_LINES),
        length_s=values.seconds(length, "seconds", 0.1, MAX_CARD_S) if length else USUAL_CARD_S,
    )
    card = dataclasses.replace(card, background=values.colour(background, "background")) if background else card
    return Part(card=dataclasses.replace(card, colour=values.colour(colour, "colour")) if colour else card)


def _titles(node: Node | None) -> tuple[Title, ...]:
    if node is None:
        return ()
    entries = node.listed()
    if len(entries) > MAX_TITLES:
        node.refuse(f"there are {len(entries)} titles; at most {MAX_TITLES} fit over one clip")
    return tuple(_title(entry) for entry in entries)


def _title(node: Node) -> Title:
    if node.fields is None:
        return Title(values.text(node, "title", most=MAX_TEXT, lines=MAX_TITLE_LINES))
    node.check_keys(TITLE_KEYS)
    words = node.field("text")
    if words is None:
        node.refuse("a title needs its text")
    changes: dict[str, Any] = {}
    for key, name, low, high in _TITLE_TIMES:
        found = node.field(key)
        if found:
            changes[name] = values.seconds(found, key, low, high)
    end, position, size = node.field("to"), node.field("position"), node.field("size")
    colour = node.field("colour", "color")
    if end:
        changes["length_s"] = _title_length_s(end, changes)
    if position:
        changes["position"] = values.choice(position, "position", POSITIONS)
    if colour:
        changes["colour"] = values.colour(colour, "colour")
    if size:
        changes["size"] = _title_size(size)
    return Title(values.text(words, "text", most=MAX_TEXT, lines=MAX_TITLE_LINES), **changes)


def _title_length_s(end: Node, changes: dict[str, Any]) -> float:
    if "length_s" in changes:
        end.refuse("seconds and to both say where the title ends; leave one of them")
    length_s = values.seconds(end, "to", 0.0, MAX_SOURCE_S) - changes.get("start_s", 0.0)
    if length_s < 0.1:
        end.refuse("the title ends before it begins")
    return length_s


def _title_size(node: Node) -> float:
    written = values.word(node, "size")
    if written.endswith("%"):
        return values.number(node, "size", 1, 50, found=written[:-1].strip()) / 100
    return values.number(node, "size", 0.01, 0.5)


def _ending(node: Node | None) -> Transition:
    ending = read_transition(node.named("ending")) if node else Transition()
    if node and ending.kind not in ("cut", "dip"):
        node.named("ending").refuse(f"nothing follows that the film could {ending.kind} into; write 'dip 1.0' or 'cut'")
    return ending


def _file(node: Node, key: str, folder: Path) -> Path:
    written = values.text(node, key, most=4_096)
    if written != values.word(node, key):
        node.refuse(f"{key} holds characters that cannot be seen; write the name anew")
    if _ADDRESS.match(written):
        node.refuse(f"{key} is an address, and nothing is downloaded; save the file and name it here")
    try:
        path = folder / Path(written).expanduser()
        if path.is_file():
            return path
        problem = f"{written!r} is a folder" if path.is_dir() else f"there is no file {str(path)!r}"
    except (OSError, RuntimeError, ValueError):
        problem = f"{written[:200]!r} is no file name"
    return node.refuse(f"{problem}; paths count from the folder of {node.file}")


def _sound(node: Node | None, given: Any, folder: Path) -> dict[str, object] | None:
    """Checked against the settings of the sound, as YAML's own values."""
    if node is None:
        return None
    node = node.named("sound")
    if node.word is not None and node.word.lower() in values.OFF + values.ON:
        return {"enabled": node.word.lower() in values.ON}
    if node.fields is None or not isinstance(given, dict):
        node.refuse("sound is a section: give its settings, e.g. {music_style: cinematic}, or off")
    node.check_keys(field.name for field in dataclasses.fields(SoundSettings))
    sound: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    for key in _SOUND_PATHS:
        found = node.field(key)
        if found and found.word:
            sound[key] = str(_folder(found, folder) if key == "library" else _file(found, key, folder))
    try:
        from_data({**to_data(SoundSettings()), **sound}, SoundSettings)
    except ValueError as error:
        raise UsageError(f"{node.file}, sound at line {node.line}: a setting does not fit: {error}.") from error
    return sound


def _folder(node: Node, folder: Path) -> Path:
    path = folder / Path(values.word(node, "library")).expanduser()
    if not path.is_dir():
        node.refuse(f"there is no folder of recordings at {str(path)!r}")
    return path
