"""A detector at work on the jobs of a store."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import genconvit.serve.lane as lane_module
from genconvit import DetectorConfig, VideoResult
from genconvit.assemble import assemble_rule
from genconvit.core.errors import SourceError, SourceLimitError, WeightsError
from genconvit.core.types import Frame
from genconvit.serve.database import Database
from genconvit.serve.lane import Lane, LaneOptions
from genconvit.serve.models import JobOptions
from genconvit.serve.store import Ending, JobStore
from genconvit.serve.stored import NewJob, StoredJob
from genconvit.serve.watched import Flight
from genconvit.video.readers import Reading
from genconvit.video.reading import Event, SourceOpened
from processes import wait_until
from support import grey_frames


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    with Database(tmp_path / "jobs.sqlite3") as database:
        yield JobStore(database)


@contextmanager
def lane_of(store: JobStore, config: DetectorConfig, job_seconds: float = 600.0) -> Iterator[Lane]:
    config = config.model_copy(update={"isolate": True})
    rule = assemble_rule(config)
    ended: list[StoredJob] = []
    lane = Lane(LaneOptions("v2", config, rule, {}, job_seconds, False), store, ended.append)
    lane.start()
    try:
        yield lane
    finally:
        lane.stop(60)


def add(store: JobStore, job_id: str, path: Path, **options: Any) -> None:
    job = NewJob(job_id, "", f"{job_id}.mp4", path, False, "v2", JobOptions(**options))
    store.add(job, most=100, most_of_owner=100)


def job(store: JobStore, job_id: str) -> StoredJob:
    found = store.get(job_id, "")
    assert found is not None
    return found


def test_jobs_that_were_left_by_another_run_are_done(store: JobStore, embedded: DetectorConfig, clip: Path) -> None:
    for number in range(4):
        add(store, f"j{number}", clip)
    assert store.claim("v2") is not None
    store.requeue_all(10)
    with lane_of(store, embedded):
        assert wait_until(lambda: store.counts() == {"done": 4})
    assert job(store, "j0").attempt == 2


class Steps(Reading):
    """Three frames, each given once it is let."""

    def __init__(self) -> None:
        self.let = threading.Semaphore(0)
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        yield SourceOpened("made", 3, 3)
        for index, image in enumerate(grey_frames(3)):
            while not self.closed.is_set() and not self.let.acquire(timeout=0.01):
                pass
            if self.closed.is_set():
                return
            yield Frame(index, None, image)

    def close(self) -> None:
        self.closed.set()


def flight(store: JobStore, most_seconds: float = 600.0) -> Flight:
    add(store, "a", Path("/a"))
    begun = store.claim("v2")
    assert begun is not None
    return Flight(begun, begun.path, most_seconds)


def test_a_progress_is_the_share_of_the_frames_that_were_used(store: JobStore) -> None:
    watched, steps = flight(store), Steps()
    steps.let.release(3)
    seen = [round(watched.progress, 2) for _ in watched.watch(steps)]
    assert seen == [0.0, 0.0, 0.33, 0.67]
    assert watched.progress == 1.0


def test_a_cancelled_reading_ends_at_once_as_one_that_cannot_be_read(store: JobStore) -> None:
    watched, steps = flight(store), Steps()
    reading = watched.watch(steps)
    threading.Timer(0.05, watched.cancel).start()
    with pytest.raises(SourceError, match="its job was cancelled"):
        list(reading)
    assert steps.closed.is_set()


def test_a_reading_that_takes_too_long_is_a_limit(store: JobStore) -> None:
    watched, steps = flight(store, most_seconds=0.0), Steps()
    steps.let.release(3)
    with pytest.raises(SourceLimitError, match="took longer than the limit of 0 s"):
        list(watched.watch(steps))


class FakeDetector:
    """Stands in for the detector: its results are made by a function of the path."""

    answer: Callable[[str], VideoResult]

    def __init__(self, config: DetectorConfig) -> None:
        del config

    def __enter__(self) -> FakeDetector:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def predict_many(self, sources: Iterable[str], watch: Any) -> Generator[VideoResult, None, None]:
        for source in sources:
            watch(Steps())
            yield type(self).answer(source)


def test_a_reading_that_begins_after_its_job_was_cancelled_ends(store: JobStore) -> None:
    watched, steps = flight(store), Steps()
    watched.cancel()
    with pytest.raises(SourceError, match="its job was cancelled"):
        list(watched.watch(steps))
    assert steps.closed.is_set()


def test_a_store_that_cannot_be_written_for_a_time_loses_no_job(
    store: JobStore, embedded: DetectorConfig, predicted: VideoResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeDetector, "answer", staticmethod(lambda _: predicted), raising=False)
    monkeypatch.setattr("genconvit.serve.lane.Detector", FakeDetector)
    monkeypatch.setattr("genconvit.serve.lane._PAUSE_SECONDS", 0.01)
    faults = [sqlite3.OperationalError("database or disk is full")] * 3
    finish = store.finish

    def failing(job: StoredJob, ending: Ending) -> bool:
        if faults:
            raise faults.pop()
        return finish(job, ending)

    monkeypatch.setattr(store, "finish", failing)
    add(store, "a", Path("/a"))
    add(store, "b", Path("/b"))
    with lane_of(store, embedded):
        assert wait_until(lambda: store.counts() == {"done": 2})


@pytest.mark.parametrize(("error", "code"), [(WeightsError("not finite"), "weights"), (RuntimeError("x"), "error")])
def test_a_job_that_ends_the_stream_fails_and_the_others_go_on(
    store: JobStore,
    embedded: DetectorConfig,
    predicted: VideoResult,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    code: str,
) -> None:
    def answer(source: str) -> VideoResult:
        if source == "/bad":
            raise error
        return predicted

    monkeypatch.setattr(FakeDetector, "answer", staticmethod(answer), raising=False)
    monkeypatch.setattr("genconvit.serve.lane.Detector", FakeDetector)
    for number, path in enumerate(("/a", "/bad", "/b")):
        add(store, f"j{number}", Path(path))
    with lane_of(store, embedded):
        assert wait_until(lambda: store.counts() == {"done": 2, "failed": 1})
    failed = job(store, "j1").error
    assert failed is not None
    assert failed.code == code


def test_a_threshold_that_is_offered_no_more_fails_its_job(
    store: JobStore, embedded: DetectorConfig, clip: Path
) -> None:
    add(store, "a", clip, threshold=0.7)
    add(store, "b", clip)
    with lane_of(store, embedded):
        assert wait_until(lambda: store.counts() == {"failed": 1, "done": 1})
    error = job(store, "a").error
    assert error is not None
    assert (error.code, error.reason[:13]) == ("config", "threshold 0.7")


def test_the_next_jobs_get_their_own_results_after_one_ended_the_stream(
    store: JobStore, embedded: DetectorConfig, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_named = lane_module._as_named

    def failing(result: VideoResult, flight: Flight) -> VideoResult:
        if flight.job.id == "bad":
            raise RuntimeError("a fault")
        return as_named(result, flight)

    monkeypatch.setattr(lane_module, "_as_named", failing)
    with lane_of(store, embedded):
        add(store, "bad", clip)
        assert wait_until(lambda: store.counts() == {"failed": 1})
        for number in range(3):
            add(store, f"j{number}", clip)
            assert wait_until(lambda number=number: job(store, f"j{number}").has_ended)  # type: ignore[misc]
    for number in range(3):
        done = job(store, f"j{number}")
        assert (done.state, done.attempt) == ("done", 1)
        assert VideoResult.model_validate_json(done.result or "").source == f"j{number}.mp4"


def test_a_detector_that_cannot_be_made_is_told(
    store: JobStore, embedded: DetectorConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(config: DetectorConfig) -> None:
        del config
        raise WeightsError("they are not there")

    monkeypatch.setattr("genconvit.serve.lane.Detector", refuse)
    with lane_of(store, embedded) as lane:
        assert wait_until(lambda: lane.failure is not None)
        assert not lane.ready.is_set()
    assert "cannot work" in caplog.text


def test_a_job_that_is_cancelled_while_it_runs_frees_the_lane(
    store: JobStore, embedded: DetectorConfig, predicted: VideoResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()

    def answer(source: str) -> VideoResult:
        del source
        begun.set()
        assert go.wait(300)
        return predicted

    monkeypatch.setattr(FakeDetector, "answer", staticmethod(answer), raising=False)
    monkeypatch.setattr("genconvit.serve.lane.Detector", FakeDetector)
    add(store, "a", Path("/a"))
    add(store, "b", Path("/b"))
    with lane_of(store, embedded) as lane:
        assert begun.wait(300)
        assert store.cancel("a", "")
        lane.cancel("a")
        go.set()
        assert wait_until(lambda: store.counts() == {"cancelled": 1, "done": 1})
    assert job(store, "a").result is None
