"""Routes that fetch, take in, bind and withdraw manifests, and their receipts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse

from pipeline.app.serve.boxes import single_manifest
from pipeline.app.serve.callers import Caller, reader, require
from pipeline.app.serve.matches import PROBLEMS
from pipeline.app.serve.receipts import TYPE, checked, publication, receipt_answer
from pipeline.app.serve.schemas import (
    CheckedReceipt,
    NewBinding,
    NewManifest,
    Problem,
    ReceiptAnswer,
    Revocation,
    Seen,
)
from pipeline.app.serve.service import NOT_FOUND, Service, aside, service_of
from pipeline.app.serve.uploads import upload
from pipeline.app.serve.values import FINGERPRINTS, algorithm_of, value_of
from pipeline.provenance.repository import StoredManifest, Visibility

STORE_TYPE = "application/c2pa"
PIECE_BYTES = 64 << 10
router = APIRouter(responses=PROBLEMS | {404: {"model": Problem}})


# ------------------------------------------------------------------ fetch
@router.get(
    "/manifests/{manifest_id}",
    tags=["fetch"],
    operation_id="getManifestById",
    response_class=Response,
    responses={200: {"content": {STORE_TYPE: {}}}, 410: {"model": Problem}},
)
async def get_manifest(request: Request, manifest_id: str, returnActiveManifest: bool = False) -> Response:  # noqa: N803
    """A manifest store, or of it the named manifest alone."""
    stored = await service_of(request).stored(manifest_id, reader(request))
    if stored.is_revoked:
        raise HTTPException(410, f"This manifest was revoked on {stored.revoked_at[:10]}: {stored.revoked_reason}")
    store: bytes | None = stored.store
    if returnActiveManifest:
        store = single_manifest(stored.store, stored.label)
    if store is None:
        raise HTTPException(404, NOT_FOUND)
    # in pieces, so that a reader who takes nothing is noticed
    return StreamingResponse(_pieces(store), media_type=STORE_TYPE, headers={"Content-Length": str(len(store))})


@router.get(
    "/manifests/{manifest_id}/receipts",
    tags=["fetch"],
    operation_id="getManifestReceipt",
    response_model_exclude_none=True,
)
async def get_receipt(request: Request, manifest_id: str) -> CheckedReceipt:
    """The receipt of a manifest, and whether it holds."""
    service = service_of(request)
    stored = await service.stored(manifest_id, reader(request))
    receipt = publication(await service.receipts(stored.label))
    if receipt is None:
        raise HTTPException(404, "There is no receipt of this manifest.")
    answer = receipt_answer(receipt, service.settings.address).model_dump(by_alias=True)
    return await _checked(service, stored, answer)


@router.post(
    "/manifests/{manifest_id}/receipts",
    tags=["fetch"],
    operation_id="verifyManifestReceipt",
    response_model_exclude_none=True,
)
async def verify_receipt(request: Request, manifest_id: str, receipt: ReceiptAnswer) -> CheckedReceipt:
    """Whether a receipt that somebody holds is one of this repository, unchanged."""
    service = service_of(request)
    stored = await service.stored(manifest_id, reader(request))
    if receipt.type != TYPE:
        raise HTTPException(400, f"A receipt's @type is {TYPE}.")
    return await _checked(service, stored, receipt.model_dump(by_alias=True))


# ------------------------------------------------------------------ store
@router.post(
    "/manifests",
    tags=["store"],
    operation_id="addManifest",
    response_model_exclude_none=True,
    responses={409: {"model": Problem}, 415: {"model": Problem}},
    openapi_extra={
        "requestBody": {"required": True, "content": {STORE_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def add_manifest(
    request: Request,
    returnReceipt: bool = True,  # noqa: N803
    visibility: Annotated[Visibility, Query(description="Not in the specification.")] = "public",
) -> NewManifest:
    """Take in a manifest store whose signature and statements hold, with the bindings it was signed with."""
    caller, service = require(request, "write"), service_of(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != STORE_TYPE:
        raise HTTPException(415, f"Send the manifest store itself as {STORE_TYPE}.")
    async with upload(request) as path:
        if not path.stat().st_size:
            raise HTTPException(400, "The manifest store is empty.")
        label, receipt = await service.take_in(path, caller, visibility)
    answer = receipt_answer(receipt, service.settings.address) if returnReceipt else None
    return NewManifest(manifestId=label, receipt=answer)


@router.delete("/manifests/{manifest_id}", tags=["store"], operation_id="deleteManifest", status_code=204)
async def delete_manifest(request: Request, manifest_id: str) -> None:
    """Take a manifest out of every answer, for good."""
    caller, service = require(request, "revoke"), service_of(request)
    await service.delete(await service.own(manifest_id, caller))


@router.post("/bindings", tags=["store"], operation_id="associateManifest", status_code=204)
async def add_binding(request: Request, binding: NewBinding) -> None:
    """Confirm a binding that the manifest was signed with; others are refused, since anybody could claim them."""
    await _bind(service_of(request), require(request, "write"), binding)


@router.put("/bindings", tags=["store"], operation_id="updateAssociatedManifest", status_code=204)
async def update_binding(request: Request, binding: NewBinding) -> None:
    """Confirm that a value leads to this manifest, too; the first holder stays first."""
    await _bind(service_of(request), require(request, "write"), binding)


# --------------------------------------------------- beyond the specification
@router.post("/manifests/{manifest_id}/revocation", tags=["foleymark"], status_code=204)
async def revoke_manifest(request: Request, manifest_id: str, revocation: Revocation) -> None:
    """Say in public that a manifest no longer stands; who asks for it gets 410 and the reason."""
    caller, service = require(request, "revoke"), service_of(request)
    stored = await service.own(manifest_id, caller)
    _not_loose(service, stored)
    if not stored.is_revoked:
        await aside(lambda: service.repository.revoke(stored.label, revocation.reason))


@router.put("/manifests/{manifest_id}/visibility", tags=["foleymark"], status_code=204)
async def set_visibility(request: Request, manifest_id: str, seen: Seen) -> None:
    """Hide a manifest from everybody but its tenant, or show it again."""
    caller, service = require(request, "write"), service_of(request)
    stored = await service.own(manifest_id, caller)
    _not_loose(service, stored)
    if stored.is_revoked:
        raise HTTPException(409, "This manifest was revoked; that stays in public.")
    if stored.visibility != seen.visibility:
        await aside(lambda: service.repository.set_visibility(stored.label, seen.visibility))


# ------------------------------------------------------------------- parts
async def _pieces(store: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(store), PIECE_BYTES):
        yield store[start : start + PIECE_BYTES]


async def _checked(service: Service, stored: StoredManifest, receipt: dict[str, Any]) -> CheckedReceipt:
    known = await service.receipts(stored.label)
    return checked(receipt, known, label=stored.label)


async def _bind(service: Service, caller: Caller, binding: NewBinding) -> None:
    try:
        algorithm = algorithm_of(binding.alg) if binding.alg is not None else ""
        value_hex = value_of(binding.bindingValue, any_text=service.settings.sandbox).hex()
    except ValueError as error:
        raise HTTPException(400, f"Invalid request body: {error}.") from None
    stored = await service.own(binding.manifestId, caller)
    if service.loose and service.loose.manifest(stored.label):
        service.loose.bind(stored.label, algorithm, value_hex)
    elif not await _is_signed(service, stored, algorithm, value_hex):
        raise HTTPException(403, "This value does not stand in the manifest's own signed soft bindings.")


async def _is_signed(service: Service, stored: StoredManifest, algorithm: str, value_hex: str) -> bool:
    if any(one.value_hex == value_hex and algorithm in ("", one.algorithm) for one in stored.bindings):
        return True
    if algorithm not in ("", *FINGERPRINTS):
        return False
    stretches = await aside(lambda: service.repository.segments_of(stored.label))
    return any(one.code.hex() == value_hex for one in stretches)


def _not_loose(service: Service, stored: StoredManifest) -> None:
    if service.loose and service.loose.manifest(stored.label):
        raise HTTPException(501, "Unchecked manifests of a sandbox can only be deleted.")
