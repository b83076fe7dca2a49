"""What the file's wrapping tells: AI labels written into it, and hints that are shown and never counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from pipeline.detect.labels import Labels, labels_of
from pipeline.detect.source_types import AI, CAPTURE, in_words, short_name
from pipeline.detect.wording import plain
from pipeline.records import Clip, Evidence

NEVER_COUNTED = "shown, never counted: camera footage can be the same"
UNSIGNED = "the label is not signed: anyone can write it or take it away"

# pictures a second at which generators commonly deliver (CogVideoX 8 and 16, Wan 16, most others 24)
_GENERATOR_RATES = (8, 16, 24)
# meanings of "Label" in the AIGC record of GB 45438-2025: 1 is, 2 may be, 3 is suspected to be AI-made
_AIGC_WORDS = {"1": "is", "2": "may be", "3": "is suspected to be"}


def declaration(clip: Clip | None, labels: Labels | None = None) -> Evidence | None:
    """An AI label in tags or metadata (IPTC digital source type, China's AIGC record), or None.

    `labels` are those of the whole file, where they were read; without, the clip's container tags are looked at.
    """
    found = _labels(clip, labels)
    for kind in found.source_types:
        if short_name(kind) in AI:
            text = f"The file's own metadata says it was {in_words(kind)} (IPTC digital source type)."
            return _label(text)
    for record in found.aigc:
        if record.label == "1":
            by = f", by {record.producer}" if record.producer else ""
            return _label(f"The file carries China's mandatory label for AI-made content{by}.")
    return None


def _labels(clip: Clip | None, labels: Labels | None) -> Labels:
    if labels is not None:
        return labels
    return labels_of(clip.metadata) if clip else Labels()


def _label(text: str) -> Evidence:
    return Evidence("container", "declared", text, reason=UNSIGNED, raw={"declares_ai": 1.0})


def hints(clip: Clip | None, labels: Labels | None = None) -> tuple[Evidence, ...]:
    """Everything about the wrapping a person may want to know; none of it changes a verdict."""
    found = list(_label_hints(_labels(clip, labels)))
    if clip is not None:
        found = [*_tag_hints(clip), *found, *_timing_hints(clip), *_size_hints(clip), *_sound_hints(clip)]
    return tuple(Evidence("container", "hint", text, reason=reason) for text, reason in found)


def _tag(clip: Clip, name: str) -> str:
    return next((value for key, value in clip.metadata.items() if key.lower() == name), "")


def _label_hints(labels: Labels) -> Iterator[tuple[str, str]]:
    for record in labels.aigc:
        if record.label in ("2", "3"):
            words = _AIGC_WORDS[record.label]
            text = f"A distributor's label (China's AIGC record) says the file {words} AI-made; it is not signed."
            yield text, UNSIGNED
            break
    for kind in labels.source_types:
        if short_name(kind) in CAPTURE:
            yield f"The file's own metadata says it was {in_words(kind)}; it is not signed.", UNSIGNED


def _tag_hints(clip: Clip) -> Iterator[tuple[str, str]]:
    if encoder := plain(_tag(clip, "encoder") or _tag(clip, "software"), limit=60):
        yield f"Last written by “{encoder}”; every copy overwrites this.", NEVER_COUNTED
    if brand := plain(_tag(clip, "major_brand"), limit=8):
        yield f"The container calls itself “{brand}”.", NEVER_COUNTED
    comment = _tag(clip, "comment") + _tag(clip, "description")
    if '"inputs' in comment.replace("\\", "") and re.search(r"vae|sampler|unet|clip_name", comment, re.IGNORECASE):
        yield "A comment in the file holds the settings of a generation workflow, as ComfyUI writes them.", UNSIGNED


def _timing_hints(clip: Clip) -> Iterator[tuple[str, str]]:
    rate, frames = clip.video.frame_rate, clip.video.frames
    if not clip.video.is_variable_rate and rate in [Fraction(r) for r in _GENERATOR_RATES]:
        cinema = "; cinema does too" if rate == 24 else ""
        yield f"It runs at exactly {rate} pictures a second, as many generated clips do{cinema}.", NEVER_COUNTED
    if 17 <= frames <= 1000 and frames % 4 == 1:
        chance = "one clip in four is so by chance"
        yield (
            f"It has {frames} pictures, four times a number plus one, as some generators deliver; {chance}.",
            NEVER_COUNTED,
        )


def _size_hints(clip: Clip) -> Iterator[tuple[str, str]]:
    width, height = clip.video.width_px, clip.video.height_px
    for step in (64, 16):
        if width % step == 0 and height % step == 0:
            yield (
                f"Both sides ({width}x{height}) are multiples of {step}, as generators like them; many codecs do too.",
                NEVER_COUNTED,
            )
            return


def _sound_hints(clip: Clip) -> Iterator[tuple[str, str]]:
    if clip.audio is None:
        yield (
            "It has no sound track; most generators deliver silent clips, and many edited clips have lost theirs.",
            NEVER_COUNTED,
        )
