"""Settings of a job: preset, then settings file, then environment, then argument; the later one wins."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import UsageError
from pipeline.records import from_data, to_data

# A settings or cue file above this is not one.
MAX_YAML_BYTES = 2_000_000


@dataclass(frozen=True)
class SoundSettings:
    """What is heard."""

    enabled: bool = True
    # a music bed under the effects
    music: bool = True
    # of the music: style by name; empty to let picture and prompt decide
    music_style: str = ""
    # beats a minute, 40..200; 0 to let style and picture decide
    music_tempo_bpm: float = 0.0
    # "D minor", "F# dorian", "Eb"; empty to let seed and mood decide
    music_key: str = ""
    # in words (dark, tense, calm, warm, happy, ...); empty to read it from picture and prompt
    music_mood: str = ""
    # when it begins, and how long it lasts; 0 to the end of the clip
    music_start_s: float = 0.0
    music_length_s: float = 0.0
    # your own track in place of ours: it is cut to the length on its bar lines
    music_track: str = ""
    # a SoundFont (.sf2) that plays in place of our own voices
    soundfont: str = ""
    # loudness target by name: web, ebu, atsc, tv-streaming, podcast, or a platform: youtube, tiktok, ...
    loudness: str = "web"
    # of stems and mix, in Hz: 44100, 48000 or 96000
    sample_rate_hz: int = 48_000
    # what the clip shows, for clips without a sidecar or container tag that says so
    prompt: str = ""
    # the same seed gives the same sound, bit for bit
    seed: int = 0
    # folder of recordings that take the cues they fit; empty for synthesis alone
    library: str = ""
    # which recordings may be used: "commercial" leaves out those whose licence forbids it
    licence_policy: Literal["commercial", "any"] = "commercial"

    @property
    def library_folder(self) -> Path | None:
        """The folder of recordings, or None."""
        return Path(self.library).expanduser() if self.library else None

    @property
    def track_file(self) -> Path | None:
        """The user's own music, or None."""
        return Path(self.music_track).expanduser() if self.music_track else None

    @property
    def soundfont_file(self) -> Path | None:
        """The user's SoundFont, or None."""
        return Path(self.soundfont).expanduser() if self.soundfont else None


@dataclass(frozen=True)
class AdapterSettings:
    """A mark of another maker, beside ours; see docs/adapters.md."""

    name: str
    # the user's file or folder
    weights: Path | None = None
    # of audiowmark, when it is not on the PATH
    program: Path | None = None


@dataclass(frozen=True)
class MarkSettings:
    """The invisible mark in picture and sound."""

    enabled: bool = True
    # the same id in the sound, where there is one
    sound: bool = True
    # whose key marks: `keys init --tenant NAME` makes one
    tenant: str = "default"
    # how much quality may be spent on robustness
    profile: Literal["subtle", "balanced", "strong"] = "balanced"
    adapters: tuple[AdapterSettings, ...] = ()


@dataclass(frozen=True)
class EncodeSettings:
    """How pictures and sound are encoded when they have to be."""

    # constant rate factor of x264 (8 bit) or x265 (10 bit); 18 is visually lossless, 23 the encoder's default
    crf: int = 20
    # speed preset of the encoder
    preset: str = "medium"
    # of the AAC track
    audio_bit_rate: int = 192_000


@dataclass(frozen=True)
class IngredientSettings:
    """Another file that a signed one was made from."""

    file: Path
    # the file's name when empty
    title: str = ""
    author: str = ""
    licence: str = ""
    # how it came to be, an IPTC digital source type; its own credentials say so better
    source_type: str = ""


@dataclass(frozen=True)
class SignSettings:
    """The signed credentials; see docs/credentials.md."""

    enabled: bool = True
    # the file's name when empty
    title: str = ""
    author: str = ""
    # under what others may use the file: an SPDX name, a web address or words
    licence: str = ""
    # may the clip be used to train AI: allowed (or yes), notAllowed (or no), or unspecified
    ai_training: Literal["allowed", "notAllowed", "unspecified"] = "notAllowed"
    # the clip comes from a generator; false for camera footage, so that nothing untrue is declared
    generated: bool = True
    # how the clip came to be, an IPTC digital source type; stands over `generated`
    source_type: str = ""
    # your own generator made the file: its name; the history then begins with its creation
    model: str = ""
    # what else the file was made from
    ingredients: tuple[IngredientSettings, ...] = ()
    # identity file that says who signs; the home folder's when empty
    identity: str = ""
    # time stamps: required (no file without one), preferred (sign anyway, stamp later) or off
    timestamps: Literal["required", "preferred", "off"] = "off"
    # time stamp authorities, in the order to try them
    timestamp_urls: tuple[str, ...] = ()

    @property
    def digital_source_type(self) -> str:
        """How the clip is declared to have come to be; empty when nothing is declared."""
        return self.source_type or ("trainedAlgorithmicMedia" if self.generated else "")


# of stems and mix
SAMPLE_RATES_HZ = (44_100, 48_000, 96_000)
# what a delivery folder can hold; see docs/delivery.md
DELIVERY_FORMATS = ("wav", "stems", "midi", "otio", "xml", "edl", "aaf", "reaper", "cues", "loudness", "rights")


@dataclass(frozen=True)
class DeliverSettings:
    """A folder for editors beside each finished clip; see docs/delivery.md."""

    # which of DELIVERY_FORMATS, or "all"; none by default
    formats: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The formats by name, in their own order."""
        return tuple(name for name in DELIVERY_FORMATS if "all" in self.formats or name in self.formats)


@dataclass(frozen=True)
class RepositorySettings:
    """Where signed manifests are kept, so that a copy that lost them finds them again; see docs/repository.md."""

    enabled: bool = True
    # a file, or postgresql://user@host/base; the home folder's repository.db when empty
    url: str = ""


@dataclass(frozen=True)
class DetectorSettings:
    """A plug-in whose figures may count, because you calibrated them; see docs/adapters.md."""

    # one of check.plugins
    name: str
    # what `python -m models.encoders.train --plugin NAME` wrote
    calibration: Path


@dataclass(frozen=True)
class EncoderSettings:
    """Your own picture encoder, whose features are measured; see docs/adapters.md."""

    # folder with config.json and *.safetensors; without one nothing is loaded
    path: Path | None = None
    kind: Literal["dinov2", "clip"] = "dinov2"
    # what `python -m models.encoders.train` wrote; without, the figures are shown and do not count
    calibration: Path | None = None


@dataclass(frozen=True)
class CheckSettings:
    """Whom a check believes, where it may ask (docs/reading_credentials.md), and what of others it runs."""

    # "strict": of the trust lists only the official ones and your own count; "open": added ones too
    policy: Literal["strict", "open"] = "open"
    # hosts from which credentials may be fetched that a file only points to; none by default
    fetch_hosts: tuple[str, ...] = ()
    # installed detectors of others to load, by name; none by default, since each is a program
    plugins: tuple[str, ...] = ()
    # which of them count, and by what calibration
    detectors: tuple[DetectorSettings, ...] = ()
    encoder: EncoderSettings = EncoderSettings()


@dataclass(frozen=True)
class Settings:
    """Everything a job can be told."""

    sound: SoundSettings = SoundSettings()
    mark: MarkSettings = MarkSettings()
    encode: EncodeSettings = EncodeSettings()
    sign: SignSettings = SignSettings()
    check: CheckSettings = CheckSettings()
    repository: RepositorySettings = RepositorySettings()
    deliver: DeliverSettings = DeliverSettings()
    # suffix of the finished files: .mp4 or .mov
    container: Literal[".mp4", ".mov"] = ".mp4"
    # heading of the batch report
    title: str = "Foleymark batch"
    # clips worked on at the same time
    workers: int = 2


PRESETS: dict[str, dict[str, Any]] = {
    "web": {},
    # EBU R 128 loudness and a lighter encode for further editing
    "broadcast": {"sound": {"loudness": "ebu"}, "encode": {"crf": 16}},
    # to look at quickly
    "draft": {"encode": {"crf": 23, "preset": "veryfast"}},
}

ENVIRONMENT_PREFIX = "FOLEYMARK_"
# Set by a person's shell but not settings of a job.
_NOT_SETTINGS = {"FOLEYMARK_HOME", "FOLEYMARK_CORPUS"}


def load_settings(
    *,
    preset: str = "web",
    file: Path | None = None,
    beside: tuple[Mapping[str, Any], str] | None = None,
    environment: Mapping[str, str] = os.environ,
    arguments: Mapping[str, Any] | None = None,
) -> Settings:
    """Settle the settings of a job.

    Parameters
    ----------
    preset
        A name from `PRESETS`.
    file
        A YAML file with the sections of `Settings`, e.g. ``mark: {profile: strong}``. It may name its own
        ``preset``.
    beside
        Settings from another file that stand over those of `file`, and that file's name for messages.
    environment
        ``FOLEYMARK_MARK_PROFILE=strong`` and so on: section, then field.
    arguments
        The same nested shape as the file; None values count as not given.

    Raises
    ------
    UsageError
        An unknown preset, section or field, or a value that does not fit; the message names it.
    """
    from_file = dict(read_yaml(file)) if file else {}
    preset = from_file.pop("preset", preset)
    from_file.pop("paths", None)
    if preset not in PRESETS:
        raise UsageError(f"There is no preset {preset!r}; choose one of {', '.join(PRESETS)}.")
    from pipeline.config_checks import check_settings

    merged = to_data(Settings())
    for layer, where in (
        (PRESETS[preset], f"preset {preset}"),
        (from_file, str(file)),
        beside or ({}, ""),
        (_from_environment(environment), "the environment"),
        (arguments or {}, "the arguments"),
    ):
        _merge(merged, layer, where)
    merged["sign"]["ai_training"] = spoken_wish(merged["sign"]["ai_training"])
    try:
        settings = from_data(merged, Settings)
    except ValueError as error:
        raise UsageError(f"A setting does not fit: {error}.") from error
    check_settings(settings)
    return settings


def home() -> Path:
    """Where keys, trust lists and the development authority live: FOLEYMARK_HOME or the user's data folder."""
    import platformdirs

    chosen = os.environ.get("FOLEYMARK_HOME")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("foleymark")


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping from a file a stranger may have written: no tags, no aliases, bounded size."""
    import yaml

    try:
        if path.stat().st_size > MAX_YAML_BYTES:
            raise UsageError(f"{path} is over {MAX_YAML_BYTES // 1_000_000} MB, too large for a settings file.")
        text = path.read_text(encoding="utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise UsageError(f"{path} uses YAML aliases (*name); write the values out.")
        data = yaml.safe_load(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        place = getattr(error, "problem_mark", None)
        where = f" at line {place.line + 1}" if place else ""
        raise UsageError(f"{path} is not valid YAML{where}; correct it.") from error
    if not isinstance(data, dict | None):
        raise UsageError(f"{path} must hold settings as 'name: value' lines.")
    return data or {}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    import yaml

    layer: dict[str, Any] = {}
    sections = {f.name for f in dataclasses.fields(Settings)}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or name in _NOT_SETTINGS:
            continue
        words = name.removeprefix(ENVIRONMENT_PREFIX).lower()
        section, _, rest = words.partition("_")
        value = yaml.safe_load(text)
        if rest and section in sections:
            layer.setdefault(section, {})[rest] = value
        else:
            layer[words] = value
    return layer


def _merge(into: dict[str, Any], layer: Mapping[str, Any], where: str) -> None:
    for name, value in layer.items():
        if value is None:
            continue
        if name not in into:
            raise UsageError(f"{where}: there is no setting {name!r}; known here: {', '.join(into)}.")
        if isinstance(into[name], dict):
            if not isinstance(value, Mapping):
                raise UsageError(f"{where}: {name!r} is a section; give its fields, e.g. {name}: {{...}}.")
            _merge(into[name], value, f"{where}: {name}")
        else:
            into[name] = value


def spoken_wish(wish: Any) -> Any:
    """A wish about AI training as manifests write it: people say yes and no, which YAML reads as true and false."""
    answers = {True: "allowed", "yes": "allowed", False: "notAllowed", "no": "notAllowed"}
    return answers.get(wish, wish) if isinstance(wish, bool | str) else wish
