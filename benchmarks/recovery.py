"""Whether the credentials of a clip come back after it lost them, and never those of another.

    python -m benchmarks.recovery --clips DIR [--clips DIR..] [--others DIR..] [--same-scene WORD..] [--limit 44]
                                  [--jobs 2] [--outcomes FILE] [--json]

Clips are drawn evenly from the sources in --clips, cut without loss to at most five seconds, marked at the default
settings, signed and registered in one repository (SQLite); each transformation (`recovery_cases`) starts from the
finished file. top1 is the share of copies whose first match is the right manifest; recovered the share of which it is
said that watermark, fingerprint and signed manifest agree. splice puts three seconds into the middle of another film,
and span_iou says how well the stretch that was told covers the one that was put in.

Never registered are: every other clip of --clips and --others ("unrelated"); parts of the long sources beside the
registered part ("neighbours"); second versions of registered clips, encoded and marked anew under ids that nobody
registered ("versions"); and clips whose name holds a word of --same-scene, which several generators made from one
picture ("regenerated"). false_hits counts unrelated ones for which anything is named, and any of the four that is
called recovered. A look-alike called "similar content" is told apart, under look_alikes. Transplants carry what
marking changed in one clip's pictures (`transplanted`) on the pictures of another; called is the share of those whose
mark still reads that are said to be transplants, accepted how many were called recovered.

Baselines of the same run: plain_iscc is the io.iscc.v0 code of the whole file and the nearest of those registered,
watermark_alone believes any id that is registered, fingerprint_alone is ours without marks.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import recovery_cases as cases
from benchmarks.common import note, videos_below
from benchmarks.recovery_figures import Outcome, cost_figures, index_figures, summary, table
from benchmarks.watermark_clips import source_of, spread
from pipeline.errors import FoleymarkError
from pipeline.keys import Keys
from pipeline.records import Clip

LIMIT, VERSIONS, TRANSPLANTS, NEIGHBOURS = 44, 8, 24, 30
SHORTEST_S = 1.5
# a film that something is put into
FILM_S = 4.9


@dataclass(frozen=True)
class Place:
    """Where a process finds what it needs."""

    folder: Path

    @property
    def keys(self) -> Keys:
        return Keys(self.folder / "home")

    def repository(self) -> Any:
        from pipeline.provenance.repository import open_repository

        return open_repository(str(self.folder / "repository.db"))


@dataclass(frozen=True)
class Pool:
    """Clips by what they are for."""

    registered: list[Clip]
    others: list[Clip]


def main() -> None:
    arguments = _arguments()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    with tempfile.TemporaryDirectory(prefix="foleymark-recovery-") as folder:
        figures = measured(Place(Path(folder)), arguments)
    print(json.dumps(figures, indent=2) if arguments.json else table(figures))


def measured(place: Place, arguments: argparse.Namespace) -> dict[str, Any]:
    """Every figure of the benchmark."""
    _make_keys(place)
    pool = drawn(arguments.clips, arguments.others, limit=arguments.limit, most_others=arguments.unrelated)
    run = partial(_shared, workers=arguments.jobs)
    jobs = [partial(_register, place, number, clip) for number, clip in enumerate(pool.registered)]
    registered = [one for one in run(jobs, "registered") if one]
    registered.sort(key=lambda one: one.source)
    films = [clip for clip in pool.others if clip.duration_s >= FILM_S]
    work: list[Callable[[], Any]] = []
    for number, clip in enumerate(registered):
        work.append(partial(_transform, place, clip, films[number % len(films)] if films else None))
    kind_of = partial(_kind_of, words=arguments.same_scene)
    work += [partial(_ask_stranger, place, clip, kind_of(clip)) for clip in pool.others]
    work += [partial(_ask_neighbour, place, clip) for clip in registered][:NEIGHBOURS]
    work += [partial(_ask_version, place, clip) for clip in registered[:: max(1, len(registered) // VERSIONS)]][
        :VERSIONS
    ]
    work += _transplants(place, registered, pool.others)
    # mixed, so that a run that is cut short has something of everything
    random.Random(1).shuffle(work)
    outcomes: list[Outcome] = []
    for many in run(work, "asked"):
        outcomes += many
        _keep(arguments.outcomes, many)
    return summary(outcomes, registered=len(registered)) | {"index": index_figures(), "cost": cost_figures(registered)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, action="append", required=True, help="a folder of videos to register")
    parser.add_argument("--others", type=Path, action="append", default=[], help="a folder of videos not to register")
    parser.add_argument(
        "--same-scene", action="append", default=[], metavar="WORD", help="in names of clips made from one picture"
    )
    parser.add_argument("--limit", type=int, default=LIMIT, help="clips to register")
    parser.add_argument("--unrelated", type=int, default=400, help="clips to ask for that were never registered")
    parser.add_argument("--jobs", type=int, default=2, help="processes that clips are shared among")
    parser.add_argument("--outcomes", type=Path, help="a file that gets a JSON line for each file asked for")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _keep(path: Path | None, outcomes: Sequence[Outcome]) -> None:
    if path:
        with open(path, "a") as stream:
            stream.writelines(json.dumps(asdict(one)) + "\n" for one in outcomes)


def _make_keys(place: Place) -> None:
    from pipeline.provenance.signing.authority import init_authority
    from pipeline.watermark.keys import create_keys

    create_keys(place.keys.mark_path)
    init_authority(place.keys.authority_folder, organisation="Benchmark")
    place.repository().close()


def drawn(folders: list[Path], others: list[Path], *, limit: int, most_others: int) -> Pool:
    """Clips to register, evenly from their sources, and the rest."""
    paths = {path: source_of(path, folder) for folder in folders for path in videos_below([folder])}
    known = _probed(paths)
    chosen = spread(known, limit, source_of=lambda clip: f"{clip.path.parent} {paths[clip.path]}")
    taken = {clip.path for clip in chosen}
    rest = _probed([path for folder in others for path in videos_below([folder])]) if others else []
    strangers = {clip.path.resolve(): clip for clip in [*known, *rest] if clip.path not in taken}
    digests = {clip.sha256 for clip in chosen}
    return Pool(chosen, [clip for clip in strangers.values() if clip.sha256 not in digests][:most_others])


def _probed(paths: Any) -> list[Clip]:
    from pipeline.media.probe import probe

    found = []
    for path in paths:
        try:
            clip = probe(path)
        except FoleymarkError as error:
            note(f"left out: {error}")
            continue
        if clip.duration_s >= SHORTEST_S:
            found.append(clip)
    return found


def _shared(jobs: Sequence[Callable[[], Any]], what: str, *, workers: int) -> Iterator[Any]:
    began = time.monotonic()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(job) for job in jobs]
        for count, done in enumerate(as_completed(waiting), 1):
            yield done.result()
            if count % 10 == 0 or count == len(jobs):
                note(f"{what}: {count} of {len(jobs)}, {time.monotonic() - began:.0f} s")


# ------------------------------------------------------------- in a process
def _register(place: Place, number: int, clip: Clip) -> cases.Registered | None:
    from pipeline.media.probe import probe

    (place.folder / "finished").mkdir(exist_ok=True)
    try:
        original, start_s = cases.cut(clip, place.folder / f"clip{number:03}.mp4")
        delivered, report = cases.finish(original, place.folder / "finished", keys=place.keys)
        with place.repository() as repository:
            label = cases.register(delivered, report, original=original, keys=place.keys, repository=repository)
    except (FoleymarkError, RuntimeError) as error:
        note(f"not registered: {clip.path.name}: {error}")
        return None
    length_s = probe(original).duration_s
    payload = report.payload.hex
    return cases.Registered(label, original, delivered, payload, clip.path, start_s, length_s, report.came_back)


def _transform(place: Place, clip: cases.Registered, film: Clip | None) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for name, run in cases.TRANSFORMATIONS.items():
        with tempfile.TemporaryDirectory(dir=place.folder) as folder:
            try:
                other = (
                    cases.cut(film, Path(folder) / "film.mp4", start_s=0.0)[0] if film and name == "splice" else None
                )
                if name == "splice" and other is None:
                    continue
                copy = run(clip, Path(folder), other or clip.original)
                outcome = _asked(place, copy, kind=name, right=clip.label, name=clip.source.name)
            except (FoleymarkError, RuntimeError) as error:
                outcome = Outcome(name, clip.label, name=clip.source.name, error=str(error)[:200])
        outcomes.append(outcome)
    return outcomes


def _kind_of(clip: Clip, *, words: Sequence[str]) -> str:
    return "regenerated" if any(word in clip.path.name for word in words) else "unrelated"


def _ask_stranger(place: Place, clip: Clip, kind: str, *, start_s: float | None = None) -> list[Outcome]:
    with tempfile.TemporaryDirectory(dir=place.folder) as folder:
        target = Path(folder) / "part.mp4"
        try:
            part = (
                cases.beginning(clip, Path(folder)) if start_s is None else cases.cut(clip, target, start_s=start_s)[0]
            )
            return [_asked(place, part, kind=kind, name=f"{clip.path.parent.name}/{clip.path.name}")]
        except (FoleymarkError, RuntimeError) as error:
            return [Outcome(kind, name=clip.path.name, error=str(error)[:200])]


def _ask_neighbour(place: Place, clip: cases.Registered) -> list[Outcome]:
    """The part of a long source right beside the registered one."""
    from pipeline.media.probe import probe

    source = probe(clip.source)
    after_s = clip.start_s + clip.duration_s + 0.2
    before_s = clip.start_s - clip.duration_s - 0.2
    start_s = after_s if after_s + SHORTEST_S <= source.duration_s else before_s
    return _ask_stranger(place, source, "neighbours", start_s=start_s) if start_s >= 0 else []


def _ask_version(place: Place, clip: cases.Registered) -> list[Outcome]:
    """The same clip, marked under an id that nobody registered."""
    with tempfile.TemporaryDirectory(dir=place.folder) as folder:
        try:
            copy, _ = cases.finish(clip.original, Path(folder), keys=place.keys)
        except (FoleymarkError, RuntimeError) as error:
            return [Outcome("versions", name=clip.source.name, error=str(error)[:200])]
        return [replace(_asked(place, copy, kind="versions", name=clip.source.name), carried=clip.label)]


def _transplants(
    place: Place, registered: Sequence[cases.Registered], others: Sequence[Clip]
) -> list[Callable[[], list[Outcome]]]:
    """Marks of registered clips on strangers, and on other registered ones."""
    jobs: list[Callable[[], list[Outcome]]] = []
    for number, clip in enumerate(registered[:TRANSPLANTS]):
        if number % 3 == 2 or not others:
            jobs.append(partial(_transplant, place, clip, registered[(number + 1) % len(registered)].original))
        else:
            jobs.append(partial(_transplant, place, clip, others[(7 * number) % len(others)].path))
    return jobs


def _transplant(place: Place, clip: cases.Registered, onto: Path) -> list[Outcome]:
    with tempfile.TemporaryDirectory(dir=place.folder) as folder:
        try:
            moved = cases.transplanted(clip, onto, Path(folder))
            return [
                _asked(place, moved, kind="transplants", carried=clip.label, name=f"{clip.source.name} on {onto.name}")
            ]
        except (FoleymarkError, RuntimeError) as error:
            return [Outcome("transplants", name=clip.source.name, error=str(error)[:200])]


_REGISTERED: dict[str, bytes] = {}


def _asked(place: Place, path: Path, *, kind: str, right: str = "", carried: str = "", name: str = "") -> Outcome:
    """Everything that is measured of one file."""
    from pipeline import recovering

    with place.repository() as repository:
        began = time.monotonic()
        asked = recovering.look_for(path, keys=place.keys)
        found = recovering.search(asked, keys=place.keys, repository=repository)
        seconds = time.monotonic() - began
        unmarked = recovering.search(replace(asked, marks=type(asked.marks)()), keys=place.keys, repository=repository)
        by_mark = tuple(recovering._claims(asked.marks, repository))
        plain_first, plain_distance = _plain(asked, repository)
    first = found.matches[0] if found.matches else None
    carrying = next((one for one in found.matches if carried and one.label == carried), None)
    printed = unmarked.matches[0] if unmarked.matches else None
    return Outcome(
        kind,
        right,
        first.label if first else "",
        first.state if first else "",
        carrying.state if carrying else "",
        first.similarity or 0.0 if first else 0.0,
        plain_first,
        plain_distance,
        by_mark,
        printed.label if printed else "",
        printed.state if printed else "",
        _iou(first.spans if first else (), path) if kind == "splice" else None,
        seconds,
        name,
    )


def _plain(asked: Any, repository: Any) -> tuple[str, int]:
    """The registered file whose code of the whole is nearest to the asked one's, and by how many bits."""
    from pipeline.provenance.fingerprint import ALGORITHM, codes

    if not _REGISTERED:
        for manifest in repository.manifests(limit=1000):
            for binding in repository.manifest(manifest.label).bindings:
                if binding.algorithm == ALGORITHM and binding.start_s is None:
                    unit = codes.split_units(bytes.fromhex(binding.value_hex)).get("video")
                    if unit:
                        _REGISTERED[manifest.label] = unit
    if not len(asked.pictures.signatures) or not _REGISTERED:
        return "", 256
    own = codes.video_code(asked.pictures.signatures)
    distance, label = min((codes.distance(own, code), label) for label, code in _REGISTERED.items())
    return label, distance


def _iou(spans: Any, path: Path) -> float:
    """How well the told stretches cover the one that was put in: overlap over union."""
    from pipeline.media.probe import probe

    length_s = probe(path).duration_s
    start_s, end_s = 2.5, length_s - 2.5 + 0.1
    told = sum(max(0.0, min(one.end_s, end_s) - max(one.start_s, start_s)) for one in spans)
    whole = sum(one.end_s - one.start_s for one in spans) + (end_s - start_s) - told
    return told / whole if whole > 0 else 0.0


if __name__ == "__main__":
    main()
