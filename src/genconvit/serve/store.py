"""The jobs: each goes from state to state in whole transactions, and gets one result."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from genconvit.results.result import VideoResult
from genconvit.serve.database import Database
from genconvit.serve.models import ENDED, JobError, JobState
from genconvit.serve.stored import NewJob, StoredJob

_ENDED = ", ".join(f"'{state}'" for state in sorted(ENDED))
_LISTED = (
    "id, owner, name, path, uploaded, detector, options, webhook, state, attempt, created, started, finished, status, "
    "label, fake_probability, error, report, NULL AS result"
)


class QueueFullError(Exception):
    """There is no room for another job.

    Args:
        waiting: number of jobs that wait, of the key or of all.
        most: number of jobs that may.
    """

    def __init__(self, waiting: int, most: int) -> None:
        super().__init__(f"{waiting} jobs wait, and at most {most} may")
        self.waiting = waiting
        self.most = most


@dataclass(frozen=True)
class Ending:
    """End of a job's attempt.

    Attributes:
        state: state that it ends in.
        result: result of the job; None where there is none.
        error: reason why it has failed.
        report: true where a report of it is to be made.
    """

    state: JobState
    result: VideoResult | None = None
    error: JobError | None = None
    report: bool = False


class JobStore:
    """The jobs of a database; safe to call from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: NewJob, *, most: int, most_of_owner: int) -> None:
        """Take a job into the queue.

        Raises:
            QueueFullError: so many wait already, or so many of its owner.
        """
        with self._database.transaction():
            self.check_room(job.owner, most=most, most_of_owner=most_of_owner)
            self._database.run(
                "INSERT INTO jobs (id, owner, name, path, uploaded, detector, options, webhook, state, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?)",
                (
                    job.id,
                    job.owner,
                    job.name,
                    str(job.path),
                    job.uploaded,
                    job.detector,
                    job.options.model_dump_json(),
                    job.webhook,
                    time.time(),
                ),
            )

    def check_room(self, owner: str, *, most: int, most_of_owner: int) -> None:
        """Make sure that there is room for another job.

        Raises:
            QueueFullError: so many wait already, or so many of its owner.
        """
        for waiting, limit in ((self._waiting(owner), most_of_owner), (self._waiting(None), most)):
            if waiting >= limit:
                raise QueueFullError(waiting, limit)

    def get(self, job_id: str, owner: str) -> StoredJob | None:
        """Give a job of an owner; None where it is another's, or not there."""
        return self._one("SELECT * FROM jobs WHERE id = ? AND owner = ?", (job_id, owner))

    def page(self, owner: str, limit: int, before: str | None = None) -> list[StoredJob]:
        """Jobs of an owner without their results, the latest first.

        Args:
            owner: id of the key.
            limit: most jobs of the page.
            before: id of the job that the page begins behind; None is the beginning.
        """
        query = f"SELECT {_LISTED} FROM jobs WHERE owner = ?"  # noqa: S608
        values: list[object] = [owner]
        if before is not None:
            query += " AND seq < (SELECT seq FROM jobs WHERE id = ? AND owner = ?)"
            values += [before, owner]
        found = self._database.rows(f"{query} ORDER BY seq DESC LIMIT ?", [*values, limit])
        return [StoredJob.of(row) for row in found]

    def claim(self, detector: str) -> StoredJob | None:
        """Begin the next job of a detector: the oldest of the owner whose turn is longest ago."""
        with self._database.transaction():
            job = self._one(
                "SELECT jobs.* FROM jobs LEFT JOIN turns USING (owner) WHERE state = 'queued' AND detector = ? "
                "ORDER BY COALESCE(turn, 0), seq LIMIT 1",
                (detector,),
            )
            if job is None:
                return None
            self._database.run(
                "INSERT INTO turns SELECT ?, COALESCE(MAX(turn), 0) + 1 FROM turns WHERE true "
                "ON CONFLICT (owner) DO UPDATE SET turn = excluded.turn",
                (job.owner,),
            )
            self._database.run(
                "UPDATE jobs SET state = 'running', attempt = attempt + 1, started = ? WHERE id = ?",
                (time.time(), job.id),
            )
            return self._one("SELECT * FROM jobs WHERE id = ?", (job.id,))

    def finish(self, job: StoredJob, ending: Ending) -> bool:
        """End an attempt; false where the job is no longer at it, and nothing changes. Its webhook is told as well."""
        result = ending.result
        with self._database.transaction():
            changed = self._database.run(
                "UPDATE jobs SET state = ?, result = ?, status = ?, label = ?, fake_probability = ?, error = ?, "
                "report = ?, finished = ? WHERE id = ? AND state = 'running' AND attempt = ?",
                (
                    ending.state,
                    result and result.model_dump_json(),
                    result and result.status,
                    result and result.label,
                    result and result.fake_probability,
                    ending.error and ending.error.model_dump_json(),
                    "pending" if ending.report else "none",
                    time.time(),
                    job.id,
                    job.attempt,
                ),
            )
            if changed:
                self._tell(job.id)
        return bool(changed)

    def requeue(self, job: StoredJob) -> bool:
        """Let an attempt that did not end be begun again."""
        query = "UPDATE jobs SET state = 'queued' WHERE id = ? AND state = 'running' AND attempt = ?"
        return bool(self._database.run(query, (job.id, job.attempt)))

    def requeue_all(self, most_attempts: int) -> None:
        """Let all running jobs begin again, as after a crash; those that were begun too often fail."""
        error = JobError(
            code="crash",
            reason=f"the service ended {most_attempts} times while it was at this source",
            hint="treat the file as hostile or damaged",
        )
        with self._database.transaction():
            self._fail("state = 'running' AND attempt >= ?", (most_attempts,), error)
            self._database.run("UPDATE jobs SET state = 'queued' WHERE state = 'running'")

    def refuse_others(self, detectors: Sequence[str]) -> None:
        """Let jobs fail that wait for a detector that is not there any more.

        Args:
            detectors: names of the detectors that are there.
        """
        error = JobError(code="config", reason="its architecture is offered no more; send the source again")
        places = ", ".join("?" * len(detectors))
        with self._database.transaction():
            self._fail(f"state = 'queued' AND detector NOT IN ({places})", detectors, error)

    def cancel(self, job_id: str, owner: str) -> bool:
        """End a job that has not ended; false where there is none."""
        with self._database.transaction():
            changed = self._database.run(
                "UPDATE jobs SET state = 'cancelled', finished = ? WHERE id = ? AND owner = ? "
                "AND state IN ('queued', 'running')",
                (time.time(), job_id, owner),
            )
            if changed:
                self._tell(job_id)
        return bool(changed)

    def forget(self, job_id: str) -> bool:
        """Delete a job that has ended."""
        return bool(self._database.run(f"DELETE FROM jobs WHERE id = ? AND state IN ({_ENDED})", (job_id,)))  # noqa: S608

    def next_report(self) -> StoredJob | None:
        """Give the oldest job whose report is pending."""
        return self._one("SELECT * FROM jobs WHERE report = 'pending' ORDER BY finished LIMIT 1", ())

    def report_ended(self, job_id: str, *, made: bool) -> bool:
        """Note that a report was made, or that there is to be none; false where the job was forgotten."""
        state = "made" if made else "none"
        return bool(self._database.run("UPDATE jobs SET report = ? WHERE id = ?", (state, job_id)))

    def ended_before(self, seconds: float, limit: int) -> list[StoredJob]:
        """Jobs without their results that ended before a time, and whose report is not pending.

        Args:
            seconds: the time, in seconds since 1970.
            limit: most jobs that are given.
        """
        query = f"SELECT {_LISTED} FROM jobs WHERE finished < ? AND report != 'pending' LIMIT ?"  # noqa: S608
        return [StoredJob.of(row) for row in self._database.rows(query, (seconds, limit))]

    def has_ended_before(self, job_id: str, seconds: float) -> bool:
        """Tell whether a job is there that ended before a time, and whose report is not pending."""
        query = "SELECT 1 FROM jobs WHERE id = ? AND finished < ? AND report != 'pending'"
        return bool(self._database.rows(query, (job_id, seconds)))

    def ids(self) -> set[str]:
        """Ids of all jobs."""
        return {row["id"] for row in self._database.rows("SELECT id FROM jobs")}

    def counts(self) -> dict[str, int]:
        """Number of jobs in each state that there is."""
        rows = self._database.rows("SELECT state, COUNT(*) AS number FROM jobs GROUP BY state")
        return {row["state"]: row["number"] for row in rows}

    def seconds_a_job(self) -> float:
        """Give the mean time from one end of a job to the next, of the last 20; 1 where that is not known."""
        rows = self._database.rows("SELECT finished FROM jobs WHERE finished NOT NULL ORDER BY finished DESC LIMIT 20")
        times = [row["finished"] for row in rows]
        return (times[0] - times[-1]) / (len(times) - 1) if len(times) > 1 else 1.0

    def _waiting(self, owner: str | None) -> int:
        """Count the jobs that are to be scored, and those whose report is to be made."""
        of_owner, values = ("", ()) if owner is None else (" AND owner = ?", (owner,))
        return sum(
            int(self._database.rows(f"SELECT COUNT(*) AS number FROM jobs WHERE {each}{of_owner}", values)[0]["number"])  # noqa: S608
            for each in ("state IN ('queued', 'running')", "report = 'pending'")
        )

    def _fail(self, condition: str, values: Sequence[object], error: JobError) -> None:
        """Let jobs fail that no attempt ends."""
        for row in self._database.rows(f"SELECT id FROM jobs WHERE {condition}", values):  # noqa: S608 - our own words
            query = "UPDATE jobs SET state = 'failed', error = ?, finished = ? WHERE id = ?"
            self._database.run(query, (error.model_dump_json(), time.time(), row["id"]))
            self._tell(row["id"])

    def _tell(self, job_id: str) -> None:
        """Put what a job's webhook is told among the deliveries."""
        job = self._one("SELECT * FROM jobs WHERE id = ?", (job_id,))
        if job is not None and job.webhook is not None:
            self._database.run(
                "INSERT INTO deliveries (id, job, owner, url, receiver, body, due) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    secrets.token_hex(16),
                    job.id,
                    job.owner,
                    job.webhook,
                    f"{job.owner} {urlsplit(job.webhook).netloc.lower()}",
                    job.summary(1.0).model_dump_json(),
                    time.time(),
                ),
            )

    def _one(self, query: str, values: tuple[object, ...]) -> StoredJob | None:
        rows = self._database.rows(query, values)
        return StoredJob.of(rows[0]) if rows else None
