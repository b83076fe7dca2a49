"""The library of recordings: rights first, then names, index, search, and cues taken."""

import json
import os
import threading
from dataclasses import replace

import numpy as np
import pytest
from recordings_files import RATE_HZ, add_chunk, bext, hits, rights, swell, texture, write

from pipeline.errors import UsageError
from pipeline.records import Cue, SoundPlan
from pipeline.sound.catalogue import families
from pipeline.sound.recordings import index as recordings_index
from pipeline.sound.recordings.library import open_library, settle, take
from pipeline.sound.recordings.licences import normalise, why_not
from pipeline.sound.recordings.names import MAX_WORDS, family_words, name_words, read_ucs_name, word_tables, words_of
from pipeline.sound.recordings.play import file_of, hit_of
from pipeline.sound.recordings.rights import read_lists
from pipeline.sound.recordings.shape import find_hits, playable

pytestmark = pytest.mark.usefixtures("home")


def cue(sound="impact/metal", time_s=1.0, **fields):
    family = families()[sound.partition("/")[0]]
    usual = {"length_s": family.length_s or 4.0, "seed": 3, "why": "contact seen"}
    return Cue(f"c{time_s}", family.stems[0], time_s, category="METAL", sound=sound, **{**usual, **fields})


def plan(*cues, seed=0):
    return SoundPlan(8.0, tuple(cues), seed=seed)


def reasons(library):
    return {refusal.path: refusal.reason for refusal in library.refused}


@pytest.fixture
def folder(tmp_path):
    """Two takes of one metal hit, steps in snow, and a licence for all of it."""
    root = tmp_path / "lib"
    write(root / "metal hit 1.wav", hits(0.3))
    write(root / "metal hit 2.wav", hits(0.25, tone_hz=1000))
    write(root / "feet" / "FEETHmn_Boots in Snow_AB_FEET01.wav", hits(0.2, 0.9, 1.6, length_s=2.4, noise=1e-4))
    rights(root, "*.wav,CC0,Ada Field,Ada's library")
    return root


# ------------------------------------------------------------- rights
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CC0", "CC0-1.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("Creative Commons 0", "CC0-1.0"),
        ("cc-by-4.0", "CC-BY-4.0"),
        ("Creative Commons Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/licenses/by-nc/3.0/", "CC-BY-NC-3.0"),
        ("Attribution NonCommercial", "CC-BY-NC"),
        ("Attribution-NonCommercial-NoDerivs 3.0", "CC-BY-NC-ND-3.0"),
        ("CC BY", "CC-BY"),
        ("mit", "MIT"),
        ("I release this into the public domain", "LicenseRef-public-domain"),
        ("Boom Library  EULA", "Boom Library EULA"),
        ("unknown", ""),
        ("n/a", ""),
        ("  ", ""),
    ],
)
def test_licences_get_their_spdx_names(text, name):
    assert normalise(text) == name


@pytest.mark.parametrize("text", ["", "CC-BY-ND-4.0", "CC-BY-NC-4.0", "(c) Ada, all rights reserved"])
def test_some_licences_do_not_allow_a_film(text):
    assert why_not(text)


def test_non_commercial_is_a_choice():
    assert why_not("CC-BY-NC-4.0") and not why_not("CC-BY-NC-4.0", commercial=False)
    assert not why_not("CC-BY-SA-4.0") and not why_not("Boom Library EULA")


def test_a_file_without_a_licence_is_refused_and_never_used(tmp_path):
    write(tmp_path / "metal hit.wav", hits(0.3), artist="Ada", copyright="(c) 2020 Ada")
    (tmp_path / "LICENSE.txt").write_text("CC0")
    library = open_library(tmp_path)
    assert not library.recordings
    assert "no licence" in reasons(library)["metal hit.wav"] and "CSV" in reasons(library)["metal hit.wav"]
    assert take(plan(cue()), library) == plan(cue())


@pytest.mark.parametrize("policy, count", [("commercial", 0), ("any", 1)])
def test_the_policy_decides_about_non_commercial(tmp_path, policy, count):
    write(tmp_path / "metal hit.flac", hits(0.3), license="CC BY-NC 4.0")
    library = open_library(tmp_path, policy=policy)
    assert len(library.recordings) == count
    if not count:
        assert "commercial" in reasons(library)["metal hit.flac"]


def test_where_rights_are_found_and_which_word_stands(tmp_path):
    for name in ("row", "sidecar", "pattern", "tag", "broadcast"):
        write(tmp_path / f"{name}.wav", hits(0.3), copyright="CC BY 3.0", artist="Tag Artist")
    add_chunk(tmp_path / "broadcast.wav", b"bext", bext("rain", "Originator"))
    rights(tmp_path, "row.wav,CC0,Row Author,", "pat*,CC BY 4.0,,Pattern", "s*,MIT,,")
    (tmp_path / "sidecar.wav.json").write_text(json.dumps({"license": "CC BY-SA 4.0", "author": "Side", "n": 1}))
    found = {one.path: one for one in open_library(tmp_path).recordings}
    assert (found["row.wav"].licence, found["row.wav"].author) == ("CC0-1.0", "Row Author")
    assert (found["pattern.wav"].licence, found["pattern.wav"].author) == ("CC-BY-4.0", "Tag Artist")
    assert found["pattern.wav"].source == "Pattern"
    # a list of the library stands over a sidecar, but only in what it says
    assert (found["sidecar.wav"].licence, found["sidecar.wav"].author) == ("MIT", "Side")
    assert (found["tag.wav"].licence, found["tag.wav"].source) == ("CC-BY-3.0", tmp_path.name)
    assert found["broadcast.wav"].description == "rain"


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffFile;License;Artist\na.wav;CC0;Ada\n",
        "filename\tlicence\tauthor\r\n./a.wav\tCC0\tAda\r\n",
        '"file","rights","creator","extra"\n"A.WAV","CC0","Ada"\n',
    ],
)
def test_lists_as_people_save_them(tmp_path, text):
    (tmp_path / "list.csv").write_text(text, encoding="utf-8", newline="")
    said = read_lists(tmp_path, ["list.csv"]).of("a.wav")
    assert (said.licence, said.author) == ("CC0", "Ada")


def test_bad_lists_are_said_and_not_guessed_from(tmp_path):
    write(tmp_path / "a.wav", hits(0.3))
    (tmp_path / "latin.csv").write_bytes("file,licence\na.wav,CC0 für alle\n".encode("latin-1"))
    (tmp_path / "other.csv").write_text("x,y\n1,2\n")
    (tmp_path / "evil.csv").write_text("file,licence\n../a.wav,CC0\n/etc/x.wav,CC0\n" + "a" * 200_000 + ",CC0\n")
    library = open_library(tmp_path)
    assert len(library.problems) == 2 and "UTF-8" in " ".join(library.problems)
    assert not library.recordings


# ------------------------------------------------------------- names
def test_ucs_names_are_read():
    name = read_ucs_name("METLImpt-Forge_Anvil Hit Hard_AF_FORGE01_192k")
    assert (name.category, name.fx_name, name.creator, name.source) == ("METAL", "Anvil Hit Hard", "AF", "FORGE01")
    assert {"metal", "impact", "Forge"} <= set(name.words.split())
    assert read_ucs_name("RAINVege_Heavy").category == "RAIN"
    assert read_ucs_name("THUN_Near_X_Y").words.split()[0] == "thunder"
    for plain in ("rain_on_roof", "METAL_hit", "XYZAbc_What", "METLImpt", "", "___"):
        assert read_ucs_name(plain) is None


def test_words_are_plain_singular_and_of_other_languages():
    assert {"metal", "hit", "glass", "door"} <= words_of("MetalHits03 glassDoors")
    assert {"rain", "metal"} <= words_of("Regen auf Metall")
    assert len(words_of(" ".join(f"q{chr(97 + n % 26)}{chr(97 + n // 26)}x" for n in range(600)))) <= MAX_WORDS


def test_every_sound_that_can_be_recorded_has_words():
    tables = word_tables()
    for name, family in families().items():
        if name != "music":
            assert family_words(name), name
            assert all(all(name_words(each)) for each in family.names)
    assert set(tables["families"]) - {"voice", "music"} <= set(families())


# ------------------------------------------------------------- shape
def test_hits_are_told_apart():
    found = find_hits(hits(0.3, 1.0, 1.7, length_s=2.5, noise=1e-4)[None], sample_rate_hz=RATE_HZ)
    assert [hit.start_s for hit in found] == pytest.approx([0.3, 1.0, 1.7], abs=0.006)
    assert all(hit.rise_s <= 0.01 and hit.end_s - hit.start_s < 0.4 for hit in found)


def test_a_swell_is_one_hit_with_a_late_peak():
    (hit,) = find_hits(swell(0.8, 0.4)[None], sample_rate_hz=RATE_HZ)
    assert hit.peak_s == pytest.approx(0.8, abs=0.1)
    assert hit.rise_s > 0.2


def test_silence_and_steady_noise_have_no_and_one_hit():
    assert find_hits(np.zeros((2, 9600), np.float32), sample_rate_hz=RATE_HZ) == ()
    assert len(find_hits(texture(3.0).T, sample_rate_hz=RATE_HZ)) == 1


# ------------------------------------------------------------- index
def test_only_changed_files_are_opened_again(folder, monkeypatch):
    first = open_library(folder)
    opened = []
    real = recordings_index._measure
    monkeypatch.setattr(recordings_index, "_measure", lambda path, facts: opened.append(path.name) or real(path, facts))
    assert open_library(folder) == first and opened == []
    write(folder / "metal hit 1.wav", hits(0.4, length_s=2.1))
    (folder / "metal hit 2.wav").unlink()
    again = open_library(folder)
    assert opened == ["metal hit 1.wav"]
    assert len(again.recordings) == 2 and again.get("metal hit 1.wav").sha256 != first.get("metal hit 1.wav").sha256


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 1}', b'{"version": 1, "files": [], "words": {}}', b"[]"])
def test_a_broken_cache_is_made_anew(folder, home, content):
    first = open_library(folder)
    (cache,) = (home / "cache" / "recordings").iterdir()
    cache.write_bytes(content)
    assert open_library(folder) == first
    assert json.loads(cache.read_bytes())["files"]


def test_a_home_that_cannot_be_written_is_no_reason_to_stop(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FOLEYMARK_HOME", str(tmp_path / "file"))
    assert len(open_library(folder).recordings) == 3


def test_two_at_once_leave_a_whole_cache(folder, home):
    found = []
    threads = [threading.Thread(target=lambda: found.append(open_library(folder))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(one == found[0] for one in found)
    assert [path.suffix for path in (home / "cache" / "recordings").iterdir()] == [".json"]


def test_hostile_files_are_refused_one_by_one(folder, tmp_path):
    outside = write(tmp_path / "outside metal hit.wav", hits(0.3))
    (folder / "link.wav").symlink_to(outside)
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    (folder / "gone.wav").symlink_to(folder / "nowhere.wav")
    (folder / "line\nbreak.wav").write_bytes(outside.read_bytes())
    (folder / "text.wav").write_text("no sound")
    (folder / "silent.wav").write_bytes(write(tmp_path / "s.wav", np.zeros(4800)).read_bytes())
    os.mkfifo(folder / "pipe.wav")
    (folder / "notes.txt").write_text("not looked at")
    (folder / ".hidden.wav").write_text("not looked at")
    library = open_library(folder)
    found = reasons(library)
    assert set(found) == {"link.wav", "loop.wav", "gone.wav", "line?break.wav", "text.wav", "silent.wav", "pipe.wav"}
    assert "outside" in found["link.wav"] and "rename" in found["line?break.wav"]
    assert all(reason.endswith(".") and "\n" not in reason for reason in found.values())
    assert len(library.recordings) == 3


def test_huge_files_are_not_read(folder, monkeypatch):
    monkeypatch.setattr(recordings_index, "MAX_FILE_BYTES", 1000)
    assert all("larger" in reason for reason in reasons(open_library(folder)).values())


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="no folder of recordings"):
        open_library(tmp_path / "none")


# ------------------------------------------------------------- search
def test_search_by_words(folder):
    library = open_library(folder)
    assert [one.path for one in library.search("snow footsteps")] == ["feet/FEETHmn_Boots in Snow_AB_FEET01.wav"]
    assert len(library.search("metal")) == 2 and library.search("trumpet") == []
    assert library.counts("licence") == {"CC0-1.0": 3}
    assert library.counts("category")["FOOTSTEPS"] == 1


@pytest.mark.parametrize(
    ("name", "sound", "fits"),
    [
        ("METLImpt_Anvil_A_B", "impact/metal", True),
        ("METLImpt_Anvil_A_B", "impact/wood", False),
        ("METLImpt_Anvil_A_B", "footstep/metal", False),
        ("metal clang", "impact/metal", True),
        ("metal", "impact/metal", True),
        ("footsteps on metal stairs", "impact/metal", False),
        ("footsteps on metal stairs", "footstep/metal", True),
        ("footsteps", "footstep/snow", False),
        ("hit 03", "impact/metal", False),
        ("GLASBrk_Bottle_A_B", "shatter/glass", True),
        ("GLASBrk_Bottle_A_B", "impact/glass", False),
        ("water splash big", "splash/water", True),
        ("drum splash cymbal", "splash/water", False),
        ("DOORWood_Close Slam_A_B", "door/close", True),
        ("DOORWood_Open_A_B", "door/close", False),
        ("wood door hit", "impact/wood", True),
        ("GUNPis_Single Shot_A_B", "burst/gun", True),
        ("ANMLDog_Bark_A_B", "animal/dog", True),
        ("ANMLDog_Bark_A_B", "animal/cat", False),
        ("singing voice with metal hit", "impact/metal", False),
    ],
)
def test_what_fits_and_what_does_not(tmp_path, name, sound, fits):
    write(tmp_path / f"{name}.wav", hits(0.1, length_s=0.8, decay_s=0.15))
    rights(tmp_path, "*,CC0,,")
    assert bool(open_library(tmp_path).matches(cue(sound))) is fits


def test_a_description_fills_in_what_the_name_leaves_open(tmp_path):
    write(tmp_path / "take 12.wav", hits(0.1, length_s=0.8))
    write(tmp_path / "metal hit.wav", hits(0.1, length_s=0.8))
    rights(
        tmp_path,
        "take 12.wav,CC0,hitting a wooden crate",
        "metal hit.wav,CC0,on a wooden table",
        header="file,licence,description",
    )
    library = open_library(tmp_path)
    assert [one.path for _, one in library.matches(cue("impact/wood"))] == ["take 12.wav"]
    assert [one.path for _, one in library.matches(cue("impact/metal"))] == ["metal hit.wav"]


def test_a_blow_wants_a_sudden_sound_and_a_bed_a_long_one(tmp_path):
    write(tmp_path / "metal hit.wav", swell(0.8, 0.5))
    write(tmp_path / "rain short.wav", texture(3.0))
    write(tmp_path / "whoosh.wav", swell(0.4, 0.2))
    write(tmp_path / "whoosh slow.wav", swell(4.0, 0.2))
    rights(tmp_path, "*,CC0,,")
    library = open_library(tmp_path)
    assert not library.matches(cue("impact/metal"))
    assert not library.matches(cue("ambience/rain", length_s=60.0))
    assert library.matches(cue("ambience/rain", length_s=2.5))
    assert [one.path for _, one in library.matches(cue("whoosh/air", length_s=0.6))] == ["whoosh.wav"]


# ------------------------------------------------------------- cues
def test_the_best_match_takes_the_cue_and_says_so(folder):
    library = open_library(folder)
    taken = take(plan(cue(level_db=-3.0, pan=0.4)), library).cues[0]
    assert taken.sound.startswith("recording/metal hit ")
    assert (taken.licence, taken.author, taken.source) == ("CC0-1.0", "Ada Field", "Ada's library")
    assert taken.asset_sha256 == library.get(taken.sound.removeprefix("recording/")).sha256
    assert taken.why.startswith("contact seen; metal hit") and "impact/metal" in taken.why
    assert (taken.id, taken.time_s, taken.level_db, taken.pan) == ("c1.0", 1.0, -3.0, 0.4)


def test_what_fits_badly_is_locked_or_is_music_stays(folder):
    cues = (cue("impact/glass"), cue(time_s=2.0, locked=True), cue("music/ambient", 0.0), cue("ambience/rain", 0.5))
    assert {one.sound for one in take(plan(*cues), open_library(folder)).cues} == {one.sound for one in cues}


def test_takes_of_one_session_vary_with_the_seed_and_come_out_the_same(folder):
    write(folder / "other metal hit.wav", hits(0.3))
    library = open_library(folder)
    cues = [cue(time_s=0.5 * n, seed=n) for n in range(1, 12)]
    sounds = [one.sound for one in take(plan(*cues), library).cues]
    assert set(sounds) == {"recording/metal hit 1.wav", "recording/metal hit 2.wav"}
    assert sounds == [one.sound for one in take(plan(*cues), library).cues]
    assert all(one != after for one, after in zip(sounds, sounds[1:], strict=False))


def test_a_whoosh_peaks_and_a_riser_ends_where_its_cue_wants_it(tmp_path):
    write(tmp_path / "whoosh.wav", swell(0.5, 0.3))
    write(tmp_path / "riser.wav", swell(1.5, 0.1))
    rights(tmp_path, "*,CC0,,")
    library = open_library(tmp_path)
    swept = take(plan(cue("whoosh/air", 2.0, length_s=0.6), cue("riser/air", 4.0, length_s=2.0)), library).cues
    assert all(one.sound.startswith("recording/") for one in swept)
    assert swept[0].time_s == pytest.approx(2.0 + 0.8 * 0.6 - 0.5, abs=0.2)
    assert swept[1].time_s + swept[1].length_s == pytest.approx(6.0, abs=0.002)


def test_the_hit_is_chosen_by_the_seed(folder):
    one = open_library(folder).get("feet/FEETHmn_Boots in Snow_AB_FEET01.wav")
    chosen = {hit_of(cue(seed=seed), one.hits).start_s for seed in range(20)}
    assert len(chosen) == 3 and len(playable(one.hits)) == 3


def test_a_hand_written_cue_is_filled_in(folder):
    library = open_library(folder)
    mine = replace(cue(), sound="recording/metal hit 1.wav", licence="", source="")
    settled = settle(plan(mine), library).cues[0]
    assert (settled.licence, settled.source, settled.author) == ("CC0-1.0", "Ada's library", "Ada Field")
    assert settled.asset_sha256 == library.get("metal hit 1.wav").sha256
    assert settle(plan(cue()), None) == plan(cue())


@pytest.mark.parametrize(
    ("sound", "says"),
    [
        ("recording/none.wav", "not in"),
        ("recording/../outside.wav", "inside its library"),
        ("recording//etc/passwd", "inside its library"),
        ("recording/metal hit 1.txt", "inside its library"),
        ("recording/unlicensed.wav", "no licence"),
    ],
)
def test_a_hand_written_cue_that_cannot_be_played_is_refused(folder, sound, says):
    write(folder / "sub" / "x.wav", hits(0.1))
    write(folder.parent / "outside.wav", hits(0.1))
    rights(folder, "metal*,CC0,,")
    write(folder / "unlicensed.wav", hits(0.1))
    with pytest.raises(UsageError, match=says):
        settle(plan(replace(cue(), sound=sound, licence="", source="")), open_library(folder))


def test_no_library_no_recording():
    with pytest.raises(UsageError, match="--library"):
        settle(plan(replace(cue(), sound="recording/a.wav")), None)
    with pytest.raises(UsageError, match="--library"):
        file_of(replace(cue(), sound="recording/a.wav"), None)


def test_a_recording_that_vanished_or_changed_is_said(folder):
    taken = take(plan(cue()), open_library(folder)).cues[0]
    path = folder / taken.sound.removeprefix("recording/")
    assert file_of(taken, folder) == path
    write(path, hits(0.5))
    with pytest.raises(UsageError, match="has changed"):
        file_of(taken, folder)
    with pytest.raises(UsageError, match="has changed"):
        settle(plan(taken), open_library(folder))
    path.unlink()
    with pytest.raises(UsageError, match="put it back"):
        file_of(taken, folder)
