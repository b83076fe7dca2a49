"""C2PA credentials on five axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Integrity = Literal["exact", "recovered", "altered", "broken", "none"]
SignerTrust = Literal["trusted", "own", "unknown", "expired", "revoked", "mismatch", "none"]
TimeTrust = Literal["trusted", "untrusted", "none"]
Binding = Literal["hard", "watermark+fingerprint", "watermark", "fingerprint", "none"]
History = Literal["complete", "gaps", "bad ingredient", "none"]


@dataclass(frozen=True)
class Ingredient:
    """Something the file was made from, with its own recorded result."""

    title: str
    relationship: str
    digital_source_type: str = ""
    has_credentials: bool = False
    # plain words: what the SDK recorded about it when it was taken in
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Action:
    """One step of a file's history as its manifest tells it."""

    action: str
    when: str = ""
    software: str = ""
    digital_source_type: str = ""
    description: str = ""


@dataclass(frozen=True)
class Credential:
    """C2PA credentials of a file on five axes, never one word."""

    integrity: Integrity
    signer: SignerTrust
    time: TimeTrust
    binding: Binding
    history: History
    # the organisation in the signing certificate
    signer_name: str = ""
    # names of the trust lists that were consulted, with their dates
    trust_list: str = ""
    # ISO 8601; when the claim says it was signed, trusted only as far as `time` says
    signed_at: str = ""
    # ISO 8601; when the signing certificate expires
    certificate_expires: str = ""
    claim_generator: str = ""
    title: str = ""
    manifest_label: str = ""
    # the IPTC digital source types declared by created/opened/placed actions, whole URIs
    digital_source_types: tuple[str, ...] = ()
    # True when the credentials declare that AI made the file or parts of it
    declares_ai: bool = False
    # True when they declare capture by a camera
    declares_capture: bool = False
    actions: tuple[Action, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    # (algorithm, value in hex) of each signed soft binding
    soft_bindings: tuple[tuple[str, str], ...] = ()
    # raw validation codes, for people who want them
    codes: tuple[str, ...] = ()
    # remote manifest URL, never fetched unless asked
    remote_url: str = ""
    # plain sentences, most important first
    sentences: tuple[str, ...] = ()
