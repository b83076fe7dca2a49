"""Manifests from strangers: whatever they hold, what comes out is short, visible, plain text, and soon."""

from __future__ import annotations

import json
import random
import unicodedata
from dataclasses import replace

import pytest

from pipeline.provenance.manifest import Parent, render
from pipeline.provenance.reading import axes
from pipeline.provenance.reading.crjson import ancestry, parse_store
from pipeline.provenance.reading.here import MAX_SHOWN, read_here
from pipeline.provenance.reading.makers import maker_name, short_name
from pipeline.provenance.reading.reader import read_credential
from pipeline.provenance.signing.sign import _builder, _sign, sign_file
from pipeline.provenance.text import clean, iso, parse_time, spoken_day
from pipeline.records import SoftBinding, to_json

NASTY = "\x1b[31mred\x07 \u202egpj.exe\u2066 \x00\r\nnext <script>alert(1)</script> " + "long " * 500


def visible(text: str) -> bool:
    return not any(unicodedata.category(mark).startswith("C") for mark in text)


def test_clean():
    assert clean("  a\tb\n\nc  ") == "a b c"
    assert clean("\x1b[31mred") == "[31mred" and clean("a\u202eb") == "ab" and clean("\ud800x") == "x"
    assert clean("x" * 1000, 10) == "x" * 9 + "…" and len(clean("x" * 1000)) == 200
    assert clean(None) == clean(5) == clean(["a"]) == clean({"a": 1}) == ""


def test_times():
    assert iso("2025-05-26T19:22:58Z") == "2025-05-26T19:22:58+00:00"
    assert iso("2025-05-26") == "2025-05-26T00:00:00+00:00"
    for wrong in ("yesterday", "", None, 5, "9999-99-99", "0001-01-01T00:00:00+14:00"):
        assert parse_time(wrong) is None and iso(wrong) == ""
    assert spoken_day("2025-05-26T19:22:58+00:00") == "26 May 2025" and spoken_day("x") == "an unknown day"


def test_nasty_text_in_a_signed_file(clip, simple, authority, own, tmp_path):
    plan = replace(simple, title=NASTY, parent=Parent(NASTY), who=NASTY)
    credential = sign_file(clip, tmp_path / "out.mp4", plan=plan, authority=authority)
    assert credential.integrity == "exact" and credential.signer == "own"
    text = to_json(credential).replace("\n", "")
    assert visible(text) and len(text) < 20_000
    assert all(visible(sentence) and len(sentence) < 1000 for sentence in credential.sentences)


def test_very_many_things_in_a_signed_file(clip, simple, authority, own, tmp_path):
    definition = render(simple)
    actions = next(one for one in definition["assertions"] if one["label"] == "c2pa.actions.v2")["data"]["actions"]
    actions += [{"action": f"org.example.step{number}"} for number in range(3000)]
    definition["ingredients"] += [{"title": f"part {number}", "relationship": "componentOf"} for number in range(400)]
    path = tmp_path / "out.mp4"
    with _builder(definition, authority, "") as builder, clip.open("rb") as unsigned, path.open("w+b") as signed:
        _sign(builder, authority, "video/mp4", unsigned, signed, timestamp_url="")
    credential = read_credential(path, trust=own)
    assert credential is not None and credential.integrity == "exact"
    assert len(credential.actions) == len(credential.ingredients) == MAX_SHOWN
    assert len(credential.codes) <= MAX_SHOWN and len(credential.sentences) < 20
    assert any("too many to show" in sentence for sentence in credential.sentences)


def test_nothing_hides_behind_many_idle_lines():
    idle = [{"code": f"timeStamp.note{number}"} for number in range(2000)]
    steps = [{"action": f"org.example.step{number}"} for number in range(2000)]
    raw = {
        "label": "a",
        "assertions": {"c2pa.actions.v2": {"actions": [*steps, {"digitalSourceType": "x/trainedAlgorithmicMedia"}]}},
        "validationResults": {
            "success": [{"code": "assertion.dataHash.match"}],
            "failure": [*idle, {"code": "assertion.hashedURI.mismatch"}],
        },
        "ingredientDeltas": [
            *({"validationDeltas": {"failure": []}} for _ in range(2000)),
            {"ingredientAssertionURI": "x/y", "validationDeltas": {"failure": [{"code": "claimSignature.mismatch"}]}},
        ],
    }
    store = parse_store({"manifests": [raw]})
    assert store is not None
    assert axes.integrity_of(store) == "altered" and axes.history_of(store) == "bad ingredient"
    assert axes.declares_ai(store)


def test_deep_data_in_a_signed_file(clip, simple, authority, own, tmp_path):
    deep: dict = {}
    for _ in range(60):
        deep = {"down": [deep]}
    definition = render(simple)
    definition["assertions"].append({"label": "org.example.deep", "data": deep})
    path = tmp_path / "out.mp4"
    with _builder(definition, authority, "") as builder, clip.open("rb") as unsigned, path.open("w+b") as signed:
        _sign(builder, authority, "video/mp4", unsigned, signed, timestamp_url="")
    credential = read_credential(path, trust=own)
    assert credential is not None and credential.integrity == "exact"


def test_absurd_size_is_not_read(clip, simple, authority, own, tmp_path, monkeypatch):
    sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=authority)
    monkeypatch.setattr("pipeline.provenance.reading.here.MAX_REPORT_CHARS", 1000)
    credential = read_here(tmp_path / "out.mp4", trust=own)
    assert credential is not None and credential.integrity == "broken" and "absurd size" in credential.sentences[0]


@pytest.mark.parametrize("data", [None, [], {}, {"manifests": {}}, {"manifests": None}, {"manifests": []}, "x", 3])
def test_no_store(data):
    assert parse_store(data) is None


def test_circle_of_ingredients_ends():
    def manifest(label: str, other: str) -> dict:
        part = {"relationship": "parentOf", "activeManifest": {"url": f"self#jumbf=/c2pa/{other}"}}
        return {"label": label, "assertions": {"c2pa.ingredient.v3": part, "c2pa.ingredient.v3__1": part}}

    store = parse_store({"manifests": [manifest("a", "b"), manifest("b", "a")]})
    assert store is not None
    assert [one.label for one, _ in ancestry(store)] == ["a", "b"]


def test_soft_bindings_in_every_spelling():
    blocks = [{"value": [1, 255]}, {"value": "b64'Af8='"}, {"value": "Af8="}, {"value": [999]}, {"value": "!"}, {}, 7]
    raw = {"label": "a", "assertions": {"c2pa.soft-binding__1": {"alg": "x", "blocks": blocks}}}
    store = parse_store({"manifests": [raw]})
    assert store is not None and store.active.soft_bindings == (SoftBinding("x", "01ff"),) * 3


def test_any_shape_is_survived():
    """Replace every value of a plausible report by something else, and by chance: nothing may raise."""
    base = {
        "manifests": [
            {
                "label": "urn:c2pa:x",
                "claim.v2": {"dc:title": "t", "claim_generator_info": [{"name": "n", "version": "1"}]},
                "assertions": {
                    "c2pa.actions.v2": {"actions": [{"action": "c2pa.created", "softwareAgent": {"name": "a"}}]},
                    "c2pa.ingredient.v3": {
                        "relationship": "parentOf",
                        "activeManifest": {"url": "a/b"},
                        "validationResults": {"activeManifest": {"failure": [{"code": "x", "url": "u"}]}},
                    },
                    "c2pa.soft-binding": {"alg": "a", "blocks": [{"value": [1]}]},
                },
                "signature": {
                    "certificateInfo": {"subject": {"O": "o"}, "validity": {"notAfter": "2026-01-01"}},
                    "timeStampInfo": {"timestamp": "2026-01-01", "certificateInfo": {"subject": {"O": "s"}}},
                },
                "validationResults": {"failure": [{"code": "c"}], "success": []},
                "ingredientDeltas": [{"ingredientAssertionURI": "u", "validationDeltas": {"failure": []}}],
            }
        ]
    }
    others = [None, 0, -1.5, True, "", NASTY, [], [None], [[1]], {}, {"a": {"b": 1}}, ["x"] * 500, {"url": 5}]
    rng = random.Random(3)
    for _ in range(1500):
        store = parse_store(_mutate(json.loads(json.dumps(base)), rng, others))
        if store:
            assert visible(repr(store)) and len(repr(store)) < 200_000


def _mutate(node, rng: random.Random, others: list):
    if rng.random() < 0.08:
        return rng.choice(others)
    if isinstance(node, dict):
        return {key: _mutate(value, rng, others) for key, value in node.items()}
    if isinstance(node, list):
        return [_mutate(value, rng, others) for value in node]
    return node


def test_makers_by_name():
    assert maker_name("Sora", "OpenAI") == "OpenAI's Sora"
    assert maker_name("Adobe_Firefly") == "Adobe_Firefly"
    assert maker_name("Adobe Firefly 3") == "Adobe Firefly"
    assert maker_name("Censorate") == "Censorate"
    assert maker_name("Paint", "Google LLC") == "Paint (Google)"
    assert maker_name("", "Microsoft Corporation") == "Microsoft" and maker_name("") == ""
    assert short_name("DigiCert, Inc.") == "DigiCert"
