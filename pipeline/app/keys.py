"""The `foleymark keys` and `foleymark trust` commands: what signs and marks, and who is believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

keys_app = typer.Typer(no_args_is_help=True, help="Keys for marking and signing.")
trust_app = typer.Typer(no_args_is_help=True, help="Lists of signers that a check believes.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


Tenant = Annotated[str, typer.Option(help="Whose mark key; every tenant has one of its own.")]


def _keys(tenant: str = "default") -> Any:
    from pipeline.config import home
    from pipeline.keys import Keys

    return Keys(home(), tenant)


def _print(text: str) -> None:
    from rich.console import Console

    Console(highlight=False).print(text, markup=False, soft_wrap=True)


@keys_app.command("init")
def keys_init(
    organisation: Annotated[str, typer.Option(help="What people will read as the signer.")] = "Foleymark development",
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Keep keys that are there.")] = False,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Make a mark key and a development signing authority, readable by you alone."""
    from pipeline.provenance.signing.authority import init_authority
    from pipeline.watermark.keys import create_keys

    keys = _keys(tenant)
    if not (if_missing and keys.has_mark()):
        create_keys(keys.mark_path)
    # tenants share the authority: it says who finished a file, not for whom
    shared = keys.authority_folder.exists() and (if_missing or tenant != "default")
    if not shared:
        init_authority(keys.authority_folder, organisation=organisation)
    _show_keys(keys, as_json)


@keys_app.command("show")
def keys_show(tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Which keys are there, and how long the certificate lasts."""
    _show_keys(_keys(tenant), as_json)


@keys_app.command("rotate")
def keys_rotate(tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Mark with a new key from now on; what the older ones marked is still read."""
    from pipeline.watermark.keys import rotate_keys

    keys = _keys(tenant)
    rotate_keys(keys.mark_path)
    _show_keys(keys, as_json)


@keys_app.command("renew")
def keys_renew(as_json: AsJson = False) -> None:
    """Replace the signing certificate; files signed before stay as they are."""
    from pipeline.provenance.signing.authority import renew_leaf

    keys = _keys()
    renew_leaf(keys.authority_folder)
    _show_keys(keys, as_json)


def _show_keys(keys: Any, as_json: bool) -> None:
    from pipeline.watermark.keys import key_id

    authority = keys.authority()
    facts = {
        "home": str(keys.home),
        "tenant": keys.tenant,
        "mark_key": key_id(keys.mark.current),
        "older_mark_keys": [key_id(key) for key in keys.mark.keys[1:]],
        "organisation": authority.organisation,
        "certificate_expires": authority.expires,
        "days_left": authority.days_left,
        "root_fingerprint": authority.root_fingerprint,
    }
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    _print(f"Keys in {keys.home}")
    _print(f"  mark key    {facts['mark_key']}{'' if keys.tenant == 'default' else f' of {keys.tenant}'}")
    if len(keys.mark.keys) > 1:
        _print(f"  still read  {', '.join(key_id(key) for key in keys.mark.keys[1:])}")
    _print(f"  signs as    {authority.organisation}, {authority.days_left} days left")
    _print("  A development certificate: other tools will say that they do not know the signer.")


@trust_app.command("add")
def trust_add(
    file: Annotated[Path, typer.Argument(help="A trust list: PEM, or JSON as the C2PA programme publishes it.")],
    as_json: AsJson = False,
) -> None:
    """Install a trust list, for instance the official one of the C2PA conformance programme."""
    from pipeline.files import write_atomic
    from pipeline.provenance.trust.lists import load_trust_list

    load_trust_list(file)  # refused here rather than at the next check
    write_atomic(_keys().home / "trust" / file.name, file.read_bytes())
    _show_trust(as_json)


@trust_app.command("list")
def trust_list(as_json: AsJson = False) -> None:
    """Which lists are installed."""
    _show_trust(as_json)


def _show_trust(as_json: bool) -> None:
    lists = _keys().trust().lists
    if as_json:
        print(json.dumps([{"name": one.name, "date": one.date, "purpose": one.purpose} for one in lists], indent=2))
        return
    for one in lists:
        what = {"manifest": "signers", "tsa": "time stamp authorities"}[one.purpose]
        _print(f"{one.name}: {what}, {'file of' if one.is_file_date else 'issued'} {one.date}")
    if not lists:
        _print("No trust list is installed; foleymark trust add FILE installs one.")
