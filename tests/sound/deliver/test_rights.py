"""Rights: the gate, the sheet, and its files."""

import csv
import io
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from pipeline.errors import UsageError
from pipeline.records import Cue, SoundPlan
from pipeline.sound.deliver.rights import (
    MUSIC_COLUMNS,
    USE_COLUMNS,
    Production,
    as_csv,
    as_yaml,
    music_rows,
    refuse_unfit,
    rights_of,
    use_rows,
)
from pipeline.sound.deliver.timecode import timecode

NTSC = Fraction(30000, 1001)


def cue(name, sound, time_s, *, stem="FX-foley", length_s=1.0, **fields):
    return Cue(name, stem, time_s, length_s, "OBJECTS", sound, **fields)


def recording(name, time_s, licence, **fields):
    fields = {"source": "My library", "author": "Ada", "asset_sha256": "a" * 64, **fields}
    return cue(name, "recording/door.wav", time_s, licence=licence, **fields)


def plan(*cues, duration_s=20.0):
    return SoundPlan(duration_s, tuple(cues))


def sheet(made, **changes):
    return rights_of(made, **{"title": "clip", "frame_rate": Fraction(25), "policy": "commercial", **changes})


# -------------------------------------------------------------------- gate
@pytest.mark.parametrize(
    ("licence", "clause"),
    [
        ("CC-BY-NC-4.0", "forbids commercial use"),
        ("Creative Commons Attribution NonCommercial 4.0", "forbids commercial use"),
        ("free for personal use", "forbids commercial use"),
        ("Non-commercial use only", "forbids commercial use"),
        ("not for commercial use", "forbids commercial use"),
        ("CC BY-ND 4.0", "does not allow changed"),
        ("", "no licence"),
        ("unknown", "no licence"),
        ("All rights reserved", "All rights reserved"),
    ],
)
@pytest.mark.parametrize("sound", ["recording/door.wav", "track/song.mp3"])
def test_what_does_not_fit_is_refused_by_name_and_clause(sound, licence, clause):
    stem = "MX" if sound.startswith("track") else "BG"
    made = plan(cue("ok", "impact/wood", 0.0), cue("bad one", sound, 1.0, stem=stem, licence=licence))
    with pytest.raises(UsageError, match=clause) as refusal:
        refuse_unfit(made, policy="commercial")
    said = str(refusal.value)
    assert sound.partition("/")[2] in said
    assert "'bad one'" in said
    assert said.count("\n") == 0 and said.endswith(".")


@pytest.mark.parametrize(
    "licence",
    ["CC0-1.0", "CC BY 4.0", "Royalty-free, own purchase 2024", "public domain", "commercial and non-commercial use"],
)
def test_what_fits_passes(licence):
    refuse_unfit(plan(recording("a", 1.0, licence)), policy="commercial")


def test_any_lets_non_commercial_in_but_nothing_without_a_licence():
    refuse_unfit(plan(recording("a", 1.0, "CC-BY-NC-4.0")), policy="any")
    for licence in ("", "CC-BY-ND-4.0"):
        with pytest.raises(UsageError):
            refuse_unfit(plan(recording("a", 1.0, licence)), policy="any")


def test_our_own_synthesis_needs_no_licence():
    refuse_unfit(plan(cue("a", "impact/wood", 1.0, licence="")), policy="commercial")
    with pytest.raises(UsageError, match="impact/wood"):
        refuse_unfit(plan(cue("a", "impact/wood", 1.0, licence="CC-BY-NC-4.0")), policy="commercial")


# ------------------------------------------------------------------- sheet
def test_assets_are_told_apart_and_overlaps_count_once():
    made = sheet(
        plan(
            recording("a", 1.0, "cc by 4.0", length_s=2.0),
            recording("b", 2.0, "CC-BY-4.0", length_s=2.0),
            recording("c", 10.0, "CC-BY-4.0", asset_sha256="b" * 64),
            cue("d", "ambience/rain", 15.0, stem="BG", length_s=60.0),
        ),
        production=(Production("clip.mp4", "c" * 64),),
    )
    assert [(asset.title, asset.kind, len(asset.uses)) for asset in made.assets] == [
        ("clip.mp4", "production sound", 1),
        ("door.wav", "recording", 2),
        ("door.wav", "recording", 1),
        ("ambience/rain", "synthesised", 1),
    ]
    assert made.assets[1].seconds == pytest.approx(3.0)
    # cut with the clip
    assert made.assets[3].seconds == pytest.approx(5.0)
    assert made.totals()["CC-BY-4.0"] == {"assets": 2, "uses": 3, "seconds": 4.0}
    assert made.assets[0].licence == "(as the clip)"


def test_a_film_names_each_of_its_clips():
    parts = (
        Production("a.mp4", "a" * 64, start_s=0.0, end_s=4.0),
        Production("b.mp4", "b" * 64, start_s=3.5, end_s=9.0),
        Production("a.mp4", "a" * 64, start_s=9.0, end_s=30.0),
    )
    first, second = sheet(plan(), production=parts).assets
    assert (first.title, len(first.uses), first.seconds) == ("a.mp4", 2, pytest.approx(15.0))
    assert (second.title, second.seconds) == ("b.mp4", pytest.approx(5.5))


def test_files_say_the_same():
    made = sheet(plan(recording("=cmd()", 1.0, "CC-BY-4.0", author="@Ada"), cue("b", "impact/wood", 0.5)))
    rows = list(csv.DictReader(io.StringIO(as_csv(use_rows(made), USE_COLUMNS).removeprefix("\ufeff"))))
    assert [(row["title"], row["in"], row["seconds"]) for row in rows] == [
        ("impact/wood", "00:00:00:12", "1.000"),
        ("door.wav", "00:00:01:00", "1.000"),
    ]
    # a spreadsheet computes nothing
    assert rows[1]["author"] == "'@Ada"
    assert rows[1]["cue"] == "'=cmd()"
    data = yaml.safe_load(as_yaml(made))
    assert data["totals"]["CC0-1.0"]["uses"] == 1
    assert data["assets"][1]["sha256"] == "a" * 64
    assert data["assets"][1]["uses"][0]["out"] == "00:00:02:00"


def test_the_music_cue_sheet():
    made = sheet(
        plan(
            cue("m2", "track/My Song.mp3", 12.0, stem="MX", length_s=8.0, licence="Own", author="Me", source="me"),
            cue("m1", "music/tense", 0.0, stem="MX", length_s=12.0),
        )
    )
    first, second = music_rows(made)
    assert set(first) == set(MUSIC_COLUMNS)
    assert (first["title"], first["composer"], first["duration"]) == ("clip: tense", "Foleymark (generated)", "00:12")
    assert first["usage"].startswith("BI")
    assert (second["title"], second["composer"], second["in"]) == ("My Song", "Me", "00:00:12:00")


def test_a_soundfont_has_rights_of_its_own():
    cues = (cue("m", "music/tense", 0.0, stem="MX", length_s=12.0), cue("a", "impact/wood", 1.0))
    music, hit = sheet(plan(*cues), soundfont=Path("/home/me/Grand Piano.sf2")).assets
    assert "SoundFont" in music.licence and music.source == "played with Grand Piano.sf2"
    assert (hit.licence, hit.source) == ("CC0-1.0", "foleymark")


def test_an_empty_plan_has_an_empty_sheet():
    made = sheet(plan())
    assert made.totals() == {}
    assert yaml.safe_load(as_yaml(made))["assets"] == []


# ---------------------------------------------------------------- timecode
@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        (0, "00:00:00;00"),
        (1799, "00:00:59;29"),
        (1800, "00:01:00;02"),
        (17981, "00:09:59;29"),
        (17982, "00:10:00;00"),
        (19782, "00:11:00;02"),
        (107892, "01:00:00;00"),
    ],
)
def test_drop_frame_numbers(frame, shown):
    assert timecode(float(frame / NTSC), NTSC) == shown
    # to a millisecond, as cue sheets write it
    assert timecode(round(float(frame / NTSC), 3), NTSC) == shown


def test_plain_numbers():
    assert timecode(3661.96, Fraction(25)) == "01:01:01:24"
    assert timecode(1.001, Fraction(24000, 1001)) == "00:00:01:00"
