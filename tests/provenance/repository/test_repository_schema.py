"""The schema: made by migrations, brought up to date with its data, and never mistaken for another program's."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.repository import manifests, open_repository
from pipeline.provenance.repository.database import MIGRATIONS, address_of, open_database
from pipeline.provenance.repository.schema import NEWEST, tables


def test_the_migrations_lead_to_the_tables_the_code_knows(address):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == NEWEST
    database = open_database(address)
    context = {"compare_type": True, "compare_server_default": True}
    differences = database.read(
        lambda on: compare_metadata(MigrationContext.configure(on, opts=context), tables().metadata)
    )
    database.close()
    assert differences == []


def test_a_repository_of_version_1_is_upgraded_with_all_it_holds(address, registered, payload):
    old = open_database(address, schema="0001")
    ones = [registered(payload), registered(payload, segments=3)]
    jobs = ((payload, "published", ones[0].label), ("1" * 16, "signed", None))
    for one in ones:
        old.write(lambda on, one=one: manifests.keep(on, one, signer="somebody"))
        old.write(lambda on, one=one: manifests.publish(on, one.label))
    for name, state, label in jobs:
        row = {"payload": name, "state": state, "label": label}
        text = sa.text("INSERT INTO reservation VALUES (:payload, 'job', :state, :label, 7.0, 8.0)")
        old.write(lambda on, text=text, row=row: on.execute(text, row))
    old.close()

    with open_repository(address) as repository:
        found = repository.by_binding("io.foleymark.picture.1", payload)
        assert [(m.label, m.store) for m in found] == [(one.label, one.store) for one in reversed(ones)]
        assert [row.number for row in repository.segments()] == [1, 2, 3, 4, 5]
        assert repository.verify_receipts().problems == ()
        # what was published counts as delivered, what was under way goes on
        assert repository.reserved_for("job") == "1" * 16
        assert repository.sweep(0).undelivered == ()
    database = open_database(address)
    rows = database.read(lambda on: on.execute(sa.text("SELECT payload, delivered_s FROM reservation")).all())
    database.close()
    assert [tuple(row) for row in rows] == [(payload, 8.0)]


OPEN = "import sys; from pipeline.provenance.repository import open_repository; open_repository(sys.argv[1]).close()"


def test_many_may_open_a_new_repository_at_once(address):
    waiting = [subprocess.Popen([sys.executable, "-W", "error", "-c", OPEN, address]) for _ in range(3)]
    assert [one.wait(timeout=60) for one in waiting] == [0] * 3


def test_a_newer_repository_is_left_alone(address):
    database = open_database(address)
    database.write(lambda on: on.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    database.close()
    with pytest.raises(CredentialError, match="newer Foleymark"):
        open_repository(address)


def test_tables_of_another_program_are_left_alone(tmp_path):
    import sqlite3

    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE manifest (x)")
    other.close()
    with pytest.raises(CredentialError, match="another program"):
        open_repository(str(path))
    path = tmp_path / "text.db"
    path.write_text("this is no database, but it is long enough to be looked at as one" * 20)
    with pytest.raises(CredentialError, match="not a database"):
        open_repository(str(path))


def test_sqlite_is_private_durable_and_shared(tmp_path):
    path = tmp_path / "new" / "repository.db"
    with pytest.raises(CredentialError, match="no repository"):
        open_repository(str(path), create=False)
    database = open_database(f"sqlite:///{path}")
    pragmas = {
        name: database.read(lambda on, name=name: on.execute(sa.text(f"PRAGMA {name}")).scalar())
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    }
    # 2: FULL
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    for one in Path(path.parent).iterdir():
        assert stat.S_IMODE(one.stat().st_mode) == 0o600, one
    database.close()


@pytest.mark.parametrize(
    "wrong", ["", "mysql://u:secret@h/b", "sqlite://", "sqlite:///:memory:", "a\x00b", "postgresql://[::"]
)
def test_what_is_no_address_is_refused_without_repeating_its_password(wrong):
    with pytest.raises(UsageError) as refused:
        address_of(wrong)
    assert "secret" not in str(refused.value)


def test_a_server_that_is_not_there_is_named_without_password(monkeypatch):
    from pipeline.provenance.repository import database

    monkeypatch.setattr(database, "TRIES", 2)
    with pytest.raises(CredentialError) as refused:
        open_repository("postgresql://me:secret@127.0.0.1:1/base")
    assert "secret" not in str(refused.value) and "127.0.0.1:1" in str(refused.value)
