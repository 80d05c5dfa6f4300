"""One variant's results as a file: the three blocks that V2's description asks for, and everything else beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from genconvit.compare.lines import Lines
from genconvit.core.closeable import Closeable
from genconvit.core.files import written_whole
from genconvit.data.base import LabelledSource
from genconvit.evaluation.evaluation import Evaluation
from genconvit.evaluation.results_file import JournalEntry, scored_video
from genconvit.evaluation.scored import ScoredVideo
from genconvit.results.result import VideoResult
from genconvit.video.names import source_name

UNKNOWN = "unknown"
"""Text that stands in the files for a label that is not known."""


class PredictionFile(Closeable):
    """Takes results as they come, a line each, and makes one JSON file of all of them at the end.

    Until then the lines lie in ``<stem>.jsonl`` beside it, which ``genconvit evaluate --results`` reads as well: what
    an interrupted run had finished is not lost. In a journal they stay, and a later run goes on with them. No file of
    another run is ever overwritten.

    Args:
        lines: place for the lines; closed with this.
        sources: every source that the file is of.
        path: path of the whole file.

    Attributes:
        path: path of the whole file.
    """

    def __init__(self, lines: Lines, sources: Iterable[LabelledSource], path: Path) -> None:
        self.path = path
        self._lines = lines
        self._sources = {source_name(source.path): source for source in sources}
        self._rows: dict[str, ScoredVideo] = {}
        for name, line in lines.results():
            if name in self._sources:
                self._keep(name, JournalEntry.model_validate_json(line).result)

    @property
    def rows(self) -> list[ScoredVideo]:
        """The videos that are scored, in the order in which they were finished."""
        return list(self._rows.values())

    def pending(self, sources: Iterable[LabelledSource]) -> list[str]:
        """List the names of those sources whose results are missing, as their results have them."""
        return list(map(source_name, self._lines.pending(source.path for source in sources)))

    def add(self, result: VideoResult) -> None:
        """Take one video's result."""
        source = self._sources[result.source]
        entry = JournalEntry(name=source.name, truth=source.label, groups=source.groups, result=result)
        self._lines.add(result, json.dumps(entry.model_dump(mode="json")))
        self._rows.pop(result.source, None)  # of a video that has changed, the last result counts
        self._keep(result.source, result)

    def finish(self, evaluation: Evaluation, metadata: Mapping[str, Any]) -> Path:
        """Write the whole file."""
        self._lines.finish()
        blocks = {
            "metrics": _metrics(evaluation),
            "metadata": dict(metadata),
            "video": _columns(self.rows),
            "evaluation": evaluation.model_dump(mode="json"),
        }
        with written_whole(self.path) as partial, partial.open("w", encoding="ascii") as whole:
            whole.write(json.dumps(blocks).removesuffix("}") + ', "results": [')
            kept = (line for name, line in self._lines.results() if name in self._rows)
            for number, line in enumerate(kept):
                result = json.dumps(json.loads(line)["result"])
                whole.write(("," if number else "") + "\n" + result)
            whole.write("\n]}\n")
        self._lines.drop()
        return self.path

    def close(self) -> None:
        """Leave the lines as they are; a file without any goes."""
        self._lines.close()

    def _keep(self, name: str, result: VideoResult) -> None:
        source = self._sources[name]
        self._rows[name] = scored_video(result, truth=source.label, name=source.name, groups=source.groups)


def _metrics(evaluation: Evaluation) -> dict[str, float | int | None]:
    """The block of that name, over the videos that count; None for what is not defined."""
    names = {"accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1_score": "f1"}
    table = evaluation.confusion
    unlabelled = table.without_label == evaluation.counts.measured
    return {
        **{key: evaluation.measures[name].value for key, name in names.items()},
        "total_samples": evaluation.counts.measured,
        "true_fake": evaluation.counts.measured_fakes,
        "true_real": evaluation.counts.measured - evaluation.counts.measured_fakes,
        "predicted_fake": None if unlabelled else table.fake_as_fake + table.real_as_fake,
        "predicted_real": None if unlabelled else table.fake_as_real + table.real_as_real,
    }


def _columns(rows: list[ScoredVideo]) -> dict[str, list[Any]]:
    return {
        "name": [row.name for row in rows],
        "pred": [row.score for row in rows],
        "klass": [" ".join(row.groups.values()) or (row.truth or UNKNOWN).lower() for row in rows],
        "pred_label": [row.predicted for row in rows],
        "correct_label": [row.truth or UNKNOWN for row in rows],
        "status": [row.status for row in rows],
        "groups": [row.groups for row in rows],
    }
