"""Bringing the official trust lists up to date: whole or not at all, and with words for what changed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import CredentialError
from pipeline.files import ensure_folder, write_atomic
from pipeline.provenance.fetching import fetch
from pipeline.provenance.trust.lists import MAX_LIST_BYTES, TrustList, is_official, load_trust_list

LOG = logging.getLogger(__name__)

# where the C2PA conformance programme publishes its lists
OFFICIAL = "https://raw.githubusercontent.com/c2pa-org/conformance-public/main/trust-list/"
NAMES = ("C2PA-TRUST-LIST.pem", "C2PA-TSA-TRUST-LIST.pem")
SUFFIXES = (".json", ".pem")


@dataclass(frozen=True)
class Change:
    """What an update did to one list."""

    name: str
    # ISO 8601 day of the list
    date: str
    certificates: int
    # subjects of certificates that came and went
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    is_new: bool = False


def update_lists(folder: Path, source: str = OFFICIAL, *, local: bool = False) -> tuple[Change, ...]:
    """Replace the official lists of a folder by newer ones.

    Parameters
    ----------
    folder : Path
        Where the lists are kept.
    source : str
        A file, a folder that holds the lists under their official names, or an address of either.
    local : bool
        Allow an address on this machine.

    Returns
    -------
    tuple of Change
        One for each list.

    Raises
    ------
    CredentialError
        When a list cannot be had or holds no certificates; the old ones are then still there.
    """
    ensure_folder(folder)
    # every list has to be good before the first is replaced
    ready = [_checked(folder, name, content) for name, content in _contents(source, local=local)]
    return tuple(_install(folder, name, content, new) for name, content, new in ready)


def _contents(source: str, *, local: bool) -> list[tuple[str, bytes]]:
    if "://" in source:
        addresses = [source] if source.lower().endswith(SUFFIXES) else [f"{source.rstrip('/')}/{one}" for one in NAMES]
        return [(_file_name(one), fetch(one, max_bytes=MAX_LIST_BYTES, local=local)) for one in addresses]
    path = Path(source).expanduser()
    if path.is_dir():
        found = [one for one in sorted(path.iterdir()) if one.suffix.lower() in SUFFIXES and is_official(one.stem)]
        # of one list in both forms the JSON is taken: it knows its date
        by_stem = {one.stem: one for one in sorted(found, key=lambda one: one.suffix.lower() == ".json")}
        paths = list(by_stem.values())
    else:
        paths = [path]
    if not paths:
        raise CredentialError(f"{path} holds no official list: it should hold {' and '.join(NAMES)}")
    return [(_file_name(one.name), _read(one)) for one in paths]


def _file_name(source: str) -> str:
    name = source.rstrip("/").rpartition("/")[2]
    if not is_official(Path(name).stem) or Path(name).suffix.lower() not in SUFFIXES:
        raise CredentialError(f"{name} is no official list; add a list of your own with: foleymark trust add FILE")
    return name


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_LIST_BYTES + 1)
    except OSError as error:
        raise CredentialError(f"the trust list {path} cannot be read ({error.strerror}): check its name") from error
    if len(content) > MAX_LIST_BYTES:
        raise CredentialError(f"{path} is too large for a trust list: check that it is one")
    return content


def _checked(folder: Path, name: str, content: bytes) -> tuple[str, bytes, TrustList]:
    import tempfile

    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as beside:
        path = Path(beside) / name
        path.write_bytes(content)
        found = load_trust_list(path)
    subjects_of(found)
    return name, content, found


def _install(folder: Path, name: str, content: bytes, new: TrustList) -> Change:
    stem = Path(name).stem
    before = [folder / f"{stem}{suffix}" for suffix in SUFFIXES if (folder / f"{stem}{suffix}").is_file()]
    old = _subjects_before(before)
    write_atomic(folder / name, content)
    for path in before:
        # the other form of the same list would be read in its place
        if path.name != name:
            path.unlink(missing_ok=True)
    now = subjects_of(new)
    return Change(
        name=new.name,
        date=new.date,
        certificates=len(now),
        added=tuple(sorted(words for key, words in now.items() if key not in old)),
        removed=tuple(sorted(words for key, words in old.items() if key not in now)),
        is_new=not before,
    )


def _subjects_before(paths: list[Path]) -> dict[str, str]:
    for path in paths:
        try:
            return subjects_of(load_trust_list(path))
        except CredentialError as error:
            LOG.info("the list that is replaced was no good: %s", error)
    return {}


def subjects_of(one: TrustList) -> dict[str, str]:
    """Fingerprint and name of every certificate of a list.

    Raises
    ------
    CredentialError
        When one of them is no certificate.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    from pipeline.provenance.text import clean

    try:
        found = x509.load_pem_x509_certificates(one.pem.encode())
        return {cert.fingerprint(hashes.SHA256()).hex(): clean(cert.subject.rfc4514_string(), 160) for cert in found}
    except ValueError as error:
        raise CredentialError(f"{one.name} holds something that is no certificate: it is left alone") from error
