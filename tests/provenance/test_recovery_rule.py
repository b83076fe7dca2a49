"""The rule of recovery: recovered only when mark, fingerprint and signed manifest agree; the rest by its name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.provenance.fingerprint.alignment import Alignment, Crop, Span
from pipeline.provenance.recovery import Candidate, judge
from pipeline.records import Credential, Ingredient

HELD = Credential("none", "own", "none", "none", "complete", manifest_label="urn:c2pa:a", origin="store")
SAME = Alignment(0.93, spans=(Span(0.0, 5.0, 1.0, 6.0, 0.93),))
ALIKE = Alignment(0.8, spans=(Span(0.0, 5.0, 0.0, 5.0, 0.8),))
OTHER = Alignment(0.12)
VAGUE = Alignment(0.41)
# of the same first picture, by another generator
SIBLING = replace(SAME, movement=0.1)
FULL = Candidate(
    "urn:c2pa:a", HELD, title="sea.mp4", media_type="video/mp4", marks=("picture",), mark_is_signed=True, alignment=SAME
)


def only(candidate: Candidate):
    (match,) = judge([candidate]).matches
    return match


def test_recovered_when_all_three_agree():
    found = judge([FULL])
    match = found.recovered
    assert match is not None and match.words == "recovered" and match.found_by == ("picture", "fingerprint")
    assert (match.spans[0].start_s, match.spans[0].registered_end_s) == (0.0, 6.0)
    assert match.credential is not None
    assert (match.credential.integrity, match.credential.binding) == ("recovered", "watermark+fingerprint")
    assert "sea.mp4" in found.sentences[0]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"marks": ()}, "similar"),
        ({"alignment": OTHER}, "transplant"),
        ({"alignment": VAGUE}, "unsure"),
        ({"alignment": SIBLING}, "unsure"),
        ({"alignment": replace(SAME, movement=0.9)}, "recovered"),
        ({"alignment": None}, "unsure"),
        ({"alignment": Alignment(0.0, is_telling=False), "distance": 3, "code_is_signed": True}, "unsure"),
        ({"mark_is_signed": False}, "unsure"),
        ({"is_contested": True}, "unsure"),
        ({"credential": None}, "unsure"),
        ({"credential": replace(HELD, integrity="broken")}, "unsure"),
        ({"alignment": None, "distance": 20, "code_is_signed": True}, "recovered"),
        ({"alignment": None, "distance": 20, "code_is_signed": False}, "unsure"),
        ({"alignment": None, "distance": 60, "code_is_signed": True}, "unsure"),
    ],
)
def test_whatever_is_missing_is_called_by_its_name(change, state):
    match = only(replace(FULL, **change))
    assert match.state == state
    if state != "recovered" and match.credential:
        assert match.credential.integrity != "recovered"


def test_a_short_or_small_agreement_is_none():
    moment = Alignment(0.9, spans=(Span(0.0, 0.4, 0.0, 0.4, 0.9),))
    corner = replace(SAME, similarity=0.58, crop=Crop(0.2, 0.2, 0.5, 0.5))
    assert only(replace(FULL, alignment=moment)).state == "unsure"
    assert only(replace(FULL, alignment=corner)).state == "unsure"
    assert only(replace(FULL, alignment=replace(corner, crop=Crop()))).state == "recovered"


def test_without_mark_and_likeness_nothing_is_said():
    found = judge([replace(FULL, marks=(), alignment=OTHER, distance=70)])
    assert found.matches == () and "says nothing" in found.sentences[0]


def test_another_version_of_a_scene_is_no_similar_content():
    assert judge([replace(FULL, marks=(), alignment=SIBLING)]).matches == ()
    assert len(judge([replace(FULL, marks=(), alignment=SAME)]).matches) == 1


def test_the_sound_of_one_under_the_pictures_of_another():
    match = only(replace(FULL, marks=("sound",), alignment=OTHER, sound=0.9))
    assert match.state == "unsure" and "put together" in match.sentence


@pytest.mark.parametrize(("sound", "state"), [(0.9, "recovered"), (0.68, "unsure"), (0.52, "transplant")])
def test_sound_files_are_held_against_their_print(sound, state):
    heard = replace(FULL, media_type="audio/wav", marks=("sound",), alignment=None, sound=sound)
    assert only(heard).state == state


def test_a_mark_on_a_look_alike_is_not_recovered():
    carried = replace(FULL, alignment=ALIKE)
    original = replace(FULL, label="urn:c2pa:b", title="other.mp4", marks=(), alignment=SAME)
    found = judge([carried, original])
    assert found.recovered is None
    assert [match.state for match in found.matches] == ["similar", "unsure"]
    assert found.matches[0].label == "urn:c2pa:b"
    # as like as the first registered is no better claim
    again = replace(original, alignment=replace(SAME, similarity=0.84))
    assert judge([carried, again]).recovered is not None


def test_the_nearest_comes_first_and_near_seconds_are_named():
    first = replace(FULL, label="urn:c2pa:b", marks=())
    second = replace(first, label="urn:c2pa:c", alignment=replace(SAME, similarity=0.92))
    far = replace(first, label="urn:c2pa:d", alignment=ALIKE)
    found = judge([far, second, first])
    assert [match.label[-1] for match in found.matches] == ["b", "c", "d"]
    assert any("1 other registered file is almost as like" in one for one in found.sentences)


def test_revoked_manifests_are_said_to_be_and_do_not_count():
    found = judge([replace(FULL, revoked="on 2026-11-20: wrong licence")])
    assert found.recovered is None and found.matches[0].state == "recovered"
    assert "revoked on 2026-11-20: wrong licence" in found.sentences[1]


def test_embedded_credentials_are_shown_beside_others():
    own = Credential("exact", "own", "none", "hard", "complete", manifest_label="urn:c2pa:z")
    assert any("both are shown" in one for one in judge([FULL], embedded=own).sentences)
    same = replace(own, manifest_label="urn:c2pa:a")
    assert any("are the same" in one for one in judge([FULL], embedded=same).sentences)
    stamped = replace(own, content_label="urn:c2pa:a")
    assert any("added later" in one for one in judge([FULL], embedded=stamped).sentences)
    later = replace(own, ingredients=(Ingredient("sea", "parentOf", manifest_label="urn:c2pa:a"),))
    assert any("what it was made from" in one for one in judge([FULL], embedded=later).sentences)
    assert judge([FULL], embedded=own).embedded is own


def test_several_files_in_one_are_all_named():
    other = replace(FULL, label="urn:c2pa:b", title="sky.mp4")
    found = judge([FULL, other])
    assert len(found.matches) == 2 and any("Other parts" in one for one in found.sentences)


def test_without_a_mark_key_it_is_said():
    found = judge([replace(FULL, marks=())], looked_for_marks=False)
    assert found.recovered is None and "no mark key" in found.sentences[-1]
