"""One video as it was measured: its scores at every step, or why it has none."""

from __future__ import annotations

from collections.abc import Sequence

from genconvit.core.config import FrozenConfig
from genconvit.core.left_out import LeftOut
from genconvit.evaluation.robustness import VideoSteps
from genconvit.results.result import Status


class MeasuredVideo(FrozenConfig):
    """One video, whether it has scores or not; a line of the journal."""

    name: str
    """Name in the data set."""

    status: Status
    """Status of the clean frames' result."""

    reason: str | None = None
    """Reason why it is unreadable, else None."""

    steps: VideoSteps | None = None
    """Scores at every step; None where the clean frames have none."""

    seconds: tuple[float, ...] = ()
    """Seconds spent on degrading frames, one number a step; empty without scores."""


def with_steps(videos: Sequence[MeasuredVideo]) -> tuple[VideoSteps, ...]:
    """The scores of the videos that have some."""
    return tuple(video.steps for video in videos if video.steps is not None)


def without_face(videos: Sequence[MeasuredVideo]) -> tuple[str, ...]:
    """The names of the videos without a face."""
    return tuple(video.name for video in videos if video.status == "no_face")


def unreadable(videos: Sequence[MeasuredVideo]) -> tuple[LeftOut, ...]:
    """The videos that could not be read, with their reasons."""
    return tuple(
        LeftOut(name=video.name, reason=video.reason or "no reason given")
        for video in videos
        if video.status == "unreadable"
    )


def seconds_of_steps(videos: Sequence[MeasuredVideo], steps: int) -> list[float]:
    """Seconds that all videos took at each of so many steps."""
    return [sum(video.seconds[step] for video in videos if video.seconds) for step in range(steps)]
