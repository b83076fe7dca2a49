"""Trust lists: whose signatures to believe. They are the user's files; the program brings none along.

A list is a PEM file of certificates, or the JSON form (ETSI TS 119 602 list of trusted entities) in which
the official lists are published; the JSON form carries its own name and date. A file that `anchors.py` wrote
says in its first line what it is called and what it counts for.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import CredentialError
from pipeline.provenance.text import clean, day_of

# the official lists have 30 to 50 kB
MAX_LIST_BYTES = 8 << 20
OWN = "own"
Policy = Literal["strict", "open"]
# begins the first line of a file of added anchors; JSON follows
HEADER = "# foleymark anchors "
PEM_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")
# names of the published files, as a person would say them
KNOWN_FILES = {
    "c2pa-trust-list": "official C2PA trust list",
    "c2pa-tsa-trust-list": "official C2PA time stamp list",
}


@dataclass(frozen=True)
class TrustList:
    """Certificates that vouch for others, with a name and a date."""

    name: str
    # ISO 8601 day: when the list was issued
    date: str
    pem: str
    # what the certificates may vouch for: signers ("manifest") or time stamp authorities ("tsa")
    purpose: Literal["manifest", "tsa"] = "manifest"
    # a PEM file carries no date of its own: `date` is then when the file was written
    is_file_date: bool = False
    # published by the C2PA conformance programme: the only ones that count under the strict policy
    is_official: bool = False
    # certificates of one's own house: signers under them count as one's own
    is_mine: bool = False
    # the file's name without suffix; empty when it never was a file
    stem: str = ""

    @property
    def dated(self) -> str:
        """The list as a sentence names it."""
        # a person may have called it anything
        named = self.name if re.search(r"\blist\b", self.name) else f"list {self.name}"
        return f"{named} ({'file' if self.is_file_date else 'list'} of {self.date})" if self.date else named


@dataclass(frozen=True)
class Trust:
    """Everything a reader may believe."""

    # root certificates of one's own authority, PEM
    own_pem: str = ""
    lists: tuple[TrustList, ...] = ()
    # "strict": of the lists only official ones and one's own count; "open": also those that were added
    policy: Policy = "open"

    @property
    def signer_lists(self) -> tuple[TrustList, ...]:
        """The lists that vouch for signers and count under the policy."""
        return tuple(one for one in self.lists if one.purpose == "manifest" and self.counts(one))

    @property
    def time_lists(self) -> tuple[TrustList, ...]:
        """The lists that vouch for time stamp authorities and count under the policy."""
        return tuple(one for one in self.lists if one.purpose == "tsa" and self.counts(one))

    @property
    def left_aside(self) -> tuple[TrustList, ...]:
        """The lists that the policy does not count."""
        return tuple(one for one in self.lists if not self.counts(one))

    def counts(self, one: TrustList) -> bool:
        """Whether a list counts under the policy."""
        return self.policy == "open" or one.is_official or one.is_mine

    def anchors(self) -> list[dict[str, str]]:
        """The lists as the SDK takes them; `list_by_key` finds a list again by its ``trust_uri``."""
        own = [{"trust_anchors": self.own_pem, "trust_uri": OWN, "trust_kind": "manifest"}] if self.own_pem else []
        named = [
            {"trust_anchors": one.pem, "trust_uri": f"list-{number}", "trust_kind": one.purpose}
            for number, one in enumerate(self.lists)
            if self.counts(one)
        ]
        # the SDK reports the first list that fits, of whatever purpose: those for signers go first
        return own + sorted(named, key=lambda one: one["trust_kind"])

    def list_by_key(self, key: str) -> TrustList | None:
        """The list that `anchors` gave this ``trust_uri``."""
        return next((one for number, one in enumerate(self.lists) if key == f"list-{number}"), None)


def load_trust(folder: Path | None = None, *, own_root: Path | None = None, policy: Policy = "open") -> Trust:
    """Every trust list of a folder (``*.pem``, ``*.json``) and one's own root; what is not there is left out.

    Raises
    ------
    CredentialError
        When a file is there and is not a trust list.
    """
    found: dict[str, TrustList] = {}
    if folder is not None and folder.is_dir():
        # of one list in both forms the JSON is read: it knows its date
        for path in sorted([*folder.glob("*.pem"), *folder.glob("*.json")], key=lambda path: path.suffix):
            found.setdefault(path.stem, load_trust_list(path))
    own_pem = _certificates(_read(own_root), own_root) if own_root is not None and own_root.is_file() else ""
    return Trust(own_pem=own_pem, lists=tuple(found[stem] for stem in sorted(found)), policy=policy)


def load_trust_list(path: Path) -> TrustList:
    """Read one trust list.

    Raises
    ------
    CredentialError
        When the file holds no certificates.
    """
    text = _read(path)
    if path.suffix.lower() == ".json":
        return _from_json(text, path)
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    said = _header(text)
    return TrustList(
        name=clean(said.get("name"), 60) or _name(path.stem),
        date=day_of(said.get("added")) or written.date().isoformat(),
        pem=_certificates(text, path),
        purpose="tsa" if said.get("purpose") == "tsa" else "manifest" if said else _purpose(path.stem),
        is_file_date=not said,
        is_official=is_official(path.stem) and not said,
        is_mine=said.get("mine") is True,
        stem=path.stem,
    )


def is_official(stem: str) -> bool:
    """Whether a file bears the name of a published list."""
    return stem.lower().replace("_", "-") in KNOWN_FILES


def _header(text: str) -> dict[str, Any]:
    line = text.partition("\n")[0]
    if not line.startswith(HEADER):
        return {}
    try:
        said = json.loads(line.removeprefix(HEADER))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_LIST_BYTES:
            raise CredentialError(f"{path} is too large for a trust list: remove it")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CredentialError(f"the trust list {path} cannot be read ({error.strerror})") from error


def _certificates(text: str, path: Path) -> str:
    """Only the certificates of a text, in clean PEM."""
    blocks = [_to_pem(body) for body in PEM_BLOCK.findall(text)]
    if not blocks:
        raise CredentialError(f"{path} holds no certificates: put a trust list in PEM form there")
    return "".join(blocks)


def _to_pem(body: str) -> str:
    packed = "".join(body.split())
    lines = [packed[start : start + 64] for start in range(0, len(packed), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def _from_json(text: str, path: Path) -> TrustList:
    try:
        data = json.loads(text)["LoTE"]
        info = data["ListAndSchemeInformation"]
        name = clean(info["SchemeName"][0]["value"], 80)
        pem = "".join(_to_pem(body) for body in _identities(data["TrustedEntitiesList"]))
        date = day_of(info["ListIssueDateTime"])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise CredentialError(
            f"{path} is not a trust list in the published JSON form: remove it, or download it again"
        ) from error
    if not pem:
        raise CredentialError(f"{path} holds no certificates: download it again")
    purpose = _purpose(f"{path.stem} {name}")
    known = is_official(path.stem)
    return TrustList(_name(path.stem, name), date, pem, purpose, is_official=known, stem=path.stem)


def _identities(data: Any) -> list[str]:
    """Every base64 certificate below ``X509Certificates`` in the published form."""
    found: list[str] = []
    waiting: list[Any] = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            for key, value in one.items():
                if key == "X509Certificates":
                    found.extend(entry["val"] for entry in value if base64.b64decode(entry["val"], validate=True))
                else:
                    waiting.append(value)
        elif isinstance(one, list):
            waiting.extend(one)
    return found


def _name(stem: str, fallback: str = "") -> str:
    return KNOWN_FILES.get(stem.lower().replace("_", "-")) or fallback or f"trust list {clean(stem, 60)}"


def _purpose(name: str) -> Literal["manifest", "tsa"]:
    return "tsa" if re.search(r"(?<![a-z])tsa(?![a-z])", name.lower()) else "manifest"
