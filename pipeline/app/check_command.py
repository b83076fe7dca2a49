"""`foleymark check`: is it AI-made, and where does it come from?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from pipeline.app.terminal import console as _console
from pipeline.app.terminal import print_json, visible
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.records import CheckResult

# short for both verdicts that say so
AI = ("declared_ai", "likely_ai")


def check(
    files: Annotated[list[str], typer.Argument(help="Files, folders, or addresses with --allow-network.")],
    html: Annotated[Path | None, typer.Option(help="Write a page with the evidence here.")] = None,
    only: Annotated[
        str | None, typer.Option(help="Look only at these, by comma: credentials, mark, container, picture, sound.")
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Measure only the first seconds of picture and sound.")] = False,
    thorough: Annotated[bool, typer.Option("--thorough", help="Measure all of it, however long.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how the mark was found: where, how surely, how the picture lies.")
    ] = False,
    allow_network: Annotated[
        bool, typer.Option("--allow-network", help="Fetch files given as https addresses.")
    ] = False,
    policy: Annotated[str | None, typer.Option(help="strict: only official trust lists; open: added ones too.")] = None,
    fetch_remote: Annotated[
        list[str] | None, typer.Option("--fetch-remote", help="Fetch credentials a file points to, from this host.")
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="This machine may be such a host.", hidden=True)] = False,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Whose mark key; see keys init --tenant.")] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="Settings file (YAML).")] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(help="Exit with 10 on these verdicts, by comma: likely_ai, inconclusive; or just 'ai'."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    pictures: Annotated[bool, typer.Option("--pictures", help="With --json: the pictures too, as data.")] = False,
) -> None:
    """Is this video, picture or sound AI-made, and where does it come from? Answers with evidence."""
    if only is None or "credentials" in only:
        # the process that reads strangers' files starts while the rest is still being loaded
        from pipeline.provenance.reading import worker

        worker.warm_up()
    from pipeline import checking
    from pipeline.app.checking import Order, check_files
    from pipeline.config import home, load_settings
    from pipeline.keys import Keys

    failing = _verdicts(fail_on)
    asked = {"mark": {"tenant": tenant}, "check": {"policy": policy, "fetch_hosts": fetch_remote or None}}
    settings = load_settings(file=config, arguments=asked)
    order = Order(
        parts=_parts(only, checking.PARTS),
        keys=Keys(home(), settings.mark.tenant),
        thoroughness=_thoroughness(fast, thorough),
        settings=settings,
        html=html,
        allow_network=allow_network,
        local=sandbox,
    )
    console = _console(as_json)
    results = check_files(files, order, console=console)
    if as_json:
        print_json(_plain(results, pictures=pictures))
    else:
        _show(console, results, html, explain=explain)
    raise typer.Exit(_exit_code(results, failing))


def _show(console: Any, results: list[CheckResult], html: Path | None, *, explain: bool) -> None:
    from pipeline.app.show import show_check

    for result in results:
        show_check(console, result, explain=explain)
    if html:
        console.print(visible(f"Report: {html}"), markup=False)


def _plain(results: list[CheckResult], *, pictures: bool) -> list[CheckResult]:
    from pipeline.report.pictures import without_pictures

    return results if pictures else [without_pictures(result) for result in results]


def _thoroughness(fast: bool, thorough: bool) -> Any:
    if fast and thorough:
        raise UsageError("--fast and --thorough exclude each other: give one of them, or neither.")
    return "fast" if fast else "thorough" if thorough else "normal"


def _parts(only: str | None, known: tuple[Any, ...]) -> tuple[Any, ...]:
    if only is None:
        return known
    asked = tuple(part.strip() for part in only.split(","))
    for part in asked:
        if part not in known:
            raise UsageError(f"--only: there is no part {part!r}; known: {', '.join(known)}.")
    return asked


def _verdicts(fail_on: str | None) -> frozenset[str]:
    """Names of verdicts in --fail-on; 'ai' stands for both that say AI-made."""
    from pipeline.records import VerdictName

    found: set[str] = set()
    for name in (fail_on or "").split(",") if fail_on is not None else ():
        asked = AI if name.strip() == "ai" else (name.strip().replace("-", "_"),)
        if not set(asked) <= set(get_args(VerdictName)):
            raise UsageError(f"--fail-on: there is no verdict {name!r}; known: ai, {', '.join(get_args(VerdictName))}.")
        found |= set(asked)
    return frozenset(found)


def _exit_code(results: list[CheckResult], failing: frozenset[str]) -> int:
    # what was asked for comes first: an unreadable neighbour must not hide it
    if any(result.verdict.name in failing for result in results):
        return 10
    return 3 if any(result.error for result in results) else 0
