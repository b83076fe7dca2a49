"""The sign command: credentials for exports from any editor."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.app.terminal import console as console_for
from pipeline.app.terminal import print_json, visible
from pipeline.errors import UsageError

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class SignResult:
    """What became of one file."""

    source: Path
    # a `Signed`, or None when it failed
    signed: Any = None
    # why it failed, a sentence
    error: str = ""


@dataclass(frozen=True)
class _Desk:
    """What signing needs for every file alike."""

    keys: Any
    identity: Any
    # settings of the repository
    repository: Any


def sign(
    what: Annotated[
        list[Path], typer.Argument(metavar="FILE|FOLDER|LIST.yaml", help="What to sign; see docs/credentials.md.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where the signed copy goes; a folder for several.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="The work's title.")] = None,
    author: Annotated[str | None, typer.Option(help="Who made it.")] = None,
    licence: Annotated[
        str | None, typer.Option(help="Under what others may use it: CC-BY-4.0, an address, or words.")
    ] = None,
    ai_training: Annotated[
        str | None, typer.Option(help="May AI be trained with it: yes, no or unspecified (no).")
    ] = None,
    source_type: Annotated[
        str | None, typer.Option(help="How it came to be, an IPTC term: digitalCapture, screenCapture, ...")
    ] = None,
    generated: Annotated[
        bool | None,
        typer.Option("--generated/--not-generated", help="Short for --source-type trainedAlgorithmicMedia."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Your own generator made it, and this is its name; not for others' files.")
    ] = None,
    ingredient: Annotated[
        list[Path] | None, typer.Option(help="A file it was made from; its own credentials are carried on. Repeatable.")
    ] = None,
    sidecar: Annotated[
        bool, typer.Option("--sidecar", help="Put the credentials into a .c2pa beside the file.")
    ] = False,
    remote: Annotated[
        str, typer.Option(help="Also write into the file at which https address its credentials are found.")
    ] = "",
    identity: Annotated[str | None, typer.Option(help="Identity file: who signs, and with which key.")] = None,
    timestamp: Annotated[
        list[str] | None, typer.Option(help="Time stamp authority to ask (https://...). Repeatable.")
    ] = None,
    timestamp_policy: Annotated[
        str | None, typer.Option(help="required, preferred or off; required when an authority is named.")
    ] = None,
    register: Annotated[
        bool | None,
        typer.Option("--register/--no-register", help="Keep the credentials in the repository, to find them again."),
    ] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="Settings file (YAML).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Add signed credentials; nothing else in the file changes. Existing credentials are carried on."""
    from pipeline.app.sign_jobs import check_source_type, plan_jobs
    from pipeline.config import home
    from pipeline.keys import Keys
    from pipeline.signing import identity_of

    asked = {
        "title": title,
        "author": author,
        "licence": licence,
        "ai_training": ai_training,
        "source_type": source_type,
        # nothing is declared of a file unless somebody says so
        "generated": generated if generated is not None or config else False,
        "model": model,
        "ingredients": [{"file": str(one)} for one in ingredient] if ingredient else None,
        "identity": identity,
        "timestamps": timestamp_policy or ("required" if timestamp else None),
        "timestamp_urls": timestamp or None,
    }
    settings = _settings(asked, register, config)
    check_source_type(settings.sign.source_type)
    jobs = plan_jobs(what, output, settings=settings.sign, sidecar=sidecar, remote_url=remote)
    keys = Keys(home())
    desk = _Desk(keys, identity_of(settings.sign, keys), settings.repository)
    if len(jobs) == 1 and len(what) == 1 and what[0] == jobs[0].source:
        _sign_one(jobs[0], desk, as_json)
    else:
        _sign_many(jobs, desk, as_json)


def _settings(asked: dict[str, Any], register: bool | None, config: Path | None) -> Any:
    from pipeline.config import load_settings

    wishes = ("yes", "no", "allowed", "notAllowed", "unspecified")
    if asked["ai_training"] not in (None, *wishes):
        raise UsageError(f"--ai-training takes {', '.join(wishes)}, not {asked['ai_training']!r}.")
    policies = ("required", "preferred", "off")
    if asked["timestamps"] not in (None, *policies):
        raise UsageError(f"--timestamp-policy takes {', '.join(policies)}, not {asked['timestamps']!r}.")
    return load_settings(file=config, arguments={"sign": asked, "repository": {"enabled": register}})


# ------------------------------------------------------------- the work
def _sign_one(job: Any, desk: _Desk, as_json: bool) -> None:
    from pipeline.app.show import show_credential
    from pipeline.records import to_data

    signed = _signed(job, desk)
    if as_json:
        beside = {"output": str(signed.path), "sidecar": _name(signed.sidecar), "notes": list(signed.notes)}
        print_json(to_data(signed.credential) | beside)
        return
    console = console_for(as_json)
    console.print(visible(f"Signed: {job.output}"), markup=False, soft_wrap=True)
    if signed.sidecar:
        console.print(visible(f"Credentials: {signed.sidecar}"), markup=False, soft_wrap=True)
    show_credential(console, signed.credential)
    for note in signed.notes:
        console.print(visible(note), style="yellow", markup=False)


def _sign_many(jobs: list[Any], desk: _Desk, as_json: bool) -> None:
    from pipeline.app.progress import clip_progress

    console = console_for(as_json)
    results = []
    with clip_progress(console, len(jobs)) as tell:
        for job in jobs:
            tell(job.source, "signing", 0.1)
            result = _attempted(job, desk)
            tell(job.source, "failed" if result.error else "done", 1.0)
            results.append(result)
            if not as_json:
                _show_line(console, job, result)
    failed = sum(bool(result.error) for result in results)
    if as_json:
        counts = {"files": len(results), "signed": len(results) - failed, "failed": failed}
        print_json(counts | {"results": [_row(one) for one in results]})
    else:
        console.print(f"{len(results) - failed} signed, {failed} failed")
    raise typer.Exit(1 if failed else 0)


def _attempted(job: Any, desk: _Desk) -> SignResult:
    from pipeline.steps import explain

    try:
        return SignResult(job.source, _signed(job, desk))
    except Exception as error:
        # one bad file never stops the rest, whatever is wrong with it
        LOG.debug("signing failed", exc_info=True)
        return SignResult(job.source, error=explain(error))


def _signed(job: Any, desk: _Desk) -> Any:
    from pipeline.registering import sign_registered

    return sign_registered(
        job.source,
        job.output,
        settings=job.settings,
        repository=desk.repository,
        keys=desk.keys,
        identity=desk.identity,
        sidecar=job.sidecar,
        remote_url=job.remote_url,
    )


# ------------------------------------------------------------- printing
def _show_line(console: Any, job: Any, result: SignResult) -> None:
    if result.error:
        console.print(visible(f"failed {job.source}: {result.error}"), style="red", markup=False, soft_wrap=True)
        return
    beside = f" with {result.signed.sidecar.name}" if result.signed.sidecar else ""
    console.print(visible(f"signed {job.source} -> {job.output}{beside}"), markup=False, soft_wrap=True)
    for note in result.signed.notes:
        console.print(visible(f"       {note}"), style="yellow", markup=False)


def _row(result: SignResult) -> dict[str, Any]:
    from pipeline.records import to_data

    row: dict[str, Any] = {"source": str(result.source), "error": result.error}
    if result.signed:
        signed = result.signed
        row |= {"output": str(signed.path), "sidecar": _name(signed.sidecar), "notes": list(signed.notes)}
        row["credential"] = to_data(signed.credential)
    return row


def _name(path: Path | None) -> str | None:
    return str(path) if path else None
