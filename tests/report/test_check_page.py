"""The page of a check with detectors: what was measured, where to look, how to read it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest

from pipeline.records import VerdictName
from pipeline.report import words
from pipeline.report.html import render_check
from pipeline.report.moments import CHECKLIST
from tests.report import made_checks, made_records
from tests.report.page_reader import Page


@pytest.fixture(scope="module")
def likely() -> Page:
    return Page(render_check((made_checks.make_measured(),)))


def test_the_table_names_every_detector_and_says_what_counts(likely):
    for part in (
        "Likely AI-made",
        "about 16 times as likely from a generator",
        "94 in 100 clips that measure like this one",
        "of 99 camera clips 1 was called AI-made",
        "Patches of the picture (neural network) strongest at 1.2 s, lower right",
        "Clearly like generated clips (7.1 to 1 for generated)",
        "Slightly like camera clips (1.3 to 1 for camera)",
        "Counts less: poor quality",
        "Not counted: too little quality to measure",
        "Does not apply",
        "Decides what may be concluded",
        "dinov2 (your encoder): The clip bends like generated clips. (user-supplied)",
    ):
        assert part in likely.text, part


def test_what_decided_comes_before_what_was_not_there(likely):
    text = likely.text
    assert text.index("What was measured") < text.index("Look for yourself") < text.index("Content credentials")
    declared = Page(render_check((made_records.make_check("a.mp4", made_records.make_sora()),))).text
    assert declared.index("Content credentials") < declared.index("What was measured")
    assert "did not decide" in declared and "did not decide" not in text


def test_moments_come_ranked_and_stand_on_the_time_axis(likely):
    found = [likely.text.index(part) for part in ("resembles generated clips most", "outline of the face", "three pic")]
    assert found == sorted(found)
    alts = [a.get("alt") or "" for tag, a in likely.tags if tag == "img"]
    assert "Moment 1, from 1.6 s to 2.1 s, lower right" in alts and any(alt.startswith("Heat-map") for alt in alts)
    marks = [a["d"] for tag, a in likely.tags if tag == "path" and a.get("class") == "mark"]
    # the first moment begins at 1.6 s of 7.5 s
    assert [round(float(re.match(r"M([\d.]+) ", d)[1])) for d in marks] == [213, 373, 53]


def test_curves_have_words_for_those_who_cannot_see_them(likely):
    (label,) = (a["aria-label"] for tag, a in likely.tags if tag == "svg" and "Scores over time" in str(a))
    assert "Patches of the picture (neural network): lowest 0.57 at" in label and "highest" in label
    curves = [a["d"] for tag, a in likely.tags if tag == "path" and str(a.get("class")).startswith("curve") and a["d"]]
    drawn = [d for d in curves if d.count("L") > 3]
    # two stretches were looked at: the line is broken between them
    assert len(drawn) == 2 and all(d.count("M") == 2 for d in drawn)
    for d in drawn:
        assert all(0 <= float(value) <= 1000 for value in re.findall(r"[\d.]+", d)) and "-" not in d


def test_checklist_fits_what_can_be_looked_at():
    video = Page(render_check((made_checks.make_measured(),))).text
    still = Page(render_check((made_checks.make_still(),))).text
    sound = Page(render_check((made_checks.make_sound(),))).text
    for topic in (*("Limbs", "Hands", "Faces", "Text and signs", "Physics", "Direction"), "Reflections and shadows"):
        assert f"{topic}." in video and f"{topic}." in still and f"{topic}." not in sound
    for topic in ("From shot to shot", "Sound that does not fit"):
        assert f"{topic}." in video and f"{topic}." not in still
    assert "Voice." in sound and "Voice." not in video and "a second later" not in still
    assert all(one.how.endswith((".", "?")) for one in CHECKLIST)


def test_nothing_to_look_at_where_nothing_could_be_read():
    gone = replace(made_checks.make_unjudged(), error="It is cut off.", clip=None)
    assert "Look for yourself" not in Page(render_check((gone,))).text


def test_material_the_detectors_do_not_know_is_not_counted():
    page = Page(render_check((made_checks.make_unjudged(),)))
    text = page.text
    assert any(a.get("class") == "together faint" for _, a in page.tags)
    assert text.count("Not counted: not made for such material") == 2
    assert "Counts" not in text.replace("Counts less", "") and "in 100 clips that measure like" not in text


def test_still_and_sound_are_told_in_their_own_words():
    still, sound = Page(render_check((made_checks.make_still(),))), Page(render_check((made_checks.make_sound(),)))
    assert "What was measured in the picture" in still.text and "ab" * 32 in still.text
    assert "What was measured in the sound" in sound.text and "1:20" in sound.text
    assert "Not counted: it was not weighed" in sound.text and "3.3 to 1 for generated" in sound.text
    # a sound has no place in a picture, and its moment has no picture
    assert "of the picture" not in sound.text.split("How to read this")[0].split("Look for yourself")[1]
    assert [tag for tag, _ in sound.tags if tag == "img"] == []


def test_how_to_read_names_every_verdict_and_how_to_have_it_repeated(likely):
    guide = likely.text.split("How to read this")[1]
    for name in get_args(VerdictName):
        assert words.VERDICTS[name][0] in guide, name
    for part in (
        *(
            "No evidence found is not evidence of a camera",
            "never saw while they were trained",
            "Where generated clips",
        ),
        *("If you think it is wrong", "SHA-256", "the version, Foleymark 0.", "How often it is wrong"),
    ):
        assert part in guide, part


def test_a_fetched_file_goes_by_its_address():
    result = replace(made_checks.make_measured(), address="https://a.example/x.mp4?<b>")
    page = Page(render_check((result,)))
    assert "https://a.example/x.mp4?<b>" in page.text and "harbour" not in page.text and ("b", {}) not in page.tags


def test_checklists_of_many_files_are_folded():
    one, two = made_checks.make_measured(), made_checks.make_still()
    boxes = [a for tag, a in Page(render_check((one, two))).tags if tag == "details" and "checklist-box" in str(a)]
    assert len(boxes) == 2 and not any("open" in a for a in boxes)
