"""The service without HTTP: what a request can ask of the jobs, and the threads that work on them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from genconvit.assemble import assemble_rule
from genconvit.core.closeable import Closeable
from genconvit.core.config import validation_message
from genconvit.core.errors import ConfigError
from genconvit.serve.arrivals import Arrivals
from genconvit.serve.background import Background
from genconvit.serve.config import ServeConfig
from genconvit.serve.database import Database
from genconvit.serve.deliveries import AT_ONCE, Deliveries
from genconvit.serve.files import DataFolder
from genconvit.serve.keys import KeyFile, Tickets
from genconvit.serve.lane import Lane, LaneOptions
from genconvit.serve.metrics import Metrics
from genconvit.serve.models import Choices, JobOptions, normal_threshold
from genconvit.serve.opinions import Opinions
from genconvit.serve.problems import Problem, not_found
from genconvit.serve.reports import ReportMaker
from genconvit.serve.retention import Retention
from genconvit.serve.roots import AllowedRoot
from genconvit.serve.store import JobStore, QueueFullError
from genconvit.serve.stored import NewJob, StoredJob
from genconvit.serve.waiters import Waiters
from genconvit.serve.webhooks import Webhooks
from genconvit.settings import DetectorConfig

MOST_ATTEMPTS = 100
"""Times that a job is begun, where the service itself ends while it is at it."""

_PATIENCE_SECONDS = 10.0


class Service(Closeable):
    """Jobs, the detectors that work on them, and everything around them.

    Args:
        config: options of the service.
        detectors: configs of the detectors, one for each architecture; the first one is the default.

    Attributes:
        config: options of the service.
        keys: keys of clients; None where none is asked for.
        tickets: permits to read a report.
        store: the jobs.
        folder: files of the jobs.
        opinions: labels that people gave.
        metrics: numbers of the service.
        waiters: requests that wait for a job's end.
        report_waiters: requests that wait for a job's report.
        arrivals: requests with a job that arrive.

    Raises:
        ConfigError: an option has a value that is not allowed, or the folder is in use.
    """

    def __init__(self, config: ServeConfig, detectors: Sequence[DetectorConfig]) -> None:
        self.config = config
        configs = {each.architecture: isolated(each) for each in detectors}
        if not detectors or len(configs) < len(detectors):
            raise ConfigError("give one detector for each architecture, and at least one (--also FILE)")
        lanes = {name: lane_options(each, config) for name, each in configs.items()}
        self.keys = KeyFile(config.keys) if config.keys else None
        self.tickets = Tickets()
        self._root = AllowedRoot(config.root, without=config.data) if config.root else None
        self._webhooks = Webhooks(config.webhook_hosts)
        self.folder = DataFolder(config.data)
        self._database = Database(self.folder.database)
        self.store = JobStore(self._database)
        self.opinions = Opinions(self._database, self.folder.feedback)
        self.metrics = Metrics(self.store.counts)
        self.waiters, self.report_waiters = Waiters(), Waiters()
        self.arrivals = Arrivals(config.uploads_at_once, has_keys=self.keys is not None)
        self._retention = Retention(self.store, self.folder, config)
        self._lanes = {name: Lane(options, self.store, self._ended) for name, options in lanes.items()}
        self._defaults = {name: each.threshold for name, each in configs.items()}
        self._report_maker = ReportMaker(self.store, self.folder, config.reports, configs, self._report_ended)
        deliveries = Deliveries(self._database, self._webhooks, self._secret_of)
        self._reports = Background("reports", self._report_maker.step)
        self._deliveries = tuple(Background("webhooks", deliveries.step) for _ in range(AT_ONCE))
        self._background = (self._reports, *self._deliveries, Background("retention", self._retention.step))

    def start(self) -> None:
        """Go on with what was left of an earlier run, and load the networks."""
        self.store.requeue_all(MOST_ATTEMPTS)
        self.store.refuse_others(tuple(self._lanes))
        self.folder.keep_only(self.store.ids())
        for lane in self._lanes.values():
            lane.start()
        for background in self._background:
            background.start()

    def close(self) -> None:
        """End the threads; jobs that are under way are queued again. More than once is fine."""
        for lane in self._lanes.values():
            lane.stop(_PATIENCE_SECONDS)
        for background in self._background:
            background.stop()
        until = time.monotonic() + _PATIENCE_SECONDS
        for background in self._background:
            background.join(max(until - time.monotonic(), 0.0))
        self._report_maker.close()
        self._database.close()
        self.folder.close()

    @property
    def is_ready(self) -> bool:
        """True once all networks are loaded, while none has failed."""
        return all(lane.ready.is_set() for lane in self._lanes.values())

    @property
    def failure(self) -> BaseException | None:
        """Error that ended a detector; None while there is none."""
        return next((lane.failure for lane in self._lanes.values() if lane.failure), None)

    def choices(self) -> Choices:
        """Options that a client has."""
        return Choices(
            architectures=tuple(self._lanes),
            thresholds=(next(iter(self._defaults.values())), *self.config.thresholds),
            paths=self._root is not None,
            most_upload_bytes=self.config.most_upload_bytes,
            needs_key=self.keys is not None,
            keep_upload_hours=self.config.keep_upload_hours,
            keep_result_hours=self.config.keep_result_hours,
        )

    def new_id(self) -> str:
        """An id that nobody guesses."""
        return secrets.token_hex(16)

    def allowed_path(self, given: str) -> Path:
        """The file that a client names.

        Raises:
            Problem: it may not, or there is none.
        """
        if self._root is None:
            raise Problem(403, "forbidden", "this service takes no paths; upload the file")
        return self._root.find(given)

    def check_options(self, options: JobOptions, webhook: str | None) -> None:
        """Make sure that a job's options are allowed.

        Raises:
            Problem: one is not.
        """
        if options.architecture is not None and options.architecture not in self._lanes:
            raise Problem(
                422,
                "config",
                f"architecture {options.architecture!r} is not offered; choose of {', '.join(self._lanes)}",
            )
        offered = [str(normal_threshold(each)) for each in self.config.thresholds]
        if options.threshold is not None and str(options.threshold) not in offered:
            allowed = ", ".join(offered) or "none beside the default: leave it out"
            raise Problem(422, "config", f"threshold {options.threshold} is not offered; allowed are {allowed}")
        if webhook is not None:
            self._webhooks.target(webhook)

    def add(self, owner: str, job_id: str, name: str, path: Path, options: JobOptions, webhook: str | None) -> None:
        """Take a job, whose file is there and whose options were checked.

        Raises:
            Problem: the queue is full.
        """
        most = self.config.queue
        architecture = options.architecture or next(iter(self._lanes))
        uploaded = self.folder.is_upload(path)
        job = NewJob(job_id, owner, name, path, uploaded, architecture, options, webhook)
        try:
            self.store.add(job, most=most, most_of_owner=self.config.queue_of_key or most)
        except QueueFullError as full:
            raise self.busy(full) from None
        self._lanes[architecture].call()

    def check_room(self, owner: str) -> None:
        """Make sure that there is room for a job, before its file is taken.

        Raises:
            Problem: the queue is full.
        """
        try:
            self.store.check_room(
                owner, most=self.config.queue, most_of_owner=self.config.queue_of_key or self.config.queue
            )
        except QueueFullError as full:
            raise self.busy(full) from None

    def busy(self, full: QueueFullError) -> Problem:
        """The problem of a full queue, which says when to come again."""
        seconds = max(1, min(round(self.store.seconds_a_job() * max(full.most // 10, 1)), 600))
        return Problem(429, "busy", f"{full}; come again in {seconds} s", {"Retry-After": str(seconds)})

    def job(self, job_id: str, owner: str) -> StoredJob:
        """The job of an owner.

        Raises:
            Problem: there is none.
        """
        found = self.store.get(job_id, owner)
        if found is None:
            raise not_found("such job")
        return found

    def owner_of_ticket(self, ticket: str, job_id: str) -> str | None:
        """The owner whose permit to read a report it is; None where it is none, or the key was revoked."""
        owner = self.tickets.owner(ticket, job_id)
        is_known = owner is not None and (self.keys is None or self.keys.secret_of(owner) is not None)
        return owner if is_known else None

    def progress(self, job: StoredJob) -> float:
        """Share of a job's frames that were searched."""
        lane = self._lanes.get(job.detector)
        return lane.progress(job.id) if lane else 0.0

    def delete(self, job_id: str, owner: str) -> str:
        """Cancel a job, or forget one that has ended; gives which.

        Raises:
            Problem: there is none.
        """
        job = self.job(job_id, owner)
        if self.store.cancel(job_id, owner):
            if job.detector in self._lanes:
                self._lanes[job.detector].cancel(job_id)
            self._ended(job)
            return "cancelled"
        self._retention.forget(job)
        self.report_waiters.tell(job_id)
        return "forgotten"

    def _ended(self, job: StoredJob) -> None:
        """Tell everybody that a job has ended; in the lane's thread, or that of a request."""
        ended = self.store.get(job.id, job.owner)
        if ended is None or not ended.has_ended:
            return
        self.metrics.ended.labels(ended.state, ended.status or "none").inc()
        if ended.started is not None and ended.finished is not None:
            self.metrics.seconds.observe(max(ended.finished - ended.started, 0.0))
        if ended.report == "none":
            self._report_ended(ended)
        else:
            self._reports.call()
        for deliveries in self._deliveries:
            deliveries.call()
        self.waiters.tell(job.id)

    def _report_ended(self, job: StoredJob) -> None:
        """Go on where the report of a job that has ended was made, or is not to be."""
        self._retention.ended(job)
        self.report_waiters.tell(job.id)

    def _secret_of(self, owner: str) -> str | None:
        return self.keys.secret_of(owner) if self.keys else self.folder.secret()


def isolated(config: DetectorConfig) -> DetectorConfig:
    """The config of a detector that decodes in worker processes.

    Raises:
        ConfigError: it asks for the opposite.
    """
    if config.isolate is False:
        raise ConfigError("a service decodes strangers' files in worker processes; leave out --no-isolate")
    return config.model_copy(update={"isolate": True})


def lane_options(config: DetectorConfig, service: ServeConfig) -> LaneOptions:
    """Options of the lane of a detector.

    Raises:
        ConfigError: a threshold does not go with the detector's other options.
    """
    rules = {
        str(threshold): assemble_rule(_with_threshold(config, threshold))
        for threshold in map(normal_threshold, service.thresholds)
    }
    return LaneOptions(
        name=config.architecture,
        config=config,
        rule=assemble_rule(config),
        rules=rules,
        job_seconds=service.job_seconds,
        reports=service.reports != "none",
    )


def _with_threshold(config: DetectorConfig, threshold: float | str) -> DetectorConfig:
    fields = {**config.model_dump(exclude_unset=True), "threshold": threshold}
    try:
        return DetectorConfig.model_validate({**fields, "architecture": config.architecture})
    except ValidationError as error:
        raise ConfigError(f"--threshold-choice {threshold}: {validation_message(error)}") from error
