"""Music: which style, in which key and tempo, from when to when, by the person's wishes, the prompt and the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.config import SoundSettings
from pipeline.errors import UsageError
from pipeline.records import Cue, Mood, SoundPlan
from pipeline.sound.lexicon.moods import Tone, mood_names, read_moods
from pipeline.sound.lexicon.scene import Scene
from pipeline.sound.music.harmony import MODE_NAMES
from pipeline.sound.music.key_names import key_name, read_key
from pipeline.sound.music.score import BPM_RANGE, compose
from pipeline.sound.music.styles import STYLES
from pipeline.sound.spotting.policy import MUSIC_DB, MUSIC_UNDER_EFFECTS_DB
from pipeline.sound.spotting.session import Session

# cuts that a reason lists before it says "and more"
MAX_LISTED = 6
# style of the moods that a person asks for without naming a style; those of a prompt tell of things, not of music
_STYLE_OF_TONE = {
    **dict.fromkeys(("tense", "scary", "mysterious", "aggressive"), "tense"),
    **dict.fromkeys(("happy", "playful"), "playful"),
    **dict.fromkeys(("epic", "dramatic", "euphoric", "hopeful", "dark", "serious"), "cinematic"),
    **dict.fromkeys(("warm", "romantic", "nostalgic", "bright"), "acoustic"),
    **dict.fromkeys(("calm", "dreamy", "sad", "melancholic", "lonely", "cold", "slow"), "ambient"),
    "energetic": "electronic",
}


@dataclass(frozen=True)
class MusicWishes:
    """What a person asks of the music; what is None or empty is left to prompt, picture and seed."""

    style: str = ""
    tempo_bpm: float | None = None
    # 0 C .. 11 B
    key: int | None = None
    # of `MODE_NAMES`
    mode: str = ""
    # what they feel like, from words
    tones: tuple[Tone, ...] = ()
    start_s: float = 0.0
    # to the end of the clip when None
    length_s: float | None = None

    @property
    def asks(self) -> bool:
        """Whether anything was asked, so that there must be music."""
        return self != MusicWishes()

    @property
    def parameters(self) -> dict[str, float]:
        """What was asked, as parameters of the cue."""
        asked: dict[str, float | None] = {
            "bpm": self.tempo_bpm,
            "key": self.key,
            "mode": MODE_NAMES.index(self.mode) if self.mode else None,
            "valence": _mean([tone.valence for tone in self.tones]),
            "arousal": _mean([tone.arousal for tone in self.tones]),
        }
        return {name: round(float(value), 3) for name, value in asked.items() if value is not None}


def read_wishes(settings: SoundSettings) -> MusicWishes:
    """The wishes in the settings.

    Raises
    ------
    UsageError
        A style, key or mood that nobody knows, or a number that makes no sense.
    """
    style = settings.music_style.strip().lower().removeprefix("music/")
    if style and style not in STYLES:
        raise UsageError(f"There is no music style {style[:40]!r}; choose one of {', '.join(STYLES)}.")
    bpm = settings.music_tempo_bpm
    if bpm and not BPM_RANGE[0] <= bpm <= BPM_RANGE[1]:
        raise UsageError(f"The music's tempo is {bpm:g}; it goes from {BPM_RANGE[0]:g} to {BPM_RANGE[1]:g} BPM.")
    for name, value in (("start", settings.music_start_s), ("length", settings.music_length_s)):
        if not (math.isfinite(value) and value >= 0):
            raise UsageError(f"The music's {name} is {value:g} s; give seconds from 0 up.")
    tones = read_moods(settings.music_mood)
    if settings.music_mood.strip() and not tones:
        raise UsageError(
            f"No word of {settings.music_mood.strip()[:40]!r} is a mood that is known; try {', '.join(mood_names())}."
        )
    key, mode = read_key(settings.music_key) if settings.music_key.strip() else (None, None)
    return MusicWishes(
        style=style,
        tempo_bpm=bpm or None,
        key=key,
        mode=mode or "",
        tones=tones,
        start_s=settings.music_start_s,
        length_s=settings.music_length_s or None,
    )


def music_cues(session: Session, *, wishes: MusicWishes = MusicWishes(), under_effects: bool) -> list[Cue]:
    """The music of a clip: one cue, or none where nobody wants any.

    Raises
    ------
    UsageError
        The music would begin behind the end of the clip.
    """
    if not _wants_music(session, wishes):
        return []
    duration_s = session.analysis.duration_s
    if wishes.start_s >= duration_s:
        raise UsageError(
            f"The music would begin at {wishes.start_s:g} s, and the clip ends at {duration_s:.3f} s; begin it earlier."
        )
    start_s = round(wishes.start_s, 3)
    length_s = round(min(wishes.length_s or duration_s, duration_s - start_s), 3)
    style, why = (
        (wishes.style, "you chose it")
        if wishes.style
        else choose_style(session.scene, session.analysis.mood, tones=wishes.tones)
    )
    return [
        Cue(
            id="",
            stem="MX",
            time_s=start_s,
            length_s=length_s,
            category="MUSICAL",
            sound=f"music/{style}",
            description=_description(style, wishes),
            confidence=1.0 if wishes.style else 0.8 if session.scene.names("style") else 0.4,
            level_db=MUSIC_UNDER_EFFECTS_DB if under_effects else MUSIC_DB,
            parameters=wishes.parameters,
            why=why,
        )
    ]


def choose_style(scene: Scene, mood: Mood, *, tones: tuple[Tone, ...] = ()) -> tuple[str, str]:
    """Music style and the reason for it: what the prompt names, then what it feels like, then the picture."""
    named = [name for name in scene.names("style") if name in STYLES]
    if named:
        return named[0], f'the prompt says "{scene.word("style")}"'
    for tone in tones:
        style = _STYLE_OF_TONE.get(tone.name, "")
        if style in STYLES:
            return style, f'the mood is "{tone.word}"'
    if mood.cuts_per_minute > 25 and mood.motion > 0.4:
        return "electronic", "many cuts and much movement"
    if mood.brightness < 0.28:
        return ("tense", "a dark picture that moves") if mood.motion > 0.3 else ("ambient", "a dark, quiet picture")
    if mood.brightness > 0.55 and mood.saturation > 0.45 and mood.motion > 0.25:
        return "playful", "bright, colourful and lively"
    return ("cinematic", "movement in an even light") if mood.motion > 0.2 else ("ambient", "a quiet picture")


def missed_cuts(plan: SoundPlan) -> SoundPlan:
    """The plan with a word in each music cue of a fixed tempo about the cuts that its beats do not meet."""
    from dataclasses import replace

    cues = tuple(replace(cue, why=f"{cue.why}; {said}") if (said := _missed(cue, plan)) else cue for cue in plan.cues)
    return replace(plan, cues=cues)


def _missed(cue: Cue, plan: SoundPlan) -> str:
    if not cue.sound.startswith("music/") or "bpm" not in cue.parameters:
        return ""
    missed = compose(cue, plan).tempo.missed_s
    if not missed:
        return ""
    listed = ", ".join(f"{cue.time_s + time_s:.2f}" for time_s in missed[:MAX_LISTED])
    more = " and more" if len(missed) > MAX_LISTED else ""
    count = "1 cut lies" if len(missed) == 1 else f"{len(missed)} cuts lie"
    return f"at {cue.parameters['bpm']:g} BPM {count} off the beat: {listed}{more} s"


def _description(style: str, wishes: MusicWishes) -> str:
    words = [f"{style} music"]
    if wishes.key is not None and wishes.mode:
        words.append(f"in {key_name(wishes.key, wishes.mode)}")
    if wishes.tempo_bpm:
        words.append(f"at {wishes.tempo_bpm:g} BPM")
    return " ".join(words)


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _wants_music(session: Session, wishes: MusicWishes) -> bool:
    # what a person sets counts more than what the prompt says
    if wishes.asks:
        return True
    if session.scene.refuses("wish", "music"):
        return False
    return session.scene.has("wish", "music") or not session.existing_sound
