"""Do picture and sound stay together? Flash and click through the whole job, at every usual frame rate.

    python -m benchmarks.av_drift [--minutes 10] [--rates 24 29.97 variable] [--baseline-minutes 2] [--json]

A clip is made in which a white picture and a click coincide every few seconds, the click exactly at the picture's time.
It goes through `foleymark run`'s own function (look, sound with the clip's own sound kept, mark, encode, sign, check).
In the finished file the flash is where decoded pictures turn white, by their presentation times, and the click where a
matched filter finds it in the decoded sound; decoding is done here with PyAV, by nothing of ours. Source sound is at
44.1, 48 or 96 kHz. Beside it stand: times reckoned as picture number over the rounded rate, a plain ffmpeg encode of
the same clip, the same at a fixed rounded rate, and moviepy's.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import ffmpeg, note, show

OUT_HZ = 48_000
# name: (rate or None for variable, sound of the source in Hz)
RATES: dict[str, tuple[Fraction | None, int]] = {
    "23.976": (Fraction(24_000, 1001), 48_000),
    "24": (Fraction(24), 44_100),
    "25": (Fraction(25), 48_000),
    "29.97": (Fraction(30_000, 1001), 44_100),
    "30": (Fraction(30), 96_000),
    "50": (Fraction(50), 48_000),
    "59.94": (Fraction(60_000, 1001), 96_000),
    "variable": (None, 44_100),
}
TICK = Fraction(1, 90_000)
# of a variable rate: how long a picture may be shown, ticks; as phones and screen recorders do
SHOWN_TICKS = (1_500, 6_000)
SIZE_PX = (192, 108)
# flashes come this far apart, s; never with a fixed period
FLASH_GAP_S = (3.1, 6.7)
# a sweep of 12 ms is found to a fraction of a sample, whatever else is heard
CLICK_S, CLICK_HZ = 0.012, (700.0, 6_000.0)
WHITE, DARK = 235, 40
# a click belongs to a flash when it is no further away
REACH_S = 0.25


# ------------------------------------------------------------------- clip
def picture_times(rate: Fraction | None, length_s: float) -> list[Fraction]:
    """When each picture is shown, s."""
    if rate is not None:
        return [n / rate for n in range(int(length_s * rate))]
    random = np.random.default_rng(3)
    ticks = np.cumsum(random.integers(*SHOWN_TICKS, size=round(length_s * 60)))
    return [Fraction(0), *(int(tick) * TICK for tick in ticks if int(tick) * TICK < length_s)]


def flash_numbers(times: list[Fraction]) -> list[int]:
    """Which pictures are white; the first comes early, the last late, so that drift shows."""
    random = np.random.default_rng(5)
    numbers, due = [], 1.0
    for number, time_s in enumerate(times[:-2]):
        if time_s >= due:
            numbers.append(number)
            due = float(time_s) + float(random.uniform(*FLASH_GAP_S))
    return numbers


def click(offset_s: np.ndarray) -> np.ndarray:
    """The click at times from its middle, exact between samples."""
    place = offset_s / CLICK_S
    window = np.where(np.abs(place) < 0.5, np.cos(np.pi * np.clip(place, -0.5, 0.5)) ** 2, 0)
    low, high = CLICK_HZ
    return window * np.sin(2 * np.pi * ((low + high) / 2 * offset_s + (high - low) / 2 * offset_s**2 / CLICK_S))


def write_clip(path: Path, rate: Fraction | None, sample_rate_hz: int, length_s: float) -> list[float]:
    """Write the clip (H.264 and PCM in .mov); returns the times of its flashes, s."""
    import av

    times = picture_times(rate, length_s)
    white = flash_numbers(times)
    base = 1 / rate if rate else TICK
    target: Any
    with av.open(str(path), "w") as target:
        picture = target.add_stream("libx264", rate=rate or 30, options={"crf": "20", "preset": "veryfast"})
        picture.width, picture.height, picture.pix_fmt = *SIZE_PX, "yuv420p"
        picture.time_base = picture.codec_context.time_base = base
        sound = target.add_stream("pcm_s16le", rate=sample_rate_hz)
        sound.layout = "stereo"
        blocks = _sound_blocks([float(times[n]) for n in white], sample_rate_hz, length_s)
        given = 0
        for number, luma in enumerate(_pictures(len(times), set(white))):
            frame = av.VideoFrame(*SIZE_PX, "yuv420p")
            for plane, values in zip(frame.planes, (luma, None, None), strict=True):
                full = np.full((plane.height, plane.line_size), 128, np.uint8)
                if values is not None:
                    full[:, : plane.width] = values
                plane.update(full.tobytes())
            frame.pts, frame.time_base = round(times[number] / base), base
            target.mux(picture.encode(frame))
            while given < (float(times[number]) + 1) * sample_rate_hz and (block := next(blocks, None)) is not None:
                given = _encode_sound(target, sound, block, given, sample_rate_hz)
        for block in blocks:
            given = _encode_sound(target, sound, block, given, sample_rate_hz)
        target.mux(picture.encode(None))
        target.mux(sound.encode(None))
    return [float(times[n]) for n in white]


def _pictures(count: int, white: set[int]) -> Iterator[np.ndarray]:
    # a dark texture that moves, so that the mark and the analysis have something to look at
    random = np.random.default_rng(9)
    width, height = SIZE_PX
    texture = random.normal(0, 1, (height + 16, width + 512))
    for _ in range(3):
        texture = (texture + np.roll(texture, 1, 0) + np.roll(texture, 1, 1)) / 2
    texture = np.clip(DARK + 12 * texture / texture.std(), 16, 110).astype(np.uint8)
    for number in range(count):
        shift = number // 2 % 512
        yield np.full((height, width), WHITE, np.uint8) if number in white else texture[:height, shift : shift + width]


def _sound_blocks(clicks_s: list[float], rate_hz: int, length_s: float) -> Iterator[np.ndarray]:
    random = np.random.default_rng(1)
    for start in range(0, round(length_s * rate_hz), rate_hz):
        count = min(rate_hz, round(length_s * rate_hz) - start)
        at_s = (start + np.arange(count)) / rate_hz
        block = 0.0005 * random.standard_normal(count)
        for time_s in clicks_s:
            if start / rate_hz - CLICK_S < time_s < (start + count) / rate_hz + CLICK_S:
                block += 0.5 * click(at_s - time_s)
        yield block


def _encode_sound(target: Any, sound: Any, block: np.ndarray, given: int, rate_hz: int) -> int:
    import av

    values = np.repeat((32_767 * block).astype(np.int16), 2)[None, :]
    frame = av.AudioFrame.from_ndarray(values, format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, given, Fraction(1, rate_hz)
    target.mux(sound.encode(frame))
    return given + len(block)


# ---------------------------------------------------------------- measure
def flashes_of(path: Path) -> np.ndarray:
    """Times at which decoded pictures turn white, s."""
    import av

    found, was_white = [], False
    source: Any
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in source.decode(stream):
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
            is_white = float(luma[::4, ::4].mean()) > (WHITE + DARK) / 2
            if is_white and not was_white:
                found.append(float(frame.pts * stream.time_base))
            was_white = is_white
    return np.array(found)


def clicks_of(path: Path, near_s: np.ndarray) -> np.ndarray:
    """Times of the clicks nearest to some moments, s; sound before time zero (the encoder's lead-in) is not heard."""
    import av

    parts: list[np.ndarray] = []
    begin_s = float("nan")
    source: Any
    with av.open(str(path)) as source:
        stream = source.streams.audio[0]
        turned = av.AudioResampler(format="flt", layout="mono", rate=OUT_HZ)
        for frame in source.decode(stream):
            if np.isnan(begin_s):
                begin_s = float(frame.pts * stream.time_base)
            parts += [block.to_ndarray()[0] for block in turned.resample(frame)]
    sound = np.concatenate(parts)
    at = np.arange(-round(CLICK_S * OUT_HZ), round(CLICK_S * OUT_HZ) + 1)
    shape = click(at / OUT_HZ)
    found = []
    for time_s in near_s:
        centre = round((time_s - begin_s) * OUT_HZ)
        first = max(centre - round(REACH_S * OUT_HZ), 0)
        part = sound[first : centre + round(REACH_S * OUT_HZ)]
        alike = np.correlate(part, shape, mode="valid")
        peak = int(np.clip(alike.argmax(), 1, len(alike) - 2))
        left, middle, right = alike[peak - 1 : peak + 2]
        fine = 0.5 * (left - right) / (left - 2 * middle + right)
        found.append(begin_s + (first + peak + fine + len(at) // 2) / OUT_HZ)
    return np.array(found)


def figures_of(path: Path, expected: int) -> dict[str, Any]:
    """How far click and flash are apart in a finished file, and whether that grows."""
    flashes = flashes_of(path)
    if len(flashes) != expected:
        return {"flashes": len(flashes), "expected": expected}
    return _figures(flashes, clicks_of(path, flashes))


def _figures(flashes_s: np.ndarray, clicks_s: np.ndarray) -> dict[str, Any]:
    error_ms = 1000 * (clicks_s - flashes_s)
    slope = np.polyfit(flashes_s, error_ms, 1)[0] if len(flashes_s) > 1 else 0.0
    return {
        "flashes": len(flashes_s),
        "error_ms_max": _rounded(np.abs(error_ms).max()),
        "error_ms_start": _rounded(error_ms[: max(len(error_ms) // 10, 1)].mean()),
        "error_ms_end": _rounded(error_ms[-max(len(error_ms) // 10, 1) :].mean()),
        "drift_ms_per_10min": _rounded(slope * 600),
    }


def _rounded(value: float) -> float:
    # without a minus before nothing
    return round(float(value), 3) + 0.0


# ----------------------------------------------------------------- export
def export_ours(clip: Path, folder: Path, home: Path) -> Path:
    """The clip through the whole job, as a person would have it made."""
    from pipeline.batch import finish_clip, plan_jobs
    from pipeline.config import load_settings
    from pipeline.keys import Keys

    settings = load_settings(
        environment={},
        arguments={"sound": {"music": False}, "encode": {"preset": "veryfast"}, "sign": {"generated": False}},
    )
    job = plan_jobs([clip], output=folder, container=".mp4")[0]
    done = finish_clip(job, settings=settings, keys=Keys(home))
    if done.state != "done":
        raise RuntimeError(done.error)
    if done.mark is None or done.mark.marks.sound is None:
        note("  (no mark in the sound)")
    return job.output


def reckoned(rate: Fraction | None, length_s: float) -> dict[str, Any]:
    """Picture number over the rounded rate, as programs reckon that keep no times."""
    times = picture_times(rate, length_s)
    mean = round(float(rate)) if rate else round(len(times) / length_s)
    numbers = flash_numbers(times)
    return _figures(np.array([n / mean for n in numbers]), np.array([float(times[n]) for n in numbers]))


def by_ffmpeg(clip: Path, out: Path, *, rate: str | None = None) -> Path:
    """A plain encode with ffmpeg."""
    fixed = ["-r", rate] if rate else []
    ffmpeg("-i", str(clip), *fixed, "-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", str(out))
    return out


def by_moviepy(clip: Path, out: Path) -> Path:
    """Read and written by moviepy."""
    from moviepy import VideoFileClip

    with VideoFileClip(str(clip)) as film:
        film.write_videofile(str(out), codec="libx264", preset="veryfast", audio_codec="aac", logger=None)
    return out


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument(
        "--baseline-minutes", type=float, default=2.0, help="of the clips that others encode; 0 for none"
    )
    parser.add_argument("--rates", nargs="*", choices=list(RATES), default=list(RATES))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    ours: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="foleymark-drift-") as name:
        folder = Path(name)
        _keys(folder / "home")
        for rate in arguments.rates:
            ours[rate] = _one(rate, 60 * arguments.minutes, folder)
            note(f"{rate}: {ours[rate]}")
        baselines = {rate: _others(rate, arguments, folder) for rate in arguments.rates}
    figures: dict[str, Any] = {
        "minutes": arguments.minutes,
        "error_ms_max": max((one.get("error_ms_max", float("inf")) for one in ours.values()), default=None),
        "drift_ms_per_10min_max": max(abs(one.get("drift_ms_per_10min", float("inf"))) for one in ours.values()),
        "rates": ours,
        "baselines": baselines,
    }
    show(figures if arguments.json else _flat(figures), as_json=arguments.json)
    return 0


def _keys(home: Path) -> None:
    from pipeline.keys import Keys
    from pipeline.provenance.signing.authority import init_authority
    from pipeline.watermark.keys import create_keys

    keys = Keys(home)
    create_keys(keys.mark_path)
    init_authority(keys.authority_folder, organisation="Benchmark")


def _one(rate: str, length_s: float, folder: Path) -> dict[str, Any]:
    clip = folder / f"{rate}.mov"
    expected = write_clip(clip, *RATES[rate], length_s)
    note(f"{rate}: {len(expected)} flashes in {length_s / 60:g} min, sound at {RATES[rate][1]} Hz ...")
    figures = figures_of(export_ours(clip, folder / "out", folder / "home"), len(expected))
    shutil.rmtree(folder / "out")
    clip.unlink()
    return {"source_hz": RATES[rate][1], **figures}


def _others(rate: str, arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    table: dict[str, Any] = {"number_over_rounded_rate": reckoned(RATES[rate][0], 60 * arguments.minutes)}
    if not arguments.baseline_minutes:
        return table
    clip = folder / "plain.mov"
    expected = len(write_clip(clip, *RATES[rate], 60 * arguments.baseline_minutes))
    rounded = str(round(float(RATES[rate][0] or 30)))
    table["ffmpeg"] = figures_of(by_ffmpeg(clip, folder / "ffmpeg.mp4"), expected)
    table[f"ffmpeg_at_{rounded}"] = figures_of(by_ffmpeg(clip, folder / "fixed.mp4", rate=rounded), expected)
    table["moviepy"] = figures_of(by_moviepy(clip, folder / "moviepy.mp4"), expected)
    note(f"{rate}, others: {table}")
    return table


def _flat(figures: dict[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in figures.items() if not isinstance(value, dict)}
    for rate, one in figures["rates"].items():
        flat |= {f"{rate} {name}": value for name, value in one.items()}
    for rate, table in figures["baselines"].items():
        flat |= {f"{rate} {name}": one.get("error_ms_max", one) for name, one in table.items()}
    return flat


if __name__ == "__main__":
    sys.exit(main())
