"""What credentials and the mark are allowed to say, and how strings from files are made safe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.detect import credentials, source_types, watermark, wording
from pipeline.records import MarkReading


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


@pytest.mark.parametrize("state", ["none", "error"])
def test_no_mark_is_no_evidence(state):
    found = watermark.evidence(MarkReading(state))
    assert not found.applicable and found.llr == 0


def test_read_mark_declares_processing_only(mark):
    found = watermark.evidence(mark)
    assert found.applicable and mark.payload.hex in found.sentence and "declares_ai" not in found.raw


def test_damaged_mark_is_told(mark):
    found = watermark.evidence(replace(mark, state="unreadable", payload=None))
    assert found.applicable and "too damaged to read" in found.sentence


def test_mark_not_looked_for():
    assert "not searched" in watermark.evidence(None).sentence


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
