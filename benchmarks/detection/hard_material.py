"""Moving pictures that no generator made and no camera took as usual: what must never be called AI-made.

Each maker yields RGB pictures uint8 [H, W, 3]; `write` encodes them.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]

WIDTH_PX, HEIGHT_PX, RATE_HZ, PICTURES = 1280, 720, 24, 84
CRF = 20
WORDS = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "seven",
    "wizards",
    "pack",
    "jugs",
)


def write(pictures: Iterable[Rgb], target: Path, *, rate_hz: int = RATE_HZ, crf: int = CRF) -> Path:
    """Encode pictures with x264; RuntimeError with ffmpeg's words when that fails."""
    import imageio_ffmpeg

    stream = iter(pictures)
    first = next(stream)
    size = f"{first.shape[1]}x{first.shape[0]}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size]
    command += ["-r", str(rate_hz), "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf)]
    command += ["-pix_fmt", "yuv420p", "-threads", "1", str(target)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said)
        assert process.stdin is not None
        with process.stdin as pipe:
            pipe.write(first.tobytes())
            for picture in stream:
                pipe.write(np.ascontiguousarray(picture).tobytes())
        if process.wait():
            said.seek(0)
            raise RuntimeError(said.read().decode(errors="replace").strip())
    return target


def blank(color: tuple[int, int, int] = (0, 0, 0)) -> Rgb:
    """A plain picture."""
    return np.full((HEIGHT_PX, WIDTH_PX, 3), color, np.uint8)


def photo(seed: int, *, width_px: int = 1920, height_px: int = 1080) -> Rgb:
    """Something like a photograph: textured leaves that hide each other (Lee, Mumford and Huang 2001), and grain."""
    random = np.random.default_rng(seed)
    picture = _texture(random, width_px, height_px, tone=(120, 135, 140))
    # sizes by a power law, as things are seen at every distance
    sizes = 18 * random.uniform(0.03, 1, 260) ** -0.9
    for size in sorted(sizes, reverse=True):
        leaf = np.zeros((height_px, width_px), np.uint8)
        center = (int(random.integers(width_px)), int(random.integers(height_px)))
        axes = (int(size), int(size * random.uniform(0.4, 1)))
        cv2.ellipse(leaf, center, axes, float(random.uniform(0, 180)), 0, 360, 255, -1)
        left, top, width, height = cv2.boundingRect(leaf)
        box = (slice(top, top + height), slice(left, left + width))
        tone = tuple(int(value) for value in random.normal((105, 115, 100), 45))
        inside = leaf[box] > 0
        picture[box][inside] = _texture(random, width, height, tone=tone)[inside]
    # a lens is not sharp to the pixel, a sensor not silent
    seen = cv2.GaussianBlur(picture, (0, 0), 0.7).astype(np.float32) + random.normal(0, 2.5, picture.shape)
    return np.clip(seen, 0, 255).astype(np.uint8)


def _texture(random: np.random.Generator, width_px: int, height_px: int, *, tone: tuple[int, ...]) -> Rgb:
    total = np.zeros((height_px, width_px), np.float32)
    for octave in range(2, 9):
        cells = random.normal(0, 1, (2 + (height_px >> (9 - octave)), 2 + (width_px >> (9 - octave))))
        scaled = cv2.resize(cells.astype(np.float32), (width_px, height_px), interpolation=cv2.INTER_CUBIC)
        total += scaled * np.float32(0.7**octave)
    return np.clip(np.array(tone) + 28 * total[..., None], 0, 255).astype(np.uint8)


# ------------------------------------------------------------------ drawn
def cartoon() -> Iterator[Rgb]:
    """Flat colours and black outlines, drawn anew for every second picture."""
    for number in range(PICTURES):
        drawn = number // 2 * 2
        picture = blank((150, 205, 245))
        cv2.rectangle(picture, (0, 520), (WIDTH_PX, HEIGHT_PX), (110, 190, 90), -1)
        for hill in range(4):
            center = (hill * 420 - drawn * 3 % 420, 540)
            cv2.ellipse(picture, center, (260, 130), 0, 180, 360, (80, 150, 70), -1, cv2.LINE_AA)
            cv2.ellipse(picture, center, (260, 130), 0, 180, 360, (20, 20, 20), 4, cv2.LINE_AA)
        _figure(picture, x=200 + drawn * 9, phase=drawn / 3)
        yield picture


def _figure(picture: Rgb, *, x: int, phase: float) -> None:
    ink, y = (15, 15, 15), 430 + int(14 * np.sin(phase))
    for side in (-1, 1):
        swing = int(45 * np.sin(phase) * side)
        cv2.line(picture, (x, y + 80), (x + swing, y + 190), ink, 14, cv2.LINE_AA)
        cv2.line(picture, (x, y - 10), (x - swing, y + 60), ink, 10, cv2.LINE_AA)
    for center, axes, color in (((x, y + 20), (52, 80), (220, 70, 60)), ((x, y - 110), (60, 62), (250, 215, 180))):
        cv2.ellipse(picture, center, axes, 0, 0, 360, color, -1, cv2.LINE_AA)
        cv2.ellipse(picture, center, axes, 0, 0, 360, ink, 5, cv2.LINE_AA)
    for eye in (-20, 22):
        cv2.circle(picture, (x + eye, y - 120), 13, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(picture, (x + eye + 4, y - 118), 6, ink, -1, cv2.LINE_AA)


def game() -> Iterator[Rgb]:
    """A floor with a texture, boxes with flat light and fog, a display of points: a plain 3-D engine without noise."""
    texture = photo(7, width_px=1024, height_px=1024)
    rows, columns = np.mgrid[HEIGHT_PX // 2 + 2 : HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    depth = 300.0 / (rows - HEIGHT_PX / 2)
    fog = np.clip(depth / 40, 0, 1)[..., None]
    sky = np.linspace((70, 120, 200), (190, 210, 230), HEIGHT_PX // 2 + 2)[:, None, :]
    for number in range(PICTURES):
        picture = blank()
        picture[: HEIGHT_PX // 2 + 2] = sky
        u = ((columns - WIDTH_PX / 2) * depth / 300 * 80 + number * 2) % 1023
        v = (depth * 80 + number * 12) % 1023
        floor = cv2.remap(texture, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        picture[HEIGHT_PX // 2 + 2 :] = floor * (1 - fog) + np.array((190, 210, 230)) * fog
        places = [((box * 1.7) % 5 - 2.5, 1.2 + (box * 2.0 - number * 0.05) % 10) for box in range(5)]
        for x, z in sorted(places, key=lambda place: -place[1]):
            _box(picture, x=x, z=z)
        cv2.putText(picture, f"SCORE {number * 35:06d}", (40, 60), cv2.FONT_HERSHEY_DUPLEX, 1.4, (255, 240, 80), 3)
        cv2.rectangle(picture, (40, 660), (40 + 3 * number, 685), (60, 220, 90), -1)
        yield picture


def _box(picture: Rgb, *, x: float, z: float) -> None:
    corners = np.array([(dx, dy, dz) for dz in (0, 1) for dy in (0, -1) for dx in (0, 1)], float)
    places = corners + (x, 0.6, z)
    flat = places[:, :2] / places[:, 2:] * 620 + (WIDTH_PX / 2, HEIGHT_PX / 2)
    faces = (((4, 5, 7, 6), 0.35), ((0, 4, 6, 2), 0.55), ((1, 5, 7, 3), 0.7), ((2, 3, 7, 6), 1.0), ((0, 1, 3, 2), 0.85))
    for corner, light in faces:
        color = [int(channel * light) for channel in (200, 120, 60)]
        cv2.fillPoly(picture, [flat[list(corner)].astype(np.int32)], color, cv2.LINE_AA)


# ---------------------------------------------------------------- screens
def screen() -> Iterator[Rgb]:
    """A window with text that is scrolled, and a pointer."""
    random = np.random.default_rng(3)
    page = np.full((HEIGHT_PX * 4, WIDTH_PX, 3), 250, np.uint8)
    for y in range(60, page.shape[0], 30):
        line = " ".join(random.choice(WORDS, 11))
        cv2.putText(page, line, (90, y), cv2.FONT_HERSHEY_SIMPLEX, 0.65, (30, 30, 30), 1, cv2.LINE_AA)
    for number in range(PICTURES):
        top = number // 12 * 120 + min(number % 12, 6) * 20
        picture = page[top : top + HEIGHT_PX].copy()
        cv2.rectangle(picture, (0, 0), (WIDTH_PX, 44), (60, 66, 80), -1)
        cv2.putText(picture, "notes.txt", (20, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (230, 230, 230), 1, cv2.LINE_AA)
        x, y = 300 + number * 6, 200 + number * 3
        arrow = np.array([(x, y), (x, y + 24), (x + 7, y + 18), (x + 17, y + 17)])
        cv2.fillPoly(picture, [arrow], (0, 0, 0), cv2.LINE_AA)
        yield picture


def cards() -> Iterator[Rgb]:
    """Titles on plain colour that fade into each other."""
    titles = []
    for text, color in (("CHAPTER ONE", (20, 30, 60)), ("Two years later", (70, 20, 30)), ("THE END", (10, 10, 10))):
        title = blank(color)
        cv2.putText(title, text, (180, 380), cv2.FONT_HERSHEY_COMPLEX, 2.4, (240, 235, 220), 4, cv2.LINE_AA)
        titles.append(title)
    each = PICTURES // len(titles)
    for number in range(PICTURES):
        place = min(number // each, len(titles) - 1)
        fade = max(0.0, (number % each - each + 6) / 6) if place + 1 < len(titles) else 0.0
        yield cv2.addWeighted(titles[place], 1 - fade, titles[min(place + 1, len(titles) - 1)], fade, 0)  # type: ignore[misc]


def bars() -> Iterator[Rgb]:
    """Colour bars with a moving line."""
    colors = ((191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191))
    for number in range(PICTURES):
        row = np.array(colors, np.uint8)[np.arange(WIDTH_PX) * len(colors) // WIDTH_PX]
        picture = np.repeat(row[None], HEIGHT_PX, axis=0)
        picture[:, number * 12 : number * 12 + 6] = 255
        yield picture


def gradients() -> Iterator[Rgb]:
    """Smooth colours that drift."""
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    for number in range(PICTURES):
        waves = [np.sin(x / 260 + y / 310 * k + number / 15 + k) for k in (1, 2, 3)]
        yield ((np.stack(waves, axis=2) + 1) * 127).astype(np.uint8)


# --------------------------------------------------- stills, noise, nothing
def still() -> Iterator[Rgb]:
    """One photograph for the whole length."""
    picture = photo(1, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    yield from (picture for _ in range(PICTURES))


def slideshow() -> Iterator[Rgb]:
    """Three photographs, each zoomed and panned by a program."""
    photos = [photo(seed) for seed in (11, 12, 13)]
    each = PICTURES // len(photos)
    for number in range(PICTURES):
        source = photos[min(number // each, len(photos) - 1)]
        zoom = 0.6 - 0.12 * (number % each) / each
        size = (int(1920 * zoom), int(1080 * zoom))
        left, top = int((1920 - size[0]) * (number % each) / each), (1080 - size[1]) // 2
        part = source[top : top + size[1], left : left + size[0]]
        yield cv2.resize(part, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)  # type: ignore[misc]


def black() -> Iterator[Rgb]:
    """Nothing."""
    yield from (blank() for _ in range(PICTURES))


def noise() -> Iterator[Rgb]:
    """A receiver without a station."""
    random = np.random.default_rng(5)
    for _ in range(PICTURES):
        gray = random.integers(0, 256, (HEIGHT_PX // 2, WIDTH_PX // 2, 1), np.uint8)
        yield np.repeat(np.repeat(np.repeat(gray, 2, 0), 2, 1), 3, 2)


def camera_like(*, seconds: float = 10.0, width_px: int = 1920, height_px: int = 1080) -> Iterator[Rgb]:
    """A shaky view of a photograph with grain of its own in every picture; only to take the time with."""
    random = np.random.default_rng(9)
    wide = photo(21, width_px=width_px + 160, height_px=height_px + 160)
    grains = random.normal(0, 4, (4, height_px, width_px, 1)).astype(np.float32)
    for number in range(round(seconds * RATE_HZ)):
        left, top = 80 + int(70 * np.sin(number / 31)), 80 + int(60 * np.sin(number / 17))
        view = wide[top : top + height_px, left : left + width_px]
        yield np.clip(view + grains[number % 4], 0, 255).astype(np.uint8)


MAKERS: dict[str, Callable[[], Iterator[Rgb]]] = {
    "cartoon": cartoon,
    "game": game,
    "screen recording": screen,
    "text cards": cards,
    "still": still,
    "slideshow": slideshow,
    "black": black,
    "noise": noise,
    "bars": bars,
    "gradients": gradients,
}
