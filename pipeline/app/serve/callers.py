"""Who is asking, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import HTTPException, Request

from pipeline.app.serve.tokens import Token

# in the OpenAPI scheme of C2PA these are fetch:manifests, store:manifests and store:bindings
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="foleymark"'}


@dataclass(frozen=True)
class Caller:
    """One request's sender."""

    # for limits and the log: token:NAME or address:...
    key: str
    # None for strangers
    token: Token | None = None

    def belongs_to(self, tenant: str) -> bool:
        """Whether this caller acts for the tenant a manifest belongs to."""
        return self.token is not None and (self.token.tenant == tenant or "admin" in self.token.scopes)


def caller_of(request: Request) -> Caller:
    """The caller that the gate found for this request."""
    found = request.scope["foleymark.caller"]
    assert isinstance(found, Caller)
    return found


def require(request: Request, scope: str) -> Caller:
    """The caller, who holds a token with this scope: 401 without a token, 403 without the scope."""
    caller = caller_of(request)
    if caller.token is None:
        raise HTTPException(401, "This needs a token; send it as 'Authorization: Bearer ...'.", headers=CHALLENGE)
    if not caller.token.allows(scope):
        raise HTTPException(403, f"This token does not have the scope {scope!r}.")
    return caller


def reader(request: Request) -> Caller:
    """Who may find and fetch manifests: everybody on a server with open reads, else tokens that read."""
    caller = caller_of(request)
    is_open = request.app.state.service.settings.open_reads
    return caller if is_open and caller.token is None else require(request, "read")
