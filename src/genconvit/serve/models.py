"""JSON that the service takes and gives: the options of a job, the job, a page of jobs, feedback, a problem."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, field_validator

from genconvit.core.config import FrozenConfig
from genconvit.results.result import Label, Status, VideoResult
from genconvit.verdict.threshold import parse_threshold

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
ReportState = Literal["none", "pending", "made"]

ENDED: frozenset[JobState] = frozenset({"done", "failed", "cancelled"})
"""States that a job does not leave."""


class JobOptions(FrozenConfig):
    """Options of one job, among those that the operator allowed."""

    architecture: str | None = None
    """Architecture that scores; None is the first one that the service names."""

    threshold: float | str | None = None
    """Threshold above which the label is FAKE; None is the detector's own."""

    @field_validator("threshold")
    @classmethod
    def _is_a_threshold(cls, threshold: float | str | None) -> float | str | None:
        return None if threshold is None else normal_threshold(threshold)


class JobError(FrozenConfig):
    """Reason why a job has failed."""

    code: str
    """Code of the library's error, such as ``unreadable`` or ``limit``."""

    reason: str
    """Reason in words."""

    hint: str | None = None
    """Advice that helps with most errors of this code."""


class JobSummary(FrozenConfig):
    """One job of a list."""

    id: str
    """Id of the job."""

    name: str
    """Name that the client gave the source."""

    state: JobState
    """State of the job."""

    progress: float = Field(ge=0, le=1)
    """Share of the chosen frames that were searched for faces; 1 where the job has ended."""

    created: datetime
    """Time at which the job was taken."""

    finished: datetime | None
    """Time at which the job ended; None before."""

    options: JobOptions
    """Options of the job."""

    report: ReportState
    """State of the report: none is to come, it is pending, or it was made."""

    status: Status | None
    """Status of the result; None without one."""

    label: Label | None
    """Label of the result; None without one."""

    fake_probability: float | None
    """Fake probability of the result; None without one."""

    error: JobError | None
    """Reason why the job has failed; None for all others."""


class Job(JobSummary):
    """One job, with its result."""

    result: VideoResult | None
    """Answer for the source; a source that cannot be read has one too. None before the job has ended."""


class JobPage(FrozenConfig):
    """One page of a list of jobs, the latest first."""

    jobs: tuple[JobSummary, ...]
    """Jobs of the page."""

    next: str | None
    """Value of ``before`` for the next page; None for the last one."""


class Created(FrozenConfig):
    """Answer to a job that was taken."""

    id: str
    """Id of the job."""


class Feedback(FrozenConfig):
    """Label that a person gives a source."""

    label: Label
    """Truth as far as the person knows it."""


class Choices(FrozenConfig):
    """Options that a client has."""

    architectures: tuple[str, ...]
    """Architectures, the default one first."""

    thresholds: tuple[float | str, ...]
    """Thresholds, the default one first."""

    paths: bool
    """True where a client may name files by their paths."""

    most_upload_bytes: int
    """Bytes that an upload may have."""

    needs_key: bool
    """True where requests need a key."""

    keep_upload_hours: float
    """Hours for which an upload is kept after its job has ended."""

    keep_result_hours: float
    """Hours for which a result and its report are kept after its job has ended."""


class ProblemBody(FrozenConfig):
    """Problem of a request, as in RFC 9457 (application/problem+json)."""

    type: str
    """URN of the kind of problem."""

    title: str
    """Kind of problem in words."""

    status: int
    """Status of the response."""

    detail: str
    """Value that was got, the values allowed, and the next step."""

    code: str
    """Code of the problem, such as those of the library's errors."""


def normal_threshold(threshold: float | str) -> float | str:
    """A threshold in the one form that it is compared in.

    Raises:
        ConfigError: it is none.

    Examples:
        >>> normal_threshold("0.70"), normal_threshold("fpr=0.010")
        (0.7, 'fpr=0.01')
    """
    parsed = parse_threshold(str(threshold))
    return parsed if isinstance(parsed, float) else str(parsed)
