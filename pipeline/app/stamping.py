"""The stamp command: time stamps for files that were signed without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.app.terminal import visible
from pipeline.errors import FoleymarkError, UsageError


def stamp(
    files: Annotated[list[Path], typer.Argument(help="Signed files.")],
    timestamp: Annotated[
        list[str] | None, typer.Option(help="Time stamp authority to ask (https://...). Repeatable.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for stamped copies; the files themselves without it.")
    ] = None,
    identity: Annotated[str | None, typer.Option(help="Identity file: who signs the update.")] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="Settings file (YAML).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Add a time stamp to files signed without one, so that they stay valid when the certificate expires."""
    from pipeline.config import home, load_settings
    from pipeline.keys import Keys
    from pipeline.provenance.signing.timestamps import TimestampPolicy
    from pipeline.signing import identity_of

    settings = load_settings(file=config, arguments={"sign": {"identity": identity}}).sign
    urls = tuple(timestamp or settings.timestamp_urls)
    if not urls:
        raise UsageError("Name a time stamp authority: --timestamp https://...")
    policy = TimestampPolicy("required", urls)
    keys = Keys(home())
    signer = identity_of(settings, keys)
    results = [_one(file, output, signer, policy, keys.trust()) for file in files]
    if as_json:
        print(json.dumps(results, indent=2))
    else:
        _show(results)
    failed = [one for one in results if one["state"] == "failed"]
    if failed:
        raise typer.Exit(failed[0]["exit_code"] if len(results) == 1 else 1)


def _one(file: Path, output: Path | None, signer: Any, policy: Any, trust: Any) -> dict[str, Any]:
    """Stamp one file; a failure is a result, so that the others go on."""
    from pipeline.files import ensure_folder
    from pipeline.provenance.signing.update import add_stamp

    target = output / file.name if output else file
    try:
        ensure_folder(target.parent)
        found = add_stamp(file, target, identity=signer, timestamps=policy, trust=trust)
    except FoleymarkError as error:
        return {"file": str(file), "state": "failed", "error": str(error), "exit_code": error.exit_code}
    return {
        "file": str(file),
        "state": "stamped",
        "output": str(target),
        "time": found.time,
        "stamped_at": found.signed_at,
        "authority": found.time_authority,
    }


def _show(results: list[dict[str, Any]]) -> None:
    from rich.console import Console

    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    for one in results:
        if one["state"] == "failed":
            errors.print(visible(f"foleymark: {one['error']}"), markup=False, soft_wrap=True)
            continue
        known = "" if one["time"] == "trusted" else " (no list here knows that authority)"
        words = (
            f"Stamped: {one['output']} at {one['stamped_at']} by {one['authority'] or 'an unnamed authority'}{known}"
        )
        console.print(visible(words), markup=False, soft_wrap=True)
