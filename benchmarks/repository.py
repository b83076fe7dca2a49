"""The repository under writers, readers and sudden death: is all that was acknowledged there, and nothing half done?

    python -m benchmarks.repository [--kills 50] [--only sqlite|postgresql] [--json]

Four writers take real signed manifests from reserved to delivered while sixteen readers ask. First in peace, for the
speed; then a process is killed (SIGKILL) at random, again and again, and a new one goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import pickle
import random
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from benchmarks.common import note
from benchmarks.postgresql import NoServer, server
from benchmarks.repository_workers import PICTURE, Entry, Orders, read, write
from benchmarks.small_manifests import new_label, signed_store
from pipeline.provenance.repository import Binding, CodeSegment, Registration, Repository, open_repository

WRITERS, READERS = 4, 16
KILLS = 50
# of a writer, in peace and under fire
PEACEFUL, UNDER_FIRE = 100, 300
PEACE_S, LONGEST_S = 15.0, 150.0
# between two kills; a process needs some of it to come up
KILL_PAUSE_S = (0.1, 0.6)
WORK_BETWEEN_KILLS, LONGEST_WAIT_S = 3, 2.0
REST_S = 0.03
SEGMENTS = 3
# writers die as often as all the readers together: they have more to lose
KILLED_WRITERS = 0.5


@dataclass(frozen=True)
class Result:
    """One database under stress."""

    database: str
    writers: int
    readers: int
    publishes_per_s: float
    reads_per_s: float
    killed_writers: int
    killed_readers: int
    acknowledged: int
    # acknowledged and not there, or not as acknowledged
    lost: int
    # rows that belong to nothing, ids still held after a sweep
    dangling: int
    receipts: int
    receipt_problems: int
    # answers to readers that cannot be
    wrong_answers: int
    seconds: float


@dataclass
class Tally:
    """What the processes said."""

    published: set[tuple[int, int]] = field(default_factory=set)
    hidden: set[tuple[int, int]] = field(default_factory=set)
    revoked: set[tuple[int, int]] = field(default_factory=set)
    done: dict[int, int] = field(default_factory=dict)
    reads: int = 0
    bad: list[str] = field(default_factory=list)
    killed: dict[str, int] = field(default_factory=lambda: {"writer": 0, "reader": 0})


@dataclass
class _Worker:
    kind: str
    number: int
    process: Any
    channel: Any
    ready: bool = False


class Crowd:
    """Writers and readers of one database."""

    def __init__(self, folder: Path, address: str, pools: list[list[Entry]], *, readers: int, rest_s: float) -> None:
        self._folder, self._address, self._pools = folder, address, pools
        self._readers, self._rest_s = readers, rest_s
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["benchmarks.repository_workers", "sqlalchemy"])
        self._stop = folder / "stop"
        self._workers: list[_Worker] = []
        self._chance = random.Random(1)
        self.tally = Tally()

    def start(self) -> None:
        """Write the pools down and start everybody."""
        known = []
        for number, pool in enumerate(self._pools):
            (self._folder / f"pool{number}").write_bytes(pickle.dumps(pool))
            known += [
                (one.payload, one.registration.label, hashlib.sha256(one.registration.store).hexdigest())
                for one in pool
            ]
        (self._folder / "known").write_bytes(pickle.dumps(known))
        self._workers = [self._hire("writer", number) for number in range(len(self._pools))]
        self._workers += [self._hire("reader", number) for number in range(self._readers)]

    def _hire(self, kind: str, number: int) -> _Worker:
        is_writer = kind == "writer"
        orders = Orders(
            self._address,
            self._folder / (f"pool{number}" if is_writer else "known"),
            self._stop,
            first=self.tally.done.get(number, -1) + 1 if is_writer else 0,
            rest_s=self._rest_s,
            seed=self._chance.randrange(1 << 30),
        )
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=write if is_writer else read, args=(orders, theirs), daemon=True)
        process.start()
        theirs.close()
        return _Worker(kind, number, process, ours)

    def listen(self, seconds: float) -> None:
        """Hear what is said for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            talking = [one.channel for one in self._workers if one.channel is not None]
            if not talking:
                return
            for channel in wait(talking, timeout=left):
                self._hear(next(one for one in self._workers if one.channel is channel))

    def _hear(self, worker: _Worker) -> None:
        try:
            said, what = worker.channel.recv()
        except EOFError:
            worker.channel.close()
            worker.channel = None
            return
        if said == "ready":
            worker.ready = True
        elif said == "reads":
            self.tally.reads += what
        elif said == "bad":
            self.tally.bad.append(what)
        elif said == "done":
            self.tally.done[worker.number] = what
        else:
            getattr(self.tally, said).add((worker.number, what))

    def kill_one(self) -> None:
        """SIGKILL to a process at random, and another in its place."""
        kind = "writer" if self._chance.random() < KILLED_WRITERS else "reader"
        alive = [one for one in self._workers if one.process.is_alive() and one.ready]
        victims = [one for one in alive if one.kind == kind] or alive
        if not victims:
            return
        victim = self._chance.choice(victims)
        victim.process.kill()
        victim.process.join()
        # what it said before it died was acknowledged
        while victim.channel is not None:
            self._hear(victim)
        self.tally.killed[victim.kind] += 1
        self._workers[self._workers.index(victim)] = self._hire(victim.kind, victim.number)

    @property
    def all_ready(self) -> bool:
        return all(one.ready for one in self._workers)

    @property
    def all_written(self) -> bool:
        return all(self.tally.done.get(n, -1) == len(pool) - 1 for n, pool in enumerate(self._pools))

    def end(self) -> None:
        """Let everybody finish what is begun; whoever failed by himself is an error."""
        self._stop.touch()
        self.listen(60)
        for one in self._workers:
            one.process.join(30)
            if one.process.exitcode != 0:
                self.tally.bad.append(f"a {one.kind} ended with {one.process.exitcode}")
            one.process.kill()
        self._stop.unlink()


def make_pools(writers: int, count: int) -> list[list[Entry]]:
    """Signed manifests for each writer."""
    from pipeline.provenance.signing.authority import init_authority

    with tempfile.TemporaryDirectory() as folder:
        identity = init_authority(Path(folder) / "keys", organisation="Foleymark benchmark")
        return [[_entry(identity) for _ in range(count)] for _ in range(writers)]


def _entry(identity: Any) -> Entry:
    payload, label = secrets.token_hex(8), new_label()
    codes = [(secrets.token_hex(8), (2000 * n, 2000 * n + 2000)) for n in range(SEGMENTS)]
    store = signed_store(identity, label=label, bindings={PICTURE: [(payload, None)], "io.iscc.v0": codes})
    registration = Registration(
        label,
        store,
        "image/jpeg",
        bindings=(Binding(PICTURE, payload),),
        segments=tuple(CodeSegment(span[0] / 1000, span[1] / 1000, bytes.fromhex(code)) for code, span in codes),
        sketch=secrets.token_bytes(200),
    )
    return Entry(payload, registration)


def stress(
    address: str, name: str, *, kills: int, writers: int = WRITERS, readers: int = READERS, share: float = 1.0
) -> Result:
    """Publish in peace, then under fire, and look at what is left; `share` makes it shorter."""
    began = time.monotonic()
    open_repository(address).close()
    peaceful, under_fire = (make_pools(writers, max(4, round(n * share))) for n in (PEACEFUL, UNDER_FIRE))
    note(f"{name}: {writers * (len(peaceful[0]) + len(under_fire[0]))} manifests signed")
    with tempfile.TemporaryDirectory() as folder:
        calm = Crowd(Path(folder), address, peaceful, readers=readers, rest_s=0.0)
        seconds = _in_peace(calm)
        note(f"{name}: in peace {len(calm.tally.published) / seconds:.0f} published each second")
        storm = Crowd(Path(folder), address, under_fire, readers=readers, rest_s=REST_S)
        _under_fire(storm, kills)
    with open_repository(address) as repository:
        lost = sum(_lost(repository, *pair) for pair in ((peaceful, calm.tally), (under_fire, storm.tally)))
        repository.sweep(0)
        dangling = count_dangling(repository)
        check = repository.verify_receipts()
    for problem in (*calm.tally.bad, *storm.tally.bad, *check.problems):
        note(f"{name}: {problem}")
    return Result(
        database=name,
        writers=writers,
        readers=readers,
        publishes_per_s=len(calm.tally.published) / seconds,
        reads_per_s=calm.tally.reads / seconds,
        killed_writers=storm.tally.killed["writer"],
        killed_readers=storm.tally.killed["reader"],
        acknowledged=len(calm.tally.published) + len(storm.tally.published),
        lost=lost,
        dangling=dangling,
        receipts=check.count,
        receipt_problems=len(check.problems),
        wrong_answers=len(calm.tally.bad) + len(storm.tally.bad),
        seconds=time.monotonic() - began,
    )


def _wait_until_ready(crowd: Crowd) -> None:
    until = time.monotonic() + LONGEST_S
    while not crowd.all_ready and time.monotonic() < until:
        crowd.listen(0.05)


def _in_peace(crowd: Crowd) -> float:
    crowd.start()
    _wait_until_ready(crowd)
    # only what is said from here on counts
    crowd.tally.published.clear()
    crowd.tally.reads = 0
    began = time.monotonic()
    while not crowd.all_written and time.monotonic() - began < PEACE_S:
        crowd.listen(0.05)
    seconds = time.monotonic() - began
    counted = set(crowd.tally.published), crowd.tally.reads
    crowd.end()
    crowd.tally.published, crowd.tally.reads = counted
    return seconds


def _under_fire(crowd: Crowd, kills: int) -> None:
    crowd.start()
    _wait_until_ready(crowd)
    began = time.monotonic()
    chance = random.Random(2)
    while sum(crowd.tally.killed.values()) < kills and time.monotonic() - began < LONGEST_S:
        crowd.listen(chance.uniform(*KILL_PAUSE_S))
        # on a slow machine too the next one dies among others at work
        before, until = len(crowd.tally.published), time.monotonic() + LONGEST_WAIT_S
        while len(crowd.tally.published) < before + WORK_BETWEEN_KILLS and time.monotonic() < until:
            crowd.listen(0.02)
        crowd.kill_one()
    crowd.listen(1.0)
    crowd.end()


def _lost(repository: Repository, pools: list[list[Entry]], tally: Tally) -> int:
    """Acknowledged publications that are not there whole, and acknowledged changes that are not."""
    lost = 0
    for writer, index in tally.published:
        entry = pools[writer][index]
        found = repository.by_binding(PICTURE, entry.payload)
        whole = [one.label for one in found if one.store == entry.registration.store]
        segments = repository.segments_of(entry.registration.label)
        lost += whole != [entry.registration.label] or len(segments) != SEGMENTS
    for wanted, said in (("private", tally.hidden), ("revoked", tally.revoked)):
        for writer, index in said:
            stored = repository.manifest(pools[writer][index].registration.label)
            kept = stored is not None and (stored.is_revoked if wanted == "revoked" else stored.visibility == wanted)
            lost += not kept
    return lost


# every row that belongs to nothing, and everything unfinished that a sweep should have cleared
DANGLING = (
    "SELECT COUNT(*) FROM binding WHERE manifest NOT IN (SELECT id FROM manifest)",
    "SELECT COUNT(*) FROM segment WHERE manifest NOT IN (SELECT id FROM manifest)",
    "SELECT COUNT(*) FROM sketch WHERE manifest NOT IN (SELECT id FROM manifest)",
    "SELECT COUNT(*) FROM manifest WHERE state <> 'published'",
    "SELECT COUNT(*) FROM manifest WHERE id NOT IN (SELECT manifest FROM binding)",
    "SELECT COUNT(*) FROM segment WHERE number IS NULL",
    "SELECT COUNT(*) FROM reservation WHERE state IN ('reserved', 'embedded', 'signed')",
    "SELECT COUNT(*) FROM reservation WHERE state = 'published' AND delivered_s IS NULL",
    "SELECT COUNT(*) FROM reservation WHERE label NOT IN (SELECT label FROM manifest)",
)


def count_dangling(repository: Repository) -> int:
    """Rows that should not be there after a sweep."""
    import sqlalchemy as sa

    def count(connection: sa.Connection) -> int:
        return sum(int(connection.scalar(sa.text(query)) or 0) for query in DANGLING)

    return repository._database.read(count)


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    results = [one for name in ("sqlite", "postgresql") if chosen.only in (None, name) for one in _run(name, chosen)]
    if chosen.json:
        print(json.dumps([asdict(one) for one in results], indent=2))
    else:
        _print_table(results)
    failed = any(one.lost or one.dangling or one.receipt_problems or one.wrong_answers for one in results)
    sys.exit(1 if failed or not results else 0)


def _run(name: str, chosen: argparse.Namespace) -> list[Result]:
    with ExitStack() as stack:
        if name == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            return [stress(f"{folder}/repository.db", name, kills=chosen.kills)]
        try:
            running = stack.enter_context(server(durable=True))
        except NoServer as error:
            note(f"postgresql is left out: {error}")
            return []
        return [stress(running.base("stress"), name, kills=chosen.kills)]


def _print_table(results: list[Result]) -> None:
    for one in results:
        for name, value in asdict(one).items():
            print(f"{name:<18}  {value:.1f}" if isinstance(value, float) else f"{name:<18}  {value}")
        print()


if __name__ == "__main__":
    main()
