"""A person's own track: beats found, cut on bars so that downbeats meet cuts, played without a seam."""

from __future__ import annotations

import json
import logging
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import soundfile

from benchmarks.tracks import RATE_HZ, make_track
from pipeline.errors import UnreadableInput, UsageError
from pipeline.media.music_files import open_music
from pipeline.records import Cue, SoundPlan
from pipeline.sound.cuesheet.data import written
from pipeline.sound.cuesheet.sheet import dump_cues, load_cues
from pipeline.sound.deliver.midi import write_midi
from pipeline.sound.mix.loudness import LoudnessMeter
from pipeline.sound.render import iter_stems
from pipeline.sound.track.beats import find_beats
from pipeline.sound.track.cue import track_cue, track_of, with_track
from pipeline.sound.track.features import measure
from pipeline.sound.track.rhythm import MAX_STRETCH, plan_rhythm, times_of
from pipeline.sound.track.splice import Reader, beat_of_length, join
from pipeline.sound.track.track import analyse, iter_track, plan_cut

OUT_HZ = 48_000
CUTS_S = (5.3, 11.9, 16.4, 23.7)


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    """A band at 112 BPM, 32 bars of 4/4, as a file with its truth."""
    made = make_track(bpm=112, bars=32)
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, made.sound.T, RATE_HZ, subtype="FLOAT")
    return path, made


def _file(folder, made, name="track.wav"):
    soundfile.write(folder / name, made.sound.T, RATE_HZ, subtype="FLOAT")
    return folder / name


def _played(path, length_s, markers_s=(), *, block_samples=OUT_HZ, start_s=0.0) -> np.ndarray:
    cue = Cue("own", "MX", start_s, length_s, "MUSICAL", f"track/{path.name}")
    plan = SoundPlan(start_s + length_s, (cue,), markers_s=tuple(markers_s))
    blocks = iter_track(cue, plan, file=path, sample_rate_hz=OUT_HZ, block_samples=block_samples)
    return np.concatenate(list(blocks), axis=1)


def _share_near(truth_s, found_s, within_s=0.02) -> float:
    return float(np.mean(np.abs(truth_s[:, None] - found_s[None, :]).min(axis=1) <= within_s))


# ------------------------------------------------------------------ beats
@pytest.mark.parametrize(
    "made",
    [
        make_track(bpm=72, kind="click", bars=16),
        make_track(bpm=120, kind="soft", bars=20),
        make_track(bpm=96, kind="band", bars=20, swing=0.64),
        make_track(bpm=140, kind="band", bars=24, beats_per_bar=3),
        make_track(bpm=110, kind="band", bars=24, drift=0.02),
    ],
    ids=lambda made: made.name,
)
def test_beats_and_bars_are_found(made, tmp_path):
    with open_music(_file(tmp_path, made)) as sound:
        beats = find_beats(measure(sound))
    assert beats is not None
    assert _share_near(made.beats_s, beats.times_s) >= 0.96
    assert _share_near(beats.times_s, made.beats_s) >= 0.96
    assert _share_near(made.downbeats_s, beats.downbeats_s) >= 0.9
    assert np.median(np.abs(beats.times_s[:, None] - made.beats_s[None, :]).min(axis=1)) < 0.005


def test_a_constant_tempo_comes_out_constant(song):
    beats = analyse(song[0]).beats
    assert beats is not None
    assert beats.bpm == pytest.approx(112, abs=0.02)
    assert np.ptp(np.diff(beats.times_s)) < 0.0005


def test_what_has_no_beat_is_played_and_faded_and_says_so(tmp_path, caplog):
    random = np.random.default_rng(4)
    noise = np.cumsum(random.standard_normal(8 * RATE_HZ)) / 400
    noise = 0.1 * (noise - np.convolve(noise, np.ones(500) / 500, "same"))
    soundfile.write(tmp_path / "wind.wav", np.stack([noise, noise]).T, RATE_HZ, subtype="FLOAT")
    assert analyse(tmp_path / "wind.wav").beats is None
    with caplog.at_level(logging.WARNING):
        sound = _played(tmp_path / "wind.wav", 20.0)
    assert "no steady beat" in caplog.text
    levels = np.sqrt((sound[:, : 20 * OUT_HZ].reshape(2, 40, -1) ** 2).mean(axis=(0, 2)))
    # longer than the file, without a hole, faded at the end
    assert levels[1:34].min() > 0.4 * levels[1:34].max()
    assert levels[-1] < 0.2 * levels[10]


# ----------------------------------------------------------------- rhythm
def test_downbeats_meet_cuts_and_the_stretch_is_small():
    random = np.random.default_rng(2)
    for _ in range(40):
        metre, beat_s, length_s = int(random.choice([3, 4])), float(random.uniform(0.35, 0.9)), 60.0
        cuts = [float(cut) for cut in np.cumsum(random.uniform(2.5, 9.0, 12)) if cut < 55]
        rhythm = plan_rhythm(cuts, length_s=length_s, beat_s=beat_s, metre=metre, ring_s=2.0)
        times = times_of(rhythm, np.full(len(rhythm.phases), beat_s))
        met = [k for k in rhythm.fixed_s if k]
        assert all(rhythm.phases[k] == 0 and abs(times[k] - rhythm.fixed_s[k]) < 1e-9 for k in met)
        assert len(met) >= 0.5 * len(cuts)
        ratios = np.diff(times) / (beat_s * np.array(rhythm.shares))
        assert np.abs(ratios - 1).max() <= MAX_STRETCH + 1e-9
        assert rhythm.ends and length_s - 2.0 - 2 * metre * beat_s < times[-2] < length_s


def test_without_cuts_nothing_is_stretched(song):
    path, _ = song
    track = analyse(path)
    cut = plan_cut(track, (), 40.0)
    assert cut is not None and track.beats is not None
    assert np.abs(np.diff(cut.times_s) - 60 / track.beats.bpm).max() < 1e-3
    # from the track's own beginning to its own ending
    assert track.beats.phases[cut.beats[0]] == 0 and cut.beats[0] < 4
    assert cut.ends and cut.beats[-1] == track.ending


def test_joins_lead_to_bars_that_sound_alike(song):
    path, _ = song
    track = analyse(path)
    cut = plan_cut(track, (), 45.0)
    assert cut is not None and track.beats is not None and cut.joins
    for step in cut.joins:
        before, after = cut.beats[step - 1] + 1, cut.beats[step]
        # the song is made of rounds of four chords: a join leads to the same chord
        assert (after - before) % 16 == 0


# ------------------------------------------------------------------ sound
def test_downbeats_are_heard_at_the_cuts(song):
    path, made = song
    sound = _played(path, 30.0, CUTS_S).mean(axis=0)
    cut = plan_cut(analyse(path), CUTS_S, 30.0)
    assert cut is not None and len(cut.met_s) >= 3
    first = round((made.downbeats_s[0] - 0.005) * RATE_HZ)
    kick = made.sound[0, first : first + 4410]
    kick = np.interp(np.arange(4800) / OUT_HZ, np.arange(4410) / RATE_HZ, kick)
    for cut_s in cut.met_s:
        begin = round((cut_s - 0.055) * OUT_HZ)
        alike = np.correlate(np.diff(sound[begin : begin + 9600]), np.diff(kick), mode="valid")
        assert (int(alike.argmax()) - 2400) / OUT_HZ == pytest.approx(0, abs=0.012)


def test_the_same_samples_whatever_the_blocks(song):
    whole = _played(song[0], 20.0, CUTS_S[:3])
    assert whole.shape == (2, 20 * OUT_HZ) and whole.dtype == np.float32
    assert np.array_equal(whole, _played(song[0], 20.0, CUTS_S[:3], block_samples=7_001))


def test_it_is_as_loud_as_our_own_beds(song):
    meter = LoudnessMeter(OUT_HZ, 2)
    meter.add(_played(song[0], 50.0))
    assert meter.integrated_lufs == pytest.approx(-20, abs=1.0)


def test_a_short_loop_goes_on(tmp_path):
    made = make_track(bpm=120, bars=4, lead_s=0.0)
    loop = made.sound[:, : round(8 * RATE_HZ)]
    soundfile.write(tmp_path / "loop.wav", loop.T, RATE_HZ, subtype="FLOAT")
    sound = _played(tmp_path / "loop.wav", 30.0)
    levels = np.sqrt((sound.reshape(2, 30, -1) ** 2).mean(axis=(0, 2)))
    assert levels[:26].min() > 0.3 * levels[:26].max()
    assert levels[-1] < 0.5 * levels[:26].mean()


def test_it_ends_with_its_own_ending(song):
    path, _ = song
    cut = plan_cut(analyse(path), CUTS_S, 30.0)
    assert cut is not None and cut.ends and cut.beats[-1] == analyse(path).ending
    sound = _played(path, 30.0, CUTS_S)
    assert np.abs(sound[:, -48:]).max() < 0.01


@pytest.mark.parametrize("excess", [700, -700, 90, -1100])
def test_a_beat_of_another_length_stays_a_clean_tone(excess):
    def read(start: int, count: int) -> np.ndarray:
        return np.tile(np.sin(2 * np.pi * 220 * (start + np.arange(count)) / OUT_HZ), (2, 1)).astype(np.float32)

    sound, end = beat_of_length(read, 1000, 24_000, excess, exact=False, rate_hz=OUT_HZ)
    assert sound.shape == (2, 24_000)
    assert abs(end - (1000 + 24_000 - excess)) <= round(0.006 * OUT_HZ)
    # nowhere a step that the tone itself does not take, nowhere a hole
    assert np.abs(np.diff(sound[0])).max() < 1.1 * 2 * np.pi * 220 / OUT_HZ
    peaks = np.abs(sound[0]).reshape(-1, 480).max(axis=1)
    assert peaks.min() > 0.9


def test_an_exact_beat_ends_to_the_sample():
    random = np.random.default_rng(0).standard_normal((2, 100_000)).astype(np.float32)

    def read(start: int, count: int) -> np.ndarray:
        return random[:, start : start + count]

    sound, end = beat_of_length(read, 5_000, 20_000, 333, exact=True, rate_hz=OUT_HZ)
    assert end == 5_000 + 20_000 - 333
    # first and last samples are the track's own
    assert np.array_equal(sound[:, :5_000], read(5_000, 5_000))
    assert np.array_equal(sound[:, -500:], read(end - 500, 500))


def test_a_join_keeps_the_level_of_noise_and_of_a_tone():
    random = np.random.default_rng(0).standard_normal((2, 200_000)).astype(np.float32)
    tone = np.tile(np.sin(2 * np.pi * 480 * np.arange(200_000) / OUT_HZ), (2, 1)).astype(np.float32)
    for source, least in ((random, 0.85), (tone, 0.97)):
        joined = join(source[:, 20_000:40_000], lambda a, n, s=source: s[:, a : a + n], 100_000, rate_hz=OUT_HZ)
        levels = np.sqrt((joined[:, -2_000:].reshape(2, 10, 200) ** 2).mean(axis=(0, 2)))
        usual = np.sqrt((source**2).mean())
        assert least < levels.min() / usual and levels.max() / usual < 1.2


# ------------------------------------------------------------------ files
def _encode(path, sound: np.ndarray, codec: str) -> None:
    import av

    with av.open(str(path), "w") as target:
        stream = target.add_stream(codec, rate=RATE_HZ)
        stream.layout = "stereo"
        stream.time_base = stream.codec_context.time_base = Fraction(1, RATE_HZ)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


@pytest.mark.parametrize("suffix, codec", [("m4a", "aac"), ("mp3", "libmp3lame"), ("ogg", "")])
def test_compressed_tracks_lie_where_the_original_does(song, tmp_path, suffix, codec):
    path, made = song
    sound = made.sound[:, : 6 * RATE_HZ]
    if codec:
        _encode(tmp_path / f"a.{suffix}", sound, codec)
    else:
        soundfile.write(tmp_path / "a.ogg", sound.T, RATE_HZ, format="OGG", subtype="VORBIS")
    with open_music(tmp_path / f"a.{suffix}") as read, open_music(path) as plain:
        ours, theirs = Reader(read, OUT_HZ)(0, 4 * OUT_HZ), Reader(plain, OUT_HZ)(0, 4 * OUT_HZ)
    # the sharp edges, over more than any encoder's lead-in
    alike = np.correlate(np.diff(ours[0, 40_000:140_000]), np.diff(theirs[0, 43_000:137_000]), mode="valid")
    assert abs(int(alike.argmax()) - 3_000) <= 1


def test_what_is_no_track_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "a.mp3").write_bytes(b"not music" * 99)
    soundfile.write(tmp_path / "silent.wav", np.zeros((RATE_HZ * 3, 2)), RATE_HZ)
    for name in ("a.mp3", "silent.wav", "missing.wav"):
        with pytest.raises(UnreadableInput, match=name):
            analyse(tmp_path / name)


# -------------------------------------------------------------------- cue
def test_a_cue_says_whose_the_track_is(song):
    path, _ = song
    cue = track_cue(path, start_s=1.0, length_s=9.0)
    assert (cue.stem, cue.sound, cue.source, cue.licence) == ("MX", "track/song.wav", "song.wav", "user")
    assert len(cue.asset_sha256) == 64 and "112.0 BPM in 4/4" in cue.why


def test_a_stated_licence_counts_and_can_be_stated(song, tmp_path):
    path = _file(tmp_path, song[1])
    beside = tmp_path / "track.wav.json"
    beside.write_text(json.dumps({"licence": "CC BY-NC 4.0", "author": "Ada"}))
    with pytest.raises(UsageError, match=r"track\.wav\.json"):
        track_cue(path, start_s=0, length_s=9)
    assert track_cue(path, start_s=0, length_s=9, policy="any").licence == "CC-BY-NC-4.0"
    beside.unlink()
    (tmp_path / "rights.csv").write_text("file,licence,author\ntrack.wav,CC BY 4.0,Grace\n")
    cue = track_cue(path, start_s=0, length_s=9)
    assert (cue.licence, cue.author) == ("CC-BY-4.0", "Grace")


def _plan(*cues: Cue) -> SoundPlan:
    return SoundPlan(20.0, cues, markers_s=CUTS_S[:2])


def test_it_takes_the_place_of_our_music_and_of_nothing_else(song):
    path, _ = song
    ours = Cue("m", "MX", 2.0, 15.0, "MUSICAL", "music/cinematic", level_db=-4.0)
    kept = Cue("k", "MX", 0.0, 2.0, "MUSICAL", "music/tense", locked=True)
    rain = Cue("r", "BG", 0.0, 20.0, "RAIN", "ambience/rain")
    plan = with_track(_plan(ours, kept, rain), path, start_s=0.0, length_s=0.0, policy="commercial")
    assert [cue.sound for cue in plan.cues] == ["music/tense", "ambience/rain", "track/song.wav"]
    own = plan.cues[2]
    assert (own.time_s, own.length_s, own.level_db) == (2.0, 15.0, -4.0)
    assert "2 of 2 cuts on a downbeat" in own.why
    without = with_track(_plan(rain), path, start_s=3.0, length_s=5.0, policy="commercial")
    assert (without.cues[1].time_s, without.cues[1].length_s) == (3.0, 5.0)


def test_a_sheet_with_a_track_is_read_rendered_and_needs_the_file(song, tmp_path):
    path, made = song
    plan = with_track(_plan(), path, start_s=0.0, length_s=0.0, policy="commercial")
    (tmp_path / "cues.yaml").write_text(dump_cues(written(plan)))
    again = load_cues(tmp_path / "cues.yaml", duration_s=20.0)
    assert again.cues == plan.cues
    with pytest.raises(UsageError, match="--track"):
        next(iter_stems(again))
    other = _file(tmp_path, make_track(bpm=100, bars=8))
    with pytest.raises(UsageError, match="not the track"):
        track_of(again.cues[0], other)
    blocks = list(iter_stems(again, track=path))
    assert set(blocks[0]) == {"MX"} and sum(block["MX"].shape[1] for block in blocks) == 20 * OUT_HZ


def test_a_hand_written_cue_is_the_users_own_until_somebody_says_more(tmp_path, song):
    path, _ = song
    (tmp_path / "cues.yaml").write_text("cues:\n- sound: track/song.wav\n  time_s: 1.0\n")
    plan = load_cues(tmp_path / "cues.yaml", duration_s=10.0)
    assert (plan.cues[0].licence, plan.cues[0].source, plan.cues[0].stem) == ("user", "song.wav", "MX")
    settled = with_track(plan, path, start_s=0.0, length_s=0.0, policy="commercial")
    assert settled.cues[0].asset_sha256 and settled.cues[0].time_s == 1.0
    for sound in ("track/", "track/../../etc/passwd", "track/a\\\\b.wav"):
        (tmp_path / "bad.yaml").write_text(f"cues:\n- sound: {sound}\n  time_s: 1.0\n")
        with pytest.raises(UsageError, match="no known sound"):
            load_cues(tmp_path / "bad.yaml", duration_s=10.0)


def test_midi_of_a_track_has_its_bars_and_no_notes(song, tmp_path):
    import mido

    path, _ = song
    plan = with_track(SoundPlan(30.0, (), markers_s=CUTS_S), path, start_s=0.0, length_s=0.0, policy="commercial")
    write_midi(plan, tmp_path / "a.mid", track=path)
    now, tempos, texts = 0.0, [], {}
    for message in mido.MidiFile(tmp_path / "a.mid"):
        now += message.time
        if message.type == "set_tempo":
            tempos.append(mido.tempo2bpm(message.tempo))
        if message.type == "marker":
            texts[message.text] = now
        assert message.type != "note_on"
    assert np.median(tempos) == pytest.approx(112, rel=0.035)
    assert [texts[f"cut {n}"] for n in range(1, 5)] == pytest.approx(CUTS_S, abs=0.001)
    assert all(a <= b for a, b in pairwise(sorted(texts.values())))


def test_what_is_no_music_is_called_so(tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(UnreadableInput, match=r"song.mp3 is no sound that can be read \(wav"):
        analyse(path)
