"""Every record that passes between stages: frozen, typed, and JSON on disk.

Times are presentation times in seconds from the start of the clip, never frame numbers.
Exact rates and aspects are `fractions.Fraction`, written to JSON as ``"30000/1001"``.
Positions are fractions of the displayed picture: x 0 left .. 1 right, y 0 top .. 1 bottom.
"""

from pipeline.records.analysis import Analysis, Event, EventKind, Mood, MotionCurve, Region, Shot, Texture, TextureKind
from pipeline.records.credentials import (
    Action,
    Binding,
    Credential,
    History,
    Ingredient,
    IngredientState,
    Integrity,
    Origin,
    SignerTrust,
    SoftBinding,
    Span,
    TimeTrust,
    TrainingWish,
)
from pipeline.records.jobs import JobResult, JobState
from pipeline.records.json_form import Record, from_data, from_json, to_data, to_json
from pipeline.records.marks import MarkAgreement, MarkReading, MarkReport, Marks, MarkSegment, MarkState, Payload
from pipeline.records.media import AudioStream, Clip, ColorTags, VideoStream
from pipeline.records.recovery import STATE_WORDS, MatchSpan, Recovery, RecoveryMatch, RecoveryState
from pipeline.records.sound import STEM_NAMES, Cue, Feeling, Loudness, Mix, SoundPlan, StemName, Stems
from pipeline.records.verdicts import CheckResult, Evidence, Verdict, VerdictName

__all__ = [
    "STATE_WORDS",
    "STEM_NAMES",
    "Analysis",
    "Event",
    "EventKind",
    "Mood",
    "MotionCurve",
    "Region",
    "Shot",
    "Texture",
    "TextureKind",
    "Action",
    "Binding",
    "Credential",
    "History",
    "Ingredient",
    "IngredientState",
    "Integrity",
    "Origin",
    "SignerTrust",
    "SoftBinding",
    "Span",
    "TimeTrust",
    "TrainingWish",
    "JobResult",
    "JobState",
    "Record",
    "from_data",
    "from_json",
    "to_data",
    "to_json",
    "MarkAgreement",
    "MarkReading",
    "MarkReport",
    "MarkSegment",
    "MarkState",
    "Marks",
    "Payload",
    "AudioStream",
    "Clip",
    "ColorTags",
    "VideoStream",
    "MatchSpan",
    "Recovery",
    "RecoveryMatch",
    "RecoveryState",
    "Cue",
    "Feeling",
    "Loudness",
    "Mix",
    "SoundPlan",
    "StemName",
    "Stems",
    "CheckResult",
    "Evidence",
    "Verdict",
    "VerdictName",
]
