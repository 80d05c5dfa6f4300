"""Reports of results, made while the source is still there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from genconvit import DetectorConfig, VideoResult
from genconvit.assemble import assemble_readers
from genconvit.serve.database import Database
from genconvit.serve.files import DataFolder
from genconvit.serve.models import JobOptions
from genconvit.serve.reports import ReportMaker
from genconvit.serve.store import Ending, JobStore
from genconvit.serve.stored import NewJob, StoredJob


def test_reports_share_the_workers_of_their_detector_and_its_limits(
    tmp_path: Path, clip: Path, embedded: DetectorConfig, predicted: VideoResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[DetectorConfig] = []

    def counting(config: DetectorConfig, *given: Any) -> Any:
        made.append(config)
        return assemble_readers(config, *given)

    monkeypatch.setattr("genconvit.render.frames.assemble_readers", counting)
    config = embedded.model_copy(update={"isolate": True, "time_limit_seconds": 77.0})
    told: list[StoredJob] = []
    with DataFolder(tmp_path) as folder, Database(folder.database) as database:
        store = JobStore(database)
        for job_id in ("a", "b"):
            path = Path(shutil.copy(clip, tmp_path / f"{job_id}.mp4"))
            store.add(NewJob(job_id, "", "a.mp4", path, False, "v2", JobOptions()), most=9, most_of_owner=9)
            job = store.claim("v2")
            assert job is not None
            store.finish(job, Ending("done", predicted.model_copy(update={"source": "a.mp4"}), report=True))
        with ReportMaker(store, folder, "pictures", {"v2": config}, told.append) as reports:
            while not reports.step():
                pass
        assert [job.id for job in told] == ["a", "b"]
        for job_id in ("a", "b"):
            assert folder.report(job_id).read_text().count("data:image/jpeg") > 0
    assert [each.time_limit_seconds for each in made] == [77.0]
