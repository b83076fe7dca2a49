"""Troubles that pass are waited for: other writers, deadlocks, lost connections, a server that is restarted."""

from __future__ import annotations

import os
import sqlite3
import threading

import sqlalchemy as sa

from benchmarks.repository import stress
from pipeline.provenance.repository import open_repository
from pipeline.provenance.repository.database import open_database


def test_a_writer_waits_for_the_one_before_it(tmp_path, registered):
    path = tmp_path / "repository.db"
    with open_repository(str(path)) as repository:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, lambda: (other.execute("COMMIT"), other.close()))
        release.start()
        assert repository.reserve("0" * 16, job="a")
        release.join()


def test_a_lost_connection_begins_the_transaction_again(postgres_address):
    database = open_database(postgres_address)
    tries = []

    def lost_once(connection: sa.Connection) -> int:
        tries.append(1)
        connection.execute(sa.text("UPDATE chain SET segments = segments + 1"))
        if len(tries) == 1:
            connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return connection.scalar(sa.text("SELECT segments FROM chain"))

    assert database.write(lost_once) == 1
    assert len(tries) == 2
    database.close()


def test_a_deadlock_is_run_again(postgres_address):
    database = open_database(postgres_address)
    database.write(
        lambda on: on.execute(sa.text("CREATE TABLE pair (id INT, n INT); INSERT INTO pair VALUES (1,0), (2,0)"))
    )
    both = threading.Barrier(2)
    begun = []

    def add(first: int, second: int) -> None:
        def work(connection: sa.Connection) -> None:
            connection.execute(sa.text("UPDATE pair SET n = n + 1 WHERE id = :id"), {"id": first})
            begun.append(first)
            if len(begun) <= 2:
                both.wait(timeout=20)
            connection.execute(sa.text("UPDATE pair SET n = n + 1 WHERE id = :id"), {"id": second})

        database.write(work)

    threads = [threading.Thread(target=add, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert database.read(lambda on: on.scalar(sa.text("SELECT SUM(n) FROM pair"))) == 4
    assert len(begun) == 3
    database.close()


def test_a_restart_of_the_server_is_waited_for(postgres, postgres_address):
    with open_repository(postgres_address) as repository:
        repository.reserve("0" * 16, job="a")
        postgres.stop()
        again = threading.Timer(0.5, lambda: postgres.start(durable=False))
        again.start()
        assert repository.reserved_for("a") == "0" * 16
        again.join()


def test_a_fork_does_not_use_its_parents_connection(address):
    with open_repository(address) as repository:
        repository.reserve("0" * 16, job="a")
        child = os.fork()
        if child == 0:
            os._exit(0 if repository.reserve("1" * 16, job="b") else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert repository.reserved_for("a") == "0" * 16 and repository.reserved_for("b") == "1" * 16


def test_nothing_is_lost_when_processes_are_killed(address):
    """The benchmark, small: see benchmarks/repository.py."""
    result = stress(address, "test", kills=3, writers=2, readers=1, share=0.04)
    assert result.killed_writers + result.killed_readers == 3
    assert result.acknowledged > 0 and result.receipts >= result.acknowledged
    troubles = (result.lost, result.dangling, result.receipt_problems, result.wrong_answers)
    assert troubles == (0, 0, 0, 0)
