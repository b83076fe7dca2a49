"""C2PA credentials on five axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Integrity = Literal["exact", "recovered", "altered", "broken", "none"]
SignerTrust = Literal["trusted", "own", "unknown", "expired", "revoked", "mismatch", "none"]
TimeTrust = Literal["trusted", "untrusted", "none"]
Binding = Literal["hard", "watermark+fingerprint", "watermark", "fingerprint", "none"]
History = Literal["complete", "gaps", "bad ingredient", "none"]
# where the manifest was: in the file, in a .c2pa beside it, at an address, or alone, without any file
Origin = Literal["embedded", "sidecar", "remote", "store"]
# of an ingredient: its own credentials hold; were or are broken; it has none; its story is told elsewhere in the tree
IngredientState = Literal["holds", "bad", "unsigned", "repeated"]


@dataclass(frozen=True)
class SoftBinding:
    """What ties credentials to content that lost them: a mark's payload or a fingerprint, signed with them."""

    # e.g. "io.iscc.v0"
    algorithm: str
    value_hex: str
    # the stretch it speaks of; None for the whole
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True)
class Span:
    """A stretch of the file; the end is None when it is not told."""

    start_s: float
    end_s: float | None = None


@dataclass(frozen=True)
class Action:
    """One step of a file's history as its manifest tells it."""

    action: str
    when: str = ""
    software: str = ""
    digital_source_type: str = ""
    description: str = ""
    # where in the file it happened; empty for the whole
    spans: tuple[Span, ...] = ()
    # titles of the ingredients it used
    ingredients: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ingredient:
    """Something the file was made from, with its own result and what it was made from in turn."""

    title: str
    relationship: str
    digital_source_type: str = ""
    has_credentials: bool = False
    # plain words: what was recorded about it when it was taken in, and what is found now
    problems: tuple[str, ...] = ()
    state: IngredientState = "unsigned"
    # of its own credentials, as far as they are in the file
    manifest_label: str = ""
    signer_name: str = ""
    signer: SignerTrust = "none"
    signed_at: str = ""
    time: TimeTrust = "none"
    claim_generator: str = ""
    actions: tuple[Action, ...] = ()
    # a small JPEG, or nothing; only when asked for
    thumbnail: bytes = b""
    ingredients: tuple[Ingredient, ...] = ()


@dataclass(frozen=True)
class TrainingWish:
    """What the signer wishes about one use of the file by AI."""

    # "AI training", "generative AI training", "AI use" or "data mining"; what others write as they wrote it
    use: str
    # "allowed", "notAllowed" or "constrained"
    wish: str
    # the conditions of "constrained"
    conditions: str = ""


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
    # which lists counted: "strict" only official ones and one's own, "open" also added ones
    policy: str = "open"
    # ISO 8601, by the clock of the machine that checked
    checked_at: str = ""
    # ISO 8601; when the claim says it was signed, trusted only as far as `time` says
    signed_at: str = ""
    # who gave the time stamp, or empty
    time_authority: str = ""
    # ISO 8601; when the signing certificate expires
    certificate_expires: str = ""
    claim_generator: str = ""
    title: str = ""
    manifest_label: str = ""
    # of the manifest that speaks of the content, where an update added statements to it; else the same
    content_label: str = ""
    # the IPTC digital source types declared by created/opened/placed actions, whole URIs
    digital_source_types: tuple[str, ...] = ()
    # True when the credentials declare that AI made the file or parts of it
    declares_ai: bool = False
    # True when they declare capture by a camera
    declares_capture: bool = False
    # one plain sentence on the part of AI, also when they do not say
    ai_sentence: str = ""
    # model named by an AI disclosure, or empty
    ai_model: str = ""
    authors: tuple[str, ...] = ()
    # licence or rights, as written
    licence: str = ""
    training: tuple[TrainingWish, ...] = ()
    actions: tuple[Action, ...] = ()
    # what it was made from; each with what that was made from
    ingredients: tuple[Ingredient, ...] = ()
    soft_bindings: tuple[SoftBinding, ...] = ()
    # raw validation codes, for people who want them
    codes: tuple[str, ...] = ()
    # remote manifest URL, never fetched unless asked
    remote_url: str = ""
    origin: Origin = "embedded"
    # only statements were added after the file was signed, e.g. a later time stamp
    is_update: bool = False
    # a small JPEG of the signer, or nothing; only when asked for
    thumbnail: bytes = b""
    # plain sentences, most important first
    sentences: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether signature and statements are what was signed, whoever signed and whatever file they belong to."""
        whole = self.integrity in ("exact", "recovered") or (self.origin == "store" and self.integrity == "none")
        return whole and bool(self.manifest_label) and self.signer not in ("mismatch", "none")

    def every_ingredient(self) -> Iterator[Ingredient]:
        """The whole tree, nearest first."""
        waiting = list(self.ingredients)
        while waiting:
            yield (one := waiting.pop(0))
            waiting.extend(one.ingredients)
