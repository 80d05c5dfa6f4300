"""Reports of results, made while the source is still there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from genconvit.core.closeable import Closeable
from genconvit.core.errors import GenConViTError, SourceError
from genconvit.render.frames import SourceFrames
from genconvit.render.page import result_page
from genconvit.results.result import VideoResult
from genconvit.serve.config import Reports
from genconvit.serve.files import DataFolder
from genconvit.serve.store import JobStore
from genconvit.serve.stored import StoredJob
from genconvit.settings import DetectorConfig

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 5.0


class ReportMaker(Closeable):
    """Makes the reports that are pending, one after another, and keeps the workers that read frames for them.

    Args:
        store: the jobs.
        folder: folder of the reports.
        reports: kind of the reports.
        detectors: configs of the detectors by name, by whose limits frames are read again.
        made: called with each job whose report was made, or is not to be.
    """

    def __init__(
        self,
        store: JobStore,
        folder: DataFolder,
        reports: Reports,
        detectors: Mapping[str, DetectorConfig],
        made: Callable[[StoredJob], None],
    ) -> None:
        self._store = store
        self._folder = folder
        self._reports = reports
        self._detectors = detectors
        self._frames: dict[str, SourceFrames] = {}
        self._made = made

    def step(self) -> float:
        """Make the next report; gives the seconds until the next look."""
        job = self._store.next_report()
        if job is None or job.result is None:
            return _LOOK_SECONDS
        is_made = False
        try:
            self._folder.write_report(job.id, self._html(job, VideoResult.model_validate_json(job.result)))
            is_made = True
        except (GenConViTError, OSError):
            _LOG.exception("the report of job %s cannot be made", job.id)
        finally:
            if not self._store.report_ended(job.id, made=is_made):
                self._folder.delete_report(job.id)
            self._made(job)
        return 0.0

    def _html(self, job: StoredJob, result: VideoResult) -> str:
        if self._reports == "pictures":
            try:
                return result_page(
                    result, source=job.path, detector=None, command=None, frames=self._frames_of(job.detector)
                )
            except SourceError as error:  # its owner moved or changed it
                _LOG.info("the report of job %s has no pictures: %s", job.id, error.reason)
        return result.to_html(source="")

    def _frames_of(self, detector: str) -> SourceFrames:
        if detector not in self._frames:
            self._frames[detector] = SourceFrames(self._detectors.get(detector))
        return self._frames[detector]

    def close(self) -> None:
        """End the workers; more than once is fine."""
        for frames in self._frames.values():
            frames.close()
