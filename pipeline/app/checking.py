"""The check command's work on several files: progress, pictures for the page, the page itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import checking
from pipeline.config import Settings
from pipeline.errors import UsageError
from pipeline.keys import Keys
from pipeline.records import CheckResult


def check_files(
    files: list[Path],
    *,
    parts: tuple[checking.Part, ...],
    keys: Keys,
    console: Any,
    html: Path | None,
    settings: Settings = Settings(),
    local: bool = False,
) -> list[CheckResult]:
    """Check each file; write the page when asked."""
    from pipeline.app.progress import clip_progress

    paths = _expand(files)
    pictures: dict[Path, bytes] = {}
    results = []
    with clip_progress(console, len(paths)) as tell, _registry(parts, keys, settings) as repository:
        for path in paths:
            thumbnails: list[Any] | None = [] if html else None
            result = checking.check(
                path,
                keys=keys,
                parts=parts,
                on_progress=partial(tell, path),
                thumbnails=thumbnails,
                adapters=settings.mark.adapters,
                settings=settings.check,
                repository=repository,
                local=local,
            )
            tell(path, "done", 1.0)
            results.append(result)
            if thumbnails:
                from pipeline.report.plots import filmstrip

                # one whole picture: beside the verdict there is no room for a strip
                pictures[path] = filmstrip(thumbnails[len(thumbnails) // 2 :][:1], 480)
    if html:
        _write_page(results, html, pictures)
    return results


@contextlib.contextmanager
def _registry(parts: tuple[checking.Part, ...], keys: Keys, settings: Settings) -> Iterator[Any]:
    """The repository to find lost credentials in, where there is one and the mark is looked for."""
    if "mark" not in parts:
        yield None
        return
    from pipeline.registering import has_registry, open_registry

    if not has_registry(settings.repository, keys):
        yield None
        return
    with open_registry(settings.repository, keys, create=False) as repository:
        yield repository


def _expand(files: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
            from pipeline.batch import VIDEO_SUFFIXES
            from pipeline.media import sounds, stills

            known = VIDEO_SUFFIXES | stills.SUFFIXES | sounds.SUFFIXES
            found += [p for p in inside if p.suffix.lower() in known]
        else:
            found.append(path)
    if not found:
        raise UsageError(f"No video, still or sound was found in {', '.join(map(str, files))}.")
    return found


def _write_page(results: list[CheckResult], html: Path, pictures: dict[Path, bytes]) -> None:
    from pipeline.files import write_atomic
    from pipeline.report.html import render_check

    write_atomic(html, render_check(tuple(results), thumbnails=pictures))
