from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from genconvit import VideoResult
from genconvit.core.errors import ConfigError
from genconvit.serve.database import VERSION, Database
from genconvit.serve.models import JobOptions, JobState
from genconvit.serve.store import Ending, JobStore, QueueFullError
from genconvit.serve.stored import NewJob, StoredJob


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[JobStore]:
    with Database(path) as database:
        yield JobStore(database)


def add(store: JobStore, *ids: str, owner: str = "", most: int = 100, most_of_owner: int = 100, **job: Any) -> None:
    for job_id in ids:
        made = NewJob(job_id, owner, "a.mp4", Path("/a"), False, "v2", JobOptions(), **job)
        store.add(made, most=most, most_of_owner=most_of_owner)


def claim(store: JobStore) -> StoredJob:
    job = store.claim("v2")
    assert job is not None
    return job


def state(store: JobStore, job_id: str) -> JobState:
    job = store.get(job_id, "")
    assert job is not None
    return job.state


def test_a_job_goes_from_the_queue_to_its_result(store: JobStore, predicted: VideoResult) -> None:
    add(store, "a")
    job = claim(store)
    assert (job.id, job.state, job.attempt) == ("a", "running", 1)
    assert store.claim("v2") is None
    assert store.finish(job, Ending("done", predicted, report=True))
    ended = store.get("a", "")
    assert ended is not None
    assert ended.job(0.0).result == predicted
    assert (ended.label, ended.report, ended.summary(0.0).progress) == (predicted.label, "pending", 1.0)


def test_a_job_gets_one_result(store: JobStore, predicted: VideoResult) -> None:
    add(store, "a")
    first = claim(store)
    store.requeue_all(most_attempts=10)
    second = claim(store)
    assert second.attempt == 2
    assert not store.finish(first, Ending("failed"))
    assert store.finish(second, Ending("done", predicted))
    assert not store.finish(second, Ending("failed"))
    assert state(store, "a") == "done"


def test_owners_take_turns(store: JobStore) -> None:
    add(store, "a1", "a2", "a3", owner="a")
    add(store, "b1", "b2", owner="b")
    add(store, "c1", owner="c")
    assert [claim(store).id for _ in range(6)] == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_another_detectors_jobs_are_left(store: JobStore) -> None:
    add(store, "a")
    assert store.claim("original") is None


def test_the_queue_has_a_limit_for_all_and_for_each_owner(store: JobStore) -> None:
    add(store, "a1", "a2", owner="a", most=3, most_of_owner=2)
    with pytest.raises(QueueFullError, match="2 jobs wait, and at most 2 may"):
        add(store, "a3", owner="a", most=3, most_of_owner=2)
    add(store, "b1", owner="b", most=3, most_of_owner=2)
    with pytest.raises(QueueFullError, match="3 jobs wait, and at most 3 may"):
        add(store, "c1", owner="c", most=3, most_of_owner=2)
    store.finish(claim(store), Ending("failed"))
    add(store, "c1", owner="c", most=3, most_of_owner=2)


def test_many_threads_claim_each_job_once(store: JobStore) -> None:
    add(store, *(f"j{number}" for number in range(40)))
    claimed: list[str] = []

    def work() -> None:
        while (job := store.claim("v2")) is not None:
            claimed.append(job.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(f"j{number}" for number in range(40))


def test_a_cancelled_job_keeps_no_result(store: JobStore, predicted: VideoResult) -> None:
    add(store, "a", "b")
    job = claim(store)
    assert store.cancel("a", "")
    assert store.cancel("b", "")
    assert not store.finish(job, Ending("done", predicted))
    assert not store.requeue(job)
    assert (state(store, "a"), state(store, "b")) == ("cancelled", "cancelled")
    assert not store.cancel("a", "")


def test_a_job_is_its_owners_alone(store: JobStore) -> None:
    add(store, "a", owner="mine")
    assert store.get("a", "yours") is None
    assert not store.cancel("a", "yours")
    assert store.page("yours", 10) == []


def test_jobs_are_listed_page_by_page_the_latest_first(store: JobStore) -> None:
    add(store, "a", "b", "c")
    assert [job.id for job in store.page("", 2)] == ["c", "b"]
    assert [job.id for job in store.page("", 2, before="b")] == ["a"]
    assert store.page("", 2, before="unknown") == []


def test_a_job_that_ends_the_service_again_and_again_fails(store: JobStore) -> None:
    add(store, "a", "b")
    for _ in range(3):
        claim(store)
        store.requeue_all(most_attempts=3)
    job = store.get("a", "")
    assert job is not None
    assert job.error is not None
    assert (job.state, job.error.code) == ("failed", "crash")
    assert state(store, "b") == "queued"


def test_a_job_whose_detector_is_gone_fails(store: JobStore) -> None:
    add(store, "a")
    store.refuse_others(["v2", "original"])
    assert state(store, "a") == "queued"
    store.refuse_others(["original"])
    job = store.get("a", "")
    assert job is not None
    assert job.error is not None
    assert (job.state, job.error.code) == ("failed", "config")


def test_only_a_job_that_has_ended_is_forgotten(store: JobStore) -> None:
    add(store, "a")
    assert not store.forget("a")
    store.cancel("a", "")
    assert store.forget("a")
    assert store.ids() == set()


def test_what_is_committed_outlasts_the_connection(path: Path) -> None:
    with Database(path) as database:
        add(JobStore(database), "a")
    with Database(path) as database:
        assert JobStore(database).counts() == {"queued": 1}


def test_a_failed_transaction_changes_nothing(store: JobStore) -> None:
    add(store, "a")
    with pytest.raises(sqlite3.IntegrityError):
        add(store, "a")
    assert store.counts() == {"queued": 1}


def test_a_transaction_that_cannot_be_committed_is_over(path: Path) -> None:
    with Database(path) as database:
        database.run("PRAGMA foreign_keys=ON")
        late = "DEFERRABLE INITIALLY DEFERRED"  # it fails when it is committed
        database.run(f"CREATE TABLE late (job TEXT REFERENCES jobs (id) {late})")
        with pytest.raises(sqlite3.IntegrityError), database.transaction():
            database.run("INSERT INTO late VALUES ('none')")
        add(JobStore(database), "a")
        assert database.rows("SELECT * FROM late") == []


def test_a_full_disk_ends_one_transaction_and_not_the_next(path: Path) -> None:
    with Database(path) as database:
        store = JobStore(database)
        pages = database.rows("PRAGMA page_count")[0][0]
        database.run(f"PRAGMA max_page_count={pages}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            add(store, *(f"{number}" * 1000 for number in range(100)))
        database.run("PRAGMA max_page_count=100000")
        add(store, "a")
        assert state(store, "a") == "queued"


class Explained(Database):
    """A database that remembers how it finds the jobs of each query."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.plans: set[str] = set()

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        self.plans |= {row["detail"] for row in super().rows(f"EXPLAIN QUERY PLAN {query}", values)}
        return super().rows(query, values)


def test_no_query_reads_through_all_jobs_that_are_kept(path: Path, predicted: VideoResult) -> None:
    with Explained(path) as database:
        store = JobStore(database)
        add(store, "a", "b", "c", owner="o")
        store.finish(claim(store), Ending("done", predicted, report=True))
        assert store.next_report() is not None
        store.report_ended("a", made=True)
        store.cancel("b", "o")
        store.page("o", 10, before="c")
        store.seconds_a_job()
        store.has_ended_before("a", 1e12)
        assert {job.id for job in store.ended_before(1e12, 10)} == {"a", "b"}
        store.requeue_all(1)
        store.refuse_others(["v2"])
        assert {plan for plan in database.plans if plan.startswith("SCAN jobs") and "INDEX" not in plan} == set()


def test_a_list_does_not_read_the_results(store: JobStore, predicted: VideoResult) -> None:
    add(store, "a")
    store.finish(claim(store), Ending("done", predicted))
    (listed,) = store.page("", 10)
    assert (listed.result, listed.label) == (None, predicted.label)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("no database, but a text that is long enough" * 40)
    with pytest.raises(ConfigError, match=r"is no database of jobs .*--data"):
        Database(file)


def test_a_database_of_a_later_version_is_refused(path: Path) -> None:
    with Database(path) as database:
        database.run(f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(ConfigError, match=f"is of version {VERSION + 1}, and this library knows {VERSION}"):
        Database(path)


def test_the_end_of_a_job_tells_its_webhook_in_the_same_transaction(path: Path, predicted: VideoResult) -> None:
    with Database(path) as database:
        store = JobStore(database)
        add(store, "a", webhook="https://example.org/")
        add(store, "b")
        store.finish(claim(store), Ending("done", predicted))
        store.finish(claim(store), Ending("done", predicted))
        (row,) = database.rows("SELECT * FROM deliveries")
    assert (row["job"], row["url"]) == ("a", "https://example.org/")
    assert '"label"' in row["body"]
    assert '"faces"' not in row["body"]


def test_a_job_that_fails_before_it_runs_tells_its_webhook(path: Path) -> None:
    with Database(path) as database:
        store = JobStore(database)
        add(store, "crashed", "gone", webhook="https://Example.org:9000/a", owner="o")
        claim(store)
        store.requeue_all(most_attempts=1)
        store.refuse_others(["original"])
        rows = database.rows("SELECT * FROM deliveries ORDER BY job")
    assert [(row["job"], row["receiver"]) for row in rows] == [
        ("crashed", "o example.org:9000"),
        ("gone", "o example.org:9000"),
    ]
    assert all('"state":"failed"' in row["body"] for row in rows)
