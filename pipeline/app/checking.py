"""The check command's work on several files: addresses, progress, pictures for the page, the page itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import checking
from pipeline.app.addresses import fetched, is_address, require_network
from pipeline.config import Settings
from pipeline.errors import UnreadableInput, UsageError
from pipeline.keys import Keys
from pipeline.records import CheckResult, Verdict

if TYPE_CHECKING:
    from pipeline.detect.pictures import Thoroughness


@dataclass(frozen=True)
class Order:
    """How files are to be checked."""

    parts: tuple[checking.Part, ...]
    keys: Keys
    thoroughness: Thoroughness = "normal"
    settings: Settings = Settings()
    # where the page goes; None when none is wanted
    html: Path | None = None
    allow_network: bool = False
    # this machine itself counts as a host, for sandboxes
    local: bool = False


@dataclass
class Work:
    """What lies open while files are checked."""

    tell: Any
    repository: Any
    # a picture for the page, by the path in the result
    pictures: dict[Path, bytes] = field(default_factory=dict)


def check_files(files: list[str], order: Order, *, console: Any) -> list[CheckResult]:
    """Check each file, folder or address; write the page when asked."""
    from pipeline.app.progress import clip_progress

    require_network(files, allowed=order.allow_network)
    places = _expand(files)
    with clip_progress(console, len(places)) as tell, _registry(order) as repository:
        work = Work(tell, repository)
        results = [_check_one(place, order, work) for place in places]
    if order.html:
        _write_page(results, order.html, work.pictures)
    # the folder it was fetched into is gone
    return [replace(one, path=Path(one.path.name)) if one.address else one for one in results]


def _check_one(place: Path | str, order: Order, work: Work) -> CheckResult:
    if isinstance(place, Path):
        return _check(place, order, work, shown=place)
    shown = Path(place)
    try:
        work.tell(shown, "fetch", 0.0)
        with fetched(place, local=order.local) as path:
            return replace(_check(path, order, work, shown=shown), address=place)
    except UnreadableInput as error:
        work.tell(shown, "failed", 1.0)
        return _not_fetched(place, str(error))


def _check(path: Path, order: Order, work: Work, *, shown: Path) -> CheckResult:
    thumbnails: list[Any] | None = [] if order.html else None
    result = checking.check(
        path,
        keys=order.keys,
        parts=order.parts,
        on_progress=partial(work.tell, shown),
        thumbnails=thumbnails,
        thoroughness=order.thoroughness,
        adapters=order.settings.mark.adapters,
        settings=order.settings.check,
        repository=work.repository,
        local=order.local,
    )
    work.tell(shown, "done", 1.0)
    if thumbnails:
        from pipeline.report.plots import filmstrip

        # one whole picture: beside the verdict there is no room for a strip
        work.pictures[path] = filmstrip(thumbnails[len(thumbnails) // 2 :][:1], 480)
    return replace(result, sha256=_sha256(result, order))


def _sha256(result: CheckResult, order: Order) -> str:
    """By which a check can be repeated; not where credentials alone are wanted at once."""
    from pipeline.files import sha256_file

    if result.clip:
        return result.clip.sha256
    wanted = order.html is not None or set(order.parts) != {"credentials"}
    try:
        return sha256_file(result.path) if wanted else ""
    except OSError:
        # missing, a folder or not to be read: the verdict has said so
        return ""


def _not_fetched(address: str, error: str) -> CheckResult:
    verdict = Verdict(
        "error", "This address was not fetched", f"{error} Nothing is known about what lies there.", not_checked=()
    )
    return CheckResult(Path(address), verdict, error=error, address=address)


@contextlib.contextmanager
def _registry(order: Order) -> Iterator[Any]:
    """The repository to find lost credentials in, where there is one and the mark is looked for."""
    if "mark" not in order.parts:
        yield None
        return
    from pipeline.registering import has_registry, open_registry

    if not has_registry(order.settings.repository, order.keys):
        yield None
        return
    with open_registry(order.settings.repository, order.keys, create=False) as repository:
        yield repository


def _expand(files: list[str]) -> list[Path | str]:
    """Files of folders, and everything else as it is; addresses stay text."""
    found: list[Path | str] = []
    for one in files:
        if is_address(one):
            found.append(one)
        elif Path(one).is_dir():
            found += _media_in(Path(one))
        else:
            found.append(Path(one))
    if not found:
        raise UsageError(f"No video, still or sound was found in {', '.join(files)}.")
    return found


def _media_in(folder: Path) -> list[Path]:
    from pipeline.batch import VIDEO_SUFFIXES
    from pipeline.media import sounds, stills

    known = VIDEO_SUFFIXES | stills.SUFFIXES | sounds.SUFFIXES
    inside = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return [path for path in inside if path.suffix.lower() in known]


def _write_page(results: list[CheckResult], html: Path, pictures: dict[Path, bytes]) -> None:
    from pipeline.files import write_atomic
    from pipeline.report.html import render_check

    write_atomic(html, render_check(tuple(results), thumbnails=pictures))
