"""What a file was made from, at every depth, and what else its manifest states."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.provenance.reading.crjson import parse_store
from pipeline.provenance.reading.reader import (
    read_credential,
    read_here,
    read_manifest_bytes,
    read_manifest_here,
    read_with_manifest,
)
from pipeline.provenance.reading.tree import MAX_DEPTH, ingredients_of
from pipeline.records import Credential, SoftBinding, Span, TrainingWish, from_json, to_json

PARENT = {"title": "before.mp4", "relationship": "parentOf", "label": "parent", "format": "video/mp4"}
METADATA = {"@context": {"dc": "http://purl.org/dc/elements/1.1/"}, "dc:creator": ["Ann"], "dc:rights": ["CC BY 4.0"]}


@pytest.fixture
def chain(clip, sign_as, opened, created, picture, tmp_path) -> list[Path]:
    """Three generations: made by a generator, edited, edited again; each the parent of the next."""
    paths = [tmp_path / f"{name}.mp4" for name in ("first", "second", "third")]
    first = {"title": "first", "assertions": [created], "thumbnail": {"format": "image/jpeg", "identifier": "a.jpg"}}
    sign_as(clip, paths[0], first, resources={"a.jpg": picture()})
    for before, after in zip(paths, paths[1:], strict=False):
        sound = {"title": "rain.wav", "relationship": "componentOf", "label": "rain"}
        definition = {"title": after.stem, "assertions": [opened()], "ingredients": [sound]}
        sign_as(before, after, definition, ingredients=[({**PARENT, "title": before.name}, before)])
    return paths


def test_every_depth_has_its_own_result(chain, own):
    credential = read_credential(chain[2], trust=own)
    assert credential.integrity == "exact" and credential.declares_ai
    second = next(one for one in credential.ingredients if one.relationship == "parentOf")
    first = next(one for one in second.ingredients if one.relationship == "parentOf")
    assert (second.title, first.title) == ("second.mp4", "first.mp4")
    for one in (second, first):
        assert (one.state, one.signer_name, one.signer, one.time) == ("holds", "Test Studio", "trusted", "none")
        assert one.claim_generator == "Anyware 2" and one.manifest_label and not one.problems
    assert first.actions[0].software == "Sora" and first.ingredients == ()
    assert [one.title for one in second.ingredients if one.state == "unsigned"] == ["rain.wav"]
    assert len(list(credential.every_ingredient())) == 4


def test_broken_grandparent_is_found_though_the_top_holds(chain, own, sign_as, opened, tmp_path):
    data = bytearray(chain[1].read_bytes())
    data[data.index(b"mdat") + 40] ^= 1
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    last = tmp_path / "last.mp4"
    sign_as(broken, last, {"title": "last", "assertions": [opened()]}, ingredients=[(PARENT, broken)])
    credential = read_credential(last, trust=own)
    assert (credential.integrity, credential.signer, credential.history) == ("exact", "own", "bad ingredient")
    [before] = credential.ingredients
    assert before.state == "bad" and "its content was changed after signing" in before.problems
    assert next(one for one in before.ingredients if one.relationship == "parentOf").state == "holds"


def test_without_a_list_the_signers_of_ingredients_are_unknown(chain):
    credential = read_credential(chain[2])
    assert {one.signer for one in credential.every_ingredient() if one.has_credentials} == {"unknown"}


def test_previews_are_our_own_small_pictures(chain, own):
    from io import BytesIO

    from PIL import Image

    assert all(not one.thumbnail for one in read_credential(chain[2], trust=own).every_ingredient())
    credential = read_credential(chain[0], trust=own, thumbnails=True)
    with Image.open(BytesIO(credential.thumbnail)) as shown:
        assert shown.format == "JPEG" and shown.size == (320, 180)
    deep = read_credential(chain[2], trust=own, thumbnails=True)
    assert any(one.thumbnail.startswith(b"\xff\xd8\xff") for one in deep.every_ingredient())


@pytest.mark.parametrize("kind", ["svg", "bomb", "cut", "polyglot"])
def test_hostile_previews_are_left_out_or_made_harmless(clip, created, sign_as, own, picture, tmp_path, kind):
    data = {
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "bomb": picture((5000, 5000), format="PNG"),
        "cut": picture()[:200],
        "polyglot": picture() + b"<script>alert(1)</script>" * 100,
    }[kind]
    definition = {"assertions": [created], "thumbnail": {"format": "image/jpeg", "identifier": "a.jpg"}}
    path = tmp_path / "a.mp4"
    sign_as(clip, path, definition, resources={"a.jpg": data})
    credential = read_credential(path, trust=own, thumbnails=True)
    assert credential.integrity == "exact" and b"script" not in credential.thumbnail
    assert bool(credential.thumbnail) == (kind == "polyglot")


def test_statements_of_every_kind(clip, opened, sign_as, own, tmp_path):
    regions = [{"type": "temporal", "time": {"type": "npt", "start": start, "end": end}} for start, end in PLAY_TIMES]
    placed = {
        "action": "c2pa.placed",
        "when": "2026-11-21T10:00:00Z",
        "parameters": {"ingredientIds": ["rain"]},
        "changes": [{"region": regions, "description": "heard"}],
    }
    entries = {
        "cawg.ai_training": {"use": "notAllowed"},
        "cawg.data_mining": {"use": "constrained", "constraint_info": "ask Ann"},
    }
    blocks = [
        {"scope": {}, "value": [1, 2]},
        {"scope": {"timespan": {"start": 1500, "end": 4000}}, "value": [3]},
    ]
    definition = {
        "title": "x",
        "assertions": [
            opened(placed),
            {"label": "cawg.training-mining", "data": {"entries": entries}},
            {"label": "cawg.metadata", "data": METADATA, "kind": "Json"},
            {"label": "c2pa.ai-disclosure", "data": {"modelType": "c2pa.types.model", "modelName": "sora-2"}},
            {"label": "c2pa.soft-binding", "data": {"alg": "io.iscc.v0", "blocks": blocks}},
        ],
        "ingredients": [PARENT, {"title": "rain.wav", "relationship": "componentOf", "label": "rain"}],
    }
    path = tmp_path / "a.mp4"
    sign_as(clip, path, definition)
    credential = read_credential(path, trust=own)
    step = next(one for one in credential.actions if one.action == "c2pa.placed")
    assert step.spans == (Span(0.5, 0.75), Span(62.5, 63.0), Span(2.0, None))
    assert step.ingredients == ("rain.wav",) and step.when == "2026-11-21T10:00:00+00:00"
    assert set(credential.training) == {
        TrainingWish("AI training", "notAllowed"),
        TrainingWish("data mining", "constrained", "ask Ann"),
    }
    assert (credential.authors, credential.licence, credential.ai_model) == (("Ann",), "CC BY 4.0", "sora-2")
    assert credential.soft_bindings == (
        SoftBinding("io.iscc.v0", "0102"),
        SoftBinding("io.iscc.v0", "03", 1.5, 4.0),
    )
    assert credential.ai_sentence in credential.sentences and credential.declares_ai
    assert "They do not allow AI training; they allow under conditions data mining." in credential.sentences
    assert from_json(to_json(credential), Credential) == credential


PLAY_TIMES = [
    ("0.500", "0.75"),
    ("0:01:02.5", "63s"),
    ("2", "1"),
]


def test_statements_added_later_leave_the_content_alone(clip, created, sign_as, own, tmp_path):
    signed, updated = tmp_path / "a.mp4", tmp_path / "b.mp4"
    blocks = [{"scope": {}, "value": [9]}]
    binding = {"label": "c2pa.soft-binding", "data": {"alg": "x", "blocks": blocks}}
    sign_as(clip, signed, {"title": "the work", "assertions": [created, binding]})
    added = {"label": "cawg.metadata", "data": METADATA, "kind": "Json"}
    sign_as(signed, updated, {"title": "added", "assertions": [added]}, update=True)
    credential = read_credential(updated, trust=own)
    assert (credential.integrity, credential.binding, credential.is_update) == ("exact", "hard", True)
    assert (credential.title, credential.authors) == ("the work", ("Ann",))
    assert credential.soft_bindings == (SoftBinding("x", "09"),) and credential.ingredients == ()
    assert any("Statements were added" in sentence for sentence in credential.sentences)
    data = bytearray(updated.read_bytes())
    data[data.index(b"mdat") + 40] ^= 1
    updated.write_bytes(data)
    assert read_credential(updated, trust=own).integrity == "altered"


def test_sidecar_is_read_where_the_file_has_nothing(clip, created, sign_as, own, tmp_path):
    detached = tmp_path / "film.mp4"
    store = sign_as(clip, detached, {"title": "x", "assertions": [created]}, embed=False)
    assert read_credential(detached, trust=own) is None
    for name in ("film.c2pa", "film.mp4.c2pa"):
        (tmp_path / name).write_bytes(store)
        credential = read_credential(detached, trust=own)
        assert (credential.integrity, credential.signer, credential.origin) == ("exact", "own", "sidecar"), name
        assert "in the .c2pa file beside it" in " ".join(credential.sentences)
        assert read_credential(detached, trust=own, sidecar=False) is None
        (tmp_path / name).unlink()
    (tmp_path / "film.c2pa").write_bytes(b"not a manifest")
    assert read_credential(detached, trust=own) is None
    (tmp_path / "film.c2pa").write_bytes(store[:900])
    assert read_credential(detached, trust=own).integrity == "broken"


def test_credentials_moved_to_another_film(clip, created, sign_as, own, make_clip, tmp_path):
    store = sign_as(clip, tmp_path / "a.mp4", {"title": "x", "assertions": [created]}, embed=False)
    (tmp_path / "other.c2pa").write_bytes(store)
    credential = read_credential(make_clip(tmp_path / "other.mp4", size_px=96), trust=own)
    assert (credential.integrity, credential.binding, credential.origin) == ("altered", "none", "sidecar")
    assert "the credentials of another file" in credential.sentences[0]


def test_sidecar_of_a_film_that_can_hold_no_credentials(created, sign_as, own, make_clip, tmp_path):
    film = make_clip(tmp_path / "film.mkv")
    store = sign_as(
        film,
        tmp_path / "out.mkv",
        {"title": "x", "assertions": [created]},
        embed=False,
        kind="application/octet-stream",
    )
    (tmp_path / "film.c2pa").write_bytes(store)
    credential = read_credential(film, trust=own)
    assert (credential.integrity, credential.origin) == ("exact", "sidecar")
    film.write_bytes(film.read_bytes() + b"\0")
    assert read_credential(film, trust=own).integrity == "altered"


def test_manifest_without_its_file(clip, created, sign_as, own, tmp_path):
    store = sign_as(clip, tmp_path / "a.mp4", {"title": "x", "assertions": [created]})
    credential = read_manifest_bytes(store, trust=own)
    assert (credential.integrity, credential.binding, credential.signer) == ("none", "none", "own")
    assert credential.holds and credential.origin == "store" and credential.declares_ai
    assert credential == read_manifest_here(store, trust=own) or credential.checked_at
    changed = bytearray(store)
    changed[changed.rindex(b"Sora")] ^= 1
    tampered = read_manifest_bytes(bytes(changed), trust=own)
    assert tampered.integrity == "altered" and not tampered.holds
    assert read_manifest_bytes(store[: len(store) // 2], trust=own).integrity == "broken"
    assert read_manifest_bytes(b"") is None and read_manifest_bytes(b"{}" * 999) is None


def test_manifest_from_elsewhere(clip, created, sign_as, own, tmp_path):
    path = tmp_path / "a.mp4"
    store = sign_as(clip, path, {"title": "x", "assertions": [created]}, embed=False, remote_url="https://a.example/x")
    pointing = read_credential(path, trust=own)
    assert (pointing.integrity, pointing.remote_url) == ("none", "https://a.example/x")
    found = read_with_manifest(path, store, trust=own, address="https://a.example/x")
    assert (found.integrity, found.origin, found.remote_url) == ("exact", "remote", "https://a.example/x")
    assert any("fetched from https://a.example/x" in sentence for sentence in found.sentences)
    assert read_with_manifest(path, b"no manifest", trust=own) is None


def test_tree_is_bounded_in_depth_and_number():
    def manifest(number: int) -> dict:
        part = {"relationship": "parentOf", "activeManifest": {"url": f"a/{number + 1}"}}
        more = {f"c2pa.ingredient.v3__{one}": {"relationship": "componentOf"} for one in range(1, 4)}
        return {"label": str(number), "assertions": {"c2pa.ingredient.v3": part, **more}}

    store = parse_store({"manifests": [manifest(number) for number in range(1000)]})
    tree = ingredients_of(store, limit=30)
    depth, level, count = 0, tree, 0
    while level:
        depth, count = depth + 1, count + len(level)
        level = next((one.ingredients for one in level if one.ingredients), ())
    assert depth <= MAX_DEPTH and count == 30
    assert len(ingredients_of(store, limit=200_000)) == 4


def test_manifest_that_serves_twice_is_told_once():
    part = {"relationship": "componentOf", "activeManifest": {"url": "a/b"}}
    top = {"label": "a", "assertions": {"c2pa.ingredient.v3": part, "c2pa.ingredient.v3__1": part}}
    below = {"label": "b", "assertions": {"c2pa.ingredient.v3": {"dc:title": "deep"}}}
    tree = ingredients_of(parse_store({"manifests": [top, below]}), limit=10)
    assert [one.state for one in tree] == ["holds", "repeated"]
    assert [len(one.ingredients) for one in tree] == [1, 0]


def test_manifest_that_is_missing_is_bad():
    part = {"relationship": "parentOf", "activeManifest": {"url": "a/gone"}}
    [one] = ingredients_of(
        parse_store({"manifests": [{"label": "a", "assertions": {"c2pa.ingredient": part}}]}), limit=9
    )
    assert one.state == "bad" and one.has_credentials


def test_in_this_process_it_reads_the_same(chain, own):
    from dataclasses import replace

    for path in chain:
        near, far = read_here(path, trust=own), read_credential(path, trust=own)
        assert replace(near, checked_at="", sentences=()) == replace(far, checked_at="", sentences=())
