"""`foleymark sound` and `foleymark cues`: what is heard in one clip, rendered or written down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.app import options
from pipeline.app.terminal import console as _console
from pipeline.app.terminal import print_json
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.config import Settings
    from pipeline.records import Clip, Mix, SoundPlan, Stems


@options.asking_what_is_heard
def sound(
    heard: dict[str, Any],
    clip: Annotated[Path, typer.Argument(help="The clip.")],
    output: options.Output,
    cues: Annotated[Path | None, typer.Option(help="An edited cue sheet (YAML or CSV) to render.")] = None,
    prompt: options.Prompt = None,
    stems: Annotated[Path | None, typer.Option(help="Also keep stems and mix in this folder.")] = None,
    deliver: options.Deliver = None,
    formats: options.Formats = None,
    loudness: options.LoudnessName = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Give one clip its sound; the picture is copied bit for bit."""
    import tempfile

    from pipeline import marking, steps
    from pipeline.app.marking import check_other_file
    from pipeline.app.progress import stage_progress
    from pipeline.config import load_settings
    from pipeline.media.mux import check_destination
    from pipeline.media.probe import probe

    # said before the work begins, not after it
    check_destination(output)
    check_other_file(clip, output)
    asked = {"prompt": prompt, "loudness": loudness, **heard}
    wanted = {"formats": options.formats_named(formats)}
    settings = load_settings(file=config, arguments={"sound": asked, "deliver": wanted})
    steps.check_sound(settings.sound)
    _check_delivery(deliver, formats)
    if cues is not None and any(heard[name] is not None for name in options.MUSIC_WISHES):
        raise UsageError("A cue sheet says what music there is; change its music cue, or leave out --cues.")
    source = probe(clip)
    console = _console(as_json)
    with stage_progress(console, clip.name) as tell, tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
        analysis = steps.look(source, detect=False, on_progress=tell).analysis
        plan = steps.plan_sound(source, analysis, settings=settings.sound, cues=cues, on_progress=tell)
        made, mix = steps.make_sound(
            source,
            plan,
            stems or Path(folder),
            settings=settings.sound,
            masters=deliver is not None,
            on_progress=tell,
        )
        files = _deliver(deliver, source, plan, made, mix, settings=settings, tell=tell) if deliver else ()
        marking.deliver(source, output, soundtrack=mix.path, settings=settings, on_progress=tell)
    if as_json:
        print_json({"output": output, "cues": len(plan.cues), "loudness": mix.loudness, "delivered": files})
        return
    from pipeline.app.show import loudness_words

    console.print(f"{output}: {len(plan.cues)} sounds, {loudness_words(mix.loudness)}", markup=False)
    if files:
        console.print(f"{deliver}: {len(files)} files; {files[0].name} says what each is for", markup=False)
    if mix.loudness.warning:
        console.print(mix.loudness.warning, style="yellow", markup=False)


def _check_delivery(folder: Path | None, formats: str | None) -> None:
    # said before the work begins, not after it
    from pipeline.sound.deliver.folder import check_free

    if folder is None and formats is not None:
        raise UsageError("--formats says what goes into a folder for editors; name the folder with --deliver.")
    if folder is not None:
        check_free(folder)


def _deliver(
    folder: Path,
    clip: Clip,
    plan: SoundPlan,
    stems: Stems,
    mix: Mix,
    *,
    settings: Settings,
    tell: Callable[[str, float], None],
) -> tuple[Path, ...]:
    from pipeline.config import DELIVERY_FORMATS
    from pipeline.delivering import deliver_files

    formats = settings.deliver.wanted or DELIVERY_FORMATS
    return deliver_files(clip, plan, stems, mix, folder, formats=formats, settings=settings, on_progress=tell)


@options.asking_what_is_heard
def cues(
    heard: dict[str, Any],
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
    prompt: options.Prompt = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """What would be heard, when and why. Edit the sheet and give it to `sound --cues`."""
    from pipeline.app import sheets
    from pipeline.config import load_settings

    settings = load_settings(file=config, arguments={"sound": {"prompt": prompt, **heard}})
    base = sheets.sheet_to_start_from(clip, output, edited=edited, fresh=fresh)
    console = _console(as_json)
    plan, said = sheets.write_cues(
        clip, base=base, output=output, picture=picture, settings=settings.sound, console=console
    )
    if said:
        console.print(said, markup=False)
    if as_json:
        print_json(plan)
    elif not output:
        from pipeline.app.show import show_plan

        show_plan(console, plan)
