import json
import time
from dataclasses import replace

import pytest

from pipeline.media.probe import probe
from pipeline.prompts import MAX_PROMPT_CHARS, clean_prompt, find_prompt, prompts_in, reads_like_scene


@pytest.fixture
def clip(make_clip, tmp_path):
    return probe(make_clip(tmp_path / "a.mp4"))


def test_order_of_sources(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", tags={"prompt": "from the tag"}))
    assert find_prompt(clip) == ("from the tag", "container tag prompt")
    (tmp_path / "a.txt").write_text("from the text")
    assert find_prompt(clip)[0] == "from the text"
    (tmp_path / "a.mp4.json").write_text(json.dumps({"prompt": "from the long name"}))
    assert find_prompt(clip) == ("from the long name", "sidecar a.mp4.json")
    (tmp_path / "a.json").write_text(json.dumps({"prompt": "from the sidecar"}))
    assert find_prompt(clip) == ("from the sidecar", "sidecar a.json")
    assert find_prompt(clip, given=" given ") == ("given", "given")


def test_what_the_credentials_state_comes_before_free_text(clip):
    told = replace(clip, metadata={"description": "a walk in the woods at night"})
    assert find_prompt(told) == ("a walk in the woods at night", "container tag description")
    assert find_prompt(told, stated=(" ", "rain on a roof")) == ("rain on a roof", "credentials")
    assert find_prompt(replace(clip, metadata={"comment": "prompt: the sea"}), stated=("x",))[0] == "the sea"


def test_comfyui_graph_inside_a_comment(make_clip, tmp_path):
    graph = {
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "rain on a tin roof"}},
        "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry"}},
        "5": {"class_type": "SaveVideo", "inputs": {"text": "a longer text that is not a prompt at all"}},
    }
    clip = probe(make_clip(tmp_path / "a.mp4", tags={"comment": json.dumps({"prompt": json.dumps(graph)})}))
    assert find_prompt(clip) == ("rain on a tin roof", "container tag comment")


# fmt: off
WANTED, REFUSED = "rain on a tin roof", "music, thunder, low quality, worst quality, watermark"
DOCUMENTS = {
    "runway": {"model": "gen4", "promptText": WANTED, "promptImage": "https://example.org/x.png", "seed": 4},
    "kling": {"model_name": "kling-v2", "prompt": WANTED, "negative_prompt": REFUSED, "cfg_scale": 0.5},
    "wan": {"model": "wan2.1-t2v", "input": {"prompt": WANTED, "negative_prompt": REFUSED}, "parameters": {}},
    "sora": {"object": "video", "id": "video_1", "revised_prompt": "A much longer " + WANTED, "prompt": WANTED},
    "veo": {"instances": [{"prompt": WANTED}], "parameters": {"negativePrompt": REFUSED}},
    "luma": {"generation": {"request": {"prompt": WANTED, "aspect_ratio": "16:9"}}},
    "swarmui": {"sui_image_params": {"prompt": WANTED, "negativeprompt": REFUSED, "steps": 20}},
    "invokeai": {"app_version": "5", "positive_prompt": WANTED, "negative_prompt": REFUSED},
    "invokeai 2": {"image": {"prompt": [{"prompt": WANTED, "weight": 1.0}, {"prompt": REFUSED, "weight": -1}]}},
    "fooocus": {"Full Prompt": [WANTED], "Full Negative Prompt": [REFUSED], "Styles": "['Fooocus V2']"},
    "list": [{"file": "a.mp4", "prompt": WANTED}],
    "caption": {"video": "a.mp4", "caption": WANTED},
    "nested text": {"text_prompts": [], "prompt": {"text": WANTED}},
    "chinese": {"提示词": WANTED, "反向提示词": REFUSED},
}


def node(kind, title="", **inputs):
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}


GRAPHS = {
    "sampler": {"1": node("CLIPTextEncode", text=WANTED), "2": node("CLIPTextEncode", text=REFUSED),
                "3": node("KSampler", positive=["1", 0], negative=["2", 0])},
    "title": {"1": node("CLIPTextEncode", text=WANTED), "2": node("CLIPTextEncode", title="Negative", text=REFUSED)},
    "text node": {"1": node("CLIPTextEncode", text=["4", 0]), "4": node("PrimitiveString", value=WANTED),
                  "2": node("CLIPTextEncode", text=REFUSED),
                  "3": node("KSampler", positive=["1", 0], negative=["2", 0])},
    "control": {"1": node("CLIPTextEncode", text=WANTED), "2": node("CLIPTextEncode", text=REFUSED),
                "5": node("ControlNetApplyAdvanced", positive=["1", 0], negative=["2", 0]),
                "3": node("KSampler", positive=["5", 0], negative=["5", 1])},
    "zeroed": {"1": node("CLIPTextEncode", text=WANTED), "5": node("ConditioningZeroOut", conditioning=["1", 0]),
               "3": node("KSampler", positive=["1", 0], negative=["5", 0])},
    "wan wrapper": {"1": node("WanVideoTextEncode", positive_prompt=WANTED, negative_prompt=REFUSED),
                    "3": node("WanVideoSampler", text_embeds=["1", 0])},
    "frame pack": {"1": node("FramePackTimestampedTextEncode", text=WANTED, negative_text=REFUSED),
                   "3": node("FramePackSampler", positive_timed_data=["1", 0], negative=["1", 1])},
    "service": {"1": node("KlingTextToVideoNode", prompt=WANTED, negative_prompt=REFUSED)},
    "loop": {"1": node("CLIPTextEncode", text=["1", 0]), "2": node("CLIPTextEncode", text=WANTED)},
    "drawn": {"nodes": [{"id": 1, "type": "CLIPTextEncode", "widgets_values": [WANTED]},
                        {"id": 2, "type": "CLIPTextEncode", "widgets_values": [REFUSED]},
                        {"id": 3, "type": "KSampler",
                         "inputs": [{"name": "positive", "link": 7}, {"name": "negative", "link": 8}]}],
              "links": [[7, 1, 0, 3, 0, "CONDITIONING"], [8, 2, 0, 3, 1, "CONDITIONING"], [[], {}]]},
}
TEXTS = {
    "a1111": f"{WANTED}\nNegative prompt: {REFUSED}\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1",
    "labels": f"Prompt: {WANTED}\nNegative prompt: {REFUSED}",
    "turned": f"Negative: {REFUSED}\nPositive prompt: {WANTED}",
    "one line": f"{WANTED}. Negative prompt: {REFUSED}",
    "steering": f"{WANTED} <lora:thunder_v2:0.8> --ar 16:9 --v 6",
    "chinese": f"提示词：{WANTED}\n负面提示词：{REFUSED}",
    "german": f"{WANTED}\nNegativer Prompt: {REFUSED}",
}
# fmt: on


@pytest.mark.parametrize("document", [*DOCUMENTS.values(), *GRAPHS.values()], ids=[*DOCUMENTS, *GRAPHS])
def test_how_generators_write_it(document, clip, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert find_prompt(clip) == (WANTED, "sidecar a.json")
    tagged = replace(clip, path=tmp_path / "b.mp4", metadata={"Comment": json.dumps(document, ensure_ascii=False)})
    assert find_prompt(tagged) == (WANTED, "container tag comment")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_blocks(text, clip, tmp_path):
    assert clean_prompt(text).strip(". ") == WANTED
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert find_prompt(clip)[0].strip(". ") == WANTED
    tagged = replace(clip, path=tmp_path / "b.mp4", metadata={"parameters": text})
    assert find_prompt(tagged)[0].strip(". ") == WANTED


def test_a_prompt_without_labels_stays_as_it_is():
    text = "A model: tall, in red. She steps: left, right; seeds fall -- a sampler of sounds <3"
    assert clean_prompt(text) == text


@pytest.mark.parametrize(
    ("xmp", "found"),
    [
        ('<rdf:Description dc:x="1" ai:prompt="rain &amp; wind on a roof"/>', "rain & wind on a roof"),
        ("<Iptc4xmpExt:AIPromptInformation>rain</Iptc4xmpExt:AIPromptInformation>", "rain"),
        ("<dc:description><rdf:Alt><rdf:li>rain on a tin roof</rdf:li></rdf:Alt></dc:description>", WANTED),
        ("<Iptc4xmpExt:AIPromptWriterName>Ann of the Four Winds</Iptc4xmpExt:AIPromptWriterName>", ""),
        ("<dc:description>Copyright by the best studio ever</dc:description>", ""),
        ("<description>" * 2000, ""),
    ],
)
def test_xmp(xmp, found, clip):
    assert find_prompt(replace(clip, metadata={"xmp": xmp}))[0] == found


@pytest.mark.parametrize(
    "text",
    [
        "Lavf60.3.100",
        "clip 3",
        "vid:v12044gd0000",
        "Made with love by us all",
        "https://example.org/a/b/c/d",
        "© 2024 A B C D",
    ],
)
def test_free_text_about_other_things(text, clip):
    assert not reads_like_scene(text)
    for name in ("comment", "description", "title"):
        assert find_prompt(replace(clip, metadata={name: text})) == ("", "")


def test_free_text_that_tells_a_scene(clip):
    assert find_prompt(replace(clip, metadata={"TITLE": "一只狗在雨中奔跑"})) == (
        "一只狗在雨中奔跑",
        "container tag title",
    )
    assert find_prompt(replace(clip, metadata={"comment": "a dog runs in the rain"}))[1] == "container tag comment"


def test_hostile_sidecars_say_nothing(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", tags={"comment": "[" * 9000, "title": "x"}))
    for text in ("[" * 100_000, "{", '{"prompt": 3}', "[]", "\xff", '{"prompt":' + "[" * 900 + "]" * 900 + "}"):
        (tmp_path / "a.json").write_text(text, encoding="latin-1")
        assert find_prompt(clip) == ("", "")
    (tmp_path / "a.json").write_text(json.dumps({"prompt": "x" * 90_000}))
    assert len(find_prompt(clip)[0]) == MAX_PROMPT_CHARS
    (tmp_path / "a.json").write_bytes(b" " * 2_000_000)
    assert find_prompt(clip) == ("", "")


def test_hostile_documents_cost_little():
    start = time.process_time()
    ring = {str(n): node("CLIPTextEncode", text=[str((n + 1) % 3000), 0], prompt=[str(n), 0]) for n in range(3000)}
    wide = {str(n): node("X", **{f"text{m}": [str((n + m) % 50), 0] for m in range(50)}) for n in range(50)}
    wide["e"] = node("CLIPTextEncode", text=["0", 0])
    for document in (
        ring,
        wide,
        {"a": [{"prompt": "x " * 3000}] * 3000},
        {"nodes": [[]], "links": [[{}, {}]]},
        [None] * 99999,
    ):
        prompts_in(document)
    for text in ("\n" * 9999, "Prompt:" * 9999, "<" * 9999, "-- " * 9999, "." * 99_999, " \t" * 50_000, "<a" * 9000):
        clean_prompt(text)
        reads_like_scene(text)
    assert time.process_time() - start < 3.0
