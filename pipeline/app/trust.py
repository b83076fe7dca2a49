"""The `foleymark trust` commands: whose signatures a check believes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipeline.app.terminal import say

trust_app = typer.Typer(no_args_is_help=True, help="Lists of signers that a check believes.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def _folder() -> Path:
    from pipeline.config import home

    return home() / "trust"


@trust_app.command("update")
def trust_update(
    source: Annotated[
        str | None,
        typer.Option("--from", help="File, folder or https address; by default where the C2PA publishes its lists."),
    ] = None,
    local: Annotated[bool, typer.Option("--sandbox", help="Allow an address on this machine.", hidden=True)] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the official lists of the C2PA conformance programme. Nothing is fetched unless this is run."""
    import dataclasses

    from pipeline.provenance.trust.official import OFFICIAL, update_lists

    changes = update_lists(_folder(), source or OFFICIAL, local=local)
    if as_json:
        print(json.dumps([dataclasses.asdict(one) for one in changes], indent=2))
        return
    for one in changes:
        certificates = f"{one.certificates} certificate{'' if one.certificates == 1 else 's'}"
        say(f"{one.name}: {certificates}, {one.date}{'' if one.is_new else _difference(one)}")
        for words in () if one.is_new else one.added:
            say(f"  added    {words}")
        for words in one.removed:
            say(f"  removed  {words}")


def _difference(change: Any) -> str:
    if not change.added and not change.removed:
        return ", as before"
    return f", {len(change.added)} added, {len(change.removed)} removed"


@trust_app.command("add")
def trust_add(
    file: Annotated[Path, typer.Argument(help="Certificates: PEM, or JSON as the C2PA programme publishes it.")],
    name: Annotated[str, typer.Option("--as", help="What the list is called in verdicts.")] = "",
    mine: Annotated[
        bool, typer.Option("--mine", help="Of your own house: signers under them count as your own.")
    ] = False,
    times: Annotated[bool, typer.Option("--times", help="They vouch for time stamp authorities.")] = False,
    as_json: AsJson = False,
) -> None:
    """Believe the signers under these certificates too."""
    from pipeline.provenance.trust.anchors import add_anchors

    purpose: Literal["tsa"] | None = "tsa" if times else None
    add_anchors(_folder(), file, name=name, mine=mine, purpose=purpose)
    _show_trust(as_json)


@trust_app.command("remove")
def trust_remove(
    name: Annotated[str, typer.Argument(help="The list's name, or that of its file.")], as_json: AsJson = False
) -> None:
    """Believe a list no longer."""
    from pipeline.provenance.trust.anchors import remove_list

    removed = remove_list(_folder(), name)
    if not as_json:
        say(f"Removed: {removed.name}")
    _show_trust(as_json)


@trust_app.command("list")
def trust_list(as_json: AsJson = False) -> None:
    """Which lists are installed."""
    _show_trust(as_json)


def _show_trust(as_json: bool) -> None:
    from pipeline.provenance.trust.lists import load_trust

    lists = load_trust(_folder()).lists
    if as_json:
        print(json.dumps([_facts(one) for one in lists], indent=2))
        return
    for one in lists:
        what = {"manifest": "signers", "tsa": "time stamp authorities"}[one.purpose]
        kind = "official" if one.is_official else "your own house" if one.is_mine else "added"
        say(f"{one.name}: {what}, {'file of' if one.is_file_date else 'dated'} {one.date}, {kind}")
    if not lists:
        say("No trust list is installed; foleymark trust update fetches the official ones.")


def _facts(one: Any) -> dict[str, Any]:
    return {
        "name": one.name,
        "date": one.date,
        "purpose": one.purpose,
        "official": one.is_official,
        "mine": one.is_mine,
        "file": one.stem,
    }
