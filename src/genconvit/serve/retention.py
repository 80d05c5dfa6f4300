"""Deletion of what is kept no longer: uploads, results and reports."""

from __future__ import annotations

import time

from genconvit.serve.config import ServeConfig
from genconvit.serve.files import DataFolder
from genconvit.serve.store import JobStore
from genconvit.serve.stored import StoredJob

_HOUR_SECONDS = 3600.0
_LOOK_SECONDS = 60.0
_AT_ONCE = 100


class Retention:
    """Deletes files and jobs in time. What people said of a result stays.

    Args:
        store: the jobs.
        folder: files of the jobs.
        config: hours for which things are kept.
    """

    def __init__(self, store: JobStore, folder: DataFolder, config: ServeConfig) -> None:
        self._store = store
        self._folder = folder
        self._upload_seconds = config.keep_upload_hours * _HOUR_SECONDS
        self._result_seconds = config.keep_result_hours * _HOUR_SECONDS

    def ended(self, job: StoredJob) -> None:
        """Delete the upload of a job that has ended and whose report, if any, was made, where uploads are not kept."""
        if job.uploaded and not self._upload_seconds:
            self._folder.delete_upload(job.path)

    def step(self) -> float:
        """Delete what is too old; gives the seconds until the next look."""
        now = time.time()
        for job_id, path in self._folder.uploads():
            if self._store.has_ended_before(job_id, now - self._upload_seconds):
                self._folder.delete_upload(path)
        jobs = self._store.ended_before(now - self._result_seconds, _AT_ONCE)
        for job in jobs:
            self.forget(job)
        return _LOOK_SECONDS if len(jobs) < _AT_ONCE else 0.0

    def forget(self, job: StoredJob) -> None:
        """Delete a job that has ended, with its files."""
        if self._store.forget(job.id):
            self._folder.delete_report(job.id)
            if job.uploaded:
                self._folder.delete_upload(job.path)
