"""Finding the words a clip was generated from: argument, sidecar file, or what the generator wrote into the file.

Every generator keeps them in its own way: a field of a JSON sidecar or of an answer of its service (Runway, Kling, Wan,
Sora, Luma, SwarmUI, InvokeAI, Fooocus), the text block of A1111, the node graph of ComfyUI in a tag, XMP. What is said
not to be wanted ("negative prompt") is told apart and left out: it lists faults of pictures, not things to be heard.
"""

from __future__ import annotations

import html
import json
import logging
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.records import Clip

logger = logging.getLogger(__name__)

# A prompt longer than this is a book or an attack.
MAX_PROMPT_CHARS = 4000
MAX_SIDECAR_BYTES = 1_000_000
MAX_DEPTH = 12
# values of a JSON document that are looked at; the largest workflows have some thousand
MAX_NODES = 20_000
# Container tags in which generators keep a prompt, as plain words or as JSON; the surest first.
# fmt: off
_TAGS = (
    "prompt", "parameters", "positive_prompt", "invokeai_metadata", "sd-metadata", "sui_image_params", "fooocus_scheme",
    "generation_data", "comment", "usercomment", "workflow", "xmp", "xml:com.adobe.xmp",
)
# Tags that people and services fill in too: taken only when they read like a sentence.
_FREE_TAGS = ("description", "synopsis", "ldes", "subtitle", "title")
# Fields that hold a prompt, without case and punctuation, by how sure that is.
_SURE_FIELDS = frozenset((
    "prompt", "positiveprompt", "positive", "textprompt", "prompttext", "promptinput", "inputprompt", "userprompt",
    "originalprompt", "origprompt", "fullprompt", "videoprompt", "提示词", "提示詞", "正向提示词",
))
_REWRITTEN_FIELDS = frozenset((
    "actualprompt", "revisedprompt", "enhancedprompt", "expandedprompt", "finalprompt", "rewrittenprompt",
))
# fmt: on
_TOLD_FIELDS = frozenset(("caption", "description", "videodescription", "longcaption", "shortcaption"))
# Inputs of ComfyUI's text encoders.
_ENCODER_INPUTS = ("text", "prompt", "positive_prompt", "text_positive", "text_g", "text_l", "t5xxl", "clip_l")
_HANDED_ON = re.compile(r"text|string|prompt|value", re.IGNORECASE)
_NOT_WANTED = re.compile(r"negativ|unwanted|exclude|writer|反向|负面|負面", re.IGNORECASE)
# Labels inside a text: "Negative prompt: blurry", "Steps: 20, Sampler: Euler".
_LABEL = re.compile(
    r"(?:^|(?<=[\n.;|]))[ \t]*(?:"
    r"(?P<not>negative[ _-]?prompts?|negatives?|negativer? prompt|prompt négatif|prompt negativo|[负負]面提示[词詞]?"
    r"|反向提示[词詞]?|sampler|cfg scale|(?:steps|seed)(?=[:=] ?\d))"
    r"|(?:positive[ _-]?)?prompts?|正?向?提示[词詞])[ \t]*[:=：]",
    re.IGNORECASE,
)
# What steers the generator and says nothing: "<lora:film_v2:0.8>", "--ar 16:9".
_STEERING = re.compile(r"<[^<>\n]{1,120}>|(?<!\S)--[a-z]{1,12}(?:[ =][\w.:]{1,12})?(?!\S)")
# XMP fields that hold words: IPTC 2025.1 (AIPromptInformation), Dublin Core, Exif, Photoshop, XMP Dynamic Media.
_XMP = re.compile(
    r"<(?:\w{1,30}:)?(?P<name>\w{0,30}prompt\w{0,30}|description|usercomment|headline|logcomment)\b[^<>]{0,300}(?<!/)>"
    r"|\b(?P<key>\w{0,30}prompt\w{0,30})=\"(?P<value>[^\"<>]{1,4000})\"",
    re.IGNORECASE,
)
MAX_XMP_FIELDS = 50
# Free text that tells of tools, places on the web or rights, and not of a scene.
_NO_SCENE = re.compile(
    r"://|www\.|@|©|copyright|all rights|encode[dr]|lavf|x26[45]|handbrake|(?:created|made|generated|edited|rendered)"
    r" (?:with|by|using|in|on)|subscribe|vid:",
    re.IGNORECASE,
)
_LEAST_WORDS = 4


def find_prompt(clip: Clip, *, given: str = "", stated: Sequence[str] = ()) -> tuple[str, str]:
    """The prompt and, in words, where it was found.

    Parameters
    ----------
    clip : Clip
        Its sidecars ("clip.json", "clip.mp4.json", "clip.swarm.json", "clip.txt") and container tags are looked at.
    given : str
        What the user says; it is taken as it is.
    stated : sequence of str
        What the clip's credentials say it was made from, the surest first (`provenance.prompts.read_prompts`).

    Returns
    -------
    (str, str)
        At most `MAX_PROMPT_CHARS` characters, and the place; two empty strings when there is none.
    """
    if given.strip():
        return given.strip()[:MAX_PROMPT_CHARS], "given"
    for path in _sidecars(clip.path):
        text = _from_sidecar(path)
        if text:
            return text, f"sidecar {path.name}"
    tags = {key.lower(): value for key, value in clip.metadata.items()}
    for name in _TAGS:
        text = _from_tag(name, tags.get(name, ""))
        if text:
            return text, f"container tag {name}"
    for text in map(clean_prompt, stated):
        if text:
            return text, "credentials"
    for name in _FREE_TAGS:
        text = _from_text(tags.get(name, ""))
        if reads_like_scene(text):
            return text, f"container tag {name}"
    return "", ""


def clean_prompt(text: str) -> str:
    """A prompt without its negative part, settings and steering marks, cut at `MAX_PROMPT_CHARS`."""
    text = text[: 4 * MAX_PROMPT_CHARS]
    labels = list(_LABEL.finditer(text))
    ends = [*(label.start() for label in labels[1:]), len(text)]
    kept = [text[: labels[0].start()] if labels else text]
    kept += [text[label.end() : end] for label, end in zip(labels, ends, strict=False) if not label["not"]]
    wanted = "\n".join(part.strip() for part in kept if part.strip())
    return _STEERING.sub(" ", wanted).strip()[:MAX_PROMPT_CHARS]


def reads_like_scene(text: str) -> bool:
    """Whether a free text may describe a scene: some words, and no talk of tools, rights or web pages."""
    if _NO_SCENE.search(text):
        return False
    signs = len(re.findall(r"[\u3400-\u9fff]", text))
    return signs >= _LEAST_WORDS or len(re.findall(r"[^\W\d_]{2,}", text)) >= _LEAST_WORDS


def prompts_in(document: Any) -> list[str]:
    """Prompts in a JSON document, the surest first; of a ComfyUI graph the longest text of its wanted encoders.

    Whatever stands under a name of refusal ("negative_prompt") is passed over. Depth and number of values are capped.
    """
    found: list[tuple[int, str]] = []
    budget = iter(range(MAX_NODES))
    for rank, text in _walk(document, budget):
        cleaned = clean_prompt(text)
        if cleaned and (rank < _TOLD or reads_like_scene(cleaned)):
            found.append((rank, cleaned))
    return list(dict.fromkeys(text for _, text in sorted(found, key=lambda pair: pair[0])))


# ---------------------------------------------------------------- places
def _sidecars(path: Path) -> Iterator[Path]:
    for suffix in (".json", ".swarm.json", ".txt"):
        yield path.with_suffix(suffix)
        if suffix != ".swarm.json":
            yield path.with_name(path.name + suffix)


def _from_sidecar(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > MAX_SIDECAR_BYTES:
            return ""
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".txt":
            return clean_prompt(text)
        return _first(prompts_in(json.loads(text)))
    except (OSError, ValueError, RecursionError) as error:
        logger.warning("the sidecar %s cannot be read: %s", path.name, error)
        return ""


def _from_tag(name: str, text: str) -> str:
    """Words of a tag that a generator fills in."""
    if "xmp" in name:
        return _first(_from_xmp(text))
    if name in ("prompt", "parameters", "positive_prompt"):
        return _from_text(text)
    words = _from_text(text)
    # a comment is anybody's unless it is JSON, says "Prompt:" or reads like a scene
    return words if _is_json(text) or _LABEL.search(text) or reads_like_scene(words) else ""


def _from_text(text: str) -> str:
    if not _is_json(text):
        return clean_prompt(text)
    try:
        return _first(prompts_in(json.loads(text)))
    except (ValueError, RecursionError):
        return ""


def _from_xmp(text: str) -> list[str]:
    found = []
    lower = text.lower()
    for match in islice(_XMP.finditer(text), MAX_XMP_FIELDS):
        name = (match["name"] or match["key"]).lower()
        end = lower.find(f"{name}>", match.end())
        inside = match["value"] or text[match.end() : max(end, match.end())]
        words = html.unescape(re.sub(r"<[^<>]*>?", " ", inside))
        words = _from_text(" ".join(words.split()))
        if words and not _NOT_WANTED.search(name) and ("prompt" in name or reads_like_scene(words)):
            found.append(words)
    return found


def _first(texts: Sequence[str]) -> str:
    return next(iter(texts), "")


def _is_json(text: str) -> bool:
    return text.lstrip().startswith(("{", "["))


# ------------------------------------------------------------------ JSON
_GRAPH, _SURE, _REWRITTEN, _TOLD = range(4)


def _walk(node: Any, budget: Iterator[int], depth: int = 0) -> Iterator[tuple[int, str]]:
    # (rank, text) of whatever may be a prompt
    if depth > MAX_DEPTH or next(budget, None) is None:
        return
    if isinstance(node, str) and _is_json(node):
        yield from _walk(_parsed(node), budget, depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value, budget, depth + 1)
    elif isinstance(node, dict):
        texts = _graph_texts(node)
        if texts is not None:
            yield from ((_GRAPH, text) for text in sorted(texts, key=len, reverse=True))
            return
        for key, value in node.items():
            if not _NOT_WANTED.search(str(key)):
                rank = _rank(str(key))
                if rank is not None:
                    yield from ((rank, text) for text in _texts_of(value))
                yield from _walk(value, budget, depth + 1)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _rank(key: str) -> int | None:
    name = "".join(letter for letter in key.casefold() if letter.isalnum())
    for rank, fields in ((_SURE, _SURE_FIELDS), (_REWRITTEN, _REWRITTEN_FIELDS), (_TOLD, _TOLD_FIELDS)):
        if name in fields:
            return rank
    return None


def _texts_of(value: Any) -> Iterator[str]:
    # a prompt may be a string, a list of them, or of {"text": .., "weight": ..}; weights below zero are refusals
    if isinstance(value, str):
        if not _is_json(value):
            yield value
    elif isinstance(value, dict):
        yield from _texts_of(next((value[key] for key in ("text", "prompt") if isinstance(value.get(key), str)), None))
    elif isinstance(value, list):
        single = [one for one in value[:100] if isinstance(one, str | dict) and _weight(one) >= 0]
        parts = [text for one in single for text in _texts_of(one)]
        if parts:
            yield "\n".join(dict.fromkeys(parts))


def _weight(value: Any) -> float:
    weight = value.get("weight") if isinstance(value, dict) else None
    return float(weight) if isinstance(weight, int | float) else 1.0


# --------------------------------------------------------------- ComfyUI
def _graph_texts(node: dict[Any, Any]) -> list[str] | None:
    """Wanted texts of a ComfyUI graph (as run, or as drawn); None when it is no graph."""
    nodes = {str(key): value for key, value in list(node.items())[:MAX_NODES] if _is_run(value)}
    if nodes:
        return _run_texts(nodes)
    if isinstance(node.get("nodes"), list) and isinstance(node.get("links"), list):
        return _drawn_texts(node["nodes"][:MAX_NODES], node["links"][:MAX_NODES])
    return None


def _is_run(value: Any) -> bool:
    return (
        isinstance(value, dict) and isinstance(value.get("class_type"), str) and isinstance(value.get("inputs"), dict)
    )


def _run_texts(nodes: dict[str, dict[str, Any]]) -> list[str]:
    refused, wanted = _ends_of(nodes, refused=True), _ends_of(nodes, refused=False)
    texts = []
    for key, node in nodes.items():
        kind, inputs = node["class_type"].lower().replace("_", ""), node["inputs"]
        is_encoder = "textencode" in kind or any(name in inputs for name in ("positive_prompt", "prompt"))
        meta = node.get("_meta")
        title = meta.get("title", "") if isinstance(meta, dict) else ""
        is_refused = (key in refused and key not in wanted) or bool(_NOT_WANTED.search(str(title)))
        if is_encoder and not is_refused:
            texts += [text for name in _ENCODER_INPUTS for text in _behind(nodes, inputs.get(name), set())]
    return texts


def _ends_of(nodes: dict[str, dict[str, Any]], *, refused: bool) -> set[str]:
    # nodes that feed an input "negative" (a second output of the encoder itself feeds it too) or "positive"
    ends: set[str] = set()
    for node in nodes.values():
        for name, value in node["inputs"].items():
            says = bool(_NOT_WANTED.search(name)) if refused else "positive" in name.lower()
            if says and isinstance(value, list) and value:
                ends |= _upstream(nodes, str(value[0]))
    return ends


def _upstream(nodes: dict[str, dict[str, Any]], key: str) -> set[str]:
    # the node and what it is made from along conditioning; encoders end the way
    seen: set[str] = set()
    waiting = [key]
    while waiting and len(seen) < 64:
        key = waiting.pop()
        if key in seen or key not in nodes:
            continue
        seen.add(key)
        if "encode" in nodes[key]["class_type"].lower():
            continue
        for name, value in nodes[key]["inputs"].items():
            if "conditioning" in name.lower() and isinstance(value, list) and value:
                waiting.append(str(value[0]))
    return seen


def _behind(nodes: dict[str, dict[str, Any]], value: Any, seen: set[str]) -> list[str]:
    # the text of an input, through the few nodes that hand it on; `seen` collects those
    if isinstance(value, str):
        return [value] if value.strip() else []
    key = str(value[0]) if isinstance(value, list) and value else ""
    if key not in nodes or key in seen or len(seen) >= MAX_DEPTH:
        return []
    seen.add(key)
    inputs = nodes[key]["inputs"]
    names = [name for name in inputs if _HANDED_ON.search(name) and not _NOT_WANTED.search(name)]
    written = [inputs[name] for name in names if isinstance(inputs[name], str) and inputs[name].strip()]
    if written:
        return [" ".join(written)]
    return next((found for name in names if (found := _behind(nodes, inputs[name], seen))), [])


def _drawn_texts(nodes: list[Any], links: list[Any]) -> list[str]:
    # a graph as it is drawn: nodes with slots, and links as [id, from node, from slot, to node, ..]
    drawn = [node for node in nodes if isinstance(node, dict)]
    sockets = [one for node in drawn for one in _list(node.get("inputs")) if isinstance(one, dict)]
    refusing = {str(one.get("link")) for one in sockets if _NOT_WANTED.search(str(one.get("name", "")))}
    refused = {str(link[1]) for link in links if isinstance(link, list) and len(link) > 1 and str(link[0]) in refusing}
    texts = []
    for node in drawn:
        is_encoder = "textencode" in str(node.get("type", "")).lower().replace("_", "")
        if is_encoder and str(node.get("id")) not in refused and not _NOT_WANTED.search(str(node.get("title", ""))):
            texts += [value for value in _list(node.get("widgets_values"))[:1] if isinstance(value, str)]
    return [text for text in texts if text.strip()]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
