"""The application: every route behind the gate."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from pipeline.app.serve import manifests, matches, services
from pipeline.app.serve.gate import Gate
from pipeline.app.serve.jobs import Jobs
from pipeline.app.serve.likeness import Likeness
from pipeline.app.serve.sandbox import LooseShelf
from pipeline.app.serve.service import Service, aside
from pipeline.app.serve.settings import API_VERSION, ServeSettings
from pipeline.app.serve.tokens import TokenFile
from pipeline.keys import Keys
from pipeline.provenance.repository import Repository, open_repository

LOG = logging.getLogger(__name__)
DESCRIPTION = (
    "Finds the content credentials of files that lost them. "
    "Operations that are not in the C2PA specification are tagged foleymark."
)
# FastAPI 0.150 sends traces to whatever address the environment names; older ones know nothing of it
NO_TELEMETRY: Any = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)


def create_app(settings: ServeSettings) -> FastAPI:
    """The API as an ASGI application; the repository is opened when it starts and closed when it ends."""
    app = FastAPI(
        title="C2PA Soft Binding Resolution API",
        version=API_VERSION,
        description=DESCRIPTION,
        servers=[{"url": settings.address}],
        openapi_url="/v1/openapi.json",
        # their pages load scripts from a stranger's server
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
        lifespan=lambda running: _running(running, settings),
    )
    # declared for the OpenAPI document; the gate does the work
    token = [Depends(HTTPBearer(auto_error=False, description="From: foleymark serve token add"))]
    app.include_router(matches.router, prefix="/v1", dependencies=token)
    app.include_router(manifests.router, prefix="/v1", dependencies=token)
    app.include_router(services.router, prefix="/v1")
    app.include_router(services.well_known)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_middleware(Gate, settings=settings, tokens=TokenFile(settings.tokens_path))
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type"),
        )
    _tell_of_no_422(app)
    return app


def _tell_of_no_422(app: FastAPI) -> None:
    """FastAPI promises a status that is never sent here: what is malformed gets 400, as the specification wants."""
    document = app.openapi()
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


@contextlib.asynccontextmanager
async def _running(app: FastAPI, settings: ServeSettings) -> AsyncIterator[None]:
    repository = await aside(lambda: opened(settings))
    try:
        loose = LooseShelf() if settings.sandbox else None
        app.state.service = Service(settings, repository, Jobs(settings), Likeness(repository), loose)
        yield
    finally:
        await aside(repository.close)


def opened(settings: ServeSettings) -> Repository:
    """The repository; CredentialError or UsageError when there is none to be had."""
    own_root = Keys(settings.home).trust().own_pem
    return open_repository(settings.repository, issuers=(own_root.encode(),) if own_root else ())


async def _refused(request: Request, error: Any) -> JSONResponse:
    return JSONResponse({"error": str(error.detail)}, error.status_code, headers=error.headers)


async def _misunderstood(request: Request, error: Any) -> JSONResponse:
    """The specification knows 400 alone. What was sent is not repeated: it could be anything."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
    return JSONResponse({"error": f"{ascii(place)[1:-1]}: {first['msg']}."}, 400)
