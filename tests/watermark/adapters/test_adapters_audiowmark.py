"""audiowmark: a stand-in program that keeps to its command line, for how we call it; and the real one where it is."""

import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import FoleymarkError, UsageError
from pipeline.watermark.adapters.audiowmark import AudiowmarkAdapter
from pipeline.watermark.adapters.catalogue import open_adapter
from pipeline.watermark.keys import key_id
from pipeline.watermark.payload import new_payload

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
RATE_HZ = 16_000

# Marks by the first 128 samples, and answers like version 0.6.5: `get` lists wrong messages beside the right one.
STAND_IN = """#!{python}
import hashlib, json, os, random, stat, sys
import numpy as np, soundfile

arguments = sys.argv[1:]
if arguments == ["--version"]:
    print("audiowmark 0.6.5")
    sys.exit(0)
command, options, plain, keys = arguments[0], {{}}, [], []
rest = iter(arguments[1:])
for word in rest:
    if word == "--key":
        keys.append(next(rest))
    elif word == "--json":
        options[word] = next(rest)
    elif word.startswith("-"):
        sys.exit(f"audiowmark: unsupported option '{{word}}' for command '{{command}}' (use audiowmark -h)")
    else:
        plain.append(word)
assert command == "get" or len(keys) == 1
secrets = []
for path in keys:
    key = open(path).read()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert key.startswith("key ") and len(bytes.fromhex(key.split()[1])) == 16
    secrets.append(np.unpackbits(np.frombuffer(hashlib.md5(key.encode()).digest(), np.uint8)))
assert all(os.path.isabs(path) for path in plain[:2] if not set(path) <= set("0123456789abcdef"))
sound, rate = soundfile.read(plain[0], dtype="float32", always_2d=True)
{twist}
if command == "add":
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(plain[2]), np.uint8)) ^ secrets[0]
    sound[:128] = (2.0 * bits - 1)[:, None] * 0.25
    soundfile.write(plain[1], sound, rate, subtype="FLOAT")
elif command == "get":
    bits = (sound[:128, 0] > 0).astype(np.uint8)
    marked = bool(np.all(np.abs(sound[:128, 0]) > 0.2))
    wrong = random.Random(1).randbytes(16).hex()
    matches = [{{"pos": "0:00", "bits": wrong, "quality": 0.306, "error": 0.78, "rating": 0.3, "type": "CLIP-B",
                "speed": 1.0}}]
    for secret in secrets if marked else []:
        found = np.packbits(bits ^ secret).tobytes().hex()
        matches.append({{"pos": "0:00", "bits": found, "quality": 1.401, "error": 0.32, "rating": 1.4,
                        "type": "CLIP-B", "speed": 1.0}})
    for match in matches:
        print("pattern  0:00", match["bits"], match["quality"], match["error"], match["type"])
    json.dump({{"length": "0:12", "matches": matches}}, open(options["--json"], "w"))
"""


def program(folder, twist="", name="audiowmark"):
    path = folder / name
    path.write_text(STAND_IN.format(python=sys.executable, twist=twist))
    path.chmod(0o755)
    return path


def sound(seconds=1.0, channels=2, seed=0, rate_hz=RATE_HZ):
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    tones = [
        np.sin(2 * np.pi * (220 + 60 * channel) * time_s) * (1 + np.sin(6 * time_s)) for channel in range(channels)
    ]
    bursts = rng.normal(size=(channels, time_s.size)) * np.abs(np.sin(4 * time_s))
    return (0.08 * np.array(tones) + 0.08 * bursts).astype(np.float32)


def test_id_comes_back_and_only_under_its_key(tmp_path):
    adapter = open_adapter("audiowmark", keys=[KEY], program=program(tmp_path))
    payload, original = new_payload(), sound()
    marked = adapter.mark(original, RATE_HZ, payload)
    assert marked.shape == original.shape and marked.dtype == np.float32
    assert np.array_equal(marked[:, 128:], original[:, 128:])
    reading = adapter.read(marked, RATE_HZ)
    assert (reading.state, reading.payload, reading.check_bits) == ("read", payload, 68)
    assert reading.raw["quality"] == 1.401 and reading.raw["matches"] == 2
    assert adapter.tool.version == "0.6.5" and "Westerfeld" in reading.sentence
    stranger = open_adapter("audiowmark", keys=[OTHER_KEY], program=program(tmp_path))
    assert stranger.read(marked, RATE_HZ).payload is None


def test_an_older_key_still_reads(tmp_path):
    adapter = open_adapter("audiowmark", keys=[KEY], program=program(tmp_path))
    marked = adapter.mark(sound(), RATE_HZ, new_payload())
    reading = open_adapter("audiowmark", keys=[OTHER_KEY, KEY], program=program(tmp_path)).read(marked, RATE_HZ)
    assert (reading.state, reading.key_id) == ("read", key_id(KEY))


def test_wrong_messages_are_no_reading(tmp_path):
    reading = open_adapter("audiowmark", keys=[KEY], program=program(tmp_path)).read(sound(), RATE_HZ)
    assert reading.state == "none" and reading.payload is None and reading.raw["best_quality"] == 0.306


def test_a_sure_mark_that_does_not_check_is_unreadable_unless_short(tmp_path):
    adapter = open_adapter("audiowmark", keys=[KEY], program=program(tmp_path))
    for seconds, state in ((12, "unreadable"), (3, "none")):
        marked = adapter.mark(sound(seconds), RATE_HZ, new_payload())
        marked[0, 5] *= -1
        assert adapter.read(marked, RATE_HZ).state == state


def test_program_is_found_on_the_path(tmp_path, monkeypatch):
    program(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert AudiowmarkAdapter(keys=[KEY]).tool.version == "0.6.5"


def test_a_program_whose_name_looks_like_an_option(tmp_path, monkeypatch):
    program(tmp_path, name="-h")
    monkeypatch.chdir(tmp_path)
    assert AudiowmarkAdapter(Path("-h"), keys=[KEY]).tool.version == "0.6.5"


def test_other_programs_are_refused(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("hello")
    with pytest.raises(UsageError, match="There is no program audiowmark at"):
        AudiowmarkAdapter(plain, keys=[KEY])
    plain.chmod(0o755)
    with pytest.raises(UsageError, match="cannot be started"):
        AudiowmarkAdapter(plain, keys=[KEY])
    with pytest.raises(UsageError, match="does not answer as audiowmark"):
        AudiowmarkAdapter(Path(shutil.which("true")), keys=[KEY])


@pytest.mark.parametrize(
    ("twist", "said"),
    [
        ("sys.exit('audiowmark: cannot \\x1b[31mopen')", r"failed \(audiowmark: cannot \[31mopen\)"),
        ("os.kill(os.getpid(), 11)", "exit code -11"),
        ("sys.exit(0)", "left no sound"),
        ("sound = sound[:-7]", "gave back"),
    ],
)
def test_a_failing_add_is_one_sentence(tmp_path, twist, said):
    adapter = AudiowmarkAdapter(program(tmp_path, twist), keys=[KEY])
    with pytest.raises(FoleymarkError, match=said) as caught:
        adapter.mark(sound(), RATE_HZ, new_payload())
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    ["", "[]", "{}", '{"matches": 5}', '{"matches": [7]}', '{"matches": [{"bits": "zz", "quality": 1, "error": 0}]}']
    + ['{"matches": [{"bits": "00", "quality": 1, "error": 0}]}', "[" * 100_000]
    + ['{"matches": [{"bits": "' + "00" * 16 + '", "quality": [], "error": 0}]}'],
)
def test_an_answer_that_cannot_be_read(tmp_path, answer):
    twist = f"open(options.get('--json', '/dev/null'), 'w').write({answer!r}); sys.exit(0)"
    adapter = AudiowmarkAdapter(program(tmp_path, twist), keys=[KEY])
    with pytest.raises(FoleymarkError, match="an answer that cannot be read"):
        adapter.read(sound(), RATE_HZ)


def test_a_program_that_hangs_is_stopped_with_its_children(tmp_path):
    # the child holds on to the output, as a program behind a wrapper script does
    path, note = tmp_path / "audiowmark", tmp_path / "child"
    path.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo audiowmark 0.6.5; exit; fi\n'
        f"sleep 300 &\necho $! > '{note}'\nsleep 300\n"
    )
    path.chmod(0o755)
    adapter = AudiowmarkAdapter(path, keys=[KEY], timeout_s=5.0)
    with pytest.raises(FoleymarkError, match="did not finish within 5 s"):
        adapter.read(sound(), RATE_HZ)
    child = int(note.read_text())
    for _ in range(100):
        if not alive(child):
            break
        time.sleep(0.1)
    assert not alive(child)


def alive(process):
    """Whether a process still runs; one that ended and waits for its parent does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    adapter = AudiowmarkAdapter(program(tmp_path), keys=[KEY])
    adapter.read(adapter.mark(sound(), RATE_HZ, new_payload()), RATE_HZ)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "wrong", [np.zeros(100, np.float32), np.zeros((2, 0), np.float32), np.full((1, 9), np.nan, np.float32)]
)
def test_sound_is_checked(tmp_path, wrong):
    adapter = AudiowmarkAdapter(program(tmp_path), keys=[KEY])
    with pytest.raises(ValueError, match="sound"):
        adapter.read(wrong, RATE_HZ)


# ------------------------------------------------------- the real program
@pytest.fixture(scope="module")
def real():
    if shutil.which("audiowmark") is None:
        pytest.skip("needs the program audiowmark on the PATH")
    return open_adapter("audiowmark", keys=[KEY])


def test_the_real_program_reads_what_it_marked(real):
    payload, original = new_payload(), sound(12.0, rate_hz=44_100)
    marked = real.mark(original, 44_100, payload)
    assert marked.shape == original.shape
    change_db = 10 * np.log10(np.square(original).sum() / np.square(marked - original).sum())
    assert 20 < change_db < 60
    reading = real.read(marked, 44_100)
    assert (reading.state, reading.payload) == ("read", payload)
    assert reading.raw["quality"] > 1.0
    assert open_adapter("audiowmark", keys=[OTHER_KEY]).read(marked, 44_100).state == "none"
    rotated = open_adapter("audiowmark", keys=[OTHER_KEY, KEY]).read(marked, 44_100)
    assert (rotated.payload, rotated.key_id) == (payload, key_id(KEY))


def test_the_real_program_reads_nothing_in_plain_sound(real):
    assert real.read(sound(12.0, rate_hz=44_100), 44_100).state == "none"
    assert real.read(np.zeros((1, 44_100), np.float32), 44_100).state == "none"
    # far too short for its blocks, where its scores mean nothing
    assert real.read(sound(0.5, rate_hz=44_100), 44_100).state == "none"
