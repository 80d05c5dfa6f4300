"""One detector at work: a thread that feeds it jobs without an end, and keeps what it answers."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from genconvit.core.errors import SOURCE_ERRORS, ConfigError, GenConViTError, SourceError
from genconvit.detector import Detector
from genconvit.results.result import VideoResult
from genconvit.serve.models import JobError
from genconvit.serve.store import Ending, JobStore
from genconvit.serve.stored import StoredJob
from genconvit.serve.watched import Flight
from genconvit.settings import DetectorConfig
from genconvit.verdict.decide_again import decide_again
from genconvit.verdict.decision_rule import DecisionRule
from genconvit.video.readers import Reading

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
"""Seconds after which a lane looks for jobs although nobody called."""

_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class LaneOptions:
    """Options of a lane.

    Attributes:
        name: name of its detector.
        config: config of its detector.
        rule: rule by which that one decides.
        rules: rules that a job may choose, by the text of their thresholds.
        job_seconds: seconds that the reading of one source may take.
        reports: true where a report of each result is to be made.
    """

    name: str
    config: DetectorConfig
    rule: DecisionRule
    rules: Mapping[str, DecisionRule]
    job_seconds: float
    reports: bool


class Lane:
    """A thread that owns a detector. All its jobs are one stream of sources, as ``predict_many`` takes them.

    Args:
        options: options of the lane.
        store: the jobs.
        ended: called in the lane's thread with each job whose attempt ended, as it was when it began.

    Attributes:
        ready: set once the networks are loaded.
        failure: error that ended the lane; None while there is none.
    """

    def __init__(self, options: LaneOptions, store: JobStore, ended: Callable[[StoredJob], None]) -> None:
        self.name = options.name
        self.ready = threading.Event()
        self.failure: BaseException | None = None
        self._options = options
        self._store = store
        self._ended = ended
        self._flights: deque[Flight] = deque()
        self._claiming = threading.Lock()
        self._called = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"genconvit-lane-{options.name}", daemon=True)

    def start(self) -> None:
        """Load the networks, and begin with the jobs that wait."""
        self._thread.start()

    def call(self) -> None:
        """Say that a job may wait."""
        self._called.set()

    def progress(self, job_id: str) -> float:
        """Share of a job's frames that were searched; 0 for a job that is not under way here."""
        return next((each.progress for each in tuple(self._flights) if each.job.id == job_id), 0.0)

    def cancel(self, job_id: str) -> None:
        """End the reading of a job, if it is under way here."""
        for flight in self._under_way():
            if flight.job.id == job_id:
                flight.cancel()

    def stop(self, seconds: float) -> None:
        """End the thread; the jobs that are under way are queued again."""
        self._stopping.set()
        self._called.set()
        for flight in self._under_way():
            flight.cancel()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _under_way(self) -> tuple[Flight, ...]:
        with self._claiming:  # a job that is being claimed is under way afterwards
            return tuple(self._flights)

    def _run(self) -> None:
        try:
            with Detector(self._options.config) as detector:
                self.ready.set()
                while not self._stopping.is_set():
                    self._serve_or_wait(detector)
        except BaseException as error:  # whoever asks whether the service is ready is told
            _LOG.exception("the detector %s cannot work", self.name)
            self.failure = error
            self.ready.clear()

    def _serve_or_wait(self, detector: Detector) -> None:
        """Score jobs, and go on after a while where the store cannot be written: a disk may be full for a time."""
        try:
            self._serve(detector)
        except sqlite3.Error:
            _LOG.exception("the jobs cannot be kept")
            self._stopping.wait(_PAUSE_SECONDS)

    def _serve(self, detector: Detector) -> None:
        """Score jobs until one of them ends the stream."""
        self._requeue()
        over = threading.Event()
        results = detector.predict_many(self._sources(over), watch=self._watch)
        try:
            for result in results:
                self._keep(self._flights[0], result)
                self._flights.popleft()
        except Exception as error:
            _LOG.exception("a job ended the stream of %s", self.name)
            if self._flights and not isinstance(error, sqlite3.Error):
                self._fail(self._flights[0], error)
                self._flights.popleft()
        finally:
            with self._claiming:  # from here on the stream begins no job
                over.set()
            self._called.set()
            results.close()
            self._requeue()

    def _requeue(self) -> None:
        while self._flights:
            self._store.requeue(self._flights[0].job)
            self._flights.popleft()

    def _sources(self, over: threading.Event) -> Iterator[str]:
        """Paths of jobs as they come, until the stream is over; in the thread that starts readings."""
        while not self._stopping.is_set():
            self._called.clear()
            with self._claiming:
                if over.is_set():
                    return
                job = self._store.claim(self.name)
                if job is not None:
                    self._flights.append(Flight(job, job.path, self._options.job_seconds))
            if job is not None:
                yield str(job.path)
            else:
                self._called.wait(_LOOK_SECONDS)

    def _watch(self, reading: Reading) -> Reading:
        return self._flights[-1].watch(reading)  # the job that was given last is the one that begins

    def _keep(self, flight: Flight, result: VideoResult) -> None:
        if self._stopping.is_set() and flight.cancelled.is_set():
            self._store.requeue(flight.job)
            return
        rule = self._rule_of(flight.job)
        if rule is not self._options.rule:
            result = decide_again(result, self._options.rule, rule)
        shown = _as_named(result, flight)
        if shown.status == "unreadable":
            ending = Ending("failed", shown, _source_error(shown))
        else:
            ending = Ending("done", shown, report=self._options.reports)
        self._end(flight, ending)

    def _rule_of(self, job: StoredJob) -> DecisionRule:
        threshold = job.options.threshold
        if threshold is None:
            return self._options.rule
        if str(threshold) not in self._options.rules:
            raise ConfigError(f"threshold {threshold} is offered no more; send the source again, with another one")
        return self._options.rules[str(threshold)]

    def _fail(self, flight: Flight, error: Exception) -> None:
        if isinstance(error, GenConViTError):
            told = JobError(code=error.code, reason=_hidden(str(error), flight), hint=error.hint)
        else:
            told = JobError(code="error", reason=f"an error of the service: {type(error).__name__}")
        self._end(flight, Ending("failed", error=told))

    def _end(self, flight: Flight, ending: Ending) -> None:
        if self._store.finish(flight.job, ending):
            self._ended(flight.job)


def _source_error(result: VideoResult) -> JobError:
    code = result.error_code or SourceError.code
    hint = SOURCE_ERRORS[code].hint if code in SOURCE_ERRORS else None
    return JobError(code=code, reason=result.reason or "", hint=hint)


def _as_named(result: VideoResult, flight: Flight) -> VideoResult:
    """The result under the client's name; no path of this machine is in it."""
    update = {
        "source": flight.job.name,
        "reason": result.reason and _hidden(result.reason, flight),
        "notes": tuple(_hidden(note, flight) for note in result.notes),
    }
    return result.model_copy(update=update)


def _hidden(text: str, flight: Flight) -> str:
    return text.replace(str(flight.path), flight.job.name).replace(str(flight.path.parent), "")
