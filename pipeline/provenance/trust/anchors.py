"""Anchors that a person adds: certificates of a partner, a newsroom, one's own house."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pipeline.errors import CredentialError
from pipeline.files import write_atomic
from pipeline.provenance.text import clean
from pipeline.provenance.trust.lists import HEADER, TrustList, is_official, load_trust_list
from pipeline.provenance.trust.official import subjects_of

MINE = "certificates of your own house"


def add_anchors(
    folder: Path, file: Path, *, name: str = "", mine: bool = False, purpose: Literal["manifest", "tsa"] | None = None
) -> TrustList:
    """Install the certificates of a file as a list of one's own.

    Parameters
    ----------
    folder : Path
        Where the lists are kept.
    file : Path
        PEM, or the published JSON form.
    name : str
        What people will read; the file's name when empty.
    mine : bool
        Signers under these count as one's own, under the strict policy too.
    purpose : "manifest" or "tsa", optional
        What they vouch for: signers, or time stamp authorities; as the file says when left out.

    Raises
    ------
    CredentialError
        When the file holds no certificates, or the name is taken by an official list.
    """
    found = load_trust_list(file)
    subjects_of(found)
    if found.is_official and not name and not mine:
        # an official list that somebody downloaded: it stays what it is
        write_atomic(folder / file.name, file.read_bytes())
        return load_trust_list(folder / file.name)
    called = clean(name, 60) or (MINE if mine else clean(file.stem, 60))
    stem = _stem(called)
    said = {
        "name": called if name or mine else found.name,
        "added": datetime.now(UTC).date().isoformat(),
        "mine": mine,
        "purpose": purpose or found.purpose,
    }
    path = folder / f"{stem}.pem"
    write_atomic(path, f"{HEADER}{json.dumps(said)}\n{found.pem}")
    return load_trust_list(path)


def remove_list(folder: Path, name: str) -> TrustList:
    """Take a list away, by the name people read or by that of its file.

    Raises
    ------
    CredentialError
        When there is none, or several of that name.
    """
    wanted = name.strip().lower()
    found = [
        (path, one)
        for path in sorted([*folder.glob("*.pem"), *folder.glob("*.json")])
        if (one := _readable(path)) is not None and wanted in (one.name.lower(), path.stem.lower(), path.name.lower())
    ]
    if not found:
        raise CredentialError(f"there is no trust list called {clean(name, 60)}: see foleymark trust list")
    if len({path.stem for path, _ in found}) > 1:
        names = ", ".join(path.name for path, _ in found)
        raise CredentialError(f"{clean(name, 60)} names several lists ({names}): give the name of the file")
    for path, _ in found:
        path.unlink()
    return found[0][1]


def _readable(path: Path) -> TrustList | None:
    try:
        return load_trust_list(path)
    except CredentialError:
        # a damaged file can still be taken away, by its file name
        return TrustList(path.stem, "", "", stem=path.stem)


def _stem(name: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    if not stem:
        raise CredentialError(f"{name!r} cannot name a list: use letters and digits")
    return f"{stem}-anchors" if is_official(stem) else stem
