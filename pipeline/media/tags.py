"""Words that a sound file carries about itself: BWF `bext`, RIFF INFO, iXML, AIFF texts, ID3 and Vorbis comments."""

from __future__ import annotations

import html
import logging
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import UnreadableInput

logger = logging.getLogger(__name__)

MAX_TEXT = 2_000
MAX_TAGS = 100
# a file with more chunks than this is no recording
MAX_CHUNKS = 1_000
MAX_CHUNK_BYTES = 262_144
# RIFF INFO (Microsoft Multimedia Programming Interface 1.0, 1991)
_INFO = {
    b"INAM": "title",
    b"IART": "artist",
    b"ICOP": "copyright",
    b"ICMT": "comment",
    b"ISBJ": "subject",
    b"IKEY": "keywords",
    b"IGNR": "genre",
    b"IPRD": "album",
    b"ISRC": "source",
}
# AIFF 1.3 (Apple, 1989)
_AIFF = {b"NAME": "title", b"AUTH": "artist", b"(c) ": "copyright", b"ANNO": "comment"}
# EBU Tech 3285, section 2.3: description 256, originator 32, originator reference 32 bytes
_BEXT = (("description", 0, 256), ("originator", 256, 288), ("reference", 288, 320))
# elements of iXML's USER and BEXT parts that sound libraries fill in
_IXML = (
    "catid category subcategory fxname description keywords library designer source url rights license licence "
    "bwf_description bwf_originator"
)
_ELEMENT = re.compile(rf"<({'|'.join(_IXML.split())})>([^<>]{{1,{MAX_TEXT}}})</\1>", re.IGNORECASE)


def read_tags(path: Path) -> dict[str, str]:
    """Tags of a sound file by lower-case name, e.g. title, description, artist, originator, copyright, license.

    Only what stands in the file is told: nothing is guessed. A file without tags, or whose tags are damaged, gives
    what could be read.
    """
    found: dict[str, str] = {}
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:] == b"WAVE":
            for name, content in _chunks(file, "<"):
                _take(found, _of_riff(name, content))
        elif head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
            for name, content in _chunks(file, ">"):
                _take(found, {_AIFF[name]: _text(content)} if name in _AIFF else {})
    _take(found, _of_container(path))
    return found


def _chunks(file: BinaryIO, order: str) -> Iterator[tuple[bytes, bytes]]:
    # name and content of the chunks that are small enough to hold text; sound is stepped over
    for _ in range(MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = head[:4], struct.unpack(order + "I", head[4:])[0]
        begins = file.tell()
        if size <= MAX_CHUNK_BYTES and name not in (b"data", b"SSND"):
            yield name, file.read(size)
        # chunks begin on even bytes
        file.seek(begins + size + size % 2)


def _of_riff(name: bytes, content: bytes) -> dict[str, str]:
    if name == b"bext":
        return {key: _text(content[first:last]) for key, first, last in _BEXT}
    if name == b"LIST" and content[:4] == b"INFO":
        return dict(_of_info(content[4:]))
    if name == b"iXML":
        return {key.lower(): html.unescape(value) for key, value in _ELEMENT.findall(_text(content, MAX_CHUNK_BYTES))}
    return {}


def _of_info(content: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at + 8 <= len(content):
        size = struct.unpack("<I", content[at + 4 : at + 8])[0]
        if content[at : at + 4] in _INFO:
            yield _INFO[content[at : at + 4]], _text(content[at + 8 : at + 8 + size])
        at += 8 + size + size % 2


def _of_container(path: Path) -> dict[str, str]:
    # what the demuxer knows: ID3, Vorbis comments, APE; it cannot open every kind of sound file
    from pipeline.media.container import open_input

    try:
        with open_input(path) as container:
            sources = [container.metadata, *(stream.metadata for stream in container.streams.audio[:1])]
            return {str(key).lower()[:100]: str(value) for source in sources for key, value in source.items()}
    except UnreadableInput as error:
        logger.debug("no container tags: %s", error)
        return {}


def _take(found: dict[str, str], more: dict[str, str]) -> None:
    # the first to say something wins
    for key, value in more.items():
        text = _clean(value)
        if text and len(found) < MAX_TAGS:
            found.setdefault(key, text)


def _text(content: bytes, most: int = MAX_TEXT) -> str:
    content = content.split(b"\0", 1)[0][:most]
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # older recorders write the Windows code page
        return content.decode("cp1252", "replace")


def _clean(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[:MAX_TEXT]).split())
