"""Whoever changes, drops or adds anything behind the repository's back is found out."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from pipeline.provenance.repository.database import open_database


@pytest.fixture
def filled(repository, registered):
    """Three manifests; the second is hidden, the third revoked."""
    ones = [registered("ab" * 7 + f"{n:02x}") for n in range(3)]
    for one in ones:
        repository.register(one)
    repository.set_visibility(ones[1].label, "private")
    repository.revoke(ones[2].label, "withdrawn")
    return ones


def test_an_honest_chain_holds(repository, filled):
    check = repository.verify_receipts()
    assert (check.count, check.problems) == (5, ())
    receipts = list(repository.receipts())
    assert [r.action for r in receipts] == ["publish", "publish", "publish", "visibility", "revoke"]
    assert [r.previous for r in receipts] == ["", *(r.entry_hash for r in receipts[:-1])]
    assert check.head == receipts[-1].entry_hash
    assert repository.verify_receipts(head=receipts[1].entry_hash).problems == ()
    assert repository.verify_receipts(head="0" * 64).problems == (
        "The chain does not lead through the head that you kept.",
    )


TAMPERINGS = {
    "a receipt's time": "UPDATE receipt SET at = '2020-01-01T00:00:00+00:00' WHERE sequence = 2",
    "a receipt's reason": "UPDATE receipt SET detail = 'other' WHERE sequence = 5",
    "a receipt left out": "DELETE FROM receipt WHERE sequence = 2",
    "the last receipt cut off": "DELETE FROM receipt WHERE sequence = 5",
    "a receipt moved": "UPDATE receipt SET sequence = 1002 WHERE sequence = 2",
    "a manifest's bytes": "UPDATE manifest SET store = sha256_of_nothing WHERE published_as = 1",
    "a manifest's hash": "UPDATE manifest SET sha256 = 'x' WHERE published_as = 1",
    "a manifest removed": "DELETE FROM manifest WHERE published_as = 2",
    "a manifest's tenant": "UPDATE manifest SET tenant = 'other' WHERE published_as = 2",
    "a signer": "UPDATE manifest SET signer = 'x' WHERE published_as = 2",
    "a date": "UPDATE manifest SET published_at = 'x' WHERE published_as = 2",
    "a binding's value": "UPDATE binding SET value = 'ff' WHERE id = 1",
    "a binding's right": "UPDATE binding SET contested = TRUE WHERE id = 1",
    "a binding removed": "DELETE FROM binding WHERE id = 1",
    "a segment's time": "UPDATE segment SET end_s = 99 WHERE number = 1",
    "a segment removed": "DELETE FROM segment WHERE number = 3",
    "a segment nobody published": "UPDATE segment SET number = 99 WHERE number = 6",
    "a sketch": "DELETE FROM sketch",
    "shown again": "UPDATE manifest SET visibility = 'public' WHERE published_as = 2",
    "hidden": "UPDATE manifest SET visibility = 'private' WHERE published_as = 1",
    "a revocation undone": "UPDATE manifest SET revoked_at = '', revoked_reason = '' WHERE published_as = 3",
    "revoked in secret": "UPDATE manifest SET revoked_at = 'x' WHERE published_as = 1",
    "unpublished": "UPDATE manifest SET state = 'signed' WHERE published_as = 1",
    "the chain's end": "UPDATE chain SET sequence = 4",
}


def test_every_tampering_is_found(address, repository, filled):
    class UndoError(Exception):
        pass

    database = open_database(address)
    from pipeline.provenance.repository import chain

    for name, statement in TAMPERINGS.items():

        def tamper(connection: sa.Connection, statement: str = statement, name: str = name) -> None:
            text = sa.text(statement.replace("sha256_of_nothing", ":bytes"))
            values = {"bytes": b"other"} if ":bytes" in text.text else {}
            assert connection.execute(text, values).rowcount >= 1, name
            assert chain.verify(connection).problems, name
            # back to the honest state for the next one
            raise UndoError

        with pytest.raises(UndoError):
            database.write(tamper)
    database.close()
    assert repository.verify_receipts().problems == ()


def test_a_manifest_slipped_in_has_no_receipt(address, repository, filled, registered):
    one = registered()
    repository.signed(one)
    database = open_database(address)
    database.write(lambda on: on.execute(sa.text("UPDATE manifest SET state = 'published' WHERE state = 'signed'")))
    database.close()
    assert repository.verify_receipts().problems == ("4 manifests are published with 3 receipts.",)
