"""Routes that say what this server is and can."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request

from pipeline.app.serve.callers import require
from pipeline.app.serve.schemas import Algorithm, Algorithms, Capabilities, Chain, Discovery, Status
from pipeline.app.serve.service import aside, service_of
from pipeline.app.serve.settings import API_VERSION
from pipeline.app.serve.values import FINGERPRINTS, WATERMARKS
from pipeline.errors import FoleymarkError

router = APIRouter(tags=["service"])
well_known = APIRouter(tags=["service"])
# the names the specification gives what is optional; queryByReference is not among ours
CAPABILITIES = ["queryByContent", "storeManifests", "storeBindings"]


@router.get("/services/supportedAlgorithms", operation_id="getSupportedBindings")
async def supported_algorithms() -> Algorithms:
    """The soft binding algorithms that files are searched for here."""
    return Algorithms(
        watermarks=[Algorithm(alg=name) for name in WATERMARKS],
        fingerprints=[Algorithm(alg=name) for name in FINGERPRINTS],
    )


@router.get("/services/status", operation_id="getServiceStatus")
async def service_status(request: Request) -> Status:
    """Whether the repository answers and files are being taken."""
    service = service_of(request)
    try:
        await aside(lambda: service.repository.manifests(limit=1))
        state = "degraded" if service.jobs.is_full else "ok"
    except FoleymarkError:
        state = "down"
    now = datetime.now(UTC).replace(microsecond=0)
    return Status.model_validate({"status": state, "timestamp": now.isoformat().replace("+00:00", "Z")})


@router.get("/services/capabilities", operation_id="getServiceCapabilities")
async def service_capabilities() -> Capabilities:
    """Which optional parts of the specification are here."""
    return Capabilities(c2paSpecificationVersion=API_VERSION, supportedCapabilities=CAPABILITIES)


@well_known.get("/.well-known/c2pa-soft-binding-resolution", operation_id="getWellKnown")
async def discovery(request: Request) -> Discovery:
    """Where the API is (RFC 8615)."""
    base = f"{service_of(request).settings.address}/v1"
    return Discovery(
        apiEndpoint=base,
        c2paSpecificationVersion=API_VERSION,
        capabilitiesEndpoint=f"{base}/services/capabilities",
        statusEndpoint=f"{base}/services/status",
    )


@router.get("/admin/receipts", tags=["foleymark"])
async def receipt_chain(request: Request) -> Chain:
    """A look through the whole chain of receipts; for administrators."""
    require(request, "admin")
    found = await aside(service_of(request).repository.verify_receipts)
    return Chain(count=found.count, head=found.head, problems=list(found.problems))
