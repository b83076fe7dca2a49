import json

from pipeline.media.probe import probe
from pipeline.prompts import MAX_PROMPT_CHARS, find_prompt


def test_order_of_sources(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", tags={"prompt": "from the tag"}))
    assert find_prompt(clip) == ("from the tag", "container tag prompt")
    (tmp_path / "a.txt").write_text("from the text")
    assert find_prompt(clip)[0] == "from the text"
    (tmp_path / "a.json").write_text(json.dumps({"prompt": "from the sidecar"}))
    assert find_prompt(clip) == ("from the sidecar", "sidecar a.json")
    assert find_prompt(clip, given=" given ") == ("given", "given")


def test_comfyui_graph_inside_a_comment(make_clip, tmp_path):
    graph = {
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "rain on a tin roof"}},
        "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry"}},
        "5": {"class_type": "SaveVideo", "inputs": {"text": "a longer text that is not a prompt at all"}},
    }
    clip = probe(make_clip(tmp_path / "a.mp4", tags={"comment": json.dumps({"prompt": json.dumps(graph)})}))
    assert find_prompt(clip) == ("rain on a tin roof", "container tag comment")


def test_hostile_sidecars_say_nothing(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", tags={"comment": "[" * 9000, "title": "x"}))
    for text in ("[" * 100_000, "{", '{"prompt": 3}', "[]", "\xff"):
        (tmp_path / "a.json").write_text(text, encoding="latin-1")
        assert find_prompt(clip) == ("", "")
    (tmp_path / "a.json").write_text(json.dumps({"prompt": "x" * 90_000}))
    assert len(find_prompt(clip)[0]) == MAX_PROMPT_CHARS
