"""Pages: nothing a file says can act, nothing is loaded, every part is there in words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.detect.findings import Content
from pipeline.detect.verdict import judge
from pipeline.records import (
    Action,
    CheckResult,
    Ingredient,
    Loudness,
    MarkReading,
    Marks,
    MatchSpan,
    Recovery,
    RecoveryMatch,
    SoftBinding,
    Span,
    TrainingWish,
)
from pipeline.report import plots, views, words
from pipeline.report.html import render_batch, render_check
from tests.report.page_reader import Page

ALLOWED_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "article", "section", "nav"),
    *("h1", "h2", "h3", "h4", "p", "div", "span", "strong", "a", "code", "br", "ol", "ul", "li", "dl", "dt", "dd"),
    *("details", "summary", "figure", "figcaption", "img", "video", "svg", "path", "circle", "rect"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def hostile_check(made) -> CheckResult:
    bad = made.HOSTILE
    credential = replace(
        made.make_sora(),
        signer_name=bad,
        trust_list=bad,
        signed_at=bad,
        certificate_expires=bad,
        claim_generator=bad,
        title=bad * 40,
        digital_source_types=(bad,),
        actions=(Action(bad, bad, bad, bad, bad, (Span(0.5, 1e300), Span(1e9)), (bad,)),),
        ingredients=(hostile_ingredient(bad, hostile_ingredient(bad)),),
        policy=bad,
        checked_at=bad,
        time_authority=bad,
        ai_sentence=bad,
        ai_model=bad,
        authors=(bad, bad),
        licence=bad,
        training=(TrainingWish(bad, bad, bad),),
        soft_bindings=(SoftBinding(bad, bad),),
        codes=(bad,),
        remote_url="javascript:alert(1)",
        sentences=(bad, bad),
    )
    clip = replace(made.make_clip(), metadata={"encoder": bad, "comment": bad, "major_brand": bad})
    content = replace(
        made.make_content(),
        name=bad,
        sentence=bad,
        reason=bad,
        raw={bad: 1.0},
        picture="javascript:alert(1)",
        curve=((-1e300, -7.0), (1e300, 8.0)),
    )
    moment = replace(content, scope="moment", t0_s=1e300, t1_s=-1.0, box=(9.0, -9.0, 1e300, 0.0), raw={"score": 1e300})
    verdict = judge(credential=credential, clip=clip, content=Content(evidence=(content,)), not_checked=(bad,))
    verdict = replace(verdict, evidence=(*verdict.evidence, moment, replace(content, scope="hint")))
    match = RecoveryMatch(bad, "transplant", bad, bad, bad, (bad,), (MatchSpan(0, 1, 2, 3),), revoked=bad)
    recovery = Recovery(matches=(match,), sentences=(bad,), not_checked=(bad,))
    return CheckResult(
        Path(bad.replace("/", "_")), verdict, credential, Marks(), clip, recovery, error=bad, sha256=bad, address=bad
    )


def hostile_ingredient(bad: str, *inside: Ingredient) -> Ingredient:
    return Ingredient(
        title=bad,
        relationship=bad,
        digital_source_type=bad,
        has_credentials=True,
        problems=(bad,),
        state="bad",
        manifest_label=bad,
        signer_name=bad,
        signer="mismatch",
        signed_at=bad,
        claim_generator=bad,
        actions=(Action(bad, bad, bad, bad, bad),),
        ingredients=inside,
    )


def pages(made) -> dict[str, str]:
    picture = plots.filmstrip(made.make_frames(4), 320)
    bad = made.HOSTILE.replace("/", "_")
    hostile = hostile_check(made)
    job = made.make_job(
        bad,
        output=Path("out") / bad,
        check=hostile,
        master_verdict=hostile.verdict,
        warnings=(made.HOSTILE,),
        error=made.HOSTILE,
        timings={made.HOSTILE: 1.0},
        loudness=Loudness(-14, -1, -14, warning=made.HOSTILE),
    )
    return {
        "check": render_check((made.make_check("a.mp4", made.make_sora()),), thumbnails={Path("a.mp4"): picture}),
        "hostile check": render_check((hostile, hostile)),
        "hostile batch": render_batch((job, job), title=made.HOSTILE, pictures={job.source: picture}),
        "empty check": render_check(()),
        "empty batch": render_batch((), title="Nothing"),
        "batch": render_batch((made.make_job(), made.make_job("b.mp4", "failed")), title="Two"),
    }


def test_nothing_from_a_file_becomes_markup(made):
    for name, text in pages(made).items():
        page = Page(text)
        assert {tag for tag, _ in page.tags} <= ALLOWED_TAGS, name
        assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")], name
        assert "{{" not in page.text or "{{ 7*7 }}" in page.text, name
        assert "49" not in page.text or "hostile" not in name


def test_control_and_bidirectional_characters_are_gone(made):
    for name, text in pages(made).items():
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text), name


def test_nothing_is_loaded_from_outside(made):
    for name, text in pages(made).items():
        for tag, attributes in Page(text).tags:
            for attribute in ("src", "href", "poster", "action", "srcset", "data", "background"):
                value = attributes.get(attribute)
                if value is not None:
                    allowed = (
                        ("data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,")
                        if tag == "img"
                        else ("#", "./")
                    )
                    assert value.startswith(allowed), (name, tag, value[:80])
        assert "url(" not in text and "@import" not in text and "@font-face" not in text, name


def test_policy_forbids_everything_but_pictures_styles_and_the_clip(made):
    for text in pages(made).values():
        (policy,) = (
            a["content"] for t, a in Page(text).tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
        )
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert rules["img-src"] == "data:"
        assert "script-src" not in rules


def test_policy_comes_before_anything_it_governs(made):
    for text in pages(made).values():
        tags = [t for t, _ in Page(text).tags]
        assert tags[:4] == ["html", "head", "meta", "meta"]


def test_the_misleading_word_never_appears(made):
    for credential in (None, made.make_sora(), made.make_own(), replace(made.make_sora(), integrity="altered")):
        assert "invalid" not in Page(render_check((made.make_check("a.mp4", credential),))).text.lower()
    for table in (words.INTEGRITY, words.SIGNER, words.TIME, words.BINDING, words.HISTORY):
        assert not [text for text, _ in table.values() if "invalid" in text.lower()]


def test_sora_page_says_it_all(made):
    text = Page(render_check((made.make_check("onions.mp4", made.make_sora()),))).text
    for part in (
        "Declared AI-made by OpenAI",
        "Intact: unchanged since it was signed",
        "The certificate has expired, and no list vouches for the name",
        "26 May 2025",
        "Created , made by AI with Sora",
        "Hints, shown and never counted",
        "69 times in 100",
        "What was not checked",
        "How to read this",
    ):
        assert part in text, part


def test_unknown_page_says_nothing_is_known(made):
    text = Page(render_check((made.make_check("copy.mp4"),))).text
    assert "Nothing is known about where this video comes from" in text
    assert "That is not evidence that it is genuine." in text


def test_every_axis_state_has_words():
    from typing import get_args

    from pipeline import records

    assert set(words.INTEGRITY) == set(get_args(records.Integrity))
    assert set(words.SIGNER) == set(get_args(records.SignerTrust))
    assert set(words.TIME) == set(get_args(records.TimeTrust))
    assert set(words.BINDING) == set(get_args(records.Binding))
    assert set(words.HISTORY) == set(get_args(records.History))
    assert set(words.VERDICTS) == set(get_args(records.VerdictName))
    assert set(words.JOBS) == set(get_args(records.JobState))
    assert set(words.INGREDIENTS) == set(get_args(records.IngredientState))
    assert set(words.INGREDIENT_SIGNER) == set(get_args(records.SignerTrust))
    assert set(words.ORIGINS) == set(get_args(records.Origin))
    assert set(words.RECOVERY) == set(get_args(records.RecoveryState))


def test_tree_time_axis_and_wishes_are_shown(made):
    steps = (
        Action("c2pa.placed", description="rain on a roof", spans=(Span(0.0, 2.0), Span(3.0, None))),
        Action("c2pa.placed", description="a door", spans=(Span(1.0, 1.001),), when="2026-11-21T10:00:00+00:00"),
    )
    deep = Ingredient("photo.jpg", "parentOf", has_credentials=True, state="bad", problems=("its content was changed",))
    before = Ingredient(
        "edit.mp4",
        "parentOf",
        has_credentials=True,
        state="holds",
        signer_name="A House",
        signer="unknown",
        ingredients=(deep,),
    )
    sound = Ingredient("rain.wav", "componentOf")
    credential = replace(
        made.make_sora(),
        actions=steps,
        ingredients=(sound, before),
        training=(TrainingWish("AI training", "notAllowed"),),
        authors=("Ann",),
        thumbnail=b"\xff\xd8\xff\xe0rest",
        checked_at="2026-11-21T12:05:00+00:00",
        policy="strict",
        time_authority="DigiCert",
    )
    page = Page(render_check((made.make_check("a.mp4", credential),)))
    for part in (
        *("rain on a roof", "a door", "21 November 2026, 10:00 UTC", "AI training: not allowed", "Ann", "DigiCert"),
        *("strict: only official lists and your own", "21 November 2026, 12:05 UTC by this machine's clock"),
        *("its own credentials, which do not hold", "its content was changed", "no list vouches for the name"),
    ):
        assert part in page.text, part
    # what it was made from stands before what was added, and what that was made from below it
    assert page.text.index("edit.mp4") < page.text.index("photo.jpg") < page.text.index("rain.wav")
    bars = [attributes for tag, attributes in page.tags if tag == "rect"]
    assert len(bars) == 3 and all(0 <= float(one["x"]) <= 1000 and float(one["width"]) >= 4 for one in bars)
    assert any("data:image/jpeg" in str(a.get("src")) for tag, a in page.tags if tag == "img")


def test_changed_file_shows_nothing_as_fine(made):
    rows = views.axes(replace(made.make_sora(), integrity="altered"))
    assert [row["tone"] for row in rows if row["tone"] == "good"] == []


def test_every_picture_has_words_and_headings_do_not_jump(made):
    for name, text in pages(made).items():
        page = Page(text)
        assert all(a.get("alt") for t, a in page.tags if t == "img"), name
        levels = [int(t[1]) for t, _ in page.tags if re.fullmatch("h[1-4]", t)]
        assert levels[0] == 1 and levels.count(1) == 1, name
        assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False)), name


def test_batch_counts(made):
    jobs = (
        made.make_job(),
        made.make_job("s.mp4", "skipped"),
        made.make_job("f.mp4", "failed"),
        made.make_job("u.mp4", mark=None, check=None),
    )
    found = {row["label"]: row["value"] for row in views.counts(jobs)}
    assert found == {"finished": "2", "skipped": "1", "failed": "1", "signed": "2 of 3", "mark read back": "2 of 3"}


def test_failed_clip_is_told_on_top_and_has_no_player(made):
    page = Page(render_batch((made.make_job("f.mp4", "failed"),), title="T"))
    assert "1 clip could not be finished" in page.text
    assert page.text.count("ends in the middle of a picture") == 2
    assert "video" not in [t for t, _ in page.tags]


def test_batch_card_shows_what_was_done(made):
    text = Page(render_batch((made.make_job(),), title="T")).text
    for part in ("−14.0 LUFS, peak −1.2 dBTP", "Sounds placed 14", "48.3 dB PSNR", "read back", "export 4.9 s"):
        assert part in text, part


def test_mark_that_did_not_read_back_is_told(made):
    job = made.make_job()
    job = replace(job, mark=replace(job.mark, marks=Marks.of(MarkReading("none"), None)))
    assert "could not be read back" in Page(render_batch((job,), title="T")).text


def test_silence_is_called_silent():
    assert views.loudness_words(Loudness(None, None)) == "silent"


@pytest.mark.parametrize(
    ("target", "folder", "url"),
    [
        ("/a/out/x.mp4", "/a", "./out/x.mp4"),
        ("/a/x.mp4", "/a/out", "./../x.mp4"),
        ("out/x y#?.mp4", None, "./x%20y%23%3F.mp4"),
        ("out/javascript:alert(1)", None, "./javascript%3Aalert%281%29"),
        ("out/a\udcffb.mp4", None, "./a%FFb.mp4"),
    ],
)
def test_links_are_relative_and_escaped(target, folder, url):
    assert views.link(Path(target), Path(folder) if folder else None) == url


def test_pictures_must_be_pictures():
    with pytest.raises(ValueError, match="PNG, JPEG or WebP"):
        views.data_uri(b"<svg onload=alert(1)>")


def test_same_records_same_page(made):
    assert pages(made) == pages(made)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(5.0, "5.0 s"), (59.96, "1 min 00 s"), (65, "1 min 05 s"), (3725, "1 h 02 min")]
)
def test_duration(seconds, shown):
    assert views.duration(seconds) == shown
