"""The index of a folder of recordings: what each file is, measured once and kept until the file changes."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import home
from pipeline.errors import UnreadableInput, UsageError
from pipeline.files import sha256_file, write_atomic
from pipeline.media.sounds import SUFFIXES, open_sound, read_part
from pipeline.media.tags import read_tags
from pipeline.records import from_data, to_data
from pipeline.sound.recordings.names import words_of
from pipeline.sound.recordings.shape import Hit, find_hits

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

# a change of what is measured or of the word tables makes a new number
INDEX_VERSION = 1
MAX_FILES = 200_000
MAX_FILE_BYTES = 4_000_000_000
MAX_CACHE_BYTES = 500_000_000
# hits are looked for in this much of a file: takes lie at its beginning
MEASURED_S = 60.0
_MEASURED_VALUES = 24_000_000

# name of the file, share of the work done
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Measured:
    """What a file is, whoever made it."""

    size_bytes: int
    mtime_ns: int
    sha256: str = ""
    duration_s: float = 0.0
    channels: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    hits: tuple[Hit, ...] = ()
    # why it cannot be used, a sentence; or empty
    problem: str = ""


@dataclass(frozen=True)
class Index:
    """The files of a folder, by path inside it with forward slashes."""

    folder: Path
    files: dict[str, Measured]
    # CSV files, which may be lists of rights
    lists: tuple[str, ...]
    # text -> its words
    words: dict[str, list[str]]

    def words_of(self, text: str) -> frozenset[str]:
        """Words of a text, remembered because a large library has many and the lexicon takes its time."""
        if text not in self.words:
            self.words[text] = sorted(words_of(text))
        return frozenset(self.words[text])

    def save(self, texts: Iterable[str]) -> None:
        """Keep what was measured, and the words of these texts, for the next time."""
        data = {
            "version": INDEX_VERSION,
            "folder": str(self.folder),
            "files": to_data(self.files),
            "words": {text: self.words[text] for text in texts},
        }
        try:
            # another process may write the same file: each writes a whole one, and either is right
            write_atomic(_cache_path(self.folder), json.dumps(data, ensure_ascii=False))
        except (OSError, UsageError) as error:
            logger.warning("the index of recordings cannot be kept, so it is made anew each time: %s", error)


def read_index(folder: Path, *, on_progress: Progress | None = None) -> tuple[Index, bool]:
    """The index of a folder, and whether anything in it is new. Only files that changed are opened.

    Raises
    ------
    UsageError
        The folder is not there or may not be read.
    """
    folder = _checked(folder)
    old = _read_cache(folder)
    found, lists, problems = _scan(folder)
    files = dict(problems)
    changed = [name for name, facts in found.items() if not _is_same(old.files.get(name), facts)]
    files |= {name: old.files[name] for name in found if name not in set(changed)}
    for number, name in enumerate(changed):
        if on_progress:
            on_progress(name, number / len(changed))
        files[name] = _measure(folder / name, found[name])
    ordered = {name: files[name] for name in sorted(files)}
    return Index(folder, ordered, tuple(sorted(lists)), dict(old.words)), ordered != old.files


def inside(folder: Path, name: str) -> Path:
    """The file of a name inside a folder of recordings.

    Raises
    ------
    UsageError
        The name leads out of the folder, or to nothing that can be played.
    """
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or not name.isprintable() or path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{name[:200]!r} is no path of a recording inside its library; write it as the library lists it."
        )
    full = folder / path
    try:
        is_there = full.is_file() and full.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        is_there = False
    if not is_there:
        raise UsageError(f"The recording {name} is not in {folder}; put it back, or choose another sound for its cue.")
    return full


def measured_part(sound: Any) -> np.ndarray:
    """The part of an open sound in which hits are looked for, float32 [channels, samples]."""
    count = min(sound.frames, int(MEASURED_S * sound.samplerate), _MEASURED_VALUES // sound.channels)
    return read_part(sound, 0, count)


def _checked(folder: Path) -> Path:
    folder = folder.expanduser()
    if not folder.is_dir():
        raise UsageError(f"There is no folder of recordings at {folder}.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UsageError(f"The folder of recordings {folder} may not be read; check its permissions.")
    return folder.resolve()


def _scan(folder: Path) -> tuple[dict[str, os.stat_result], list[str], dict[str, Measured]]:
    # recordings with size and time, lists, and what cannot be used by its name alone
    found: dict[str, os.stat_result] = {}
    lists: list[str] = []
    problems: dict[str, Measured] = {}
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(root, name)
            suffix = path.suffix.lower()
            if suffix not in SUFFIXES and suffix != ".csv":
                continue
            shown = path.relative_to(folder).as_posix()
            problem = _problem(path, shown, folder)
            if problem:
                problems["".join(sign if sign.isprintable() else "?" for sign in shown)] = Measured(
                    0, 0, problem=problem
                )
            elif suffix == ".csv":
                lists.append(shown)
            elif len(found) < MAX_FILES:
                found[shown] = path.stat()
            else:
                raise UsageError(f"{folder} has more than {MAX_FILES} recordings; name a folder inside it.")
    return found, lists, problems


def _problem(path: Path, shown: str, folder: Path) -> str:
    if not shown.isprintable():
        return "Its name has signs that cannot be written down; rename it."
    try:
        if not path.resolve().is_relative_to(folder):
            return "It is a link to a file outside the library; copy the file in."
        facts = path.stat()
    except (OSError, RuntimeError) as error:
        return f"It cannot be opened ({getattr(error, 'strerror', None) or 'a link in a circle'})."
    if not stat.S_ISREG(facts.st_mode):
        return "It is not an ordinary file."
    if facts.st_size > MAX_FILE_BYTES:
        return f"It is larger than {MAX_FILE_BYTES // 1_000_000_000} GB; cut it into takes."
    return ""


def _is_same(old: Measured | None, facts: os.stat_result) -> bool:
    return old is not None and (old.size_bytes, old.mtime_ns) == (facts.st_size, facts.st_mtime_ns)


def _measure(path: Path, facts: os.stat_result) -> Measured:
    size, time_ns = facts.st_size, facts.st_mtime_ns
    try:
        with open_sound(path) as sound:
            rate, frames, channels = sound.samplerate, sound.frames, sound.channels
            hits = find_hits(measured_part(sound), sample_rate_hz=rate)
            # a file that was cut off on its way here lacks its end
            read_part(sound, max(frames - 4096, 0), min(frames, 4096))
        if not hits:
            return Measured(size, time_ns, problem=f"{path.name} is silent.")
        tags = read_tags(path)
        return Measured(size, time_ns, sha256_file(path), round(frames / rate, 4), channels, tags, hits)
    except UnreadableInput as error:
        return Measured(size, time_ns, problem=str(error))
    except OSError as error:
        return Measured(size, time_ns, problem=f"{path.name} cannot be read: {error.strerror or error}.")


def _cache_path(folder: Path) -> Path:
    return home() / "cache" / "recordings" / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:24]}.json"


def _read_cache(folder: Path) -> Index:
    path = _cache_path(folder)
    empty = Index(folder, {}, (), {})
    try:
        if path.stat().st_size > MAX_CACHE_BYTES:
            return empty
        data = json.loads(path.read_bytes())
        if data["version"] != INDEX_VERSION:
            return empty
        return Index(
            folder, from_data(data["files"], dict[str, Measured]), (), from_data(data["words"], dict[str, list[str]])
        )
    except FileNotFoundError:
        return empty
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        logger.info("the index of recordings is made anew: %s", error)
        return empty
