"""The `foleymark` command. It reads arguments and prints; the work is done in pipeline and flows."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.app.check_command import check as check_command
from pipeline.app.keys import keys_app
from pipeline.app.recovering import recover as recover_command
from pipeline.app.repository import repository_app
from pipeline.app.serve.command import serve_app
from pipeline.app.signing import sign as sign_command
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

Output = Annotated[Path, typer.Option("-o", "--output", help="Where the result goes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Prompt = Annotated[str | None, typer.Option(help="What the clip shows, in words.")]
Seed = Annotated[int | None, typer.Option(help="The same seed gives the same sound.")]
Config = Annotated[Path | None, typer.Option("-c", "--config", help="Settings file (YAML).")]
OptionalTenant = Annotated[str | None, typer.Option("--tenant", help="Whose mark key; see keys init --tenant.")]
Preset = Annotated[str, typer.Option(help="Starting settings: web, broadcast or draft.")]
LibraryFolder = Annotated[
    str | None, typer.Option("--library", help="Folder of recordings; they take the cues they fit.")
]
Music = Annotated[bool | None, typer.Option("--music/--no-music", help="A music bed under the effects.")]
LoudnessName = Annotated[str | None, typer.Option("--loudness", help="Target: web, ebu, atsc, podcast.")]


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
def run(
    paths: Annotated[list[Path], typer.Argument(help="Clips, or folders of clips.")],
    output: Output,
    config: Config = None,
    preset: Preset = "web",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    workers: Annotated[int | None, typer.Option(help="Clips at the same time.")] = None,
    sound: Annotated[bool | None, typer.Option("--sound/--no-sound", help="Add sound.")] = None,
    music: Music = None,
    mark: Annotated[bool | None, typer.Option("--mark/--no-mark", help="Mark picture and sound.")] = None,
    sign: Annotated[bool | None, typer.Option("--sign/--no-sign", help="Sign credentials.")] = None,
    generated: Annotated[
        bool | None, typer.Option("--generated/--not-generated", help="The clips come from a generator.")
    ] = None,
    loudness: LoudnessName = None,
    library: LibraryFolder = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Finish a batch: sound, mark, credentials, check, and a report. Running it again skips what is done."""
    from pipeline import batch
    from pipeline.config import load_settings

    settings = load_settings(
        preset=preset,
        file=config,
        arguments={
            "sound": {"enabled": sound, "music": music, "loudness": loudness, "library": library, "seed": seed},
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
@app.command()
def sound(
    clip: Annotated[Path, typer.Argument(help="The clip.")],
    output: Output,
    cues: Annotated[Path | None, typer.Option(help="An edited cue sheet (YAML or CSV) to render.")] = None,
    prompt: Prompt = None,
    stems: Annotated[Path | None, typer.Option(help="Also keep stems and mix in this folder.")] = None,
    music: Music = None,
    loudness: LoudnessName = None,
    library: LibraryFolder = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Give one clip its sound; the picture is copied bit for bit."""
    import tempfile

    from pipeline import marking, steps
    from pipeline.app.progress import stage_progress
    from pipeline.config import load_settings
    from pipeline.media.probe import probe

    _check_output(clip, output)
    asked = {"prompt": prompt, "music": music, "loudness": loudness, "library": library, "seed": seed}
    settings = load_settings(arguments={"sound": asked})
    source = probe(clip)
    console = _console(as_json)
    with stage_progress(console, clip.name) as tell, tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
        analysis = steps.look(source, detect=False, on_progress=tell).analysis
        plan = steps.plan_sound(source, analysis, settings=settings.sound, cues=cues, on_progress=tell)
        _, mix = steps.make_sound(
            source,
            plan,
            stems or Path(folder),
            loudness=settings.sound.loudness,
            library=settings.sound.library_folder,
            on_progress=tell,
        )
        marking.deliver(source, output, soundtrack=mix.path, settings=settings, on_progress=tell)
    if as_json:
        _print_json({"output": output, "cues": len(plan.cues), "loudness": mix.loudness})
        return
    from pipeline.app.show import loudness_words

    console.print(f"{output}: {len(plan.cues)} sounds, {loudness_words(mix.loudness)}", markup=False)
    if mix.loudness.warning:
        console.print(mix.loudness.warning, style="yellow", markup=False)


@app.command()
def cues(
    clip: Annotated[Path, typer.Argument(help="The clip.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the sheet here, .yaml or .csv; edits in one that is there stay."),
    ] = None,
    edited: Annotated[
        Path | None, typer.Option("--cues", help="Start from this edited sheet, if it is not the one at -o.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Drop the sheet at -o with all its edits.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Draw events, cues and waveform into this PNG.")] = None,
    prompt: Prompt = None,
    music: Music = None,
    library: LibraryFolder = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """What would be heard, when and why. Edit the sheet and give it to `sound --cues`."""
    from pipeline.app import sheets
    from pipeline.config import load_settings

    asked = {"prompt": prompt, "music": music, "library": library, "seed": seed}
    settings = load_settings(arguments={"sound": asked})
    base = sheets.sheet_to_start_from(clip, output, edited=edited, fresh=fresh)
    console = _console(as_json)
    plan, said = sheets.write_cues(
        clip, base=base, output=output, picture=picture, settings=settings.sound, console=console
    )
    if said:
        console.print(said, markup=False)
    if as_json:
        _print_json(plan)
    elif not output:
        from pipeline.app.show import show_plan

        show_plan(console, plan)


@app.command()
def library(
    folder: Annotated[Path, typer.Argument(help="The folder of recordings.")],
    search: Annotated[str | None, typer.Option(help="Only recordings with all of these words.")] = None,
    policy: Annotated[str, typer.Option(help="commercial or any: which licences may be used.")] = "commercial",
    as_json: AsJson = False,
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
    output: Output,
    mark_id: Annotated[str | None, typer.Option("--id", help="16 hex digits; a random one by default.")] = None,
    profile: Annotated[str | None, typer.Option(help="subtle, balanced or strong.")] = None,
    sound: Annotated[bool | None, typer.Option("--sound/--no-sound", help="Mark a clip's sound too.")] = None,
    tenant: OptionalTenant = None,
    config: Config = None,
    as_json: AsJson = False,
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


def _check_output(source: Path, output: Path) -> None:
    # said before the work begins, not after it
    from pipeline.app.marking import check_other_file
    from pipeline.media.mux import check_destination

    check_destination(output)
    check_other_file(source, output)


# ----------------------------------------------------------------- doctor
@app.command()
def doctor(as_json: AsJson = False) -> None:
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
