"""What is kept, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genconvit.serve.config import ServeConfig
from genconvit.serve.database import Database
from genconvit.serve.files import DataFolder
from genconvit.serve.models import JobOptions
from genconvit.serve.retention import Retention
from genconvit.serve.store import Ending, JobStore
from genconvit.serve.stored import NewJob


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    with DataFolder(tmp_path) as made:
        yield made


@pytest.fixture
def store(folder: DataFolder) -> Iterator[JobStore]:
    with Database(folder.database) as database:
        yield JobStore(database)


def add(store: JobStore, folder: DataFolder, *ids: str) -> None:
    for job_id in ids:
        upload = folder.upload(job_id, "a.mp4", 100)
        upload.finish()
        job = NewJob(job_id, "", "a.mp4", upload.path, True, "v2", JobOptions())
        store.add(job, most=1000, most_of_owner=1000)


def kept(folder: DataFolder) -> set[str]:
    return {job_id for job_id, _ in folder.uploads()}


def test_an_upload_is_deleted_once_its_job_has_ended_and_its_report_is_made(
    store: JobStore, folder: DataFolder
) -> None:
    add(store, folder, "done", "reported", "running", "queued")
    arriving = folder.upload("arriving", "a.mp4", 100)
    retention = Retention(store, folder, ServeConfig(data=folder.database.parent))
    for report in (False, True):
        job = store.claim("v2")
        assert job is not None
        store.finish(job, Ending("done", report=report))
    store.claim("v2")
    assert retention.step() > 0
    assert kept(folder) == {"reported", "running", "queued", "arriving"}
    store.report_ended("reported", made=False)
    retention.step()
    assert kept(folder) == {"running", "queued", "arriving"}
    arriving.drop()


def test_more_results_than_are_deleted_at_once_are_deleted_all_the_same(store: JobStore, folder: DataFolder) -> None:
    ids = [f"j{number}" for number in range(250)]
    add(store, folder, *ids)
    for job_id in ids[:-1]:
        store.cancel(job_id, "")
    config = ServeConfig(data=folder.database.parent, keep_result_hours=1e-9, keep_upload_hours=1)
    retention = Retention(store, folder, config)
    while not retention.step():
        pass
    assert store.ids() == kept(folder) == {"j249"}
