"""Credentials: would a conformance programme pass them, does another verifier agree, is every change noticed?

    python -m benchmarks.credentials [--sizes 1,50,500] [--json]

Every format that can be signed, inside and beside the file. The rubric is held against the SDK's crJSON report. The
other verifier is encypher-c2pa, which has a parser of its own; both trust the same root and nothing else, and work
offline. A tampering is caught when the file is not read as unchanged and signed by whom we trust, or when a time stamp
no longer counts. Changes that the specification leaves out of every hash are counted apart. Beside each figure stands
the same of the SDK as it comes, with a manifest as short as it lets one be. Last: what signing and reading cost.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import note, show
from benchmarks.credential_files import write_file
from benchmarks.credential_forgeries import forgeries, stamp_forgeries
from benchmarks.credential_signing import SDK_DEFAULT, sdk_sign, sign
from benchmarks.credential_speed import speeds
from benchmarks.credential_tampering import SignedFile, Tampering, tamperings
from benchmarks.credential_verdicts import our_word, put, their_word
from benchmarks.listener import Listener
from benchmarks.local_tsa import LocalTsa
from pipeline.provenance.formats import SIGNABLE, media_type
from pipeline.provenance.rubric import RubricResult, evaluate, evaluate_integrity
from pipeline.provenance.trust.lists import Trust, TrustList

if TYPE_CHECKING:
    from pipeline.provenance.signing.identity import SigningIdentity

ORGANISATION = "Test Studio"
# no place inside: a sidecar. The other verifier does not know the first two kinds of file
BESIDE = (".mkv", ".ts", ".mp4", ".wav", ".jpg")
STAMPED = (".mp4", ".jpg", ".wav")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="1,50,500", metavar="MB,..", help="files for speed and memory; empty: none")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        figures = measure(Path(folder), [int(one) for one in arguments.sizes.split(",") if one])
    if arguments.json:
        print(json.dumps(figures, indent=2))
    else:
        _print(figures)


def measure(folder: Path, sizes_mb: list[int]) -> dict[str, Any]:
    """Every figure."""
    from pipeline.provenance.signing.authority import init_authority

    identity = init_authority(folder / "keys", organisation=ORGANISATION)
    stranger = init_authority(folder / "stranger", organisation=ORGANISATION)
    trust = Trust(own_pem=identity.root_pem)
    note("signing every format ...")
    signed = list(_signed(folder, identity))
    formats = [_format(file, folder, trust, identity) for file in signed]
    note("tampering ...")
    tried = [_try(one, folder, trust) for file in signed for one in tamperings(file)]
    tried += [_try(one, folder, trust) for one in forgeries(folder, identity, stranger)]
    tried += _stamps(folder, identity)
    figures = _summary(formats, tried)
    figures |= _network(folder, identity, trust)
    return figures | {
        "formats": formats,
        "tamperings": _by_kind(tried),
        "speed": speeds(sizes_mb, folder / "keys", folder),
    }


# ---------------------------------------------------------------- formats
def _signed(folder: Path, identity: SigningIdentity) -> Iterator[SignedFile]:
    for suffix in SIGNABLE:
        yield sign(write_file(folder / f"file{suffix}"), identity)
    for suffix in BESIDE:
        yield sign(write_file(folder / f"file{suffix}"), identity, sidecar=True)


def _format(file: SignedFile, folder: Path, trust: Trust, identity: SigningIdentity) -> dict[str, Any]:
    report = _report(file, folder, trust)
    word, axes, _ = our_word(file, folder, trust)
    try:
        theirs: str | None = their_word(file, trust)[0]
    except LookupError:
        theirs = None
    row = {
        "format": file.suffix + (" and sidecar" if file.is_beside else ""),
        "rubric": _passed(evaluate(report)),
        "integrity": _passed(evaluate_integrity(report)),
        "ours": word,
        "axes": axes,
        "theirs": theirs,
    }
    if file.is_beside:
        return row
    default = folder / f"default{file.suffix}"
    sdk_sign(folder / f"file{file.suffix}", default, SDK_DEFAULT, identity)
    return row | {
        "sdk_rubric": _passed(evaluate(_report(SignedFile(file.suffix, default.read_bytes(), b""), folder, trust)))
    }


def _passed(results: tuple[RubricResult, ...]) -> int:
    return sum(one.passed for one in results)


def _report(file: SignedFile, folder: Path, trust: Trust) -> dict[str, Any]:
    """The SDK's crJSON report."""
    import c2pa

    from pipeline.provenance.reading.reader import verifier_settings

    path = put(file, folder)
    context = c2pa.Context(c2pa.Settings.from_dict(verifier_settings(trust)))
    beside = file.store if file.is_beside else None
    with context, path.open("rb") as data, c2pa.Reader(media_type(path), data, beside, context=context) as reader:
        return json.loads(reader.crjson())


# ------------------------------------------------------------- tamperings
def _try(one: Tampering, folder: Path, trust: Trust) -> dict[str, Any]:
    ours, axes, _ = our_word(one.file, folder, trust)
    try:
        theirs: str | None = their_word(one.file, trust)[0]
    except LookupError:
        theirs = None
    return {
        "format": one.file.suffix,
        "kind": one.kind,
        "name": one.name,
        "is_covered": one.is_covered,
        "caught": ours != "trusted",
        "axes": axes,
        "caught_by_them": None if theirs is None else theirs != "trusted",
        "agreed": theirs is None or ours == theirs,
    }


def _stamps(folder: Path, identity: SigningIdentity) -> list[dict[str, Any]]:
    """Mangled time stamps: the signature stays good, but the time may not count any more."""
    found = []
    with LocalTsa() as authority:
        known = TrustList("time stamps", "2026-01-01", authority.root_pem, "tsa")
        trust = Trust(own_pem=identity.root_pem, lists=(known,))
        for suffix in STAMPED:
            for one in stamp_forgeries(write_file(folder / f"time{suffix}"), identity, authority.url):
                ours, axes, time = our_word(one.file, folder, trust)
                theirs, report = their_word(one.file, trust, stamps_pem=authority.root_pem)
                codes = {line["code"] for line in report["validation_results"]["success"]}
                words = [(ours, time == "trusted"), (theirs, "timeStamp.trusted" in codes)]
                found.append(
                    {
                        "format": suffix,
                        "kind": one.kind,
                        "name": one.name,
                        "is_covered": one.is_covered,
                        "caught": words[0] != ("trusted", True),
                        "axes": f"{axes}, time {time}",
                        "caught_by_them": words[1] != ("trusted", True),
                        "agreed": words[0] == words[1],
                    }
                )
    # as it was stamped it has to count, or the rest would say nothing
    assert not any(one["caught"] for one in found if not one["is_covered"]), found
    return [one for one in found if one["is_covered"]]


def _by_kind(tried: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows: dict[tuple[str, bool], Counter[str]] = {}
    for one in tried:
        counter = rows.setdefault((one["kind"], one["is_covered"]), Counter())
        known = one["caught_by_them"] is not None
        counter.update(
            tried=1, caught=one["caught"], judged_by_them=known, caught_by_them=bool(one["caught_by_them"]),
            disagreed=not one["agreed"],
        )  # fmt: skip
    return [{"kind": kind, "is_covered": covered, **counter} for (kind, covered), counter in rows.items()]


def _summary(formats: list[dict[str, Any]], tried: list[dict[str, Any]]) -> dict[str, Any]:
    covered = [one for one in tried if one["is_covered"]]
    rest = [one for one in tried if not one["is_covered"]]
    judged = [one for one in formats if one["theirs"] is not None]
    apart = [one for one in covered if not one["agreed"]] + [one for one in judged if one["ours"] != one["theirs"]]
    missed = [one for one in covered if not one["caught"]]
    return {
        # of the worst file
        "rubric_passed": min(one["rubric"] for one in formats),
        "rubric_total": len(evaluate({})),
        "integrity_passed": min(one["integrity"] for one in formats),
        "integrity_total": len(evaluate_integrity({})),
        "sdk_rubric_passed": min(one["sdk_rubric"] for one in formats if "sdk_rubric" in one),
        "signed": len(formats),
        "signed_judged_by_both": len(judged),
        "verifier_disagreements": len(apart),
        # where no hash reaches, one verifier may look at what another leaves alone
        "verifier_disagreements_not_covered": sum(not one["agreed"] for one in rest),
        "tampered": len(covered),
        "tampered_caught": len(covered) - len(missed),
        "tampered_judged_by_both": sum(one["caught_by_them"] is not None for one in covered),
        "tampered_caught_by_other": sum(one["caught_by_them"] is True for one in covered),
        "not_covered": len(rest),
        "not_covered_seen": sum(one["caught"] for one in rest),
        "not_covered_seen_by_other": sum(one["caught_by_them"] is True for one in rest),
        "disagreements": apart,
        "missed": missed,
    }


# ---------------------------------------------------------------- network
def _network(folder: Path, identity: SigningIdentity, trust: Trust) -> dict[str, int]:
    """Who fetches credentials from an address that a file names: connections by the SDK as it comes, and by ours."""
    import c2pa

    from pipeline.provenance.reading.reader import read_credential

    path = folder / "remote.jpg"
    counts = []
    with Listener() as listener:
        remote_signed(write_file(folder / "plain.jpg"), path, identity, listener.url)
        read_credential(path, trust=trust)
        counts.append(listener.connections)
        try:
            c2pa.Reader(str(path)).close()
        except c2pa.C2paError:
            # nothing is there to be fetched
            counts.append(listener.connections - counts[0])
    return {"connections": counts[0], "sdk_connections": counts[1]}


def remote_signed(source: Path, destination: Path, identity: SigningIdentity, url: str) -> None:
    """A copy that only names an address for its credentials."""
    import c2pa

    with (
        c2pa.Builder(SDK_DEFAULT) as builder,
        c2pa.Signer.from_callback(identity.sign, c2pa.C2paSigningAlg.ES256, identity.chain_pem, None) as signer,
        source.open("rb") as unsigned,
        destination.open("w+b") as signed,
    ):
        builder.set_no_embed()
        builder.set_remote_url(url)
        builder.sign(signer, SIGNABLE[source.suffix], unsigned, signed)


# --------------------------------------------------------------- printing
def _print(figures: dict[str, Any]) -> None:
    show({name: one for name, one in figures.items() if not isinstance(one, list)}, as_json=False)
    for name in ("formats", "tamperings", "speed", "disagreements", "missed"):
        rows = figures[name]
        print(f"\n{name}: {len(rows)}")
        if rows:
            _table(rows)


def _table(rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
