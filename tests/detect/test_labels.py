"""Unsigned labels: source types in XMP in every spelling, China's record wherever it is put, and hostile XML."""

from __future__ import annotations

import json
import time

import pytest

from pipeline.detect import container
from pipeline.detect.labels import Aigc, Labels, labels_of, properties
from pipeline.detect.verdict import judge

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
AI = IPTC + "trainedAlgorithmicMedia"
RECORD = {"Label": "1", "ContentProducer": "A Maker", "ProduceID": "77"}
SPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:T="http://www.tc260.org.cn/ns/AIGC/1.0/"'
)


def xmp(inside: str, attributes: str = "") -> bytes:
    description = f'<rdf:Description rdf:about="" {SPACES} {attributes}>{inside}</rdf:Description>'
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {SPACES}>{description}</rdf:RDF></x:xmpmeta>'.encode()


@pytest.mark.parametrize(
    "packet",
    [
        xmp(f"<e:DigitalSourceType>{AI}</e:DigitalSourceType>"),
        xmp(f'<e:DigitalSourceType rdf:resource="{AI}"/>'),
        xmp("", f'e:DigitalSourceType="{AI}"'),
        xmp(f"<e:DigitalSourceType><rdf:Bag><rdf:li>{AI}</rdf:li></rdf:Bag></e:DigitalSourceType>"),
        b'<?xpacket begin="" id="x"?>' + xmp("", f'e:DigitalSourceType="{AI}"') + b" " * 2000 + b'<?xpacket end="w"?>',
        b"\xef\xbb\xbf" + xmp("", f'e:DigitalSourceType="{AI}"'),
        xmp("", f'e:DigitalSourceType="{AI}"').decode().encode("utf-16"),
    ],
)
def test_source_type_in_every_spelling(packet):
    labels = labels_of({}, [packet])
    assert labels.source_types == (AI,)
    found = container.declaration(None, labels)
    assert found is not None and found.raw == {"declares_ai": 1.0} and "not signed" in found.reason


@pytest.mark.parametrize(
    "labels",
    [
        labels_of({"AIGC": json.dumps(RECORD)}),
        labels_of({"com.x.aigc": json.dumps({"AIGC": RECORD})}),
        labels_of({}, [xmp(f"<T:AIGC>{json.dumps(RECORD)}</T:AIGC>")]),
        labels_of({}, [xmp("", f"T:AIGC='{json.dumps(RECORD)}'")]),
        labels_of({}, [], [b"II*\0 ASCII\0\0\0" + json.dumps({"AIGC": RECORD}).encode() + b"\0more"]),
        labels_of({}, [], [b"MM\0*UNICODE\0" + json.dumps({"AIGC": RECORD}).encode("utf-16-le")]),
        labels_of({"AIGC": json.dumps({"AIGC": json.dumps(RECORD)})}),
        labels_of({"AIGC": json.dumps({**RECORD, "Label": 1})}),
    ],
)
def test_chinas_record_wherever_it_is(labels):
    assert labels.aigc == (Aigc("1", "A Maker", "77"),)
    found = container.declaration(None, labels)
    assert found is not None and "mandatory label for AI-made content, by A Maker" in found.sentence


def test_weaker_labels_are_hints():
    labels = Labels((IPTC + "digitalCapture",), (Aigc("3"),))
    assert container.declaration(None, labels) is None
    text = " ".join(one.sentence for one in container.hints(None, labels))
    assert "suspected to be AI-made" in text and "captured by a camera" in text


def test_a_still_with_a_label_is_declared():
    verdict = judge(credential=None, clip=None, labels=Labels((AI,)))
    assert verdict.name == "declared_ai"
    assert judge(credential=None, clip=None, labels=Labels()).name == "inconclusive"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"<",
        b"\0" * 100,
        b"<a>" * 100_000,
        f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]><x>&l9;</x>'.encode(),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b"<x>&undefined;</x>",
        b'<?xml version="1.0" encoding="nonsense"?><x/>',
        xmp("<e:DigitalSourceType>x</e:DigitalSourceType>")[:-20],
        xmp("<e:a/>" * 30_000),
        xmp("<e:DigitalSourceType>" + "x" * 500_000 + "</e:DigitalSourceType>"),
    ],
)
def test_hostile_xml_counts_for_nothing_and_soon(packet):
    began = time.process_time()
    assert labels_of({}, [packet]) == Labels()
    assert time.process_time() - began < 2


def test_entities_are_never_put_in():
    document_type = b'<!DOCTYPE x [<!ENTITY e "trainedAlgorithmicMedia">]>'
    assert properties(document_type + b"<x><DigitalSourceType>&e;</DigitalSourceType></x>") == []


@pytest.mark.parametrize(
    "text", ["[" * 5000, "{", '"AIGC"', '{"AIGC": [1]}', '{"AIGC": {}}', '{"Label": ["1"]}', "null"]
)
def test_what_is_no_record(text):
    assert labels_of({"AIGC": text}, [], [text.encode(), b'{"AIGC": ' * 500]) == Labels()


def test_record_texts_are_cleaned():
    nasty = {"Label": "1", "ContentProducer": "\u202eevil\x1b[2J" + "x" * 500}
    [record] = labels_of({"AIGC": json.dumps(nasty)}).aigc
    assert record.producer.isprintable() and len(record.producer) <= 60
