"""The mark that a file bears against the one its credentials name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.detect.tie import tied
from pipeline.records import MarkReading, Marks, Payload, SoftBinding

NAMES = ("io.foleymark.picture.1",)


@pytest.fixture
def named(sora, marks):
    return replace(sora, soft_bindings=(SoftBinding(NAMES[0], marks.payload.hex), SoftBinding("io.iscc.v0", "aa")))


def test_changed_file_with_its_own_mark(named, marks):
    found = tied(replace(named, integrity="altered", binding="none"), marks, algorithms=NAMES)
    assert found.binding == "watermark" and "for this very work" in found.sentences[-1]


def test_changed_file_with_the_mark_of_another(named):
    other = MarkReading("read", Payload(1, 5), z=30.0)
    found = tied(replace(named, integrity="altered", binding="none"), Marks.of(other, None), algorithms=NAMES)
    assert found.binding == "none" and "made for another file" in found.sentences[-1]


def test_unchanged_file_with_the_mark_of_another_is_told(named):
    other = MarkReading("read", Payload(1, 5), z=30.0)
    found = tied(named, Marks.of(other, None), algorithms=NAMES)
    assert found.binding == "hard" and "made for another file" in found.sentences[-1]


def test_changed_file_without_the_mark(named):
    found = tied(replace(named, integrity="altered"), Marks.of(MarkReading("none"), None), algorithms=NAMES)
    assert "none was read" in found.sentences[-1]


def test_nothing_to_say(named, marks, sora):
    assert tied(None, marks, algorithms=NAMES) is None
    assert tied(named, marks, algorithms=NAMES) is named
    assert tied(named, Marks(), algorithms=NAMES) is named
    assert tied(sora, marks, algorithms=NAMES) is sora
    assert tied(named, Marks.of(MarkReading("none"), None), algorithms=NAMES) is named
