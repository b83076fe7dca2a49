"""Routes that find manifests: by a binding's value, and by the content itself."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.requests import ClientDisconnect

from pipeline.app.serve.callers import Caller, reader, require
from pipeline.app.serve.schemas import BindingQuery, Match, Matches, Problem
from pipeline.app.serve.scores import EXACT, answerable, code_score
from pipeline.app.serve.service import Service, service_of
from pipeline.app.serve.uploads import named_by_content, upload
from pipeline.app.serve.values import FINGERPRINTS, algorithm_of, value_of
from pipeline.records import RecoveryMatch, from_data

Answer = TypeVar("Answer")
# how often it is looked whether somebody still waits
LOOK_S = 0.2
MEDIA_KINDS = ("video/", "audio/", "image/", "application/octet-stream", "application/mp4")
PROBLEMS: dict[int | str, dict[str, object]] = {
    code: {"model": Problem} for code in (400, 401, 403, 408, 413, 421, 429, 500)
}
BINARY = {"type": "string", "format": "binary"}
router = APIRouter(tags=["query"], responses=PROBLEMS)

MaxResults = Annotated[int, Query(ge=1, le=1_000_000, description="At most 100 are ever answered.")]
Alg = Annotated[str, Query(description="A name from the C2PA list of soft binding algorithms.")]
OptionalAlg = Annotated[str | None, Query(description="Only matches by this algorithm.")]


@router.get(
    "/matches/byBinding",
    operation_id="queryByBinding",
    response_model_exclude_none=True,
    responses={414: {"model": Problem}},
)
async def query_by_binding(
    request: Request,
    alg: Alg,
    value: Annotated[str, Query(description="Base64 of the soft binding's value.")],
    maxResults: MaxResults = 10,  # noqa: N803
) -> Matches:
    """Identifiers of the manifests that a soft binding's value leads to."""
    caller, service = reader(request), service_of(request)
    if len(value) > service.settings.limits.query_chars:
        raise HTTPException(414, "This value is too long for an address; send it by POST.")
    return await _by_binding(service, caller, alg, value, maxResults)


@router.post("/matches/byBinding", operation_id="queryByLargeBinding", response_model_exclude_none=True)
async def query_by_large_binding(request: Request, query: BindingQuery, maxResults: MaxResults = 10) -> Matches:  # noqa: N803
    """The same for values that are too long for an address."""
    return await _by_binding(service_of(request), reader(request), query.alg, query.value, maxResults)


@router.post(
    "/matches/byContent",
    operation_id="uploadFile",
    response_model_exclude_none=True,
    responses={415: {"model": Problem}, 503: {"model": Problem}, 504: {"model": Problem}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("video/*", "audio/*", "image/*")
            },
        }
    },
)
async def query_by_content(
    request: Request,
    alg: OptionalAlg = None,
    hintAlg: Annotated[str | None, Query(description="An algorithm the sender already read a value with.")] = None,  # noqa: N803
    hintValue: Annotated[str | None, Query(description="That value in base64.")] = None,  # noqa: N803
    maxResults: MaxResults = 10,  # noqa: N803
) -> Matches:
    """Identifiers of the manifests of an uploaded file, told by its marks and its fingerprint."""
    caller, service = require(request, "content"), service_of(request)
    kind = request.headers.get("content-type", "").lower()
    if not kind.startswith(MEDIA_KINDS):
        raise HTTPException(415, "Send the file itself as video/*, audio/* or image/*.")
    wanted = _algorithm(alg) if alg is not None else None
    hint = _hint(hintAlg, hintValue, service)
    with service.jobs.place():
        async with upload(request) as path:
            if not path.stat().st_size:
                raise HTTPException(400, "The file is empty.")
            work = _recognised(service, caller, named_by_content(path), wanted)
            matches = await _unless_left(request, work)
    if hint:
        found = await service.by_binding(caller, *hint, limit=maxResults)
        # named by the sender and not seen in the content: no score
        matches += [Match(manifestId=one.label) for one in found if all(one.label != m.manifestId for m in matches)]
    return Matches(matches=_first(matches, maxResults, service))


@router.post("/matches/byReference", include_in_schema=False)
async def query_by_reference() -> Matches:
    """Fetching what strangers point at is not offered: it is the shortest way into somebody's network."""
    raise HTTPException(501, "byReference is not offered here; send the file to byContent.")


async def _by_binding(service: Service, caller: Caller, alg: str, value: str, limit: int) -> Matches:
    algorithm, wanted = _algorithm(alg), _value(value, service)
    found = await service.by_binding(caller, algorithm, wanted, limit=limit)
    # where another signer held the value first it proves nothing, so it gets no score
    scores = {one.label: None if one.contested else EXACT for one in found}
    if algorithm in FINGERPRINTS:
        near = await service.near(caller, wanted)
        scores |= {label: code_score(bits) for label, bits in near.items() if label not in scores}
    matches = [Match(manifestId=label, similarityScore=score) for label, score in scores.items()]
    return Matches(matches=_first(matches, limit, service))


async def _recognised(service: Service, caller: Caller, path: Path, wanted: str | None) -> list[Match]:
    """What a file's own marks and fingerprint lead to, likeliest first."""
    assert caller.token is not None
    found = await service.jobs.recover(path, caller.token.tenant)
    named = answerable(from_data(found, tuple[RecoveryMatch, ...]), wanted)
    # asked again here: what the file led to may be hidden from this caller
    return [Match(manifestId=label, similarityScore=n) for label, n in named if await service.may_answer(label, caller)]


async def _unless_left(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
    """Do work for as long as somebody waits for it: those who left must not keep others waiting."""
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait({task}, timeout=LOOK_S))[0]:
            if await request.is_disconnected():
                raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        # its process is ended before its file is removed
        await asyncio.wait({task})


def _first(matches: list[Match], limit: int, service: Service) -> list[Match]:
    return matches[: min(limit, service.settings.limits.max_results)]


def _hint(alg: str | None, value: str | None, service: Service) -> tuple[str, bytes] | None:
    if alg is None and value is None:
        return None
    if alg is None or value is None:
        raise HTTPException(400, "hintAlg and hintValue belong together.")
    return _algorithm(alg), _value(value, service)


def _algorithm(text: str) -> str:
    try:
        return algorithm_of(text)
    except ValueError as error:
        raise HTTPException(400, f"Invalid query value: {error}.") from None


def _value(text: str, service: Service) -> bytes:
    try:
        return value_of(text, any_text=service.settings.sandbox)
    except ValueError as error:
        raise HTTPException(400, f"Invalid query value: {error}.") from None
