"""Files and manifests from people who mean harm: nothing crashes, hangs, runs, escapes or is fetched.

    python -m benchmarks.fuzz_credentials [--files 6000] [--seed 1] [--json]

Signed files of every format are broken by chance and read one after the other. Then manifests that are signed as they
should be, with hostile words in every field, in the names of the signer's certificate, and with addresses of a
listener that counts who comes, are read, printed as the command line prints them, and shown on one page in a browser:
as it is written, and without the policy in its head that forbids scripts, so that escaping has to hold by itself.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import shutil
import socket
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import measure, note, show
from benchmarks.credential_files import write_file
from benchmarks.credential_mutations import mutate
from benchmarks.credential_signing import sdk_sign, sign
from benchmarks.credential_tampering import SignedFile
from benchmarks.credential_verdicts import put, their_word
from benchmarks.credentials import remote_signed
from benchmarks.hostile_manifests import (
    OWNED,
    deep_definition,
    definitions,
    hostile_identity,
    hostile_texts,
    many_definition,
)
from benchmarks.listener import Listener
from pipeline.errors import FoleymarkError
from pipeline.provenance.formats import SIGNABLE
from pipeline.provenance.trust.lists import Trust

if TYPE_CHECKING:
    from pipeline.provenance.signing.identity import SigningIdentity
    from pipeline.records import CheckResult, Credential

HANG_S = 5.0
# with a sidecar: the store alone is broken, and the file around it stays whole
BESIDE = (".mkv", ".jpg")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# the SDK writes no deeper ones; broken files have them
DEPTHS = (20, 50)
COUNTS = (1000, 5000)
# a whole page of hostile files, and what was printed for each
LONGEST_OUTPUT_CHARS = 200_000
# of a file's name; systems take 255
NAME_BYTES = 200


@dataclass
class Seen:
    """What happened so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    # by what was done to the file: outcomes
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)
    slowest_s: float = 0.0
    # one line for each thing that may not happen
    defects: list[str] = field(default_factory=list)

    def note(self, kind: str, outcome: str, seconds: float) -> None:
        """Count one file."""
        self.outcomes[outcome] += 1
        self.by_kind.setdefault(kind, Counter())[outcome] += 1
        self.slowest_s = max(self.slowest_s, seconds)
        if seconds > HANG_S:
            self.defects.append(f"{kind}: {seconds:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=6000, help="how many broken files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        figures = fuzz(Path(folder), arguments.files, arguments.seed)
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    show({name: one for name, one in figures.items() if not isinstance(one, dict | list)}, as_json=False)
    for kind, outcomes in sorted(figures["by_kind"].items()):
        print(f"{kind:<32}{outcomes}")
    for defect in figures["defects"]:
        print(repr(defect))


def fuzz(folder: Path, count: int, seed: int) -> dict[str, Any]:
    """Every figure."""
    from pipeline.provenance.signing.authority import init_authority

    identity = init_authority(folder / "keys", organisation="Test Studio")
    with Listener() as listener, guarded() as tries:
        note(f"{count} broken files ...")
        broken = broken_files(folder, identity, count, seed)
        note("hostile manifests ...")
        hostile, results = hostile_manifests(folder, identity, listener.url)
        remote = folder / "remote.jpg"
        remote_signed(write_file(folder / "plain.jpg"), remote, identity, listener.url)
        results.append(_check(remote, folder))
        printed = printed_defects(results)
        note("the page ...")
        page = page_of(results)
        browser = run_in_browser(page, folder)
        connections = listener.connections
    defects = [*broken.defects, *hostile.defects, *printed, *browser["defects"]]
    defects += [f"the parent wanted to connect to {address}" for address in tries]
    return {
        "broken_files": sum(broken.outcomes.values()),
        "hostile_manifests": sum(hostile.outcomes.values()),
        "slowest_s": max(broken.slowest_s, hostile.slowest_s),
        "reader_ended": broken.outcomes["ended"] + hostile.outcomes["ended"],
        "crashes": sum("crash" in one for one in defects),
        "hangs": sum(one.endswith(" s") for one in defects),
        "connections": connections,
        "connections_tried_by_the_parent": len(tries),
        "page_mb": len(page) / 1e6,
        "browser": browser["name"],
        "scripts_run": browser["scripts_run"],
        "defects_found": len(defects),
        "outcomes": dict(broken.outcomes + hostile.outcomes),
        "by_kind": {name: dict(one) for name, one in {**broken.by_kind, **hostile.by_kind}.items()},
        "defects": defects,
    }


# ----------------------------------------------------------- broken files
def broken_files(folder: Path, identity: SigningIdentity, count: int, seed: int) -> Seen:
    """Read files that were broken by chance; the same seed breaks them in the same ways."""
    signed = [sign(write_file(folder / f"file{suffix}"), identity) for suffix in SIGNABLE]
    signed += [sign(write_file(folder / f"file{suffix}"), identity, sidecar=True) for suffix in BESIDE]
    rng, trust, seen = random.Random(seed), Trust(own_pem=identity.root_pem), Seen()
    for number in range(count):
        whole = rng.choice(signed)
        one = mutate(whole, rng.choice(signed), rng)
        began = time.monotonic()
        outcome = _read(put(one.file, folder), trust, seen, f"{one.kind} of {whole.suffix}, file {number}")
        if (one.file.data, one.file.store) == (whole.data, whole.store):
            # e.g. zeros over zeros
            outcome = "as it was"
        elif outcome == "exact":
            outcome = _unchanged(one.file, trust)
        seen.note(one.kind, outcome, time.monotonic() - began)
    return seen


def _unchanged(file: SignedFile, trust: Trust) -> str:
    """What was read as unchanged although bytes were: no hash reaches there, which the other verifier may confirm."""
    try:
        word, _ = their_word(file, trust)
    except LookupError:
        return "exact, alone"
    return "exact, both" if word == "trusted" else "exact, the other refuses"


def _read(path: Path, trust: Trust, seen: Seen, what: str) -> str:
    from pipeline.provenance.reading.reader import read_credential

    try:
        found = read_credential(path, trust=trust)
    except FoleymarkError:
        return "refused"
    except Exception as error:  # noqa: BLE001  anything else is what this looks for
        seen.defects.append(f"crash: {what}: {error!r}"[:300])
        return "crash"
    if found is None:
        return "none"
    seen.defects += [f"{what}: {fault}" for fault in faults_of(found)]
    ended = any("process" in sentence or "took too long" in sentence for sentence in found.sentences)
    return "ended" if ended and found.integrity == "broken" else found.integrity


def faults_of(credential: Credential) -> list[str]:
    """What a credential may never hold: invisible characters, or more than anybody can read."""
    from pipeline.records import to_json

    text = to_json(credential)
    faults = [] if len(text) < LONGEST_OUTPUT_CHARS else [f"{len(text)} characters of JSON"]
    hidden = {unicodedata.category(mark) for line in text.splitlines() for mark in line if not mark.isprintable()}
    return faults + [f"characters of category {name}" for name in hidden if name.startswith("C")]


# ------------------------------------------------------ hostile manifests
def hostile_manifests(folder: Path, identity: SigningIdentity, address: str) -> tuple[Seen, list[CheckResult]]:
    """Sign hostile words in every field, and check the files as the command does."""
    seen, results = Seen(), []
    for kind, path in _hostile_files(folder, identity, address, seen):
        began = time.monotonic()
        try:
            result = _check(path, folder)
        except FoleymarkError:
            seen.note(kind, "refused", time.monotonic() - began)
            continue
        except Exception as error:  # noqa: BLE001  anything else is what this looks for
            seen.defects.append(f"crash: {path.name}: {error!r}"[:300])
            continue
        credential = result.credential
        seen.note(kind, credential.integrity if credential else "none", time.monotonic() - began)
        seen.defects += [f"{path.name}: {fault}" for fault in (faults_of(credential) if credential else ())]
        results.append(result)
    return seen, results


def _check(path: Path, folder: Path) -> CheckResult:
    from pipeline import checking
    from pipeline.keys import Keys

    return checking.check(path, keys=Keys(folder / "home"), parts=("credentials", "container"))


def _hostile_files(folder: Path, identity: SigningIdentity, address: str, seen: Seen) -> Iterator[tuple[str, Path]]:
    """Signed files with a kind each; what the SDK will not write is counted."""
    plain = write_file(folder / "plain.jpg")
    made = [
        (kind, field_name, definition, identity)
        for kind, text in hostile_texts(address).items()
        for field_name, definition in definitions(text)
    ]
    made += [("deep", str(depth), deep_definition(depth), identity) for depth in DEPTHS]
    made += [("many", str(number), many_definition(number), identity) for number in COUNTS]
    ordinary = deep_definition(1)
    for kind, text in hostile_texts(address).items():
        if text.strip() and "\0" not in text:
            made.append((kind, "signer", ordinary, hostile_identity(text, address)))
    yield from _named_files(sign(plain, identity).data, folder, address)
    settings = {"verify": {"verify_after_sign": False}, "builder": {"thumbnail": {"enabled": False}}}
    for number, (kind, field_name, definition, signer) in enumerate(made):
        path = folder / f"hostile-{number}-{field_name}.jpg"
        if _signs(plain, path, definition, signer, settings):
            yield kind, path
        else:
            seen.note(kind, "not signed", 0.0)


def _named_files(data: bytes, folder: Path, address: str) -> Iterator[tuple[str, Path]]:
    """A signed file under hostile names: whoever sends a file has chosen its name."""
    inside = folder / "names"
    inside.mkdir()
    for text in hostile_texts(address).values():
        name = text.encode()[:NAME_BYTES].decode("utf-8", "ignore").replace("/", "|").replace("\0", "")
        path = inside / f"{name}.jpg"
        path.write_bytes(data)
        yield "file name", path


def _signs(
    source: Path, path: Path, definition: dict[str, Any], signer: SigningIdentity, settings: dict[str, Any]
) -> bool:
    import c2pa

    try:
        sdk_sign(source, path, definition, signer, settings=settings)
    except (c2pa.C2paError, UnicodeError, ValueError):
        return False
    return True


# ---------------------------------------------------------------- printed
def printed_defects(results: list[CheckResult]) -> list[str]:
    """What the command prints for each file, with colours as in a terminal: no sequence but the printer's own."""
    from rich.console import Console

    from pipeline.app.show import show_check
    from pipeline.app.terminal import visible_json
    from pipeline.records import to_json

    defects = []
    for result in results:
        out = io.StringIO()
        show_check(Console(file=out, width=160, highlight=False, color_system=None), result, explain=True)
        for name, text in (("printed", out.getvalue()), ("JSON", visible_json(to_json(result)))):
            hidden = [one for one in text if unicodedata.category(one).startswith("C") and one != "\n"]
            if hidden or len(text) > LONGEST_OUTPUT_CHARS:
                defects.append(f"{result.path.name} {name}: {sorted(set(hidden))!r}, {len(text)} characters")
    return defects


# ---------------------------------------------------------------- browser
def page_of(results: list[CheckResult]) -> str:
    """One page with all of them."""
    from pipeline.report.html import render_check

    return render_check(tuple(results))


def run_in_browser(page: str, folder: Path) -> dict[str, Any]:
    """Open the page in a browser: as it is, and without the policy that forbids scripts."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return {"name": "none here", "scripts_run": 0, "defects": ["no browser: nothing was opened"]}
    head, policy, rest = page.partition('<meta http-equiv="Content-Security-Policy"')
    assert policy, "the page has no policy to take away"
    open_page = head + "<meta name=x " + rest
    # the other pages say nothing unless scripts would have run here
    control = open_page.replace("</body>", f"<script>document.title='{OWNED}'</script></body>")
    titles = {name: _title(browser, text, folder) for name, text in (("page", page), ("open", open_page))}
    works = _title(browser, control, folder) == OWNED
    ran = [name for name, title in titles.items() if title == OWNED or not title]
    defects = [f"a script ran, or no title came back, in the {name} page" for name in ran]
    return {
        "name": Path(browser).name,
        "scripts_run": len(ran),
        "defects": defects + ([] if works else ["the browser runs no scripts at all: this shows nothing"]),
    }


def _title(browser: str, page: str, folder: Path) -> str:
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    done = measure(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'browser'}",
         "--virtual-time-budget=1000", "--dump-dom", path.as_uri()]
    )  # fmt: skip
    dom = done.stdout.decode("utf-8", "replace")
    return dom.partition("<title>")[2].partition("</title>")[0].strip()


# ---------------------------------------------------------------- network
@contextlib.contextmanager
def guarded() -> Iterator[list[str]]:
    """Note every connection that this process tries to make; native code is what the listener is for."""
    tries: list[str] = []
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        # a local socket reaches nobody
        if self.family != socket.AF_UNIX:
            tries.append(str(address)[:80])
        real(self, address)

    socket.socket.connect = connect  # type: ignore[assignment, method-assign]
    try:
        yield tries
    finally:
        socket.socket.connect = real  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    main()
