"""Finding the words a clip was generated from: argument, sidecar file, or what the generator wrote into the file."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.records import Clip

logger = logging.getLogger(__name__)

# A prompt longer than this is a book or an attack.
MAX_PROMPT_CHARS = 4000
MAX_SIDECAR_BYTES = 1_000_000
MAX_DEPTH = 12
# Container tags that hold a prompt as plain words or as a workflow in JSON.
_TAGS = ("prompt", "comment", "description", "workflow")


def find_prompt(clip: Clip, *, given: str = "") -> tuple[str, str]:
    """The prompt and, in words, where it was found; two empty strings when there is none."""
    if given.strip():
        return given.strip()[:MAX_PROMPT_CHARS], "given"
    for path in (clip.path.with_suffix(".json"), clip.path.with_suffix(".txt")):
        text = _from_sidecar(path)
        if text:
            return text[:MAX_PROMPT_CHARS], f"sidecar {path.name}"
    tags = {key.lower(): value for key, value in clip.metadata.items()}
    for name in _TAGS:
        text = _from_tag(name, tags.get(name, ""))
        if text:
            return text[:MAX_PROMPT_CHARS], f"container tag {name}"
    return "", ""


def _from_sidecar(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_SIDECAR_BYTES:
            return ""
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".txt":
            return text.strip()
        data = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        if path.exists():
            logger.warning("the sidecar %s cannot be read: %s", path.name, error)
        return ""
    prompt = data.get("prompt") if isinstance(data, dict) else None
    return prompt.strip() if isinstance(prompt, str) else ""


def _from_tag(name: str, text: str) -> str:
    """Words of a tag: a ComfyUI graph (JSON in JSON) is searched for its text encoders."""
    if not text.lstrip().startswith(("{", "[")):
        return text.strip() if name == "prompt" else ""
    try:
        graph = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return max(_encoder_texts(graph), key=len, default="")


def _encoder_texts(node: Any, depth: int = 0) -> Iterator[str]:
    if depth > MAX_DEPTH:
        return
    if isinstance(node, str) and node.lstrip().startswith("{"):
        try:
            node = json.loads(node)
        except (ValueError, RecursionError):
            return
    if isinstance(node, dict):
        kind, inputs = str(node.get("class_type", "")), node.get("inputs")
        if "textencode" in kind.lower().replace("_", "") and isinstance(inputs, dict):
            yield from (inputs[k].strip() for k in ("text", "prompt") if isinstance(inputs.get(k), str))
        for value in node.values():
            yield from _encoder_texts(value, depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _encoder_texts(value, depth + 1)
