"""Self-contained HTML reports: no scripts, nothing loaded from anywhere, everything from files escaped and cleaned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.detect.wording import plain, shorten
from pipeline.records import CheckResult, JobResult
from pipeline.report import views

if TYPE_CHECKING:
    from jinja2 import Environment

# no sentence of ours is near this; a hostile manifest may well be
MAX_TEXT_CHARS = 1200


def render_check(results: tuple[CheckResult, ...], *, thumbnails: Mapping[Path, bytes] | None = None) -> str:
    """The page that answers "is this AI-made?" for one or more files.

    Parameters
    ----------
    results : tuple of CheckResult
    thumbnails : mapping of path to PNG, JPEG or WebP bytes
        A picture per checked file; a missing one is left out.

    Returns
    -------
    str
        One HTML document; everything it needs is inside it.
    """
    pictures = thumbnails or {}
    files = [views.check_view(result, pictures.get(result.path)) for result in results]
    return _environment().get_template("check.html.j2").render(files=files, version=_version())


def render_batch(
    jobs: tuple[JobResult, ...], *, title: str, pictures: Mapping[Path, bytes] | None = None, folder: Path | None = None
) -> str:
    """The page that shows what became of a batch.

    Parameters
    ----------
    jobs : tuple of JobResult
    title : str
    pictures : mapping of source path to PNG, JPEG or WebP bytes
        A filmstrip per clip; a missing one is left out.
    folder : Path, optional
        Where the page will stand, so that links to outputs are relative to it; without it, beside the outputs.

    Returns
    -------
    str
        One HTML document; only the finished clips it plays lie outside it.
    """
    view = views.batch_view(jobs, dict(pictures or {}), folder)
    return _environment().get_template("batch.html.j2").render(title=title, **view)


def render_page(template: str, **values: Any) -> str:
    """A page from a template of ours: everything that is printed is cleaned and escaped."""
    return _environment().get_template(template).render(**values)


def _version() -> str:
    from importlib.metadata import version

    return version("foleymark")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["whole"] = _Whole
    environment.filters["short"] = lambda text, limit=64: shorten(plain(text, limit=MAX_TEXT_CHARS), limit)
    return environment


class _Whole(str):
    """Text that views.py made itself (data URIs, percent-encoded links): not cut, but escaped like everything else."""

    __slots__ = ()


def _clean(value: Any) -> Any:
    # runs on every value a template prints, before it is escaped
    from markupsafe import Markup

    keep = not isinstance(value, str) or isinstance(value, Markup | _Whole)
    return value if keep else plain(value, limit=MAX_TEXT_CHARS)
