"""Pages of a delivery: what is said stands there, hostile texts do nothing, nothing is loaded from elsewhere."""

import re
from fractions import Fraction

import pytest

from pipeline.records import Cue, Loudness, SoundPlan
from pipeline.report.loudness import draw_loudness, render_loudness
from pipeline.report.rights import render_rights
from pipeline.sound.deliver.reports import LoudnessReport, Rule, Series
from pipeline.sound.deliver.rights import Production, rights_of

HOSTILE = '<script>alert(1)</script>"><img src=http://x/ onerror=1> \u202e{{ 7*7 }}'


def report(**changes):
    values = {
        "title": "clip",
        "preset": "youtube",
        "target": "web",
        "source": "levels",
        "ceiling_dbtp": -1.0,
        "figures": Loudness(-14.2, -1.1, -14.0),
        "gain_db": 3.0,
        "sample_rate_hz": 48000,
        "duration_s": 4.0,
        "series": Series(0.1, (None,) * 3 + (-15.0,) * 37, (None,) * 29 + (-14.5,) * 11),
        "rules": (Rule("True peak", "-1.1 dBTP", "at most -1.0 dBTP", True, True, "somebody"),),
    }
    return LoudnessReport(**(values | changes))


def rights(*cues, title="clip", **changes):
    plan = SoundPlan(10.0, cues)
    return rights_of(plan, title=title, frame_rate=Fraction(25), policy="commercial", **changes)


def inert(page):
    assert "<script" not in page and "onerror=1>" not in page.replace("&gt;", "")
    assert "49" not in re.findall(r"onerror=1.{0,40}", page)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "\u202e" not in page
    return page


@pytest.mark.parametrize(
    ("passed", "is_required", "word"),
    [
        (True, True, "The mix keeps every rule"),
        (False, True, "breaks a rule"),
        (False, False, "not all that is advised"),
    ],
)
def test_the_result_is_said(passed, is_required, word):
    rule = Rule("True peak", "-0.2 dBTP", "at most -1.0 dBTP", passed, is_required, "somebody")
    page = render_loudness(report(rules=(rule,)))
    assert word in page
    assert "-0.2 dBTP" in page and "youtube (rules of web)" in page
    assert page.count("data:image/png;base64,") == 1


def test_hostile_texts_do_nothing():
    inert(render_loudness(report(title=HOSTILE, figures=Loudness(-14.0, -1.0, -14.0, warning=HOSTILE))))
    cue = Cue(HOSTILE, "BG", 0.0, 2.0, "X", f"recording/{HOSTILE}", licence=HOSTILE, author=HOSTILE, source=HOSTILE)
    page = inert(render_rights(rights(cue, title=HOSTILE, production=(Production(HOSTILE),))))
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("count", [0, 1, 5, 1500])
def test_curves_of_any_length_are_drawn(count):
    for values in ((None,) * count, (-20.0,) * count, tuple(-20.0 if n % 2 else None for n in range(count))):
        figures = Loudness(None, None, -14.0) if None in values else Loudness(-20.0, -3.0, -14.0)
        picture = draw_loudness(report(series=Series(0.1, values, values), figures=figures, duration_s=0.1 * count))
        assert picture.startswith(b"\x89PNG") and len(picture) > 3000


def test_the_rights_page_names_everybody():
    cues = [
        Cue(f"r{n}", "BG", n, 0.5, "X", "recording/door.wav", licence="CC-BY-4.0", author="Ada", source="Lib")
        for n in range(10)
    ]
    music = Cue("m", "MX", 0.0, 10.0, "MUSICAL", "music/tense")
    page = inert(render_rights(rights(*cues, music, production=(Production("clip.mp4"),))))
    for words in (
        "door.wav",
        "CC-BY-4.0",
        "Ada",
        "from Lib",
        "10 times",
        "and 2 more",
        "clip: tense",
        "production sound",
    ):
        assert words in page


def test_an_empty_clip_has_a_page_too():
    page = render_rights(rights())
    assert "Nothing is heard" in page and "no music" in page
