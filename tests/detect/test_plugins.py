"""Plug-ins behave as they like; the check goes on, and shows nothing that is not clean."""

from __future__ import annotations

import json
import math
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from models import linear
from pipeline.config import DetectorSettings
from pipeline.detect import plugins
from pipeline.detect.drawing import png_uri
from pipeline.detect.plugins import MAX_LLR, PluginDetector, cleaned, open_plugins
from pipeline.errors import UsageError
from pipeline.records import Evidence

PNG = png_uri(np.zeros((2, 2, 3), np.uint8))


class Picture:
    """A flat picture."""

    time_s, starts = 0.0, True
    luma = np.zeros((8, 8), np.uint8)

    def gray(self, width_px):
        return self.luma[:, :width_px]

    def rgb(self, width_px=None):
        return np.zeros((8, 8, 3), np.uint8)


class Good:
    """Counts pictures and says so."""

    def __init__(self):
        self.seen = 0

    def add(self, picture):
        self.seen += int(picture.luma.size > 0 and picture.gray(4).size > 0 and picture.rgb(4).size > 0)

    def evidence(self):
        return [Evidence("mine", "content", "It looks odd.", raw={"pictures": self.seen, "level": 2.0}, llr=9.0)]


class BreaksAtOnce:
    def __init__(self):
        raise RuntimeError("no\x1b[31m model\n\u202ehere")


class BreaksAtAPicture(Good):
    def add(self, picture):
        raise MemoryError


class Leaves(Good):
    def evidence(self):
        raise SystemExit("bye")


class SaysNonsense(Good):
    def evidence(self):
        return "AI!"


class WritesOnPictures(Good):
    def add(self, picture):
        picture.luma[:] = 255


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError


class RaisesUnspeakably(Good):
    def add(self, picture):
        raise Unspeakable


@pytest.fixture
def offered(monkeypatch):
    """Have classes of this file installed as plug-ins."""

    def offer(*names: str) -> None:
        entries = [EntryPoint(name, f"{__name__}:{name}", plugins.GROUP) for name in names]
        monkeypatch.setattr(plugins, "entry_points", lambda *, group: entries if group == plugins.GROUP else [])

    return offer


def said(name: str) -> PluginDetector:
    (detector,) = open_plugins((name,))
    detector.add(Picture())
    detector.add(Picture())
    detector.evidence()
    return detector


def test_a_plugin_is_shown_as_a_hint_under_its_installed_name(offered):
    offered("Good")
    detector = said("Good")
    (found,) = detector.evidence()
    assert (found.name, found.scope, found.sentence) == ("plugin:Good", "hint", "It looks odd.")
    assert found.raw == {"pictures": 2.0, "level": 2.0} and found.llr == pytest.approx(MAX_LLR)
    assert detector.not_checked == ()


@pytest.mark.parametrize(
    "name, words",
    [
        ("BreaksAtOnce", "could not be loaded (RuntimeError: no[31m model here)"),
        ("BreaksAtAPicture", "stopped at a picture (MemoryError)"),
        ("Leaves", "gave no usable result (SystemExit: bye)"),
        ("SaysNonsense", "gave no usable result (TypeError"),
        ("WritesOnPictures", "stopped at a picture (ValueError"),
        ("RaisesUnspeakably", "stopped at a picture (Unspeakable)"),
        ("NotThere", "could not be loaded (AttributeError"),
    ],
)
def test_a_failing_plugin_is_named_and_the_check_goes_on(offered, name, words):
    offered(name)
    detector = said(name)
    (found,) = detector.evidence()
    assert not found.applicable and found.scope == "hint" and found.llr == 0.0 and found.gate == "failed"
    (sentence,) = detector.not_checked
    assert words in sentence and sentence.startswith(f"The plug-in {name} ") and sentence.isprintable()


def test_pictures_of_the_decoder_cannot_be_written_to(offered):
    offered("WritesOnPictures")
    picture = Picture()
    (detector,) = open_plugins(("WritesOnPictures",))
    detector.add(picture)
    assert detector.failure and not picture.luma.any() and picture.luma.flags.writeable


def test_nothing_is_loaded_unless_named(offered):
    offered("BreaksAtOnce", "Good")
    assert open_plugins(()) == () and set(plugins.installed()) == {"BreaksAtOnce", "Good"}
    with pytest.raises(UsageError, match="no detector plug-in 'Best'; installed: BreaksAtOnce, Good"):
        open_plugins(("Best",))


def evidence(**changes) -> Evidence:
    return Evidence(**{"name": "x", "scope": "content", "sentence": "Something.", **changes})


def test_what_is_ill_formed_is_left_out():
    found = cleaned(
        evidence(
            sentence="A\n<b>\u202e" + "x" * 999,
            reason=7,
            t0_s=5.0,
            t1_s=1.0,
            box=(0.0, 0.0, 2.0, 1.0),
            raw={"a": math.nan, "b": "5", "c": np.float32(2.0), 4: True, **{f"n{i}": 1.0 for i in range(500)}},
            llr=-math.log(1e9),
            probability=1.0,
            curve=[(0, 2.0), (1, math.inf), 3, "ab", (2, 0.5)],
            picture="https://example.org/x.png",
        ),
        name="plugin:p",
    )
    assert found.scope == "hint" and len(found.sentence) <= 300 and found.sentence.isprintable()
    assert (found.reason, found.t0_s, found.t1_s, found.box, found.picture) == ("", None, None, None, "")
    assert found.raw["c"] == 2.0 and not {"a", "b", "4"} & set(found.raw) and len(found.raw) <= plugins.MAX_FIGURES
    assert found.llr == pytest.approx(-MAX_LLR) and found.probability is None
    assert found.curve == ((0.0, 1.0), (2.0, 0.5))


def test_what_is_well_formed_is_kept():
    found = cleaned(evidence(t0_s=1, t1_s=2, box=[0, 0, 0.5, 1], picture=PNG, llr=np.float32(0.5)), name="p")
    assert (found.t0_s, found.t1_s, found.box, found.picture) == (1.0, 2.0, (0.0, 0.0, 0.5, 1.0), PNG)
    assert found.llr == 0.5 and found.applicable


@pytest.mark.parametrize(
    "uri", ["data:image/svg+xml;base64,AAAA", PNG[:22] + "!!!", PNG[:22] + "AAAA", PNG + '\n"><script>']
)
def test_only_a_png_gets_into_a_report(uri):
    assert cleaned(evidence(picture=uri), name="p").picture == ""


@pytest.mark.parametrize(
    "bad", [evidence(llr=math.nan), evidence(llr="much"), evidence(sentence="\x00"), {"llr": 1}, None]
)
def test_a_score_or_sentence_that_is_none_fails(bad):
    with pytest.raises((TypeError, ValueError)):
        cleaned(bad, name="p")


def test_one_that_does_not_apply_says_nothing():
    assert cleaned(evidence(applicable=False, llr=2.0), name="p").llr == 0.0
    assert cleaned(evidence(applicable="yes", llr=2.0), name="p").applicable is False


def calibration(tmp_path, measured_by: str):
    generator = np.random.default_rng(2)
    y = (np.arange(200) % 2).astype(float)
    x = (generator.normal(size=200) + 2.0 * y)[:, None]
    place = np.arange(200) % 10
    names = np.char.add("o", place.astype(str))
    table = linear.Table(x, y, names, names, place % 5)
    data = linear.as_data(("level",), linear.train_members(table), {"auc_unseen": 0.9, "measured_by": measured_by})
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(data))
    return path


def test_with_a_calibration_it_counts_by_that_and_not_by_its_own_score(offered, tmp_path):
    offered("Good")
    settings = DetectorSettings("Good", calibration(tmp_path, "plugin:Good"))
    (detector,) = open_plugins(("Good",), (settings,))
    detector.add(Picture())
    (found,) = detector.evidence()
    # a level of 2 is one spread above the middle between the kinds
    assert found.scope == "content" and 0.5 < found.llr < MAX_LLR - 0.05 and "90 times in 100" in found.reason


def test_beyond_the_calibration_it_does_not_count(offered, tmp_path, monkeypatch):
    offered("Good")
    monkeypatch.setattr(Good, "evidence", lambda self: (evidence(raw={"level": 1e6}), evidence(raw={"level": 1e6})))
    (detector,) = open_plugins(("Good",), (DetectorSettings("Good", calibration(tmp_path, "plugin:Good")),))
    first, second = detector.evidence()
    assert not first.applicable and first.llr == 0.0 and "level" in first.reason and second.scope == "hint"


def test_a_calibration_of_another_version_is_refused(offered, tmp_path):
    offered("Good")
    with pytest.raises(UsageError, match="was not made with plugin:Good"):
        open_plugins(("Good",), (DetectorSettings("Good", calibration(tmp_path, "plugin:Good 0.1")),))
