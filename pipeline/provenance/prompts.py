"""What a file's credentials say it was made from: the prompt in its manifests, as makers write it in several places."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import UnreadableInput
from pipeline.prompts import MAX_PROMPT_CHARS, reads_like_scene
from pipeline.provenance.formats import media_type
from pipeline.provenance.text import clean
from pipeline.provenance.trust.lists import Trust

LOG = logging.getLogger(__name__)

MAX_PROMPTS = 20
MAX_DEPTH = 10
MAX_VALUES = 5_000
MAX_REPORT_CHARS = 16 << 20
# assertions whose description tells of the content, not of a step of editing
_WORKS = ("stds.schema-org.CreativeWork", "cawg.metadata", "c2pa.metadata", "stds.iptc")


def read_prompts(path: Path) -> tuple[str, ...]:
    """Prompts that the credentials of a file state, the surest first; empty without credentials.

    What is stated is not checked here: it only helps to choose sounds. Nothing is fetched.

    Raises
    ------
    UnreadableInput
        When the file cannot be opened.
    """
    import c2pa

    from pipeline.provenance.reading.reader import verifier_settings

    try:
        context = c2pa.Context(c2pa.Settings.from_dict(verifier_settings(Trust())))
        with path.open("rb") as file, context, c2pa.Reader(media_type(path) or None, file, context=context) as reader:
            report = reader.json()
        return prompts_of(json.loads(report)) if len(report) <= MAX_REPORT_CHARS else ()
    except OSError as error:
        raise UnreadableInput(
            f"{path} cannot be opened ({error.strerror or error}): check its name and rights"
        ) from error
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        LOG.debug("%s states no prompt: %s", path, error)
        return ()


def prompts_of(report: Any) -> tuple[str, ...]:
    """Prompts in a manifest store as the SDK reports it, the active manifest first.

    Parameters
    ----------
    report : dict
        Parsed JSON of `c2pa.Reader.json`; written by strangers, so depth, number and length are capped.

    Returns
    -------
    tuple of str
        Fields named "prompt" of any assertion or action, then descriptions of the work that read like a scene.
    """
    manifests = report.get("manifests") if isinstance(report, dict) else None
    if not isinstance(manifests, dict):
        return ()
    active = report.get("active_manifest")
    ordered = sorted(manifests, key=lambda label: label != active)[:MAX_PROMPTS]
    budget = iter(range(MAX_VALUES))
    found = [pair for label in ordered for pair in _of_manifest(manifests[label], budget)]
    texts = (clean(text, MAX_PROMPT_CHARS) for _, text in sorted(found, key=lambda pair: pair[0]))
    return tuple(dict.fromkeys(text for text in texts if text))[:MAX_PROMPTS]


def _of_manifest(manifest: Any, budget: Iterator[int]) -> Iterator[tuple[int, str]]:
    assertions = manifest.get("assertions") if isinstance(manifest, dict) else None
    for assertion in assertions if isinstance(assertions, list) else []:
        if isinstance(assertion, dict):
            is_work = str(assertion.get("label", "")).startswith(_WORKS)
            yield from _fields(assertion.get("data"), budget, is_work=is_work)


def _fields(node: Any, budget: Iterator[int], *, is_work: bool, depth: int = 0) -> Iterator[tuple[int, str]]:
    # (rank, text): 0 for a prompt, 1 for what describes the work
    if depth > MAX_DEPTH or next(budget, None) is None:
        return
    if isinstance(node, list):
        for value in node:
            yield from _fields(value, budget, is_work=is_work, depth=depth + 1)
    elif isinstance(node, dict):
        # how the work came to be is told where it was made, not where it was cropped
        is_work = is_work or node.get("action") == "c2pa.created"
        for key, value in node.items():
            name = str(key).lower().rpartition(":")[2].replace("_", "")
            if "negative" in name or "writer" in name:
                continue
            if isinstance(value, str):
                if "prompt" in name:
                    yield 0, value
                elif is_work and name in ("description", "caption", "abstract") and reads_like_scene(value):
                    yield 1, value
            else:
                yield from _fields(value, budget, is_work=is_work, depth=depth + 1)
