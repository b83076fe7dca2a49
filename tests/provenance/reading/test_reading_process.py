"""The process that reads strangers' files: what it cannot do, and that its end is never the end of ours."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.errors import CredentialError, UnreadableInput
from pipeline.provenance.reading import lockdown, worker
from pipeline.provenance.reading.reader import read_credential, read_manifest_bytes
from pipeline.provenance.trust.lists import Trust, TrustList

ROOT = Path(__file__).resolve().parents[3]
linux = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.uname().machine not in lockdown.FORBIDDEN,
    reason="a Linux kernel's filter",
)


@pytest.fixture(autouse=True)
def fresh_pool():
    worker.close_all()
    yield
    worker.close_all()


@pytest.fixture
def signed(clip, created, sign_as, tmp_path) -> Path:
    path = tmp_path / "a.mp4"
    sign_as(clip, path, {"title": "x", "assertions": [created]})
    return path


def locked(code: str) -> subprocess.CompletedProcess:
    """Run code in a process under the reading process's limits."""
    head = (
        "import ctypes, os, resource, socket, subprocess, sys\n"
        "from pipeline.provenance.reading import child, lockdown\n"
        "held = lockdown.lock_down(memory_bytes=child.MEMORY_BYTES, open_files=child.OPEN_FILES)\n"
    )
    return subprocess.run([sys.executable, "-c", head + code], cwd=ROOT, capture_output=True, text=True, timeout=30)


@linux
@pytest.mark.parametrize(
    "attempt",
    [
        "socket.socket()",
        "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_UNIX)",
        "os.execv('/bin/true', ['true'])",
    ],
)
def test_kernel_refuses_network_and_programs(attempt):
    done = locked(f"assert held\ntry:\n    {attempt}\nexcept PermissionError:\n    print('refused')")
    assert (done.stdout, done.returncode) == ("refused\n", 0), done.stderr


@linux
def test_native_code_is_refused_too():
    done = locked("libc = ctypes.CDLL(None, use_errno=True)\nprint(libc.socket(2, 1, 0), ctypes.get_errno())")
    assert done.stdout == "-1 1\n"


def test_limits_cannot_be_lifted(tmp_path):
    target = tmp_path / "written"
    code = (
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"handle = os.open({str(target)!r}, os.O_CREAT | os.O_WRONLY)\n"
        "try:\n    os.write(handle, b'x')\nexcept OSError:\n    print('no writing')\n"
        "try:\n    bytearray(child.MEMORY_BYTES)\nexcept MemoryError:\n    print('no memory')\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE))\n"
    )
    done = locked(code)
    assert done.stdout.splitlines() == ["no writing", "no memory", "(0, 0)"], done.stderr
    assert not target.exists() or target.stat().st_size == 0


def test_one_process_reads_many_files(signed, own):
    read_credential(signed, trust=own)
    [first] = worker._idle
    for _ in range(3):
        assert read_credential(signed, trust=own).integrity == "exact"
    assert read_credential(signed, trust=Trust()).signer == "unknown"
    assert worker._idle == [first] and first.is_alive


def test_process_that_died_meanwhile_is_replaced(signed, own):
    read_credential(signed, trust=own)
    worker._idle[0]._process.kill()
    worker._idle[0]._process.wait()
    assert read_credential(signed, trust=own).integrity == "exact"


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_process_that_dies_while_reading_is_told_in_words(signed, own, number):
    read_credential(signed, trust=own)
    process = worker._idle[0]._process
    os.kill(process.pid, signal.SIGSTOP)
    threading.Timer(0.3, lambda: (os.kill(process.pid, number), os.kill(process.pid, signal.SIGCONT))).start()
    credential = read_credential(signed, trust=own)
    assert credential.integrity == "broken" and "crashed the process" in credential.sentences[0]
    assert process.returncode is not None
    assert read_credential(signed, trust=own).integrity == "exact"


def test_process_that_hangs_is_ended(signed, own, monkeypatch):
    read_credential(signed, trust=own)
    monkeypatch.setattr(worker, "BASE_BUDGET_S", 0.3)
    process = worker._idle[0]._process
    os.kill(process.pid, signal.SIGSTOP)
    began = time.monotonic()
    credential = read_credential(signed, trust=own)
    assert credential.integrity == "broken" and "took too long" in credential.sentences[0]
    assert time.monotonic() - began < 4 and process.returncode is not None


def test_answer_of_absurd_size_is_not_taken(signed, own, monkeypatch):
    monkeypatch.setattr(worker, "MAX_ANSWER_BYTES", 100)
    credential = read_credential(signed, trust=own)
    assert credential.integrity == "broken" and "absurd size" in credential.sentences[0]
    assert worker._idle == []


def test_answer_that_makes_no_sense_is_not_believed(signed, own, monkeypatch):
    for answer in (b"", b"[1]", b"{}", b'{"credential": {"integrity": "perfect"}}', b'{"stopped": "MemoryError"}'):
        monkeypatch.setattr(worker, "ask", lambda request, answer=answer: answer)
        assert read_credential(signed, trust=own).integrity == "broken", answer


def test_bigger_files_may_take_longer():
    assert worker.budget_s(0) == 5.0
    assert 20 < worker.budget_s(500_000_000) < 60


def test_list_that_cannot_be_used_is_an_error_each_time(signed):
    trust = Trust(lists=(TrustList("x", "", "", purpose="nonsense"),))
    for _ in range(2):
        with pytest.raises(CredentialError, match="trust list cannot be used"):
            read_credential(signed, trust=trust)


def test_what_is_no_file_is_refused_before_it_can_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", tmp_path, Path("/dev/zero")):
        with pytest.raises(UnreadableInput, match="cannot be opened"):
            read_credential(path)


def test_names_of_any_kind(signed, own, tmp_path):
    for name in ("\n\u202e.mp4", os.fsdecode(b"\xff\xfe.mp4"), "-rf.mp4"):
        path = tmp_path / name
        path.write_bytes(signed.read_bytes())
        assert read_credential(path, trust=own).integrity == "exact"


def test_threads_read_at_the_same_time(signed, own):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: read_credential(signed, trust=own).integrity, range(12)))
    assert found == ["exact"] * 12 and len(worker._idle) <= worker.MAX_IDLE


def test_a_forked_process_uses_its_own(signed, own):
    read_credential(signed, trust=own)
    code = os.fork()
    if code == 0:
        good = worker._idle == [] and read_credential(signed, trust=own).integrity == "exact"
        worker.close_all()
        os._exit(0 if good else 1)
    assert os.waitpid(code, 0)[1] == 0
    assert read_credential(signed, trust=own).integrity == "exact"


def test_file_of_a_hundred_megabytes(clip, created, sign_as, own, tmp_path):
    big, signed = tmp_path / "big.mp4", tmp_path / "signed.mp4"
    size = 100_000_000
    with big.open("wb") as file:
        file.write(clip.read_bytes() + size.to_bytes(4, "big") + b"mdat")
        file.truncate(clip.stat().st_size + size)
    sign_as(big, signed, {"title": "x", "assertions": [created]})
    assert read_credential(signed, trust=own).integrity == "exact"


@pytest.fixture
def listening():
    """A server on this machine that counts who comes."""

    class Counter(http.server.BaseHTTPRequestHandler):
        came = 0

        def do_GET(self) -> None:
            Counter.came += 1
            self.send_error(404)

        do_POST = do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Counter
    server.shutdown()
    server.server_close()
    thread.join()


def test_nothing_goes_out(clip, created, opened, sign_as, own, listening, tmp_path):
    """Whatever a file points to, nobody is asked: not for manifests, pictures, certificates or revocation."""
    address, counter = listening
    parent = {"title": "p", "relationship": "parentOf", "label": "parent", "data": {"url": f"{address}/data"}}
    icon = {"format": "image/png", "identifier": f"{address}/icon.png", "url": f"{address}/icon.png"}
    embedded, pointing = tmp_path / "embedded.mp4", tmp_path / "pointing.mp4"
    definition = {
        "title": address,
        "claim_generator_info": [{"name": "x", "version": "1", "org.example.icon": icon}],
        "assertions": [opened({"action": "c2pa.edited", "softwareAgent": {"name": address}})],
        "ingredients": [{key: value for key, value in parent.items() if key != "data"}],
    }
    sign_as(clip, embedded, definition, remote_url=f"{address}/remote.c2pa")
    store = sign_as(clip, pointing, {"assertions": [created]}, embed=False, remote_url=f"{address}/remote.c2pa")
    for path in (embedded, pointing):
        credential = read_credential(path, trust=own, thumbnails=True)
        assert credential is not None and credential.remote_url in ("", f"{address}/remote.c2pa")
    assert read_manifest_bytes(store, trust=own).holds
    assert counter.came == 0


def test_the_counter_would_have_noticed(clip, created, sign_as, listening, tmp_path):
    """The same file with the SDK as it comes: it does ask, so the test above can fail."""
    import c2pa

    address, counter = listening
    path = tmp_path / "a.mp4"
    sign_as(clip, path, {"assertions": [created]}, embed=False, remote_url=f"{address}/remote.c2pa")
    with pytest.raises(c2pa.C2paError), path.open("rb") as file:
        c2pa.Reader("video/mp4", file, context=c2pa.Context(c2pa.Settings.from_dict({"version": 1})))
    assert counter.came >= 1
