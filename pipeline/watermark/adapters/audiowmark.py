"""audiowmark of Stefan Westerfeld: a mark of 128 bits in sound, by the external program (GPLv3, never imported).

Command line and JSON as its README documents them and version 0.6.5 was seen to behave: `get` always lists messages,
most of them wrong, because the program checks none. A list entry counts here only when our 64-bit check passes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import FoleymarkError, UsageError
from pipeline.records import Payload
from pipeline.watermark.adapters.interface import ForeignReading, ForeignTool, validate_sound
from pipeline.watermark.adapters.message import (
    VERSION_BITS,
    adapter_keys,
    checked_bits,
    decode_checked,
    first_that_reads,
)
from pipeline.watermark.payload import PAYLOAD_BITS

HOW = (
    "audiowmark is a program of its own (GPLv3): install version 0.6 or newer from https://uplex.de/audiowmark or "
    "your system's packages, or give its path as `program`."
)
CAPACITY_BITS = 128
# AES-128, the program's key
KEY_BYTES = 16
# Sync score that only a mark under our key reaches. On eleven sounds of 10 s or more it was at least 1.25 with a mark
# and at most 0.60 without; in a second of sound anything scores more than 1, so shorter ones are not judged by it.
SURE_QUALITY, SURE_FROM_S = 1.0, 10.0
# `get` took 0.1 CPU seconds for a second of sound; a loaded machine may need many times that
START_TIMEOUT_S, TIMEOUT_PER_S = 60.0, 10.0
# a list of a day's matches is some megabytes
LARGEST_ANSWER_BYTES = 64_000_000
# enough of what it says for its version and its last complaint
LARGEST_SAID_BYTES = 1_000_000
# WAV counts its bytes in 32 bits
LARGEST_WAV_BYTES = 4_000_000_000


class AudiowmarkAdapter:
    """Marks and reads sound with the external program.

    Parameters
    ----------
    program : Path or None
        None to look for `audiowmark` on the PATH.
    keys : sequence of bytes
        Mark keys, newest first: the first marks, all of them read. The program's keys and the checks are drawn from
        them.
    timeout_s : float or None
        Longest wait for one call; None for a limit by the length of the sound.

    Raises
    ------
    UsageError
        When there is no such program.
    """

    name = "audiowmark"
    capacity_bits = CAPACITY_BITS

    def __init__(self, program: Path | None = None, *, keys: Sequence[bytes], timeout_s: float | None = None) -> None:
        self._program = _find(program)
        self._keys = adapter_keys(keys, self.name)
        self._program_keys = [key.secret[:KEY_BYTES] for key in adapter_keys(keys, "audiowmark program")]
        self._timeout_s = timeout_s
        self.tool = ForeignTool(self.name, self._version())

    def mark(self, sound: np.ndarray, sample_rate_hz: int, payload: Payload) -> np.ndarray:
        """A marked copy of the sound, of the same length."""
        validate_sound(sound, sample_rate_hz)
        message = np.packbits(checked_bits(payload, CAPACITY_BITS, key=self._keys[0].secret)).tobytes().hex()
        with self._workspace(sound, sample_rate_hz) as folder:
            marked = folder / "out.wav"
            files = ("--key", folder / "key0", folder / "in.wav", marked)
            self._call(folder, "add", *files, message, sound_s=sound.shape[1] / sample_rate_hz)
            return _read_wav(marked, sound.shape)

    def read(self, sound: np.ndarray, sample_rate_hz: int) -> ForeignReading:
        """What the sound says."""
        validate_sound(sound, sample_rate_hz)
        with self._workspace(sound, sample_rate_hz) as folder:
            answer = folder / "answer.json"
            length_s = sound.shape[1] / sample_rate_hz
            keys = [word for index in range(len(self._keys)) for word in ("--key", folder / f"key{index}")]
            self._call(folder, "get", *keys, "--json", answer, folder / "in.wav", sound_s=length_s)
            return self._reading(_matches(answer), length_s)

    def _reading(self, matches: list[_Match], length_s: float) -> ForeignReading:
        best = max((match.quality for match in matches), default=0.0)
        raw = {"matches": float(len(matches)), "best_quality": best}
        for match in sorted(matches, key=lambda match: -match.quality):
            found = first_that_reads(decode_checked, match.bits, self._keys)
            if found:
                payload, key = found
                return ForeignReading(
                    self.tool,
                    "read",
                    payload,
                    key_id=key.id,
                    confidence=min(1.0, max(0.0, 1 - match.error)),
                    check_bits=CAPACITY_BITS - PAYLOAD_BITS + VERSION_BITS,
                    sentence=f"audiowmark, Stefan Westerfeld's algorithm, gave the id {payload.hex} "
                    "and its check passed.",
                    raw={**raw, "quality": match.quality, "error": match.error, "speed": match.speed},
                )
        if best >= SURE_QUALITY and length_s >= SURE_FROM_S:
            text = "An audiowmark mark under this key is in the sound, but too damaged to read."
            return ForeignReading(self.tool, "unreadable", sentence=text, raw=raw)
        return ForeignReading(self.tool, "none", sentence="audiowmark found no mark under this key.", raw=raw)

    def _version(self) -> str:
        with tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
            said = run_program([str(self._program), "--version"], folder=Path(folder), timeout_s=START_TIMEOUT_S)
        found = re.search(r"audiowmark (\S{1,40})", said)
        if not found:
            raise UsageError(f"{self._program} does not answer as audiowmark does. {HOW}")
        return found[1]

    def _call(self, folder: Path, command: str, *arguments: Path | str, sound_s: float) -> None:
        # every path lies in a folder of ours and is absolute, so none can be taken for an option
        line = [str(self._program), command, *map(str, arguments)]
        timeout_s = self._timeout_s or START_TIMEOUT_S + TIMEOUT_PER_S * sound_s
        run_program(line, folder=folder, timeout_s=timeout_s)

    @contextlib.contextmanager
    def _workspace(self, sound: np.ndarray, sample_rate_hz: int) -> Iterator[Path]:
        """A folder only we can enter, with the sound and the program's keys in it."""
        import soundfile

        if sound.nbytes > LARGEST_WAV_BYTES:
            raise UsageError("The sound is too long for audiowmark (over 4 GB as WAV); take it out of mark.adapters.")
        with tempfile.TemporaryDirectory(prefix="foleymark-") as name:
            folder = Path(name).resolve()
            for index, key in enumerate(self._program_keys):
                place = os.open(folder / f"key{index}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(place, "w") as stream:
                    stream.write(f"key {key.hex()}\n")
            soundfile.write(folder / "in.wav", sound.T, sample_rate_hz, subtype="FLOAT", format="WAV")
            yield folder


@dataclass(frozen=True)
class _Match:
    """One message the program lists."""

    bits: np.ndarray
    # sync score, higher is better
    quality: float
    # decoding error, lower is better
    error: float
    # playback speed against the marked original
    speed: float


def run_program(line: list[str], *, folder: Path, timeout_s: float) -> str:
    """Run a program without a shell, and stop it with all it started when it takes too long.

    Parameters
    ----------
    line : list of str
        The program's absolute path and its arguments.
    folder : Path
        Where it runs and where what it says is kept.
    timeout_s : float

    Returns
    -------
    str
        What it said.

    Raises
    ------
    FoleymarkError
        When it fails or takes too long.
    """
    name = Path(line[0]).name
    # To a file, not a pipe: a pipe that a grandchild holds open would keep us waiting after the program is gone. The
    # C locale, because a decimal comma would break its JSON.
    with open(folder / "said.txt", "w+b") as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell, an absolute path, arguments of our own making
                line,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(f"{line[0]} cannot be started: {error.strerror}.") from error
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise FoleymarkError(
                f"{name} did not finish within {timeout_s:.0f} s and was stopped; take it out of mark.adapters."
            ) from error
        finally:
            _stop(process)
        said.seek(0)
        text = said.read(LARGEST_SAID_BYTES).decode(errors="replace").strip()
    if code:
        raise FoleymarkError(f"{name} failed ({_last_line(text) or f'exit code {code}'}).")
    return text


def _stop(process: subprocess.Popen[bytes]) -> None:
    # only while it runs: a process number that is free again may be somebody else's. The whole group, because the
    # program may be a script that started another.
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_line(text: str) -> str:
    """The last line without what could steer a terminal."""
    line = text.splitlines()[-1] if text else ""
    return "".join(letter for letter in line[:200] if letter.isprintable())


def _find(program: Path | None) -> Path:
    found = shutil.which("audiowmark" if program is None else str(program.expanduser().resolve()))
    if found is None:
        raise UsageError(f"There is no program audiowmark {f'at {program}' if program else 'on the PATH'}. {HOW}")
    return Path(found).resolve()


def _matches(answer: Path) -> list[_Match]:
    """What the program lists, best sync first as it says."""
    try:
        if answer.stat().st_size > LARGEST_ANSWER_BYTES:
            raise ValueError("the answer is too long")
        return [_match(entry) for entry in json.loads(answer.read_bytes())["matches"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FoleymarkError(f"audiowmark gave an answer that cannot be read ({error}). {HOW}") from error


def _match(entry: dict[str, Any]) -> _Match:
    code = bytes.fromhex(entry["bits"])
    if len(code) * 8 != CAPACITY_BITS:
        raise ValueError(f"a message of {len(code) * 8} bits")
    bits = np.unpackbits(np.frombuffer(code, dtype=np.uint8))
    return _Match(bits, float(entry["quality"]), float(entry["error"]), float(entry.get("speed", 1.0)))


def _read_wav(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    import soundfile

    try:
        sound, _ = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise FoleymarkError(f"audiowmark left no sound that can be read ({error}). {HOW}") from error
    if sound.T.shape != shape:
        raise FoleymarkError(f"audiowmark gave back {sound.T.shape} samples for {shape}. {HOW}")
    return np.ascontiguousarray(sound.T)
