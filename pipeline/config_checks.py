"""What settings have to fulfil beyond their types: each rule refuses in one sentence that names the setting."""

from __future__ import annotations

from pipeline.config import DELIVERY_FORMATS, SAMPLE_RATES_HZ, CheckSettings, Settings, SoundSettings
from pipeline.errors import UsageError

X264_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")


def check_settings(settings: Settings) -> None:
    """Refuse settings that no job could be done with; UsageError names the first one."""
    if settings.sign.timestamps != "off" and not settings.sign.timestamp_urls:
        raise UsageError("sign.timestamps asks for time stamps; name an authority in sign.timestamp_urls.")
    folder = settings.sound.library_folder
    if folder is not None and not folder.is_dir():
        raise UsageError(f"There is no folder of recordings at {folder}.")
    if settings.sound.sample_rate_hz not in SAMPLE_RATES_HZ:
        raise UsageError(f"sound.sample_rate_hz is {settings.sound.sample_rate_hz}; it is 44100, 48000 or 96000.")
    if not 0 <= settings.encode.crf <= 51:
        raise UsageError(f"encode.crf is {settings.encode.crf}; it goes from 0 (lossless) to 51.")
    if settings.encode.preset not in X264_PRESETS:
        raise UsageError(f"There is no encoder preset {settings.encode.preset!r}; known: {', '.join(X264_PRESETS)}.")
    if not 32_000 <= settings.encode.audio_bit_rate <= 512_000:
        raise UsageError("encode.audio_bit_rate goes from 32000 to 512000 bits per second.")
    if not 1 <= settings.workers <= 64:
        raise UsageError("workers goes from 1 to 64.")
    unknown = next((name for name in settings.deliver.formats if name not in (*DELIVERY_FORMATS, "all")), None)
    if unknown is not None:
        raise UsageError(f"There is no format {unknown[:80]!r} to deliver; known: all, {', '.join(DELIVERY_FORMATS)}.")
    if settings.deliver.formats and not settings.sound.enabled:
        raise UsageError("deliver.formats asks for sound files, and sound.enabled is false; leave one of them out.")
    _check_files_of_music(settings.sound)
    _check_detectors(settings.check)


def _check_files_of_music(sound: SoundSettings) -> None:
    # what is asked of the music itself is checked where the styles and moods are known
    for what, path in (("track", sound.track_file), ("SoundFont", sound.soundfont_file)):
        if path and not path.is_file():
            raise UsageError(f"There is no {what} at {path}; correct its name.")


def _check_detectors(check: CheckSettings) -> None:
    names = [one.name for one in check.detectors]
    for listed, where in ((list(check.plugins), "check.plugins"), (names, "check.detectors")):
        twice = next((name for name in listed if listed.count(name) > 1), None)
        if twice is not None:
            raise UsageError(f"{where} names {twice!r} twice; leave one.")
    unknown = next((name for name in names if name not in check.plugins), None)
    if unknown is not None:
        raise UsageError(f"check.detectors calibrates {unknown!r}; name it in check.plugins too, or it is not loaded.")
    files = [(f"the calibration of {one.name!r}", one.calibration) for one in check.detectors]
    if check.encoder.calibration is not None:
        files.append(("check.encoder.calibration", check.encoder.calibration))
    for what, file in files:
        if not file.expanduser().is_file():
            raise UsageError(f"There is no file {file} for {what}; make it as docs/adapters.md says.")
    folder = check.encoder.path
    if folder is not None and not folder.expanduser().is_dir():
        raise UsageError(
            f"check.encoder.path is {folder}, which is no folder; nothing is downloaded, so save it there."
        )
    if folder is None and check.encoder.calibration is not None:
        raise UsageError("check.encoder.calibration needs the encoder it was made with; name it in check.encoder.path.")
