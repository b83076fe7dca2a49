"""Broken files and hostile manifests, drawn from a seed: nothing crashes, nothing hidden comes out, nobody is asked."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks import fuzz_credentials as fuzz
from benchmarks.credential_files import write_file
from benchmarks.credential_mutations import FILE_WAYS, STORE_WAYS, mutate
from benchmarks.credential_signing import sdk_sign, sign
from benchmarks.credential_verdicts import put
from benchmarks.credentials import remote_signed
from benchmarks.hostile_manifests import deep_definition, definitions, hostile_identity, hostile_texts, many_definition
from benchmarks.listener import Listener
from pipeline.provenance.reading.reader import read_credential

# three ways in which a container holds a store: in one piece, as text, and beside the file
SUFFIXES = (".mp4", ".jpg", ".svg", ".wav")
BROKEN = 240
QUICK = {"verify": {"verify_after_sign": False}, "builder": {"thumbnail": {"enabled": False}}}


@pytest.fixture(scope="module")
def signed(authority, tmp_path_factory) -> list:
    folder = tmp_path_factory.mktemp("signed")
    files = [sign(write_file(folder / f"file{suffix}"), authority) for suffix in SUFFIXES]
    return [*files, sign(folder / "file.jpg", authority, sidecar=True)]


def test_broken_files(signed, own, tmp_path):
    rng, seen = random.Random(20261121), fuzz.Seen()
    kinds = set()
    for number in range(BROKEN):
        one = mutate(rng.choice(signed), rng.choice(signed), rng)
        kinds.add(one.kind)
        fuzz._read(put(one.file, tmp_path), own, seen, f"{one.kind}, file {number}")
    assert seen.defects == []
    assert kinds == set(STORE_WAYS) | set(FILE_WAYS)


def test_a_label_that_ends_the_process_of_the_sdk(signed, own, tmp_path):
    """SDK 0.91.3 cuts a label inside a letter and takes the process with it: only the reading one."""
    whole = next(file for file in signed if file.suffix == ".wav")
    broken = whole.with_store(whole.store.replace(b"io.foleymark.sounds", "io.foleymark.\U0001f9d1v1".encode()))
    found = read_credential(put(broken, tmp_path), trust=own)
    assert found is not None and found.integrity == "broken"
    assert "crashed the process" in found.sentences[0]
    # the next file is read as if nothing had been
    found = read_credential(put(whole, tmp_path), trust=own)
    assert found is not None and found.integrity == "exact" and found.signer == "own"


@pytest.fixture(scope="module")
def hostile(authority, tmp_path_factory):
    """Files signed with hostile words, what the listener that they name counted, and their results."""
    folder = tmp_path_factory.mktemp("hostile")
    plain = write_file(folder / "plain.jpg")
    with Listener() as listener, fuzz.guarded() as tries:
        made = list(_hostile_definitions(authority, listener.url))
        results = []
        for number, (definition, identity) in enumerate(made):
            path = folder / f"{number}.jpg"
            sdk_sign(plain, path, definition, identity, settings=QUICK)
            results.append(fuzz._check(path, folder))
        remote_signed(plain, folder / "remote.jpg", authority, listener.url)
        results.append(fuzz._check(folder / "remote.jpg", folder))
        yield results, listener, tries


def _hostile_definitions(authority, address: str):
    for kind, text in hostile_texts(address).items():
        if not kind.startswith("very"):
            yield dict(definitions(text))["everything"], authority
    for kind in ("script", "terminal", "bidirectional", "markup"):
        yield deep_definition(1), hostile_identity(hostile_texts(address)[kind], address)
    yield deep_definition(50), authority
    yield many_definition(1000), authority
    yield dict(definitions("A" * 900_000))["title"], authority


def test_hostile_words_are_short_and_visible(hostile):
    results, _, _ = hostile
    assert sum(result.credential is not None for result in results) == len(results)
    for result in results:
        assert fuzz.faults_of(result.credential) == []
    assert fuzz.printed_defects(results) == []


def test_nobody_is_asked(hostile):
    results, listener, tries = hostile
    assert results[-1].credential.remote_url == listener.url
    assert (listener.connections, tries) == (0, [])


def test_no_script_runs(hostile, tmp_path):
    results, listener, _ = hostile
    if not any(map(fuzz.shutil.which, fuzz.BROWSERS)):
        pytest.skip("no browser here to open the page in")
    seen = fuzz.run_in_browser(fuzz.page_of(results), Path(tmp_path))
    assert seen["defects"] == [] and seen["scripts_run"] == 0
    assert listener.connections == 0
