"""The three flows for real: each starts Prefect's own server, finishes files and leaves a report."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def environment(shared_keys, tmp_path_factory):
    # a database of its own: no trace in the user's, and none of theirs in the test
    prefect_home = tmp_path_factory.mktemp("prefect")
    return {**os.environ, "FOLEYMARK_HOME": str(shared_keys.home), "PREFECT_HOME": str(prefect_home)}


@pytest.fixture(scope="module")
def clips(make_clip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    make_clip(folder / "one.mp4", width=320, height=240, frames=36)
    make_clip(folder / "two.mp4", width=240, height=320, frames=36, audio_hz=48_000)
    (folder / "bad.mp4").write_bytes(b"not a video" * 30)
    return folder


def run(environment, *command, code=0):
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def first_run(environment, clips, tmp_path_factory):
    output = tmp_path_factory.mktemp("flow") / "out"
    command = ("-m", "pipeline.app.cli", "run", clips, "-o", output, "--preset", "draft", "--no-music", "--json")
    return output, command, run(environment, *command, code=1)


def test_one_bad_clip_does_not_stop_the_rest(first_run):
    output, _, done = first_run
    result = json.loads(done.stdout)
    assert (result["done"], result["failed"], result["signed"], result["marked"]) == (2, 1, 2, 2)
    assert json.loads((output / "batch.json").read_text())["failed"] == 1
    assert "report.html" in result["report"] and (output / "report.html").stat().st_size > 5000
    # quiet: nothing of Prefect's own on either stream
    assert done.stderr.strip() == "" and "prefect" not in done.stdout.lower()


def test_running_again_skips_what_is_done(first_run, environment):
    output, command, _ = first_run
    stamps = {p: p.stat().st_mtime_ns for p in output.glob("*.mp4")}
    result = json.loads(run(environment, *command, code=1).stdout)
    assert (result["done"], result["skipped"], result["failed"]) == (0, 2, 1)
    assert {p: p.stat().st_mtime_ns for p in output.glob("*.mp4")} == stamps


def test_check_and_provenance_flows(first_run, environment, clips, tmp_path):
    output, _, _ = first_run
    code = (
        "from flows.check import check_folder; from flows.provenance import sign_folder;"
        f"c = check_folder([{str(output)!r}], {str(tmp_path / 'c')!r});"
        f"s = sign_folder([{str(clips)!r}], {str(tmp_path / 's')!r});"
        "print([r.verdict.name for r in c], [r.state for r in s])"
    )
    printed = run(environment, "-c", code).stdout
    assert "['declared_ai', 'declared_ai'] ['failed', 'done', 'done']" in printed
    assert (tmp_path / "c" / "check.html").exists() and (tmp_path / "s" / "report.html").exists()


def test_deployments_point_at_flows():
    import yaml

    with open("prefect.yaml") as stream:
        deployments = yaml.safe_load(stream)["deployments"]
    assert {d["name"] for d in deployments} == {"run", "check", "provenance"}
    for deployment in deployments:
        path, name = deployment["entrypoint"].split(":")
        code = f"from {path[:-3].replace('/', '.')} import {name}; print({name}.name)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("foleymark-")


def test_a_killed_batch_goes_on_where_it_stopped(environment, make_clip, tmp_path):
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in "abcd":
        make_clip(folder / f"{name}.mp4", width=640, height=360, frames=60)
    options = ("--preset", "draft", "--no-music", "--workers", "1", "--json")
    command = ["-m", "pipeline.app.cli", "run", str(folder), "-o", str(output), *options]
    process = subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None and not (output / "a.mp4").exists():
        time.sleep(0.02)
    # with the server it started, which would outlive it
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = {path.name for path in output.glob("*.mp4")}
    result = json.loads(run(environment, *command).stdout)
    # what has its final name was whole, and nothing is done twice or left lying about
    assert result["skipped"] >= len(finished) - 1 >= 0
    assert (result["failed"], result["done"] + result["skipped"], result["marked"]) == (0, 4, 4)
    left = [p for p in output.rglob("*") if p.name.startswith(".") or p.name == "work"]
    assert left == []
