"""Pictures in a page: inside it, as data; and records without them."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

from pipeline.records import CheckResult, Credential, Ingredient, Recovery

_PICTURE_TYPES = {
    re.compile(rb"\x89PNG\r\n\x1a\n"): "image/png",
    re.compile(rb"\xff\xd8\xff"): "image/jpeg",
    re.compile(rb"RIFF....WEBP", re.DOTALL): "image/webp",
}


def data_uri(picture: bytes) -> str:
    """PNG, JPEG or WebP bytes as a data URI; ValueError for anything else."""
    for magic, kind in _PICTURE_TYPES.items():
        if magic.match(picture):
            return f"data:{kind};base64,{base64.b64encode(picture).decode('ascii')}"
    raise ValueError("a picture for a report must be PNG, JPEG or WebP")


def without_pictures(result: CheckResult) -> CheckResult:
    """The same result without its pictures, for programs: they are megabytes, and a page shows them."""
    evidence = tuple(replace(one, picture="") for one in result.verdict.evidence)
    return replace(
        result,
        verdict=replace(result.verdict, evidence=evidence),
        credential=_without_previews(result.credential),
        recovery=_recovered(result.recovery),
    )


def _without_previews(credential: Credential | None) -> Credential | None:
    if credential is None:
        return None
    return replace(credential, thumbnail=b"", ingredients=tuple(map(_bare, credential.ingredients)))


def _bare(part: Ingredient) -> Ingredient:
    return replace(part, thumbnail=b"", ingredients=tuple(map(_bare, part.ingredients)))


def _recovered(recovery: Recovery | None) -> Recovery | None:
    if recovery is None:
        return None
    matches = tuple(replace(one, credential=_without_previews(one.credential)) for one in recovery.matches)
    return replace(recovery, matches=matches)
