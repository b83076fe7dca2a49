"""The `foleymark` command. It reads arguments and prints; the work is done in pipeline and flows."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.app import options
from pipeline.app.check_command import check as check_command
from pipeline.app.keys import keys_app
from pipeline.app.recovering import recover as recover_command
from pipeline.app.reel import reel as reel_command
from pipeline.app.repository import repository_app
from pipeline.app.serve.command import serve_app
from pipeline.app.signing import sign as sign_command
from pipeline.app.sounding import cues as cues_command
from pipeline.app.sounding import sound as sound_command
from pipeline.app.stamping import stamp as stamp_command
from pipeline.app.terminal import console as _console
from pipeline.app.terminal import print_json as _print_json
from pipeline.app.terminal import visible
from pipeline.app.trust import trust_app
from pipeline.errors import FoleymarkError

app = typer.Typer(
    name="foleymark",
    help="Finish generated video: sound in sync, an invisible mark, signed credentials - and check where a video "
    "comes from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(keys_app, name="keys")
app.add_typer(trust_app, name="trust")
app.add_typer(repository_app, name="repository")
app.add_typer(serve_app, name="serve")

OptionalTenant = Annotated[str | None, typer.Option("--tenant", help="Whose mark key; see keys init --tenant.")]


def main() -> None:
    """Run the command; our own errors become one sentence and their exit code."""
    try:
        app()
    except FoleymarkError as error:
        if "--json" in sys.argv:
            print(json.dumps({"error": str(error), "exit_code": error.exit_code}))
        else:
            print(f"foleymark: {visible(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)


def _keys(tenant: str = "default") -> Any:
    from pipeline.config import home
    from pipeline.keys import Keys

    return Keys(home(), tenant)


# -------------------------------------------------------------------- run
@app.command()
@options.asking_what_is_heard
def run(
    heard: dict[str, Any],
    paths: Annotated[list[Path], typer.Argument(help="Clips, or folders of clips.")],
    output: options.Output,
    config: options.Config = None,
    preset: options.Preset = "web",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    workers: Annotated[int | None, typer.Option(help="Clips at the same time.")] = None,
    sound: Annotated[bool | None, typer.Option("--sound/--no-sound", help="Add sound.")] = None,
    mark: Annotated[bool | None, typer.Option("--mark/--no-mark", help="Mark picture and sound.")] = None,
    sign: Annotated[bool | None, typer.Option("--sign/--no-sign", help="Sign credentials.")] = None,
    generated: Annotated[
        bool | None, typer.Option("--generated/--not-generated", help="The clips come from a generator.")
    ] = None,
    loudness: options.LoudnessName = None,
    as_json: options.AsJson = False,
) -> None:
    """Finish a batch: sound, mark, credentials, check, and a report. Running it again skips what is done."""
    from pipeline import batch
    from pipeline.config import load_settings
    from pipeline.steps import check_sound

    settings = load_settings(
        preset=preset,
        file=config,
        arguments={
            "sound": {"enabled": sound, "loudness": loudness, **heard},
            "mark": {"enabled": mark},
            "sign": {"enabled": sign, "generated": generated},
            "workers": workers,
        },
    )
    clips = batch.find_clips(paths, output=output)
    jobs = batch.plan_jobs(clips, output=output, container=settings.container)
    console = _console(as_json)
    if dry_run:
        results = [batch.planned(job) for job in jobs]
        if as_json:
            _print_json(batch.summary(results) | {"jobs": results})
        else:
            for result in results:
                console.print(visible(f"{result.source} -> {result.output or result.error}"), markup=False)
        raise typer.Exit(1 if any(result.state == "failed" for result in results) else 0)
    check_sound(settings.sound)
    _require_keys(settings)
    results = _run_flow(paths, output, settings, console, len(clips))
    if as_json:
        _print_json(batch.summary(results) | {"jobs": results, "report": output / "report.html"})
    else:
        from pipeline.app.show import show_jobs

        show_jobs(console, results, output / "report.html")
    raise typer.Exit(1 if any(result.state == "failed" for result in results) else 0)


def _run_flow(paths: list[Path], output: Path, settings: Any, console: Any, total: int) -> list[Any]:
    from pipeline.app.progress import clip_progress
    from pipeline.config import home
    from pipeline.records import to_data

    with console.status("starting"):
        from flows.batch import with_workers
        from flows.tasks import listening

        run_batch = with_workers(settings.workers)
    with clip_progress(console, total) as tell, listening(tell):
        return run_batch([str(path) for path in paths], str(output), to_data(settings), str(home()))


def _require_keys(settings: Any) -> None:
    # said once and at the start, rather than once for each clip of a long batch
    keys = _keys(settings.mark.tenant)
    if settings.mark.enabled:
        _ = keys.mark
    if settings.sign.enabled:
        from pipeline.signing import identity_of

        identity_of(settings.sign, keys).try_out()


# ------------------------------------------------------------------ sound
app.command()(sound_command)
app.command()(cues_command)
app.command()(reel_command)


@app.command()
def library(
    folder: Annotated[Path, typer.Argument(help="The folder of recordings.")],
    search: Annotated[str | None, typer.Option(help="Only recordings with all of these words.")] = None,
    policy: Annotated[str, typer.Option(help="commercial or any: which licences may be used.")] = "commercial",
    as_json: options.AsJson = False,
) -> None:
    """What recordings are in a folder, what is refused and why."""
    from pipeline.app import sheets

    console = _console(as_json)
    opened = sheets.open_folder(folder, policy=policy, console=console)
    if as_json:
        _print_json(sheets.library_data(opened, search=search))
    else:
        sheets.show_library(console, opened, search=search)


# ---------------------------------------------------------- mark and sign
@app.command()
def mark(
    file: Annotated[Path, typer.Argument(help="A clip, a still (.png .jpg .webp) or a sound (.wav .flac).")],
    output: options.Output,
    mark_id: Annotated[str | None, typer.Option("--id", help="16 hex digits; a random one by default.")] = None,
    profile: Annotated[str | None, typer.Option(help="subtle, balanced or strong.")] = None,
    sound: Annotated[bool | None, typer.Option("--sound/--no-sound", help="Mark a clip's sound too.")] = None,
    tenant: OptionalTenant = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Put the same invisible mark into picture and sound, and read it back."""
    from pipeline.app.marking import mark_file
    from pipeline.app.show import show_mark
    from pipeline.config import load_settings

    asked = {"profile": profile, "sound": sound, "tenant": tenant}
    settings = load_settings(file=config, arguments={"mark": asked})
    keys = _keys(settings.mark.tenant)
    console = _console(as_json)
    report = mark_file(file, output, mark_id=mark_id, settings=settings, keys=keys, console=console)
    if as_json:
        _print_json(report)
    else:
        show_mark(console, report)
    raise typer.Exit(0 if report.came_back else 1)


app.command()(sign_command)
app.command()(recover_command)
app.command()(stamp_command)
app.command()(check_command)


# ----------------------------------------------------------------- doctor
@app.command()
def doctor(as_json: options.AsJson = False) -> None:
    """Is everything here that Foleymark needs?"""
    from pipeline.app.doctor import examine, show_examination

    findings = examine(_keys())
    if as_json:
        _print_json(findings)
    else:
        show_examination(_console(), findings)
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


if __name__ == "__main__":
    main()
