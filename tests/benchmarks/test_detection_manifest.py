"""The audit's manifest: what is read, what is refused and how."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.detection.__main__ import main
from benchmarks.detection.manifest import drawn, read_manifest
from pipeline.errors import UsageError


def manifest(folder: Path, text: str) -> Path:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (folder / name).write_bytes(b"x")
    path = folder / "clips.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_labels_are_read_in_every_spelling_and_paths_from_the_folder(tmp_path: Path) -> None:
    text = "Path, Label ,source\na.mp4,generated,sora\nb.mp4,0,phone\nc.mp4,REAL,phone\n"
    entries = read_manifest(manifest(tmp_path, text))
    assert [(e.path.name, e.label, e.source, e.origin) for e in entries] == [
        ("a.mp4", 1, "sora", "sora"),
        ("b.mp4", 0, "phone", "phone"),
        ("c.mp4", 0, "phone", "phone"),
    ]
    assert entries[0].path == tmp_path / "a.mp4"
    assert [e.kind for e in entries] == ["ai", "real", "real"]


def test_origins_are_taken_where_there_are_any(tmp_path: Path) -> None:
    entries = read_manifest(manifest(tmp_path, "path,label,source,origin\na.mp4,ai,s,page\nb.mp4,real,p,\n"))
    assert [e.origin for e in entries] == ["page", "p"]


def test_a_column_kind_stands_in_and_other_kinds_are_left_out(tmp_path: Path) -> None:
    entries = read_manifest(manifest(tmp_path, "path,kind,source\na.mp4,ai,s\nb.mp4,real,p\nc.wav,sfx,q\n"))
    assert len(entries) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,source\na.mp4,s\n", "no column label"),
        ("label,source\nai,s\n", "no column path"),
        ("", "no column"),
        ("path,label,source\na.mp4,maybe,s\nb.mp4,real,p\n", "line 2: the label 'maybe'"),
        ("path,label,source\na.mp4,ai,s\nlost.mp4,real,p\n", "line 3: there is no file"),
        ("path,label,source\na.mp4,ai,\nb.mp4,real,p\n", "line 2: the path or the source is empty"),
        ("path,label,source\na.mp4,ai\nb.mp4,real,p\n", "line 2: the path or the source is empty"),
        ("path,label,source\na.mp4,ai,s\nb.mp4,ai,s\n", "both labels"),
        ("path,label,source\na.mp4,ai,s\na.mp4,real,s\n", "twice"),
        ("path,label,source\n", "both labels"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence_and_ends_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    path = manifest(tmp_path, text)
    with pytest.raises(UsageError, match=said):
        read_manifest(path)
    assert main(["--manifest", str(path), "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and said in err and err.count("\n") == 1


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clips.csv"
    with pytest.raises(UsageError, match="cannot be read"):
        read_manifest(path)
    path.write_bytes(b"path,label,source\n\xff\xfe\x00")
    with pytest.raises(UsageError, match="UTF-8"):
        read_manifest(path)


def test_clips_are_drawn_evenly_from_labels_origins_and_sources(tmp_path: Path) -> None:
    rows = ["path,label,source,origin"]
    for name, label, source, origin, count in (
        ("big", "ai", "sora", "page", 6),
        ("second", "ai", "veo", "page", 2),
        ("other", "ai", "svd", "site", 1),
        ("cam", "real", "phone", "shop", 9),
    ):
        for number in range(count):
            (tmp_path / f"{name}{number}.mp4").write_bytes(b"x")
            rows.append(f"{name}{number}.mp4,{label},{source},{origin}")
    entries = read_manifest(manifest(tmp_path, "\n".join(rows) + "\n"))
    chosen = drawn(entries, 6)
    assert [e.source for e in chosen if e.label] == ["sora", "veo", "svd"]
    assert sum(e.label == 0 for e in chosen) == 3
    assert drawn(entries, 0) == entries == drawn(entries, 99)
