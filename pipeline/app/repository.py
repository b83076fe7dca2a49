"""The `foleymark repository` commands: what was published, and what has to be said of it since."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.app.terminal import print_json, say
from pipeline.errors import CredentialError, UnreadableInput, UsageError

if TYPE_CHECKING:
    from pipeline.provenance.repository import Receipt, Repository, StoredManifest

repository_app = typer.Typer(no_args_is_help=True, help="Published manifests, by which stripped copies are recovered.")

Label = Annotated[str, typer.Argument(help="As `list` shows it; urn:c2pa: may be left out.")]
Url = Annotated[str | None, typer.Option("--url", help="A file or postgresql://...; by default as the settings say.")]
Config = Annotated[Path | None, typer.Option("-c", "--config", help="Settings file (YAML).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DAY_S = 86_400
STORE_SUFFIX = ".c2pa"


@contextlib.contextmanager
def _opened(url: str | None, config: Path | None, *, create: bool = False) -> Iterator[Repository]:
    from pipeline.config import home, load_settings
    from pipeline.keys import Keys
    from pipeline.registering import open_registry

    settings = load_settings(file=config, arguments={"repository": {"url": url}}).repository
    with open_registry(settings, Keys(home()), create=create) as repository:
        yield repository


def _found(repository: Repository, label: str) -> StoredManifest:
    stored = repository.manifest(label) or repository.manifest(f"urn:c2pa:{label}")
    if stored is None:
        raise CredentialError(f"There is no manifest {label[:200]}; `foleymark repository list` shows those there are.")
    return stored


def _facts(stored: StoredManifest) -> dict[str, Any]:
    return {key: value for key, value in asdict(stored).items() if key not in ("store", "bindings", "contested")}


def _standing(stored: StoredManifest) -> str:
    if stored.is_revoked:
        return f"revoked: {stored.revoked_reason}"
    return stored.visibility if stored.state == "published" else "not published"


# ---------------------------------------------------------------- looking
@repository_app.command("list")
def repository_list(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    after: Annotated[str, typer.Option(help="Only labels after this one, to page on.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """What is in the repository."""
    with _opened(url, config) as repository:
        found = repository.manifests(after=after, limit=limit, tenant=tenant)
    if as_json:
        print_json([_facts(one) for one in found])
        return
    for one in found:
        say(f"{one.label}  {one.published_at[:10] or '-':<10}  {_standing(one)}  {one.title}")
    if len(found) == limit:
        say(f"More: --after {found[-1].label}")


@repository_app.command("show")
def repository_show(label: Label, url: Url = None, config: Config = None, as_json: AsJson = False) -> None:
    """One manifest: what it says, what leads to it, and its receipts."""
    from pipeline.config import home
    from pipeline.keys import Keys
    from pipeline.provenance.reading.reader import read_manifest_bytes
    from pipeline.records import to_data

    with _opened(url, config) as repository:
        stored = _found(repository, label)
        segments = repository.segments_of(stored.label)
        receipts = list(repository.receipts(stored.label))
    credential = read_manifest_bytes(stored.store, trust=Keys(home()).trust())
    if as_json:
        beside = {"bytes": len(stored.store), "bindings": [asdict(one) for one in stored.bindings]}
        beside |= {"segments": len(segments), "receipts": [asdict(one) for one in receipts]}
        print_json(_facts(stored) | beside | {"credential": to_data(credential) if credential else None})
        return
    say(f"{stored.label}\n  {stored.title or 'without a title'}, {stored.media_type}, {_standing(stored)}")
    say(f"  signed by   {(credential.signer_name if credential else '') or 'an unknown signer'}")
    for binding in stored.bindings:
        say(f"  found by    {binding.algorithm} {binding.value_hex[:48]}")
    say(f"  stretches   {len(segments)}")
    for receipt in receipts:
        say(f"  {_receipt_line(receipt)}")


def _receipt_line(receipt: Receipt) -> str:
    return f"{receipt.sequence:>6}  {receipt.at[:19]}  {receipt.action}  {receipt.detail}  {receipt.entry_hash[:16]}"


# --------------------------------------------------------------- changing
@repository_app.command("revoke")
def repository_revoke(
    label: Label,
    reason: Annotated[str, typer.Option(help="Why; whoever recovers it is told.")],
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say for good that a manifest no longer stands."""
    if not reason.strip():
        raise UsageError("A revocation needs its reason: --reason 'published by mistake'.")
    with _opened(url, config) as repository:
        receipt = repository.revoke(_found(repository, label).label, reason)
    _show_receipt(receipt, as_json)


@repository_app.command("visibility")
def repository_visibility(
    label: Label,
    visibility: Annotated[Any, typer.Argument(help="public or private.", parser=str, metavar="public|private")],
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show a manifest to strangers who ask the server, or hide it from them."""
    if visibility not in ("public", "private"):
        raise UsageError(f"A manifest is public or private, not {visibility!r}.")
    with _opened(url, config) as repository:
        receipt = repository.set_visibility(_found(repository, label).label, visibility)
    _show_receipt(receipt, as_json)


def _show_receipt(receipt: Receipt, as_json: bool) -> None:
    if as_json:
        print_json(asdict(receipt))
    else:
        say(f"{receipt.label}: {receipt.action} {receipt.detail} (receipt {receipt.sequence})")


# ---------------------------------------------------------------- keeping
@repository_app.command("verify")
def repository_verify(
    head: Annotated[str, typer.Option(help="An entry hash kept elsewhere; the chain has to lead through it.")] = "",
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Follow the receipts from the first on and compare everything with them; exits with 4 when something differs."""
    with _opened(url, config) as repository:
        check = repository.verify_receipts(head=head)
    if as_json:
        print_json(asdict(check))
    else:
        for problem in check.problems:
            say(problem)
        say(f"{check.count} receipts, {len(check.problems)} problems. Keep the head elsewhere: {check.head or '-'}")
    raise typer.Exit(4 if check.problems else 0)


@repository_app.command("sweep")
def repository_sweep(
    older_than_days: Annotated[float, typer.Option(min=0, help="How long a job may be silent.")] = 7.0,
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Release what interrupted jobs left behind and nobody resumed."""
    with _opened(url, config) as repository:
        swept = repository.sweep(older_than_days * DAY_S)
    if as_json:
        print_json(asdict(swept))
        return
    say(f"{swept.reservations} ids and {swept.manifests} unpublished manifests released.")
    for label in swept.undelivered:
        say(f"{label} was published for a file that was never delivered; it is revoked.")


@repository_app.command("export")
def repository_export(
    label: Label,
    output: Annotated[Path, typer.Option("-o", "--output", help="The .c2pa file.")],
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write a manifest into a .c2pa file."""
    from pipeline.files import write_atomic

    if output.suffix.lower() != STORE_SUFFIX:
        raise UsageError(f"A manifest is written into a {STORE_SUFFIX} file, not {output.name}.")
    with _opened(url, config) as repository:
        stored = _found(repository, label)
    write_atomic(output, stored.store)
    if as_json:
        print_json({"label": stored.label, "output": str(output), "sha256": stored.sha256})
    else:
        say(f"{stored.label} -> {output} ({_standing(stored)})")


@repository_app.command("import")
def repository_import(
    file: Annotated[Path, typer.Argument(help="A .c2pa file with an intact signature.")],
    media_type: Annotated[
        str, typer.Option(help="Of the file it was made for, e.g. video/mp4.")
    ] = "application/octet-stream",
    tenant: Annotated[str, typer.Option(help="Whose it is to be.")] = "default",
    url: Url = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Publish a manifest from elsewhere; what finds it is only what stands in it, signed."""
    from pipeline.provenance.repository.claims import MAX_STORE_BYTES, registration_of

    try:
        with file.open("rb") as stream:
            store = stream.read(MAX_STORE_BYTES + 1)
    except OSError as error:
        raise UnreadableInput(f"{file} cannot be read ({error.strerror}); name a .c2pa file.") from error
    registration = registration_of(store, media_type=media_type, tenant=tenant)
    with _opened(url, config, create=True) as repository:
        receipt = repository.register(registration)
    _show_receipt(receipt, as_json)


@repository_app.command("upgrade")
def repository_upgrade(url: Url = None, config: Config = None, as_json: AsJson = False) -> None:
    """Bring the schema up to date, as every opening does; make a backup before."""
    from pipeline.provenance.repository.schema import NEWEST

    with _opened(url, config) as repository:
        name = repository.name
    if as_json:
        print_json({"repository": name, "schema": NEWEST})
    else:
        say(f"{name} has schema {NEWEST}.")
