"""What the sign command has to do: one file, a folder, or the list in a YAML file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from pipeline.config import IngredientSettings, SignSettings, read_yaml, spoken_wish
from pipeline.errors import UsageError
from pipeline.records import from_data, to_data

YAML_SUFFIXES = (".yaml", ".yml")
MAX_FILES = 10_000
# what an entry may say; who signs and who stamps is not for a list to choose
_ENTRY = ("title", "author", "licence", "ai_training", "generated", "source_type", "model", "ingredients")
_PLACES = ("file", "output", "sidecar", "remote")
_INGREDIENT = tuple(one.name for one in fields(IngredientSettings))


@dataclass(frozen=True)
class SignJob:
    """One file to sign."""

    source: Path
    output: Path
    settings: SignSettings
    # put the credentials beside the file
    sidecar: bool = False
    # address at which they are also found
    remote_url: str = ""


def plan_jobs(
    what: list[Path], output: Path | None, *, settings: SignSettings, sidecar: bool = False, remote_url: str = ""
) -> list[SignJob]:
    """One job for each file that is meant; UsageError when the request cannot be followed."""
    from pipeline.provenance.signing.writing import real_destination

    if len(what) == 1 and what[0].suffix.lower() in YAML_SUFFIXES:
        jobs = jobs_of_list(what[0], output, settings=settings, sidecar=sidecar, remote_url=remote_url)
    elif output is None:
        raise UsageError("Where should the signed copy go? Name it with -o.")
    elif len(what) == 1 and not what[0].is_dir():
        place = output / what[0].name if output.is_dir() else output
        jobs = [SignJob(what[0], place, settings, sidecar, remote_url)]
    else:
        jobs = [SignJob(*pair, settings, sidecar, remote_url) for pair in _pairs(what, output)]
    # a symbolic link stays, and what it leads to is replaced; other names stay as they were given
    real = [real_destination(job.output) for job in jobs]
    jobs = [replace(job, output=end) if job.output.is_symlink() else job for job, end in zip(jobs, real, strict=True)]
    if remote_url and len(jobs) > 1:
        raise UsageError("--remote names the credentials of one file; in a list give each its own `remote`.")
    _check_apart(jobs)
    return jobs


def _pairs(what: Iterable[Path], output: Path) -> list[tuple[Path, Path]]:
    """Each file with its place below `output`, where the tree of a folder is kept."""
    from pipeline.provenance.formats import is_known

    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file; several files need a folder.")
    pairs = []
    for path in what:
        if not path.is_dir():
            pairs.append((path, output / path.name))
            continue
        if output.resolve() == path.resolve():
            raise UsageError(f"{output} is the folder itself; choose another for the signed copies.")
        for file in sorted(path.rglob("*")):
            inside = file.relative_to(path)
            hidden = any(part.startswith(".") for part in inside.parts)
            if not hidden and is_known(file) and file.is_file() and not file.is_relative_to(output):
                pairs.append((file, output / inside))
    if not pairs:
        raise UsageError(f"No file that can be signed was found in {', '.join(map(str, what))}.")
    return pairs


def _check_apart(jobs: list[SignJob]) -> None:
    from pipeline.provenance.formats import has_place
    from pipeline.provenance.signing.sidecar import sidecar_path

    written = [job.output for job in jobs]
    written += [sidecar_path(job.output) for job in jobs if job.sidecar or not has_place(job.output)]
    twice = next((path for path, count in Counter(written).items() if count > 1), None)
    if twice:
        raise UsageError(f"Two files would be written to {twice}; give each an output name of its own.")


# ---------------------------------------------------------------- a list
def jobs_of_list(
    path: Path, output: Path | None, *, settings: SignSettings, sidecar: bool = False, remote_url: str = ""
) -> list[SignJob]:
    """The jobs of a YAML file a stranger may have written; its outputs stay below `output`, or beside the list."""
    data = read_yaml(path)
    entries = data.pop("files", None)
    _check_names(data, (*_ENTRY, "sidecar"), f"{path}")
    if not isinstance(entries, list) or not entries:
        raise UsageError(f"{path} must list what to sign: files: [{{file: export.mp4, output: signed.mp4}}, ...].")
    if len(entries) > MAX_FILES:
        raise UsageError(f"{path} lists {len(entries)} files; {MAX_FILES} is the most.")
    below = (output or path.parent).resolve()
    common = {"sidecar": sidecar, "remote": remote_url, **data}
    return [
        _job(entry, common, f"{path}: file {number}", base=path.parent, below=below, settings=settings)
        for number, entry in enumerate(entries, start=1)
    ]


def _job(entry: Any, common: dict[str, Any], where: str, *, base: Path, below: Path, settings: SignSettings) -> SignJob:
    entry = {"file": entry} if isinstance(entry, str) else entry
    if not isinstance(entry, dict):
        raise UsageError(f"{where} must be a name, or 'name: value' lines.")
    _check_names(entry, (*_ENTRY, *_PLACES), where)
    told = {**common, **entry}
    source = base / _text(told, "file", where)
    name = _text(told, "output", where) if told.get("output") else source.name
    place = (below / name).resolve()
    if not place.is_relative_to(below):
        raise UsageError(f"{where}: the output {name!r} lies outside of {below}; name a place below it.")
    own = {name: told[name] for name in _ENTRY if name in told}
    if not isinstance(told["sidecar"], bool):
        raise UsageError(f"{where}: sidecar is yes or no.")
    remote = _text(told, "remote", where) if told.get("remote") else ""
    return SignJob(source, place, _settings(own, settings, where, base), told["sidecar"], remote)


def _settings(own: dict[str, Any], settings: SignSettings, where: str, base: Path) -> SignSettings:
    data = {**to_data(replace(settings, ingredients=())), **own}
    data["ai_training"] = spoken_wish(data["ai_training"])
    if not own.get("source_type") and "generated" in own:
        data["source_type"] = ""
    ingredients = own.get("ingredients", [])
    if not isinstance(ingredients, list) or len(ingredients) > MAX_FILES:
        raise UsageError(f"{where}: ingredients is a list of files.")
    data["ingredients"] = [_ingredient(one, where, base) for one in ingredients]
    try:
        made = from_data(data, SignSettings)
    except ValueError as error:
        raise UsageError(f"{where} does not fit: {error}.") from error
    check_source_type(made.source_type)
    return replace(made, ingredients=(*settings.ingredients, *made.ingredients))


def _ingredient(one: Any, where: str, base: Path) -> dict[str, Any]:
    one = {"file": one} if isinstance(one, str) else one
    if not isinstance(one, dict):
        raise UsageError(f"{where}: an ingredient is a name, or 'name: value' lines.")
    _check_names(one, _INGREDIENT, f"{where}: ingredient")
    return {**one, "file": str(base / _text(one, "file", where))}


def _text(told: dict[str, Any], name: str, where: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise UsageError(f"{where}: {name} is missing or no text.")
    return value


def _check_names(told: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in told:
        if name not in known:
            raise UsageError(f"{where}: there is no {name!r}; known here: {', '.join(known)}.")


def check_source_type(term: str) -> None:
    """UsageError with the terms there are, when there is no such source type."""
    from pipeline.errors import CredentialError
    from pipeline.provenance.source_types import to_uri

    try:
        if term:
            to_uri(term)
    except CredentialError as error:
        raise UsageError(str(error)) from error
