"""Labels decide, hints do not; both come from the record alone."""

from __future__ import annotations

import json

import pytest

from pipeline.detect import container
from pipeline.records import AudioStream

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@pytest.mark.parametrize(
    "metadata",
    [
        {"DigitalSourceType": IPTC + "trainedAlgorithmicMedia"},
        {"Iptc4xmpExt:DigitalSourceType": "trainedAlgorithmicMedia"},
        {"xmp": f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{IPTC}compositeWithTrainedAlgorithmicMedia"/>'},
        {"xmp": "<Iptc4xmpExt:DigitalSourceType>trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>"},
        {"AIGC": json.dumps({"Label": "1", "ContentProducer": "x", "ProduceID": "1"})},
        {"com.example.aigc": json.dumps({"AIGC": {"Label": "1"}})},
    ],
)
def test_ai_labels_are_declarations(clip, metadata):
    label = container.declaration(clip(metadata=metadata))
    assert label is not None
    assert (label.scope, label.raw["declares_ai"]) == ("declared", 1.0)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"title": "about digital source types and trainedAlgorithmicMedia"},
        {"DigitalSourceType": IPTC + "digitalCapture"},
        {"DigitalSourceType": "AI!"},
        {"AIGC": "not json"},
        {"AIGC": "[" * 5000},
        {"AIGC": '["Label"]'},
        {"AIGC": '{"Label": "2"}'},
        {"AIGC": '{"AIGC": "1"}'},
    ],
)
def test_everything_else_is_none(clip, metadata):
    assert container.declaration(clip(metadata=metadata)) is None


def sentences(made) -> str:
    return " ".join(e.sentence for e in container.hints(made))


def test_hints_are_hints(clip):
    made = clip(
        video={"frame_rate": 16, "frames": 81, "width_px": 832, "height_px": 448}, metadata={"encoder": "Lavf60"}
    )
    found = container.hints(made)
    assert len(found) == 5
    assert all(e.scope == "hint" and e.llr == 0 and e.probability is None for e in found)
    for part in ("Lavf60", "16 pictures a second", "81 pictures", "multiples of 64", "no sound"):
        assert part in sentences(made)


def test_ordinary_footage_gives_no_hint(clip):
    sound = AudioStream("aac", 48000, 2, 0.0, 5.0)
    assert container.hints(clip(audio=sound)) == ()


def test_variable_rate_is_no_rate(clip):
    assert "pictures a second" not in sentences(clip(video={"frame_rate": 24, "is_variable_rate": True}))


def test_suspected_label_and_workflow_are_hints(clip):
    workflow = json.dumps({"prompt": json.dumps({"12": {"inputs": {"vae_name": "a.safetensors"}}})})
    text = sentences(clip(metadata={"AIGC": '{"Label": "3"}', "COMMENT": workflow}))
    assert "is suspected to be AI-made" in text
    assert "generation workflow" in text


def test_claimed_camera_is_only_a_hint(clip):
    made = clip(metadata={"DigitalSourceType": IPTC + "digitalCapture"})
    assert "captured by a camera" in sentences(made)
    assert container.declaration(made) is None


def test_hostile_tags_are_cleaned(clip):
    text = sentences(clip(metadata={"encoder": "a\u202e\x00\x1b[2J" + "b" * 5000}))
    assert not set("\u202e\x00\x1b") & set(text)
    assert len(text) < 400
