"""The JSON of the API, named as in C2PA's own OpenAPI document of the Soft Binding Resolution API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=8192)]


class Match(BaseModel):
    """A manifest that was found."""

    manifestId: str  # noqa: N815
    # left out where the manifest is to be had here
    endpoint: str | None = None
    similarityScore: Annotated[int, Field(ge=0, le=100)] | None = None  # noqa: N815


class Matches(BaseModel):
    """c2pa.softBindingQueryResult"""

    matches: list[Match]


class BindingQuery(BaseModel):
    """c2pa.softBindingQuery"""

    alg: Text
    value: Text


class NewBinding(BaseModel):
    """A soft binding value and the manifest it stands for."""

    manifestId: Text  # noqa: N815
    # base64, as in queries
    bindingValue: Text  # noqa: N815
    # not in the specification, which leaves open what the value is a value of; it may be left out
    alg: Text | None = None


class Algorithm(BaseModel):
    """A soft binding algorithm by its name in C2PA's list."""

    alg: str


class Algorithms(BaseModel):
    """c2pa.softBindingAlgList"""

    watermarks: list[Algorithm]
    fingerprints: list[Algorithm]


class Status(BaseModel):
    """c2pa.serviceStatus"""

    status: Literal["ok", "degraded", "down"]
    timestamp: str


class Capabilities(BaseModel):
    """c2pa.serviceCapabilities"""

    c2paSpecificationVersion: str  # noqa: N815
    supportedCapabilities: list[str]  # noqa: N815


class Discovery(BaseModel):
    """c2pa.wellKnownDiscovery"""

    apiEndpoint: str  # noqa: N815
    c2paSpecificationVersion: str  # noqa: N815
    capabilitiesEndpoint: str  # noqa: N815
    statusEndpoint: str  # noqa: N815


class ReceiptRepository(BaseModel):
    """Whose receipt it is, and for what."""

    uri: str
    manifestId: str  # noqa: N815


class ReceiptAnchor(BaseModel):
    """Where the proof is found again, and the proof."""

    uri: str
    parameters: dict[str, Any] = {}
    proof: dict[str, Any]


class ReceiptAnswer(BaseModel):
    """c2pa.manifestReceipt: proof that a manifest store was taken in."""

    model_config = ConfigDict(populate_by_name=True)

    context: dict[str, str] = Field(alias="@context")
    type: str = Field(alias="@type")
    repository: ReceiptRepository
    anchor: ReceiptAnchor


class CheckedReceipt(ReceiptAnswer):
    """A receipt and whether it holds."""

    verified: bool
    error: str | None = None


class NewManifest(BaseModel):
    """What became of a manifest store that was handed in."""

    manifestId: str  # noqa: N815
    receipt: ReceiptAnswer | None = None


class Revocation(BaseModel):
    """Why a manifest no longer stands."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Seen(BaseModel):
    """Who may see a manifest."""

    visibility: Literal["public", "private"]


class Chain(BaseModel):
    """What a look through all receipts found."""

    count: int
    head: str
    problems: list[str]


class Problem(BaseModel):
    """Why a request was not answered."""

    error: str
