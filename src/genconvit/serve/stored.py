"""One job as it is stored."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from genconvit.results.result import Label, Status, VideoResult
from genconvit.serve.models import ENDED, Job, JobError, JobOptions, JobState, JobSummary, ReportState


@dataclass(frozen=True)
class NewJob:
    """A job that was asked for.

    Attributes:
        id: id of the job, and name of its files.
        owner: id of the key that asked; empty without keys.
        name: name that the client gave the source.
        path: path of the file that is scored.
        uploaded: true for a file of ours, which is deleted in time.
        detector: name of the detector that scores it.
        options: options of the job.
        webhook: address that is told of its end; None for none.
    """

    id: str
    owner: str
    name: str
    path: Path
    uploaded: bool
    detector: str
    options: JobOptions
    webhook: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoredJob(NewJob):
    """A job of the store: what was asked for, and what has become of it.

    Attributes:
        state: state of the job.
        attempt: number of times that it was begun.
        created: time at which it was taken, in seconds since 1970.
        started: time at which it was begun last; None before.
        finished: time at which it ended; None before.
        result: JSON of its result; None before.
        status: status of the result.
        label: label of the result.
        fake_probability: fake probability of the result.
        error: reason why it has failed; None for all others.
        report: state of its report.
    """

    state: JobState
    attempt: int
    created: float
    started: float | None
    finished: float | None
    result: str | None
    status: Status | None
    label: Label | None
    fake_probability: float | None
    error: JobError | None
    report: ReportState

    @classmethod
    def of(cls, row: sqlite3.Row) -> StoredJob:
        """The job of a row of the table."""
        values = {name: row[name] for name in row.keys() if name != "seq"}  # noqa: SIM118 - a row iterates over values
        values["path"] = Path(values["path"])
        values["uploaded"] = bool(values["uploaded"])
        values["options"] = JobOptions.model_validate_json(values["options"])
        values["error"] = values["error"] and JobError.model_validate_json(values["error"])
        return cls(**values)

    @property
    def has_ended(self) -> bool:
        """True where nothing more happens to it."""
        return self.state in ENDED

    @property
    def has_report(self) -> bool:
        """True where its report was made, or is never to be."""
        return self.has_ended and self.report != "pending"

    def summary(self, progress: float) -> JobSummary:
        """The job as a list shows it.

        Args:
            progress: share of its frames that were searched.
        """
        return JobSummary(**self._shown(progress))

    def job(self, progress: float) -> Job:
        """The job with its result.

        Args:
            progress: share of its frames that were searched.
        """
        result = None if self.result is None else VideoResult.model_validate_json(self.result)
        return Job(**self._shown(progress), result=result)

    def _shown(self, progress: float) -> dict[str, object]:
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "progress": 1.0 if self.has_ended else progress,
            "created": _time(self.created),
            "finished": self.finished and _time(self.finished),
            "options": self.options,
            "report": self.report,
            "status": self.status,
            "label": self.label,
            "fake_probability": self.fake_probability,
            "error": self.error,
        }


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
