"""Registering: the way of a finished file into the repository, with nothing left half done by a crash.

The order is: reserve the id, embed it, sign, keep the manifest, publish it, and only then give the file its name. So a
file that was delivered is always published. A manifest that was published before its file was delivered is known by
its reservation: the job takes it up where it was, and where that cannot be, the manifest is revoked.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import RepositorySettings, SignSettings
from pipeline.errors import FoleymarkError
from pipeline.files import ensure_folder, replacing, sync_file, sync_folder
from pipeline.keys import Keys
from pipeline.records import Marks, Payload

if TYPE_CHECKING:
    from pipeline.provenance.fingerprint import Fingerprint
    from pipeline.provenance.repository import Receipt, Repository, Reserved
    from pipeline.provenance.signing.identity import SigningIdentity
    from pipeline.provenance.signing.sign import Signed
    from pipeline.watermark.payload import Reserve

logger = logging.getLogger(__name__)

FILE_NAME = "repository.db"


# ---------------------------------------------------------------- opening
def repository_address(settings: RepositorySettings, home: Path) -> str:
    """Where the repository is, as settings and home folder have it."""
    return settings.url or str(home / FILE_NAME)


def open_registry(settings: RepositorySettings, keys: Keys, *, create: bool = True) -> Repository:
    """The repository of a home folder, or the one the settings name.

    Raises
    ------
    UsageError, CredentialError
        As `pipeline.provenance.repository.open_repository`.
    """
    from pipeline.provenance.repository import open_repository

    roots = tuple(pem.encode() for pem in (keys.trust().own_pem,) if pem)
    return open_repository(repository_address(settings, keys.home), create=create, issuers=roots)


def has_registry(settings: RepositorySettings, keys: Keys) -> bool:
    """Whether there is a repository to ask; one that is named by its address is not looked for."""
    return settings.enabled and ("://" in settings.url or Path(repository_address(settings, keys.home)).exists())


@contextlib.contextmanager
def free_ids(settings: RepositorySettings, keys: Keys) -> Iterator[Reserve | None]:
    """How to ask whether an id is free, for a mark that is signed elsewhere or never; None without a repository."""
    if not has_registry(settings, keys):
        yield None
        return
    with open_registry(settings, keys, create=False) as repository:
        yield lambda payload: repository.is_free(payload.hex)


# ------------------------------------------------------------------ exports
def sign_registered(
    source: Path,
    output: Path,
    *,
    settings: SignSettings,
    repository: RepositorySettings,
    keys: Keys,
    identity: SigningIdentity,
    sidecar: bool = False,
    remote_url: str = "",
) -> Signed:
    """Write a signed copy of a file and register it: its fingerprint is signed with it and finds it again.

    Raises as `pipeline.signing.sign_export` and the repository; then nothing has the output's name, and nothing is
    published that is not revoked.
    """
    from dataclasses import replace

    from pipeline.provenance.signing.writing import real_destination
    from pipeline.signing import sign_export

    how: dict[str, Any] = {"settings": settings, "identity": identity, "sidecar": sidecar, "remote_url": remote_url}
    if not repository.enabled:
        return sign_export(source, output, **how)
    output = real_destination(output)
    with registering(output, settings=repository, keys=keys) as registrar, _staging(output) as folder:
        _clear_interrupted(registrar, output)
        payload = registrar.id_without_mark()
        fingerprint = fingerprint_of(source)
        marks = marks_of(source, keys)
        signed = sign_export(source, folder / output.name, **how, marks=marks, **what_to_sign(fingerprint))
        registrar.publish(signed, payload, fingerprint)
        beside = output.with_name(signed.sidecar.name) if signed.sidecar else None
        with _withdrawn_if_it_fails(registrar):
            if signed.sidecar and beside:
                put_out(signed.sidecar, beside)
            put_out(signed.path, output)
        registrar.delivered()
    return replace(signed, path=output, sidecar=beside)


@contextlib.contextmanager
def _withdrawn_if_it_fails(registrar: Registrar) -> Iterator[None]:
    try:
        yield
    except OSError:
        held = registrar.held()
        if held:
            registrar.withdraw(held)
        raise


def _clear_interrupted(registrar: Registrar, output: Path) -> None:
    """What a killed attempt published either has its file, or is revoked: signing anew costs little."""
    from pipeline.provenance.reading.reader import read_credential

    held = registrar.held()
    if held is None or held.state != "published":
        return
    there = read_credential(output) if output.is_file() else None
    if there and there.manifest_label == held.label:
        registrar.delivered()
    else:
        registrar.withdraw(held)


@contextlib.contextmanager
def _staging(output: Path) -> Iterator[Path]:
    # beside the output, so that the last step is a rename; always the same, so that the next attempt clears it
    folder = output.with_name(f".{output.name}.staged")
    shutil.rmtree(folder, ignore_errors=True)
    ensure_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# -------------------------------------------------------------------- jobs
@contextlib.contextmanager
def registering(output: Path, *, settings: RepositorySettings, keys: Keys, needed: bool = True) -> Iterator[Registrar]:
    """The registrar of the job that makes `output`; one without a repository when none is wanted."""
    if not (settings.enabled and needed):
        yield Registrar(None, job_of(output), keys.tenant)
        return
    with open_registry(settings, keys) as repository:
        yield Registrar(repository, job_of(output), keys.tenant)


def job_of(output: Path) -> str:
    """A job's name in the repository: the same whenever and by whoever this file is made on this machine."""
    return hashlib.sha256(f"{platform.node()}:{output.absolute()}".encode()).hexdigest()


@dataclass(frozen=True)
class Registrar:
    """A job's hand in the repository. Without a repository every step is free, and nothing is kept."""

    repository: Repository | None
    job: str
    tenant: str = "default"

    @property
    def is_on(self) -> bool:
        return self.repository is not None

    def held(self) -> Reserved | None:
        """What an interrupted attempt of this job left."""
        return self.repository.reservation(self.job) if self.repository else None

    def id_to_embed(self) -> dict[str, Any]:
        """Arguments for whoever marks: the id of the interrupted attempt, or how to reserve a fresh one."""
        if self.repository is None:
            return {}
        held = self.held()
        return {"payload": Payload.from_hex(held.payload_hex)} if held else {"reserve": self.reserve}

    def reserve(self, payload: Payload) -> bool:
        """Reserve an id for this job; False when it is another's."""
        return self.repository is None or self.repository.reserve(payload.hex, job=self.job)

    def id_without_mark(self) -> Payload:
        """The id that stands for a file without a mark: it is reserved all the same, so that the job is known."""
        from pipeline.watermark.payload import new_payload

        return self.id_to_embed().get("payload") or new_payload(self.reserve)

    def embedded(self, payload: Payload) -> None:
        """Note that the file carries the id."""
        if self.repository:
            self.repository.embedded(payload.hex)

    def publish(self, signed: Signed, payload: Payload, fingerprint: Fingerprint | None) -> Receipt | None:
        """Keep the manifest of a signed file that has no name yet, and publish it."""
        from dataclasses import replace

        from pipeline.provenance.formats import media_type
        from pipeline.provenance.repository.claims import registration_of

        if self.repository is None:
            return None
        registration = registration_of(
            signed.store,
            media_type=media_type(signed.path),
            title=signed.credential.title,
            tenant=self.tenant,
            ours=True,
        )
        sketch = fingerprint.sketch if fingerprint else b""
        self.repository.signed(replace(registration, sketch=sketch), payload.hex, ours=True)
        return self.repository.publish(registration.label)

    def receipt_of(self, label: str) -> str:
        """The entry hash of a label's publication; empty without one."""
        found = self.repository.receipts(label) if self.repository and label else ()
        return next((one.entry_hash for one in found if one.action == "publish"), "")

    def delivered(self) -> None:
        """Note that the file has its name, which ends the job."""
        held = self.held()
        if self.repository and held:
            self.repository.delivered(held.payload_hex)

    def withdraw(self, held: Reserved) -> None:
        """Revoke what an interrupted attempt published and cannot deliver any more."""
        if self.repository:
            logger.warning("the file of %s was never delivered; it is revoked", held.label)
            self.repository.withdraw(held.payload_hex)


# ------------------------------------------------------------------- files
def fingerprint_of(path: Path) -> Fingerprint | None:
    """The fingerprint of a finished file by its kind; None for a file that cannot be decoded here."""
    from pipeline.media.stills import is_still
    from pipeline.provenance import fingerprint
    from pipeline.provenance.formats import media_type

    make: Any = partial(fingerprint.fingerprint_sound, path)
    if is_still(path):
        make = partial(fingerprint.fingerprint_still, path)
    elif not media_type(path).startswith("audio/"):
        make = partial(_fingerprint_of_clip, path)
    try:
        return make()
    except FoleymarkError as error:
        logger.info("%s has no fingerprint: %s", path.name, error)
        return None


def marks_of(path: Path, keys: Keys) -> Marks:
    """The marks that a file carries already; none without a key, and none of a file that cannot be decoded here."""
    from pipeline.mark_reading import read_marks

    if not keys.has_mark():
        return Marks()
    try:
        return read_marks(path, keys=keys.mark)
    except FoleymarkError as error:
        logger.info("%s was not searched for marks: %s", path.name, error)
        return Marks()


def what_to_sign(fingerprint: Fingerprint | None) -> dict[str, Any]:
    """Arguments for whoever signs: the fingerprint's codes, and the hash of the sketch that is kept with them."""
    if fingerprint is None:
        return {}
    # a still's one code stands for the whole and has no times
    blocks = tuple(one for one in fingerprint.blocks if one[0] is None or one[0] != one[1])
    return {"fingerprint": blocks, "sketch_sha256": fingerprint.sketch_sha256}


def _fingerprint_of_clip(path: Path) -> Fingerprint:
    from pipeline.media.probe import probe
    from pipeline.provenance.fingerprint import fingerprint_clip

    return fingerprint_clip(probe(path))


def put_out(staged: Path, output: Path) -> None:
    """Give a finished file its name in one step; it stays where it is until it has it."""
    sync_file(staged)
    try:
        os.replace(staged, output)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # another disk: the copy is complete before it takes the name
        with replacing(output) as beside:
            shutil.copyfile(staged, beside)
        staged.unlink()
    sync_folder(output.parent)
