"""Labels that a file bears unsigned: IPTC digital source types in XMP, and China's AIGC record (GB 45438-2025)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.detect.wording import plain

# XMP of an honest file nests a dozen deep and has a few hundred elements
MAX_DEPTH = 64
MAX_ELEMENTS = 20_000
MAX_TEXT_CHARS = 20_000
MAX_LABELS = 20
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SOURCE_TYPE = re.compile(r"digitalsourcetype[/:\"'>=\s]+(?:https?://[^\s\"'<]{0,80}/)?([A-Za-z]{3,60})", re.IGNORECASE)


@dataclass(frozen=True)
class Aigc:
    """China's label: whether the content is (1), may be (2) or is suspected to be (3) AI-made."""

    label: str
    # who made it, and the number under which they know it
    producer: str = ""
    produce_id: str = ""


@dataclass(frozen=True)
class Labels:
    """What a file says of its own origin, without a signature."""

    source_types: tuple[str, ...] = ()
    aigc: tuple[Aigc, ...] = ()


def labels_of(tags: Mapping[str, str], xmp: Iterable[bytes] = (), exif: Iterable[bytes] = ()) -> Labels:
    """Gather the labels of a file.

    Parameters
    ----------
    tags : mapping
        Container tags and text chunks by name.
    xmp : iterable of bytes
        XMP packets; one that is no XML, or brings a document type or entities, counts for nothing.
    exif : iterable of bytes
        EXIF blocks.
    """
    types: dict[str, None] = {}
    records: dict[Aigc, None] = {}
    for key, value in tags.items():
        types.update(dict.fromkeys(_types_in_tag(key, value)))
        if _last_name(key) == "aigc" and (record := _record(value)):
            records.setdefault(record)
    for packet in xmp:
        for name, text in properties(packet):
            if name == "digitalsourcetype" and re.fullmatch(r"[\w:/.\-]{3,120}", text):
                types.setdefault(text)
            elif name == "aigc" and (record := _record(text)):
                records.setdefault(record)
    for block in exif:
        if record := _record_in_exif(block):
            records.setdefault(record)
    return Labels(tuple(types)[:MAX_LABELS], tuple(records)[:MAX_LABELS])


def properties(packet: bytes) -> list[tuple[str, str]]:
    """Local name, in small letters, and text of every property of an XMP packet; empty when it is no plain XML.

    Parsed by expat, which refuses here what XMP never needs: document types, entities, endless depth.
    """
    from xml.parsers import expat

    found: list[tuple[str, str]] = []
    collector = _Collector(found)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    try:
        # in UTF-16 every other byte is a zero that belongs there
        is_wide = packet[:2] in (b"\xff\xfe", b"\xfe\xff")
        parser.Parse(packet if is_wide else packet.strip(b"\0 \r\n\t"), True)
    except (expat.ExpatError, _Refused, ValueError, LookupError):
        # half a packet must not count as a whole one
        return []
    return found


class _Refused(Exception):
    """XML that no XMP needs."""


def _refuse(*_: Any) -> None:
    raise _Refused


class _Collector:
    """Follows the elements; texts of list items belong to the property around the list."""

    def __init__(self, found: list[tuple[str, str]]):
        self._found = found
        self._names: list[str] = []
        self._texts: list[str] = []
        self._left = MAX_ELEMENTS

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._left -= 1
        if len(self._names) >= MAX_DEPTH or self._left < 0:
            raise _Refused
        namespace, _, local = name.rpartition(" ")
        self._names.append("" if namespace == RDF else local.lower())
        self._texts.append("")
        for key, value in attributes.items():
            space, _, short = key.rpartition(" ")
            if space != RDF:
                self._found.append((short.lower(), value[:MAX_TEXT_CHARS]))
            elif short == "resource":
                self._found.append((self._around(), value[:MAX_TEXT_CHARS]))

    def text(self, data: str) -> None:
        if self._texts and len(self._texts[-1]) < MAX_TEXT_CHARS:
            self._texts[-1] += data

    def end(self, name: str) -> None:
        text = self._texts.pop().strip()
        if text:
            self._found.append((self._around(), text))
        self._names.pop()

    def _around(self) -> str:
        return next((name for name in reversed(self._names) if name), "")


def _types_in_tag(key: str, value: str) -> Iterator[str]:
    if "digitalsourcetype" in key.lower() and re.fullmatch(r"[\w:/.\-]{3,120}", value):
        yield value
    yield from (match.group(1) for match in _SOURCE_TYPE.finditer(value))


def _last_name(key: str) -> str:
    return key.lower().rsplit(".", 1)[-1].rsplit(":", 1)[-1]


def _record(text: str) -> Aigc | None:
    whole = _json_object(text)
    record = whole.get("AIGC", whole)
    if isinstance(record, str):
        # some writers put the record into a string once more
        record = _json_object(record)
    if not isinstance(record, dict) or not isinstance(record.get("Label"), str | int):
        return None
    return Aigc(
        plain(record["Label"], limit=8),
        plain(record.get("ContentProducer", ""), limit=60),
        plain(record.get("ProduceID", ""), limit=60),
    )


def _record_in_exif(block: bytes) -> Aigc | None:
    """A record in a user comment: as UTF-8, or as UTF-16 of either order."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        at = block.find("AIGC".encode(encoding))
        if at < 0:
            continue
        step = 1 if encoding == "utf-8" else 2
        start = block.rfind("{".encode(encoding), max(0, at - 400 * step), at)
        if start >= 0 and (record := _record_at(block[start : start + 4000 * step].decode(encoding, "replace"))):
            return record
    return None


def _record_at(text: str) -> Aigc | None:
    try:
        data, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return _record(json.dumps(data)) if isinstance(data, dict) and "AIGC" in data else None


def _json_object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        # not JSON (or absurdly nested): a tag that merely shares the name
        return {}
    return data if isinstance(data, dict) else {}
