"""The API as a stranger's client sees it, over real sockets, on both databases."""

from __future__ import annotations

import base64
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import pytest

from pipeline.app.serve.boxes import single_manifest
from pipeline.provenance.reading.reader import read_manifest_bytes

ANSWER = {
    "type": "object",
    "required": ["matches"],
    "properties": {
        "matches": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["manifestId"],
                "properties": {
                    "manifestId": {"type": "string"},
                    "endpoint": {"type": "string"},
                    "similarityScore": {"type": "integer", "minimum": 0, "maximum": 100},
                },
                "additionalProperties": False,
            },
        }
    },
}


def b64(value_hex: str) -> str:
    return base64.b64encode(bytes.fromhex(value_hex)).decode()


def ids(response) -> list[str]:
    assert response.status_code == 200, response.text
    jsonschema.validate(response.json(), ANSWER)
    return [match["manifestId"] for match in response.json()["matches"]]


def find(served, value_hex: str, headers=None, *, alg="io.foleymark.picture.1", **params) -> list[str]:
    params = {"alg": alg, "value": b64(value_hex), **params}
    return ids(served.http.get("/v1/matches/byBinding", params=params, headers=headers))


def test_a_manifest_goes_in_and_is_found_by_its_mark(served, everything, make_store, payload):
    store = make_store(payload)
    added = served.add(store, everything)
    assert added.status_code == 200, added.text
    assert added.json()["manifestId"] == store.label
    assert find(served, payload) == [store.label]
    body = {"alg": "io.foleymark.picture.1", "value": b64(payload)}
    posted = served.http.post("/v1/matches/byBinding", json=body, params={"maxResults": 1})
    assert posted.json() == {"matches": [{"manifestId": store.label, "similarityScore": 100}]}
    fetched = served.http.get(f"/v1/manifests/{store.label}")
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "application/c2pa")
    assert fetched.content == store.data


def test_a_value_is_looked_up_under_its_own_algorithm(served, everything, make_store, payload):
    store = make_store(payload)
    served.add(store, everything)
    assert find(served, payload, alg="io.foleymark.sound.1") == []
    assert find(served, payload, alg="com.example.other.2") == []
    assert find(served, uuid.uuid4().hex[:16]) == []


def test_the_active_manifest_alone_still_holds(served, everything, make_store, payload):
    store = make_store(payload)
    served.add(store, everything)
    alone = served.http.get(f"/v1/manifests/{store.label}", params={"returnActiveManifest": "true"})
    found = read_manifest_bytes(alone.content)
    assert found is not None
    assert found.holds
    assert found.manifest_label == store.label
    assert alone.content == single_manifest(store.data, store.label)


def test_the_same_store_again_gives_the_same_receipt(served, everything, make_store, payload):
    store = make_store(payload)
    first, second = served.add(store, everything).json(), served.add(store, everything).json()
    assert first == second
    assert first["receipt"]["@type"] == "org.c2pa.manifest-receipt"
    assert "receipt" not in served.add(store, everything, returnReceipt="false").json()


def test_a_receipt_is_found_and_verified_and_not_forged(served, everything, make_store, payload):
    store, other = make_store(payload), make_store(payload)
    receipt = served.add(store, everything).json()["receipt"]
    served.add(other, everything)
    where = f"/v1/manifests/{store.label}/receipts"
    assert receipt["anchor"]["uri"] == f"{served.settings.address}{where}"
    assert served.http.get(where).json() == {**receipt, "verified": True}
    assert served.http.post(where, json=receipt).json() == {**receipt, "verified": True}

    def verdict(change, label=store.label):
        forged = json.loads(json.dumps(receipt))
        change(forged)
        answer = served.http.post(f"/v1/manifests/{label}/receipts", json=forged)
        return answer.status_code, answer.json().get("verified"), "error" in answer.json()

    assert verdict(lambda r: r["anchor"]["proof"].update(value="0" * 64)) == (200, False, True)
    assert verdict(lambda r: r["anchor"]["proof"]["entry"].update(at="1999-01-01")) == (200, False, True)
    assert verdict(lambda r: r["anchor"]["proof"].update(alg="other")) == (200, False, True)
    assert verdict(lambda r: r["repository"].update(manifestId=other.label)) == (200, False, True)
    assert verdict(lambda r: None, label=other.label) == (200, False, True)
    assert verdict(lambda r: r.update({"@type": "other"})) == (400, None, True)
    assert verdict(lambda r: r.pop("anchor")) == (400, None, True)


def test_only_signed_bindings_can_be_bound(served, everything, make_store, payload):
    store, claimed = make_store(payload), uuid.uuid4().hex[:16]
    served.add(store, everything)

    def bind(method, value, label=store.label, **more):
        body = {"bindingValue": b64(value), "manifestId": label, **more}
        return served.http.request(method, "/v1/bindings", json=body, headers=everything).status_code

    for method in ("POST", "PUT"):
        assert bind(method, payload) == 204
        assert bind(method, payload, alg="io.foleymark.picture.1") == 204
        assert bind(method, payload, alg="io.foleymark.sound.1") == 403
        assert bind(method, claimed) == 403
        assert bind(method, payload, label="urn:c2pa:nobody") == 404
    assert find(served, claimed) == []


def test_a_borrowed_mark_does_not_outrank_its_holder(serve, make_store, payload, stranger):
    served = serve(signers="any")
    writer = served.token("write")
    mine, theirs = make_store(payload), make_store(payload, by=stranger)
    for store in (mine, theirs):
        assert served.add(store, writer).status_code == 200
    query = {"alg": "io.foleymark.picture.1", "value": b64(payload)}
    matches = served.http.get("/v1/matches/byBinding", params=query).json()["matches"]
    assert matches == [{"manifestId": mine.label, "similarityScore": 100}, {"manifestId": theirs.label}]
    assert find(served, payload, maxResults=1) == [mine.label]


def chain_length(served, headers) -> int:
    chain = served.http.get("/v1/admin/receipts", headers=headers).json()
    assert chain["problems"] == []
    return chain["count"]


def test_revoked_deleted_and_private_manifests(served, everything, make_store, payload):
    before = chain_length(served, everything)
    revoked, deleted, private = (make_store(payload, title=name) for name in ("revoked", "deleted", "private"))
    for store in (revoked, deleted, private):
        assert served.add(store, everything).status_code == 200
    reason = {"reason": "<b>signed</b> by mistake"}
    assert (
        served.http.post(f"/v1/manifests/{revoked.label}/revocation", json=reason, headers=everything).status_code
        == 204
    )
    assert served.http.delete(f"/v1/manifests/{deleted.label}", headers=everything).status_code == 204
    hidden = served.http.put(
        f"/v1/manifests/{private.label}/visibility", json={"visibility": "private"}, headers=everything
    )
    assert hidden.status_code == 204
    gone = served.http.get(f"/v1/manifests/{revoked.label}")
    assert gone.status_code == 410
    assert "by mistake" in gone.json()["error"]
    for headers in (None, everything):
        assert served.http.get(f"/v1/manifests/{deleted.label}", headers=headers).status_code == 404
    assert served.http.get(f"/v1/manifests/{private.label}").status_code == 404
    assert served.http.get(f"/v1/manifests/{private.label}/receipts").status_code == 404
    assert served.http.get(f"/v1/manifests/{private.label}", headers=everything).content == private.data
    assert find(served, payload) == []
    assert find(served, payload, everything) == [private.label]
    for store in (revoked, deleted):
        assert served.add(store, everything).status_code == 409
    shown = served.http.put(
        f"/v1/manifests/{private.label}/visibility", json={"visibility": "public"}, headers=everything
    )
    assert shown.status_code == 204
    assert find(served, payload) == [private.label]
    assert chain_length(served, everything) == before + 8


def test_a_manifest_can_be_private_from_the_start(served, everything, make_store, payload):
    store = make_store(payload)
    assert served.add(store, everything, visibility="private").status_code == 200
    assert served.http.get(f"/v1/manifests/{store.label}").status_code == 404
    assert served.http.get(f"/v1/manifests/{store.label}", headers=everything).status_code == 200
    assert find(served, payload) == []
    assert served.add(make_store(payload), everything, visibility="secret").status_code == 400


def test_one_tenant_does_not_touch_what_another_one_added(served, make_store, payload):
    north, south = (served.token("read", "write", "revoke", tenant=name) for name in ("north", "south"))
    store = make_store(payload)
    served.add(store, north)
    path = f"/v1/manifests/{store.label}"
    body = {"bindingValue": b64(payload), "manifestId": store.label}
    assert served.http.delete(path, headers=south).status_code == 403
    assert served.http.post(f"{path}/revocation", json={"reason": "x"}, headers=south).status_code == 403
    assert served.http.put(f"{path}/visibility", json={"visibility": "private"}, headers=south).status_code == 403
    assert served.http.post("/v1/bindings", json=body, headers=south).status_code == 403
    served.http.put(f"{path}/visibility", json={"visibility": "private"}, headers=north)
    assert served.http.delete(path, headers=south).status_code == 404
    assert served.http.get(path, headers=south).status_code == 404
    assert served.http.get(path, headers=north).status_code == 200
    assert find(served, payload, south) == []


def test_many_at_once(served, everything, make_store, payload):
    stores = [make_store(payload) for _ in range(6)]
    same = make_store(payload)
    before = chain_length(served, everything)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda one: served.add(one, everything), [*stores, *[same] * 4]))
        found = list(pool.map(lambda _: len(find(served, payload)), range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers[6:]}) == 1
    assert set(found) == {7}
    assert chain_length(served, everything) == before + 7


@pytest.mark.parametrize("name", ["supportedAlgorithms", "status", "capabilities"])
def test_the_server_says_what_it_is(serve_once, name):
    answer = serve_once.http.get(f"/v1/services/{name}").json()
    expected = {
        "supportedAlgorithms": {
            "watermarks": [{"alg": "io.foleymark.picture.1"}, {"alg": "io.foleymark.sound.1"}],
            "fingerprints": [{"alg": "io.iscc.v0"}],
        },
        "status": {"status": "ok", "timestamp": answer.get("timestamp")},
        "capabilities": {
            "c2paSpecificationVersion": "2.4.0",
            "supportedCapabilities": ["queryByContent", "storeManifests", "storeBindings"],
        },
    }
    assert answer == expected[name]


def test_it_can_be_discovered(serve):
    served = serve(public_url="https://c2pa.example.org")
    assert served.http.get("/.well-known/c2pa-soft-binding-resolution").json() == {
        "apiEndpoint": "https://c2pa.example.org/v1",
        "c2paSpecificationVersion": "2.4.0",
        "capabilitiesEndpoint": "https://c2pa.example.org/v1/services/capabilities",
        "statusEndpoint": "https://c2pa.example.org/v1/services/status",
    }


def test_by_reference_is_off_and_said_to_be(serve_once):
    served = serve_once
    body = {"referenceUrl": "http://169.254.169.254/", "assetLength": 10}
    assert served.http.post("/v1/matches/byReference", json=body).status_code == 501
    capabilities = served.http.get("/v1/services/capabilities").json()["supportedCapabilities"]
    assert "queryByReference" not in capabilities


def test_the_openapi_document_holds_together(serve_once):
    document = serve_once.http.get("/v1/openapi.json").json()
    assert document["info"]["version"] == "2.4.0"
    assert document["openapi"].startswith("3.1")
    operations = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if "foleymark" not in operation["tags"]
    }
    # as C2PA's own document names them
    assert {"queryByBinding", "queryByLargeBinding", "getManifestById", "getSupportedBindings"} <= operations
    assert {"getServiceStatus", "getServiceCapabilities", "getWellKnown"} <= operations
    text = json.dumps(document)
    assert "422" not in text
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}:
        assert reference in document["components"]["schemas"]
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
