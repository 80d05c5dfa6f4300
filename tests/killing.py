"""A service that is killed again and again while jobs come, and an audit of what became of them."""

from __future__ import annotations

import random
import signal
import socket
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from genconvit import Client, VideoResult
from genconvit.core.errors import ServiceError
from processes import wait_until
from serving import Server

_AUDIT = """
CREATE TABLE IF NOT EXISTS audit (job TEXT NOT NULL, result TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_results AFTER UPDATE OF result ON jobs WHEN NEW.result IS NOT NULL
BEGIN INSERT INTO audit VALUES (NEW.id, NEW.result); END;
"""
"""Notes each writing of a result, in the same transaction."""


@dataclass
class Audit:
    """What became of the jobs.

    Attributes:
        kills: number of times that the service was killed.
        answered: ids that the service answered a client.
        unanswered: requests that a kill cut off; a job may have come of each.
        kept: number of jobs in the database at the end.
        attempts: number of jobs by the times that they were begun.
        lost: ids that were answered and have no result.
        twice: ids that got several results.
        other: ids whose result is another than predict's.
        files: files of uploads that were left over.
    """

    kills: int = 0
    answered: list[str] = field(default_factory=list)
    unanswered: int = 0
    kept: int = 0
    attempts: dict[int, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    files: int = 0

    @property
    def is_clean(self) -> bool:
        """True where each job has one result, which is predict's."""
        return not (self.lost or self.twice or self.other or self.files)


def kill_again_and_again(
    data: Path, clip: Path, expected: VideoResult, *, kills: int, jobs: int, longest_seconds: float, seed: int
) -> Audit:
    """Serve, kill, serve, kill, while jobs come; then let the rest be done, and audit.

    Args:
        data: folder of the service.
        clip: the source of every job.
        expected: what predict says of it.
        kills: number of kills, each by SIGKILL.
        jobs: number of jobs that a client gets answered.
        longest_seconds: seconds within which a service is killed: after it listens, and each fifth time after its
            process began.
        seed: seed of the times.
    """
    audit, draw = Audit(), random.Random(seed)  # noqa: S311 - no secret
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sender = threading.Thread(target=_send, args=(f"http://127.0.0.1:{port}", clip, jobs, audit))
    for number in range(kills + 1):
        server = Server(data, "--reports", "plain", port=port)
        try:
            if number == 0:
                server.await_ready()
                _install_audit(data)
                sender.start()
            if number < kills:
                if number % 5:  # else while it starts
                    assert server.url
                time.sleep(draw.uniform(0, longest_seconds))
                audit.kills += 1
            else:
                sender.join()
                server.await_ready()
                assert wait_until(lambda: _unfinished(data) == 0)
        finally:
            server.end(signal.SIGKILL)
    _look(data, expected, audit)
    return audit


def _send(url: str, clip: Path, jobs: int, audit: Audit) -> None:
    with Client(url) as client:
        while len(audit.answered) < jobs:
            try:
                audit.answered.append(client.submit(clip))
            except ServiceError:
                audit.unanswered += 1
                time.sleep(0.1)


def _install_audit(data: Path) -> None:
    with sqlite3.connect(data / "jobs.sqlite3", timeout=60) as database:
        database.executescript(_AUDIT)
    database.close()


def _unfinished(data: Path) -> int:
    with sqlite3.connect(data / "jobs.sqlite3", timeout=60) as database:
        query = "SELECT COUNT(*) FROM jobs WHERE finished IS NULL OR report = 'pending'"
        (count,) = database.execute(query).fetchone()
    database.close()
    time.sleep(0.2)
    return int(count)


def _look(data: Path, expected: VideoResult, audit: Audit) -> None:
    with sqlite3.connect(data / "jobs.sqlite3") as database:
        results = database.execute("SELECT job, result FROM audit").fetchall()
        kept = database.execute("SELECT id, attempt, state FROM jobs").fetchall()
    database.close()
    times = Counter(job for job, _ in results)
    done = {job for job, _, state in kept if state == "done" and times[job] >= 1}
    audit.kept = len(kept)
    audit.attempts = dict(sorted(Counter(attempt for _, attempt, _ in kept).items()))
    audit.lost = [job for job in {*audit.answered, *(each for each, _, _ in kept)} if job not in done]
    audit.twice = [job for job, count in times.items() if count > 1]
    expected = expected.model_copy(update={"source": Path(expected.source).name})
    audit.other = [job for job, text in results if VideoResult.model_validate_json(text) != expected]
    audit.files = len(list((data / "uploads").iterdir()))
