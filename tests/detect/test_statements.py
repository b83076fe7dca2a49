"""What credentials and the mark are allowed to say, and how strings from files are made safe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.detect import credentials, source_types, watermark, wording
from pipeline.records import MarkReading, Marks, MarkSegment, Payload


def test_one_declared_statement_per_sentence(sora):
    found = credentials.evidence(sora)
    assert [e.sentence for e in found] == list(sora.sentences)
    assert all(e.scope == "declared" and e.applicable and e.raw["declares_ai"] == 1 for e in found)


def test_no_credentials_is_no_information():
    (found,) = credentials.evidence(None)
    assert not found.applicable and "says nothing either way" in found.sentence


@pytest.mark.parametrize("integrity", ["altered", "broken"])
def test_credentials_without_sentences_still_say_something(sora, integrity):
    (found,) = credentials.evidence(replace(sora, integrity=integrity, sentences=()))
    assert not found.applicable and found.sentence and found.raw == {}


ONE, OTHER = Payload(1, 0xABC), Payload(1, 0xDEF)


def reading(payload: Payload | None = ONE, *segments: MarkSegment) -> MarkReading:
    return MarkReading("read" if payload else "none", payload, z=12.0, segments=segments)


@pytest.mark.parametrize("state", ["none", "error"])
def test_no_mark_is_no_evidence(state):
    found = watermark.evidence(Marks.of(MarkReading(state), None))
    assert not found.applicable and found.llr == 0


def test_read_mark_declares_processing_only(marks):
    found = watermark.evidence(marks)
    assert found.applicable and f"in picture and sound (id {marks.payload.hex})" in found.sentence
    assert "declares_ai" not in found.raw


def test_damaged_mark_is_told():
    found = watermark.evidence(Marks.of(MarkReading("unreadable"), MarkReading("none")))
    assert found.applicable and "is in the picture, but too damaged to read" in found.sentence


def test_mark_not_looked_for():
    assert "not searched" in watermark.evidence(Marks()).sentence


@pytest.mark.parametrize(
    ("picture", "sound", "said"),
    [
        (reading(), None, "in the picture"),
        (reading(), reading(None), "sound carries none"),
        (reading(None), reading(), "picture carries none"),
    ],
)
def test_one_track_alone_is_told_apart(picture, sound, said):
    assert said in watermark.evidence(Marks.of(picture, sound)).sentence


def test_two_ids_are_a_file_put_together():
    marks = Marks.of(reading(ONE), reading(OTHER))
    found = watermark.evidence(marks)
    assert marks.agreement == "conflict" and marks.payload is None and not watermark.is_read(marks)
    assert "put together" in found.sentence and ONE.hex in found.sentence and OTHER.hex in found.sentence


def test_a_foreign_stretch_is_told_with_its_time():
    parts = (
        MarkSegment(0, 64, "read", ONE, 9.0),
        MarkSegment(64, 70.5, "none"),
        MarkSegment(70.5, 3700, "read", ONE, 9.0),
    )
    found = watermark.evidence(Marks.of(reading(ONE, *parts), None))
    assert f"In the picture: 0:00 to 1:04 {ONE.hex}, 1:04 to 1:10.5 no mark, 1:10.5 to 1:01:40" in found.sentence


def test_a_second_id_in_a_stretch_is_a_conflict():
    parts = (MarkSegment(0, 4, "read", ONE, 9.0), MarkSegment(4, 8, "read", OTHER, 9.0))
    marks = Marks.of(reading(ONE, *parts), None)
    assert marks.agreement == "conflict"
    assert f"0:04 to 0:08 {OTHER.hex}" in watermark.evidence(marks).sentence


def test_a_mark_throughout_needs_no_times():
    assert (
        "In the picture:"
        not in watermark.evidence(Marks.of(reading(ONE, MarkSegment(0, 9, "read", ONE)), None)).sentence
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb\u200bc", "abc"),
        ("a\x00\x1b[31mb", "a[31mb"),
        ("two\n lines\u2028more", "two lines more"),
        ("z" + "\u0301" * 40, "\u017a\u0301\u0301"),
        ("\ud800x", "x"),
        ("日本語", "日本語"),
    ],
)
def test_plain(text, shown):
    assert wording.plain(text) == shown


def test_shorten_keeps_both_ends():
    text = wording.plain("start" + "x" * 500 + "end.mp4", limit=30)
    assert len(text) == 30 and text.startswith("start") and text.endswith("end.mp4")


@pytest.mark.parametrize(
    ("iso", "shown"),
    [
        ("2025-05-26T19:22:58+00:00", "26 May 2025"),
        ("2025-05-26T23:30:00-04:00", "27 May 2025"),
        ("2025-05-26", "26 May 2025"),
        ("soon\u202e", "soon"),
    ],
)
def test_day(iso, shown):
    assert wording.day(iso) == shown


def test_source_types_in_words():
    assert (
        source_types.in_words("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia") == "made by AI"
    )
    assert source_types.in_words("http://example.org/<b>thing") == "<b>thing"
