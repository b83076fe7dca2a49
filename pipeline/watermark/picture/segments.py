"""Segments: stretches of a track by what they carry, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.records import MarkSegment, Payload


def merged(segments: Iterable[MarkSegment]) -> tuple[MarkSegment, ...]:
    """Segments in order of time, neighbours that say the same made one; the surest tells z and geometry."""
    kept: list[MarkSegment] = []
    for segment in sorted(segments, key=lambda one: one.start_s):
        if kept and _same(kept[-1], segment):
            surest = max(kept[-1], segment, key=lambda one: one.z)
            kept[-1] = replace(surest, start_s=kept[-1].start_s, end_s=segment.end_s)
        else:
            kept.append(segment)
    return tuple(kept)


def longest_payload(segments: Sequence[MarkSegment]) -> Payload | None:
    """The id that most of the time carries, or None when none was read."""
    seconds: dict[Payload, float] = {}
    for segment in segments:
        if segment.payload is not None:
            seconds[segment.payload] = seconds.get(segment.payload, 0.0) + segment.end_s - segment.start_s
    return max(seconds, key=lambda payload: seconds[payload]) if seconds else None


def others(segments: Sequence[MarkSegment], payload: Payload) -> str:
    """Words for the ids that were read beside the given one; empty when there are none."""
    ids = dict.fromkeys(one.payload.hex for one in segments if one.payload and one.payload != payload)
    return f"; other parts of it say {', '.join(ids)}" if ids else ""


def _same(one: MarkSegment, other: MarkSegment) -> bool:
    return (one.state, one.payload, one.key_id) == (other.state, other.payload, other.key_id)
