"""Labels that people gave: the score and the label alone, without faces, in a file that evaluate and calibrate read."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from genconvit.core.files import written_whole
from genconvit.evaluation.results_file import JournalEntry
from genconvit.results.result import Label, VideoResult
from genconvit.serve.database import Database
from genconvit.serve.problems import Problem
from genconvit.serve.stored import StoredJob


class Opinions:
    """The labels of a database, and a file of the same. They outlive the results.

    Args:
        database: the database.
        path: path of the file, a line of JSON for each job.
    """

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self._path = path
        self._turn = threading.Lock()

    def keep(self, job: StoredJob, label: Label) -> None:
        """Keep the label of a job's source; a later one replaces it.

        Raises:
            Problem: the job has no score.
        """
        if job.result is None or job.fake_probability is None:
            raise Problem(409, "state", "the job has no score, so its label teaches nothing; wait until it is done")
        result = VideoResult.model_validate_json(job.result)
        entry = JournalEntry(name=job.id, truth=label, groups={}, result=without_faces(result, job.id))
        self._database.run(
            "INSERT INTO feedback (job, owner, created, entry) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (job) DO UPDATE SET created = excluded.created, entry = excluded.entry",
            (job.id, job.owner, time.time(), entry.model_dump_json()),
        )
        self._write()

    def _write(self) -> None:
        with self._turn:
            rows = self._database.rows("SELECT entry FROM feedback ORDER BY created")
            with written_whole(self._path, durable=True) as path:
                path.write_text("".join(f"{row['entry']}\n" for row in rows), encoding="utf-8")


def without_faces(result: VideoResult, name: str) -> VideoResult:
    """The score of a result, without its faces and what tells whose video it is.

    Args:
        result: answer for a source.
        name: name to call the source by.
    """
    provenance = result.provenance.model_copy(update={"source_sha256": None})
    update = {"source": name, "faces": (), "tracks": (), "credentials": None, "provenance": provenance}
    return result.model_copy(update=update)
