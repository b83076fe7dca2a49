"""What goes into the repository and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# a private manifest is found by its own house, never by strangers who ask the server
Visibility = Literal["public", "private"]
# registered and not yet found; found
ManifestState = Literal["signed", "published"]
# how far a job has come with its id; "withdrawn" when its file never came
ReservationState = Literal["reserved", "embedded", "signed", "published", "withdrawn"]
ReceiptAction = Literal["publish", "revoke", "visibility"]


@dataclass(frozen=True)
class Binding:
    """A value that leads from a file back to its manifest."""

    # e.g. io.foleymark.picture.1, io.foleymark.sound.1, io.iscc.v0
    algorithm: str
    # small hex digits; for marks the 16 of `Payload.hex`
    value_hex: str
    # what it covers; None from the beginning, None to the end
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True)
class CodeSegment:
    """The fingerprint of a stretch of the file; it stands in the signed soft binding as an io.iscc.v0 block."""

    start_s: float
    end_s: float
    # the block's value
    code: bytes


@dataclass(frozen=True)
class Registration:
    """A signed manifest and what finds it again."""

    # as in the manifest store: urn:c2pa:...
    label: str
    # the manifest store, as a .c2pa file holds it
    store: bytes
    # of the file it was made for
    media_type: str
    title: str = ""
    # each has to stand in the manifest's own signed soft bindings
    bindings: tuple[Binding, ...] = ()
    segments: tuple[CodeSegment, ...] = ()
    # what tells near-duplicates apart once a search has led here; where the manifest signs its hash, it has to fit
    sketch: bytes = b""
    tenant: str = "default"
    visibility: Visibility = "public"


@dataclass(frozen=True)
class Reserved:
    """An id that a job holds and has not delivered yet."""

    payload_hex: str
    state: ReservationState
    # of its manifest, once that is signed
    label: str


@dataclass(frozen=True)
class StoredManifest:
    """A manifest as the repository holds it."""

    label: str
    # the manifest store's bytes, and their SHA-256 as hex
    store: bytes
    sha256: str
    media_type: str
    title: str
    tenant: str
    # who signed: SHA-256 over issuing key and organisation, never only a name
    signer: str
    state: ManifestState
    visibility: Visibility
    # ISO 8601; empty while it is not published
    published_at: str = ""
    # ISO 8601; empty when it stands
    revoked_at: str = ""
    revoked_reason: str = ""
    bindings: tuple[Binding, ...] = ()
    # in an answer to `by_binding`: another signer held this value first, so this one may be a borrowed mark
    contested: bool = False

    @property
    def is_revoked(self) -> bool:
        return bool(self.revoked_at)


@dataclass(frozen=True)
class SegmentRow:
    """A published segment; numbers grow in the order of publication and never have gaps filled later."""

    number: int
    label: str
    start_s: float
    end_s: float
    code: bytes


@dataclass(frozen=True)
class Receipt:
    """One link of the chain that says what was published, revoked, shown or hidden, and when."""

    # 1, 2, 3 ...
    sequence: int
    action: ReceiptAction
    label: str
    # ISO 8601, UTC
    at: str
    # of the manifest store
    manifest_sha256: str
    # of bindings, segments and sketch; with the action publish
    content_sha256: str
    # the reason, or the visibility
    detail: str
    # entry hash of the receipt before; empty for the first
    previous: str
    # SHA-256 over the canonical JSON of everything above
    entry_hash: str


@dataclass(frozen=True)
class ReceiptCheck:
    """What a look through the whole chain found."""

    count: int
    # entry hash of the last receipt: whoever keeps it elsewhere notices a chain that was cut or made anew
    head: str
    # a sentence each
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Swept:
    """What a sweep cleared away."""

    # ids that no file carries
    reservations: int
    # manifests that were signed and never published
    manifests: int
    # labels published for files that were never delivered; revoked
    undelivered: tuple[str, ...] = ()
