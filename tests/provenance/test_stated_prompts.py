"""The prompt in a manifest, wherever a maker put it."""

from __future__ import annotations

import time

import pytest

from pipeline.errors import UnreadableInput
from pipeline.provenance.manifest import render
from pipeline.provenance.prompts import MAX_PROMPTS, prompts_of, read_prompts
from pipeline.provenance.signing.sign import _builder, _sign


def store(*assertions, **more):
    return {"active_manifest": "a", "manifests": {"a": {"assertions": list(assertions)}, **more}}


def test_a_prompt_in_a_signed_file(clip, simple, authority, tmp_path):
    definition = render(simple)
    definition["assertions"].append(
        {"label": "org.example.generation", "data": {"prompt": "rain on a tin roof", "negative_prompt": "music"}}
    )
    path = tmp_path / "out.mp4"
    with _builder(definition, authority, "") as builder, clip.open("rb") as unsigned, path.open("w+b") as signed:
        _sign(builder, authority, "video/mp4", unsigned, signed, timestamp_url="")
    assert read_prompts(path) == ("rain on a tin roof",)
    assert read_prompts(clip) == ()


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UnreadableInput, match="cannot be opened"):
        read_prompts(tmp_path / "none.mp4")


def test_a_prompt_comes_before_a_description_and_the_active_manifest_first():
    parameters = {"com.example.prompt": "a horse on a beach"}
    assert prompts_of(
        store(
            {"label": "stds.schema-org.CreativeWork", "data": {"description": "a film of a horse at sea"}},
            {"label": "c2pa.actions.v2", "data": {"actions": [{"action": "c2pa.created", "parameters": parameters}]}},
            b={"assertions": [{"label": "org.old", "data": {"prompt": "older"}}]},
        )
    ) == ("a horse on a beach", "older", "a film of a horse at sea")


def test_descriptions_of_steps_and_of_tools_are_no_prompts():
    cropped = {"action": "c2pa.cropped", "description": "cropped to a wide picture of nothing"}
    created = {"action": "c2pa.created", "parameters": {"description": "Created with a generative tool by us"}}
    assert prompts_of(store({"label": "c2pa.actions.v2", "data": {"actions": [cropped, created]}})) == ()
    created["parameters"] = {"description": "a dog runs along the beach"}
    assert prompts_of(store({"label": "c2pa.actions.v2", "data": {"actions": [created]}})) == (
        "a dog runs along the beach",
    )
    assert prompts_of(store({"label": "iptc", "data": {"AIPromptWriterName": "Ann", "negative_prompt": "x"}})) == ()


def test_hostile_stores_are_cut():
    nested: dict = {"prompt": "deep"}
    for _ in range(500):
        nested = {"more": nested}
    start = time.process_time()
    many = [{"label": "x", "data": {"prompt": f"prompt {number} \x1b\u202e" + "long " * 5000}} for number in range(900)]
    texts = prompts_of(store(*many, {"label": "x", "data": nested}))
    assert len(texts) == MAX_PROMPTS and all(len(text) <= 4000 and text.isprintable() for text in texts)
    for wrong in (None, [], {"manifests": 3}, {"manifests": {"a": 1}}, store("x", None, {"data": "x"})):
        assert prompts_of(wrong) == ()
    assert time.process_time() - start < 2.0
