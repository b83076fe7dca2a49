"""Watching: one decode for all that look, and no more of the file than they need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline import watching
from pipeline.detect import detectors
from pipeline.detect.detectors import Guarded
from pipeline.errors import UnreadableInput
from pipeline.media.probe import probe
from pipeline.records import Evidence
from pipeline.watching import Watch, needed_frames, watch_clip, watch_sound, watch_still


class Counting:
    """A detector that counts what it is given."""

    name = "counting"

    def __init__(self, held_out: int | None = None) -> None:
        self.held_out = held_out
        self.given: list[Any] = []

    def add(self, *given: Any) -> None:
        self.given.append(given)

    def evidence(self) -> tuple[Evidence, ...]:
        raw = {"given": float(len(self.given)), "held_out": float(self.held_out if self.held_out is not None else -1)}
        return (Evidence("counting", "content", "Counted.", raw=raw),)


class Failing(Counting):
    """A detector that fails at its second picture."""

    def add(self, *given: Any) -> None:
        super().add(*given)
        if len(self.given) == 2:
            raise UnreadableInput("The second picture is damaged.")


@pytest.fixture(autouse=True)
def counted(monkeypatch):
    """Only detectors of our own look."""
    for name in ("PICTURE_DETECTORS", "SOUND_DETECTORS", "STILL_DETECTORS"):
        monkeypatch.setattr(detectors, name, {"counting": Counting})
    from pipeline.detect import examiner

    monkeypatch.setattr(examiner, "PICTURE_DETECTORS", {"counting": Counting})
    monkeypatch.setattr(examiner, "STILL_DETECTORS", {"counting": Counting})


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory, make_clip):
    """Half a minute at ten pictures a second."""
    return probe(make_clip(tmp_path_factory.mktemp("long") / "long.mp4", frames=300, rate=10, width=160, height=128))


def counting(content) -> dict[str, float]:
    return next(item.raw for item in content.evidence if item.name == "counting" and "given" in item.raw)


def test_stretches_alone_are_decoded_when_nobody_needs_the_rest(long_clip):
    spans = ((0.0, 2.5), (14.0, 16.5), (27.5, 30.0))
    times = [frame.time_s for frame in needed_frames(long_clip, spans, lambda: False)]
    assert times == sorted(set(times))
    inside = [t for t in times if any(begin <= t < end for begin, end in spans)]
    assert len(inside) == 75
    # one picture past the first stretch tells that it is over
    assert len(times) - len(inside) <= 1


def test_everything_is_decoded_while_somebody_needs_it(long_clip):
    assert len(list(needed_frames(long_clip, ((0.0, 2.5),), lambda: True))) == 300
    assert len(list(needed_frames(long_clip, (), lambda: False))) == 300


def test_the_rest_is_left_as_soon_as_nobody_needs_it_any_more(long_clip):
    left = iter([True] * 100)
    times = [f.time_s for f in needed_frames(long_clip, ((0.0, 2.5), (28.0, 30.0)), lambda: next(left, False))]
    assert len(times) == 101 + 20 and times[-1] > 29


@pytest.mark.parametrize(("thoroughness", "pictures"), [("fast", 40), ("normal", 160), ("thorough", 240)])
def test_how_much_is_looked_at(long_clip, thoroughness, pictures):
    found = watch_clip(long_clip, Watch(sound=False, thoroughness=thoroughness))
    assert counting(found.content)["given"] == pytest.approx(pictures, abs=8)


def test_held_out_reaches_the_detectors(long_clip):
    found = watch_clip(long_clip, Watch(sound=False, thoroughness="fast", held_out=3))
    assert counting(found.content)["held_out"] == 3


def test_a_detector_that_fails_is_said_and_stops_nobody(long_clip, monkeypatch):
    from pipeline.detect import examiner

    monkeypatch.setattr(examiner, "PICTURE_DETECTORS", {"failing": Failing, "counting": Counting})
    found = watch_clip(long_clip, Watch(sound=False, thoroughness="fast"))
    assert found.not_checked == ["The detector for failing did not run: The second picture is damaged."]
    assert counting(found.content)["given"] > 30


def test_a_mistake_in_a_detector_is_not_hidden():
    class Wrong(Counting):
        def add(self, *given: Any) -> None:
            raise TypeError("a mistake")

    with pytest.raises(TypeError):
        Guarded({"wrong": Wrong}).add(1)


def test_thumbnails_of_a_fast_look_come_from_what_is_looked_at(long_clip):
    found = watch_clip(long_clip, Watch(sound=False, thoroughness="fast", thumbnails=True))
    assert len(found.thumbnails) == watching.THUMBNAILS


def test_nothing_is_decoded_when_nothing_is_asked_for(long_clip, monkeypatch):
    monkeypatch.setattr(watching, "needed_frames", lambda *_: pytest.fail("decoded"))
    found = watch_clip(long_clip, Watch(pictures=False, sound=False))
    assert found.content.evidence == () and not found.marks.picture


def test_a_still_is_looked_at_and_says_that_it_cannot_count(tmp_path, make_still):
    found = watch_still(make_still(tmp_path / "a.png"), Watch(thumbnails=True))
    assert counting(found.content)["given"] == 1
    fused = found.content.fused
    assert fused is not None and not fused.applicable and "still" in fused.reason
    assert len(found.thumbnails) == 1 and "calibrated on moving pictures" in found.not_checked[0]


def test_a_sound_file_is_listened_to(tmp_path):
    import soundfile

    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((44_100, 2), np.float32), 44_100)
    found = watch_sound(path, Watch())
    assert counting(found.content)["given"] == 1
    assert found.not_checked == ["It is a sound file, so there are no pictures to look at."]


def test_listening_ends_after_a_while(tmp_path, monkeypatch):
    import soundfile

    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros((8_000 * 60, 1), np.float32), 8_000)
    monkeypatch.setitem(watching.LISTEN_S, "fast", 10.0)
    found = watch_sound(path, Watch(thoroughness="fast"))
    assert counting(found.content)["given"] == 2
    assert counting(watch_sound(path, replace(Watch(), thoroughness="thorough")).content)["given"] == 8
