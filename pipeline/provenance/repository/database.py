"""The database under the repository: SQLite or PostgreSQL, opened, brought up to date, and asked in transactions.

A transaction that fails for reasons that pass (another writer, a lost connection, a restarted server) is run again
from its beginning. So what runs in one has to come to the same end when it had gone through after all.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from pipeline.errors import CredentialError, UsageError
from pipeline.files import ensure_folder
from pipeline.provenance.repository.schema import NEWEST

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
# a writer waits this long for the writers before it
BUSY_S = 30
# 0.05 s, doubled to 2 s: together about 15 s, which a PostgreSQL restart takes
TRIES = 12
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
# PostgreSQL documentation, appendix A: serialization failure, deadlock, lock not available, shutdown of the server and
# what it says while it starts; class 08 is lost connections
PASSING_STATES = {"40001", "40P01", "55P03", "57P01", "57P02", "57P03"}
# any number, the same for all Foleymarks: whoever holds it migrates
MIGRATION_LOCK = 0x0F01E7A2
MIGRATIONS = Path(__file__).with_name("migrations")
REFUSED_CHARACTERS = re.compile(r"[\x00-\x1f]")


class Database:
    """A connection pool with transactions that are tried again; one for a process, safe between threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._process = os.getpid()

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        """Where it is, without the password."""
        return self._engine.url.render_as_string(hide_password=True)

    def read(self, work: Callable[[sa.Connection], Answer]) -> Answer:
        """Run `work` on one state of the database, whatever is written meanwhile."""
        return self._run(work, writes=False)

    def write(self, work: Callable[[sa.Connection], Answer]) -> Answer:
        """Run `work` and keep what it wrote, all of it or, when it raises, nothing."""
        return self._run(work, writes=True)

    def close(self) -> None:
        self._engine.dispose()

    def _run(self, work: Callable[[sa.Connection], Answer], *, writes: bool) -> Answer:
        self._leave_parents_connections()
        for count in range(TRIES):
            try:
                return self._once(work, writes=writes)
            except sa.exc.DBAPIError as error:
                if not passes(error) or count == TRIES - 1:
                    raise _plain(error, self.name) from error
                logger.info("the repository is tried again: %s", type(error.orig).__name__)
            # unlike pauses, or those who met once meet again
            time.sleep(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**count) * random.uniform(0.5, 1.0))
        raise AssertionError("the last try returns or raises")

    def _once(self, work: Callable[[sa.Connection], Answer], *, writes: bool) -> Answer:
        with self._engine.connect() as connection:
            # READ COMMITTED with row locks for writers: after waiting they go on from what the other one wrote
            level = {} if self.is_sqlite else {"isolation_level": "READ COMMITTED" if writes else "REPEATABLE READ"}
            connection = connection.execution_options(foleymark_writes=writes, **level)
            with connection.begin():
                return work(connection)

    def _leave_parents_connections(self) -> None:
        # a connection that was open when the process forked belongs to the parent
        if self._process != os.getpid():
            self._engine.dispose(close=False)
            self._process = os.getpid()


# ---------------------------------------------------------------- opening
def open_database(address: str, *, create: bool = True, schema: str = NEWEST) -> Database:
    """Open a database and bring its schema up to date.

    Parameters
    ----------
    address : str
        A path, or an SQLAlchemy address of SQLite or PostgreSQL.
    create : bool
        Make an SQLite file that is missing.
    schema : str
        Which version to bring it to; an older one for tests.

    Raises
    ------
    UsageError
        The address cannot be one.
    CredentialError
        The database cannot be reached, is none of ours, or was written by a newer version.
    """
    url = address_of(address)
    if url.get_backend_name() == "sqlite":
        _prepare_file(url, create=create)
    database = Database(_engine(url))
    try:
        bring_up_to_date(database, to=schema)
    except BaseException:
        database.close()
        raise
    return database


def address_of(text: str) -> URL:
    """What an address means; a plain path is SQLite."""
    if REFUSED_CHARACTERS.search(text) or not text:
        raise UsageError("The repository's address is empty or has control characters; name a file or postgresql://...")
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser().absolute()))
    try:
        url = make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise UsageError("The repository's address is not one; write postgresql://user@host/base or a path.") from error
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+pg8000")
    known = url.drivername in ("sqlite", "postgresql+pg8000")
    if not known or (url.drivername == "sqlite" and url.database in (None, "", ":memory:")):
        raise UsageError(f"A repository is a file of SQLite or a base of PostgreSQL, not {url.drivername}://.")
    return url


def _prepare_file(url: URL, *, create: bool) -> None:
    path = Path(str(url.database))
    if path.is_file():
        return
    if not create:
        raise CredentialError(f"There is no repository at {path}; `foleymark run` makes one, or name another.")
    ensure_folder(path.parent)
    try:
        # it says what a studio works on: for its owner alone, like the keys; SQLite gives its journals the same rights
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise CredentialError(f"The repository {path} cannot be made ({error.strerror}); check the folder.") from error


def _engine(url: URL) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_S})
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        engine = sa.create_engine(url, pool_pre_ping=True, pool_size=4)
    except ModuleNotFoundError as error:
        raise CredentialError("PostgreSQL needs one package more: pip install 'foleymark[postgresql]'") from error
    engine.dialect.do_close = _close_whole  # type: ignore[assignment, method-assign]
    return engine


def _close_whole(connection: Any) -> None:
    """Close a connection of pg8000, which leaves the socket of a broken one open (1.31)."""
    stream = getattr(connection, "_sock", None)
    try:
        connection.close()
    finally:
        with contextlib.suppress(OSError, ValueError):
            if stream is not None:
                stream.close()


def _set_up_sqlite(connection: Any, _: Any) -> None:
    # transactions are begun below, not by the driver
    connection.isolation_level = None
    # FULL: a commit is on the disk before it is acknowledged, so a power cut loses nothing
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # a reader that turned writer midway would fail when somebody else wrote first: writers say so at once
    writes = connection.get_execution_options().get("foleymark_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# -------------------------------------------------------------- migration
def bring_up_to_date(database: Database, *, to: str = NEWEST) -> None:
    """Run the migrations that are missing, in one transaction; whoever opens at the same time waits.

    Raises
    ------
    CredentialError
        The schema is newer than this version of Foleymark, or the tables are somebody else's.
    """
    if database.read(_version) == to:
        return
    database.write(lambda connection: _migrate(connection, to))


def _version(connection: sa.Connection) -> str:
    inspector = sa.inspect(connection)
    if inspector.has_table("alembic_version"):
        return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or "")
    if inspector.has_table("manifest"):
        raise CredentialError("This database has tables of another program; name one of its own for the repository.")
    return ""


def _migrate(connection: sa.Connection, to: str) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
    here = _version(connection)
    script = ScriptDirectory(str(MIGRATIONS))
    if here and here not in {one.revision for one in script.walk_revisions()}:
        raise CredentialError(
            f"This repository has schema {here} of a newer Foleymark and this one knows {NEWEST}; update Foleymark."
        )

    def missing(revision: Any, _: Any) -> Any:
        return script._upgrade_revs(to, revision)

    with EnvironmentContext(Config(), script, fn=missing) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
    logger.info("the repository's schema went from %s to %s", here or "nothing", to)


# ----------------------------------------------------------------- errors
def passes(error: sa.exc.DBAPIError) -> bool:
    """Whether an error goes away by itself."""
    if error.connection_invalidated:
        return True
    state = _state(error)
    if state:
        return state in PASSING_STATES or state.startswith("08")
    text = str(error.orig).lower()
    # "locked" is another writer; the network's words differ from system to system, so the driver's are looked for
    return "is locked" in text or "network error" in text or "can't create a connection" in text


def _state(error: sa.exc.DBAPIError) -> str:
    said = error.orig.args[0] if error.orig and error.orig.args else None
    return str(said.get("C", "")) if isinstance(said, dict) else ""


def _plain(error: sa.exc.DBAPIError, name: str) -> CredentialError:
    said = error.orig.args[0] if error.orig and error.orig.args else ""
    reason = said.get("M", "") if isinstance(said, dict) else said
    first_line = (str(reason).strip().splitlines() or [type(error).__name__])[0]
    return CredentialError(f"The repository {name} cannot be used ({first_line[:200]}); see docs/repository.md.")
