"""Every record that passes between stages: frozen, typed, and JSON on disk.

Times are presentation times in seconds from the start of the clip, never frame numbers.
Exact rates and aspects are `fractions.Fraction`, written to JSON as ``"30000/1001"``.
Positions are fractions of the displayed picture: x 0 left .. 1 right, y 0 top .. 1 bottom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeVar

Record = TypeVar("Record")


# ------------------------------------------------------------------ media
@dataclass(frozen=True)
class ColorTags:
    """How code values map to colour; the names are those of ITU-T H.273 as ffmpeg spells them."""

    primaries: str = "unknown"
    transfer: str = "unknown"
    matrix: str = "unknown"
    # "tv" (limited), "pc" (full) or "unknown"
    range: str = "unknown"


@dataclass(frozen=True)
class VideoStream:
    """The picture of a clip."""

    codec: str
    # coded size, before rotation and sample aspect
    width_px: int
    height_px: int
    pixel_format: str
    bit_depth: int
    # average rate; with a variable rate, only a hint
    frame_rate: Fraction
    # seconds per tick of the stream's presentation times
    time_base: Fraction
    # pictures in the stream, counted or from the container
    frames: int
    start_s: float
    duration_s: float
    # clockwise turn to apply for display: 0, 90, 180 or 270
    rotation_deg: int = 0
    sample_aspect: Fraction = Fraction(1)
    is_variable_rate: bool = False
    bit_rate: int = 0
    color: ColorTags = ColorTags()

    @property
    def upright_size_px(self) -> tuple[int, int]:
        """(width, height) in stored pixels after the rotation flag."""
        turned = self.rotation_deg in (90, 270)
        return (self.height_px, self.width_px) if turned else (self.width_px, self.height_px)

    @property
    def display_aspect(self) -> Fraction:
        """Width over height as a person sees it: rotation and sample aspect applied."""
        aspect = Fraction(self.width_px, self.height_px) * self.sample_aspect
        return 1 / aspect if self.rotation_deg in (90, 270) else aspect


@dataclass(frozen=True)
class AudioStream:
    """The first sound track of a clip."""

    codec: str
    sample_rate_hz: int
    channels: int
    start_s: float
    duration_s: float


@dataclass(frozen=True)
class Clip:
    """One probed media file."""

    path: Path
    sha256: str
    size_bytes: int
    # short names of the container as the demuxer gives them, e.g. "mov,mp4,m4a,3gp,3g2,mj2"
    container: str
    duration_s: float
    video: VideoStream
    audio: AudioStream | None = None
    # where the clip's time zero (its first picture or sound) lies on the container's own clock
    origin_s: Fraction = Fraction(0)
    # container tags such as title, comment, creation_time
    metadata: dict[str, str] = field(default_factory=dict)


# --------------------------------------------------------------- analysis
@dataclass(frozen=True)
class Shot:
    """A run of pictures between two cuts."""

    start_s: float
    end_s: float


EventKind = Literal["contact", "collision", "footstep", "slide", "whoosh", "flash", "appearance", "cut"]


@dataclass(frozen=True)
class Event:
    """Something seen that would be heard."""

    time_s: float
    kind: EventKind
    # 0..1
    confidence: float
    x: float = 0.5
    y: float = 0.5
    # share of the picture's area that takes part
    extent: float = 0.0
    # picture heights per second before the event
    speed: float = 0.0
    # how long the movement lasts (a whoosh, a slide); 0 for an instant
    length_s: float = 0.0
    # what it looks like, as far as the picture alone tells: "splash", "gun", "lightning", "roll", "door", ...; or empty
    guess: str = ""


@dataclass(frozen=True)
class MotionCurve:
    """Movement over time with the camera's own movement taken out; one value per picture."""

    times_s: tuple[float, ...]
    # mean residual speed, picture heights per second
    energy: tuple[float, ...]
    # speed of the camera itself, picture heights per second
    camera: tuple[float, ...]
    # energy-weighted horizontal centre of the movement, 0..1
    centre_x: tuple[float, ...]


@dataclass(frozen=True)
class Mood:
    """Picture statistics that colour the music; each 0..1 unless said otherwise."""

    brightness: float = 0.5
    contrast: float = 0.5
    saturation: float = 0.5
    # -1 cold (blue) .. 1 warm (orange)
    warmth: float = 0.0
    # typical residual movement, 0 still .. 1 frantic
    motion: float = 0.0
    cuts_per_minute: float = 0.0
    # share of picture that looks like sky, water or foliage by colour and place
    sky: float = 0.0
    water: float = 0.0
    foliage: float = 0.0
    # how much the picture looks like a room, and like night: 0 surely not .. 1 surely, 0.5 nobody knows
    indoor: float = 0.5
    night: float = 0.0


TextureKind = Literal["rain", "snow", "fire", "water", "smoke", "leaves", "crowd"]


@dataclass(frozen=True)
class Texture:
    """A surface that sounds as a whole: falling rain, flames, moving water, leaves in the wind, many people."""

    kind: TextureKind
    # 0..1
    confidence: float
    # where it is and the share of the picture it takes
    x: float
    y: float
    extent: float
    # strength over time, 0..1, for the level of its sound
    times_s: tuple[float, ...] = ()
    strength: tuple[float, ...] = ()


@dataclass(frozen=True)
class Region:
    """Movement in one part of the picture, camera taken out; for engines, friction, water and wind."""

    # x0, y0, x1, y1 as fractions of the picture
    box: tuple[float, float, float, float]
    times_s: tuple[float, ...]
    # mean residual speed, picture heights per second
    energy: tuple[float, ...]
    # its mean horizontal and vertical part, right and down positive
    velocity_x: tuple[float, ...]
    velocity_y: tuple[float, ...]


@dataclass(frozen=True)
class Analysis:
    """What the picture shows."""

    duration_s: float
    shots: tuple[Shot, ...]
    events: tuple[Event, ...]
    motion: MotionCurve
    # of the whole clip
    mood: Mood
    # one per shot, in order
    shot_moods: tuple[Mood, ...] = ()
    # surest first
    textures: tuple[Texture, ...] = ()
    # of a fixed grid of parts, row by row from the top left
    regions: tuple[Region, ...] = ()


# ------------------------------------------------------------------ sound
StemName = Literal["DX", "FX-impacts", "FX-foley", "BG", "MX"]
STEM_NAMES: tuple[StemName, ...] = ("DX", "FX-impacts", "FX-foley", "BG", "MX")


@dataclass(frozen=True)
class Cue:
    """One sound to be placed; a row of the cue sheet, meant to be edited by a person."""

    id: str
    stem: StemName
    # where the sound's attack (its audible onset) belongs; a whoosh or bed has none and begins here
    time_s: float
    length_s: float
    # Universal Category System (UCS) category, e.g. "IMPACTS", "WATER", "AMBIENCE", "MUSICAL"
    category: str
    # the recipe or file that makes it, e.g. "impact/metal", "ambience/rain", "whoosh", "music/cinematic"
    sound: str
    # in plain words, e.g. "metal ball on stone"
    description: str = ""
    confidence: float = 1.0
    # -1 left .. 1 right
    pan: float = 0.0
    level_db: float = 0.0
    seed: int = 0
    # recipe parameters by name, e.g. {"size": 0.4, "hardness": 0.7}
    parameters: dict[str, float] = field(default_factory=dict)
    # level along the sound on top of level_db: (seconds from time_s, dB), straight lines between
    automation: tuple[tuple[float, float], ...] = ()
    # pan along the sound in place of `pan`: (seconds from time_s, -1..1), straight lines between; effects only
    pan_automation: tuple[tuple[float, float], ...] = ()
    # who made the sound: "foleymark" for our own synthesis; for a recording, where it comes from
    source: str = "foleymark"
    licence: str = "CC0-1.0"
    # of a recording: who recorded it, and the SHA-256 of the file
    author: str = ""
    asset_sha256: str = ""
    # the reason this cue exists, for the person who edits it
    why: str = ""
    # a locked cue is never moved or dropped by a new analysis
    locked: bool = False


@dataclass(frozen=True)
class SoundPlan:
    """A cue sheet: everything that will be heard, in order of time."""

    duration_s: float
    cues: tuple[Cue, ...]
    prompt: str = ""
    seed: int = 0
    # cuts and other moments that music wants to land on
    markers_s: tuple[float, ...] = ()
    mood: Mood = Mood()


@dataclass(frozen=True)
class Stems:
    """Rendered stems as files (float WAV, 48 kHz stereo), all of the same length."""

    folder: Path
    # stem name -> file name inside folder; a silent stem is left out
    files: dict[str, str]
    sample_rate_hz: int
    samples: int


@dataclass(frozen=True)
class Loudness:
    """ITU-R BS.1770-4 figures of a programme."""

    # both None for silence (nothing above the absolute gate, no peak)
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    # target that was asked for
    target_lufs: float | None = None
    # the sentence to print when the target was not reached
    warning: str = ""


@dataclass(frozen=True)
class Mix:
    """The finished soundtrack."""

    path: Path
    loudness: Loudness
    # static gain that was applied to the summed stems
    gain_db: float
    sample_rate_hz: int
    samples: int


# -------------------------------------------------------------- watermark
@dataclass(frozen=True)
class Payload:
    """What a mark says: 4 bits of version and flags, 60 bits of random id."""

    # 0..15; version 1 is the first in use
    version: int
    # 60 bits
    id: int

    @property
    def hex(self) -> str:
        """All 64 bits as 16 hex digits, version first."""
        return f"{(self.version << 60) | self.id:016x}"

    @classmethod
    def from_hex(cls, text: str) -> Payload:
        """Read what `hex` wrote; ValueError when it is not 16 hex digits."""
        if len(text) != 16:
            raise ValueError(f"a payload is 16 hex digits, not {text!r}")
        value = int(text, 16)
        return cls(version=value >> 60, id=value & ((1 << 60) - 1))


MarkState = Literal["read", "unreadable", "none", "error"]


@dataclass(frozen=True)
class MarkSegment:
    """A stretch of one track that says the same throughout."""

    start_s: float
    end_s: float
    state: MarkState
    payload: Payload | None = None
    z: float = 0.0
    geometry: str = ""
    key_id: str = ""


@dataclass(frozen=True)
class MarkReading:
    """What the reader found in one track."""

    # "unreadable": our mark is surely there (z) but its check fails
    state: MarkState
    payload: Payload | None = None
    # synchronisation peak in standard deviations of an unmarked clip
    z: float = 0.0
    # geometry hypothesis that gave the reading, e.g. "grid 180"
    geometry: str = ""
    frames: int = 0
    # one plain sentence
    sentence: str = ""
    # z that had to be reached; what is above it is margin
    needed_z: float = 0.0
    # `keys.key_id` of the key that read it
    key_id: str = ""
    # when asked for: stretches by what they carry, in order, without gaps
    segments: tuple[MarkSegment, ...] = ()


MarkAgreement = Literal["both", "picture only", "sound only", "conflict", "none"]


@dataclass(frozen=True)
class Marks:
    """What the picture and the sound of one file carry; made by `Marks.of`."""

    # None for a track that is not there or was not looked at
    picture: MarkReading | None = None
    sound: MarkReading | None = None
    # the id that was read; None when the file contradicts itself
    payload: Payload | None = None
    # "conflict" when more than one id was read, anywhere in the file: it was put together
    agreement: MarkAgreement = "none"

    @classmethod
    def of(cls, picture: MarkReading | None, sound: MarkReading | None) -> Marks:
        """Compare what two tracks say."""
        readings = [reading for reading in (picture, sound) if reading]
        ids = {reading.payload for reading in readings} | {part.payload for one in readings for part in one.segments}
        ids.discard(None)
        if len(ids) > 1:
            return cls(picture, sound, None, "conflict")
        in_picture, in_sound = (bool(reading and reading.payload) for reading in (picture, sound))
        agreement: MarkAgreement = "both" if in_picture and in_sound else "none"
        if in_picture != in_sound:
            agreement = "picture only" if in_picture else "sound only"
        return cls(picture, sound, next(iter(ids), None), agreement)


@dataclass(frozen=True)
class MarkReport:
    """What was embedded, and what came back from the encoded file."""

    payload: Payload
    # amplitude in 8-bit levels; 0 where there is no picture
    strength: float
    # of the marked luma against the original, before the codec; 0 where there is no picture
    psnr_db: float
    # encodes of the picture it took until the mark read back
    attempts: int
    marks: Marks
    # root mean square gain of a cell; 0 when the sound was not marked
    sound_strength_db: float = 0.0
    # of the marked sound against the original, before the codec
    sound_snr_db: float = 0.0
    # why a track carries no mark, a sentence each
    notes: tuple[str, ...] = ()
    # marks of other makers that were put in as well, a sentence each
    beside: tuple[str, ...] = ()

    @property
    def came_back(self) -> bool:
        """Whether the id that was put in is read, from the picture where there is one, and no other."""
        picture = self.marks.picture
        return self.marks.payload == self.payload and (picture is None or picture.payload == self.payload)


# ------------------------------------------------------------- provenance
Integrity = Literal["exact", "recovered", "altered", "broken", "none"]
SignerTrust = Literal["trusted", "own", "unknown", "expired", "revoked", "mismatch", "none"]
TimeTrust = Literal["trusted", "untrusted", "none"]
Binding = Literal["hard", "watermark+fingerprint", "watermark", "fingerprint", "none"]
History = Literal["complete", "gaps", "bad ingredient", "none"]


@dataclass(frozen=True)
class Ingredient:
    """Something the file was made from, with its own recorded result."""

    title: str
    relationship: str
    digital_source_type: str = ""
    has_credentials: bool = False
    # plain words: what the SDK recorded about it when it was taken in
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Action:
    """One step of a file's history as its manifest tells it."""

    action: str
    when: str = ""
    software: str = ""
    digital_source_type: str = ""
    description: str = ""


@dataclass(frozen=True)
class Credential:
    """C2PA credentials of a file on five axes, never one word."""

    integrity: Integrity
    signer: SignerTrust
    time: TimeTrust
    binding: Binding
    history: History
    # the organisation in the signing certificate
    signer_name: str = ""
    # names of the trust lists that were consulted, with their dates
    trust_list: str = ""
    # ISO 8601; when the claim says it was signed, trusted only as far as `time` says
    signed_at: str = ""
    # ISO 8601; when the signing certificate expires
    certificate_expires: str = ""
    claim_generator: str = ""
    title: str = ""
    manifest_label: str = ""
    # the IPTC digital source types declared by created/opened/placed actions, whole URIs
    digital_source_types: tuple[str, ...] = ()
    # True when the credentials declare that AI made the file or parts of it
    declares_ai: bool = False
    # True when they declare capture by a camera
    declares_capture: bool = False
    actions: tuple[Action, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    # (algorithm, value in hex) of each signed soft binding
    soft_bindings: tuple[tuple[str, str], ...] = ()
    # raw validation codes, for people who want them
    codes: tuple[str, ...] = ()
    # remote manifest URL, never fetched unless asked
    remote_url: str = ""
    # plain sentences, most important first
    sentences: tuple[str, ...] = ()


# -------------------------------------------------------------- detection
@dataclass(frozen=True)
class Evidence:
    """One thing a detector has to say."""

    # detector's name, e.g. "credentials", "watermark", "container", "residual"
    name: str
    # "declared" decides; "hint" is shown and never counted; "content" is fused
    scope: Literal["declared", "hint", "content"]
    # one plain sentence
    sentence: str
    applicable: bool = True
    # why it does not apply, or what limits it
    reason: str = ""
    t0_s: float | None = None
    t1_s: float | None = None
    # x0, y0, x1, y1 as fractions of the picture
    box: tuple[float, float, float, float] | None = None
    # measured figures by name
    raw: dict[str, float] = field(default_factory=dict)
    # log-likelihood ratio AI : camera; 0 says nothing
    llr: float = 0.0
    # calibrated probability of AI, None when not calibrated
    probability: float | None = None
    # PNG as a data URI, or empty
    picture: str = ""


VerdictName = Literal[
    "declared_ai", "likely_ai", "inconclusive", "no_ai_evidence", "captured_signed", "not_applicable", "error"
]


@dataclass(frozen=True)
class Verdict:
    """The answer to "is this AI-made?"."""

    name: VerdictName
    # one short line
    headline: str
    # one paragraph in plain words
    explanation: str
    evidence: tuple[Evidence, ...] = ()
    # what was not looked at, and why
    not_checked: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """Everything `check` knows of one file."""

    path: Path
    verdict: Verdict
    credential: Credential | None = None
    marks: Marks = Marks()
    clip: Clip | None = None
    error: str = ""
    seconds: float = 0.0


# ------------------------------------------------------------------- jobs
JobState = Literal["done", "skipped", "failed", "planned"]


@dataclass(frozen=True)
class JobResult:
    """What became of one clip of a batch."""

    source: Path
    state: JobState
    output: Path | None = None
    sha256_source: str = ""
    sha256_output: str = ""
    # settings and version that made the output; a change of it makes the clip run again
    settings_hash: str = ""
    cues: int = 0
    loudness: Loudness | None = None
    mark: MarkReport | None = None
    # of the unmarked master
    master_verdict: Verdict | None = None
    # of the finished file
    check: CheckResult | None = None
    warnings: tuple[str, ...] = ()
    error: str = ""
    # seconds by stage
    timings: dict[str, float] = field(default_factory=dict)


# ------------------------------------------------------------------- JSON
def to_data(record: Any) -> Any:
    """Plain dicts, lists, strings and numbers of a record, ready for JSON or YAML."""
    import msgspec

    return msgspec.to_builtins(record, enc_hook=_encode)


def from_data(data: Any, kind: type[Record]) -> Record:
    """Build a record from plain data.

    Raises
    ------
    ValueError
        When the data does not fit; the message names the place, e.g. ``$.cues[3].time_s``.
    """
    import msgspec

    try:
        return msgspec.convert(data, type=kind, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def to_json(record: Any) -> str:
    """Indented JSON of a record."""
    import json

    return json.dumps(_finite(to_data(record)), indent=2, ensure_ascii=False, allow_nan=False)


def from_json(text: str | bytes, kind: type[Record]) -> Record:
    """Read what `to_json` wrote; ValueError when it does not fit."""
    import json

    return from_data(json.loads(text), kind)


def _finite(data: Any) -> Any:
    # JSON has no infinity (a silent track's peak is -inf dB): null says "no value"
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data


def _encode(value: Any) -> Any:
    if isinstance(value, Fraction | Path):
        return str(value)
    raise NotImplementedError(f"cannot write {type(value).__name__} to JSON")


def _decode(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    if kind is Path:
        return Path(value)
    raise NotImplementedError(f"cannot read {kind} from JSON")
