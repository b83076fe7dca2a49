"""The recover command: the credentials of a copy that lost them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.app.terminal import print_json, visible
from pipeline.errors import CredentialError, UsageError

if TYPE_CHECKING:
    from pipeline.provenance.repository import Repository
    from pipeline.records import MatchSpan, Recovery, RecoveryMatch

COLOURS = {"recovered": "green", "similar": "cyan", "unsure": "yellow", "transplant": "red"}
# more are in the JSON
MOST_SHOWN = 5


def recover(
    file: Annotated[Path, typer.Argument(help="A clip, a still or a sound file.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the recovered manifest here (.c2pa).")
    ] = None,
    sidecar: Annotated[bool, typer.Option("--sidecar", help="Write it beside the file, as NAME.c2pa.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace another file of that name.")] = False,
    url: Annotated[str | None, typer.Option("--repository", help="A file, or postgresql://user@host/base.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Whose mark key; see keys init --tenant.")] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="Settings file (YAML).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Find the credentials of a copy that lost them, by its marks and by what it shows."""
    from rich.console import Console

    from pipeline.app.progress import stage_progress
    from pipeline.config import home, load_settings
    from pipeline.keys import Keys
    from pipeline.recovering import index_file, open_index, recover
    from pipeline.registering import open_registry

    settings = load_settings(file=config, arguments={"mark": {"tenant": tenant}, "repository": {"url": url}})
    keys = Keys(home(), settings.mark.tenant)
    target = _target(file, output, sidecar=sidecar)
    console = Console(stderr=as_json, highlight=False)
    with open_registry(settings.repository, keys, create=False) as repository:
        with stage_progress(console, file.name) as tell:
            index = open_index(repository, _kind(file), cache=index_file(keys.home, repository.name, _kind(file)))
            found = recover(file, keys=keys, repository=repository, index=index, on_progress=tell)
        if as_json:
            print_json(found)
        else:
            show_recovery(console, found)
        if target is not None:
            write_manifest(target, found, repository, force=force)
            console.print(f"Manifest written: {target}", markup=False)
    raise typer.Exit(0 if found.recovered else 1)


def _target(file: Path, output: Path | None, *, sidecar: bool) -> Path | None:
    """Where the manifest goes; said before the search, which may take a while."""
    from pipeline.provenance.signing.sidecar import SUFFIX, sidecar_path

    if output and sidecar:
        raise UsageError("--sidecar says where the manifest goes; leave out -o, or the other way round.")
    if output and output.suffix.lower() != SUFFIX:
        raise UsageError(f"A manifest by itself is a {SUFFIX} file, not {output.suffix or output.name!r}: rename it.")
    return sidecar_path(file) if sidecar else output


def _kind(file: Path) -> Any:
    from pipeline.media.sounds import SUFFIXES
    from pipeline.media.stills import is_still

    if is_still(file):
        return "image"
    return "audio" if file.suffix.lower() in SUFFIXES else "video"


def write_manifest(target: Path, found: Recovery, repository: Repository, *, force: bool = False) -> None:
    """Write the manifest that was recovered, as it was published.

    Raises
    ------
    CredentialError
        Nothing was recovered that stands.
    UsageError
        Another file has that name.
    """
    from pipeline.files import write_atomic

    stored = repository.manifest(found.recovered.label) if found.recovered else None
    if stored is None:
        raise CredentialError(
            f"{target.name} is not written, because no credentials were recovered: similar content proves nothing."
        )
    if target.exists() and not force and target.read_bytes() != stored.store:
        raise UsageError(f"{target} is there already and is another file: choose another -o, or give --force.")
    write_atomic(target, stored.store)


# ------------------------------------------------------------------- show
def show_recovery(console: Any, found: Recovery) -> None:
    """What was found, likeliest first."""
    for sentence in found.sentences:
        console.print(visible(sentence), markup=False)
    for match in found.matches[:MOST_SHOWN]:
        _show_match(console, match, found)
    if len(found.matches) > MOST_SHOWN:
        console.print(f"and {len(found.matches) - MOST_SHOWN} more; see --json", style="dim")
    if found.embedded is not None:
        from pipeline.app.show import show_credential

        console.print("In the file itself:", style="dim")
        show_credential(console, found.embedded)
    for sentence in found.not_checked:
        console.print(sentence, style="dim", markup=False)


def _show_match(console: Any, match: RecoveryMatch, found: Recovery) -> None:
    from rich.markup import escape

    title = escape(visible(match.title or match.label))
    console.print(f"[{COLOURS[match.state]}]{match.words}[/]: [bold]{title}[/] [dim]{escape(match.label)}[/]")
    if match.sentence not in found.sentences:
        console.print(visible(f"  {match.sentence}"), markup=False)
    for span in match.spans:
        console.print(f"  {span_words(span)}")
    if looks := shape_words(match):
        console.print(f"  {looks}", style="dim")
    if match.revoked:
        console.print(visible(f"  revoked {match.revoked}"), style="red", markup=False)
    if match.credential is not None:
        from pipeline.app.show import show_credential
        from pipeline.provenance.reading.wording import recovered_sentences

        credential = match.credential
        if match.state == "recovered" and found.embedded is None:
            credential = replace(credential, sentences=recovered_sentences(credential))
        show_credential(console, credential)


def span_words(span: MatchSpan) -> str:
    """A stretch as people say it."""
    return (
        f"{span.start_s:.1f} to {span.end_s:.1f} s here are {span.registered_start_s:.1f} to "
        f"{span.registered_end_s:.1f} s of the registered file"
    )


def shape_words(match: RecoveryMatch) -> str:
    """How the copy differs, and what agrees how well."""
    width, height = match.crop
    said = ["mirrored"] if match.is_mirrored else []
    if min(match.crop) <= 0.97:
        said.append(f"cropped to {width:.0%} of the width and {height:.0%} of the height")
    if match.similarity is not None:
        said.append(f"pictures agree by {match.similarity:.2f}")
    if match.sound_similarity is not None:
        said.append(f"sound agrees by {match.sound_similarity:.2f} (0.5 is chance)")
    if match.distance is not None:
        said.append(f"nearest code {match.distance} of 256 bits off")
    return ", ".join(said)
