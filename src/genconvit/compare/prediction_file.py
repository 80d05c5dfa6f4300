"""One variant's results as a file: the three blocks that V2's description asks for, and everything else beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from genconvit.core.closeable import Closeable
from genconvit.core.errors import ConfigError
from genconvit.core.files import written_whole
from genconvit.data.base import LabelledSource
from genconvit.evaluation.evaluation import Evaluation
from genconvit.evaluation.results_file import JournalEntry, scored_video
from genconvit.evaluation.scored import ScoredVideo
from genconvit.results.result import VideoResult

UNKNOWN = "unknown"
"""Text that stands in the files for a label that is not known."""

_MOST_OF_A_NAME = 1000


class PredictionFile(Closeable):
    """Takes results as they come, a line each, and becomes one JSON file at the end.

    Until then the lines lie in ``<stem>.jsonl`` beside it, which ``genconvit evaluate --results`` reads as well: what
    an interrupted run had finished is not lost. No file is ever overwritten.

    Args:
        folder: folder to write to; made where it is not there.
        dataset: name of the data set.
        mode: mode of the networks.
        variant: name of the variant.
        time: time of the run.

    Raises:
        ConfigError: the folder cannot be written.
    """

    def __init__(self, folder: Path, *, dataset: str, mode: str, variant: str, time: datetime) -> None:
        stem = f"prediction_{dataset}_{mode}_{variant}_{time:%Y-%m-%d_%H-%M-%S}"
        self._lines, self._stream = _reserve(folder, stem)
        self.path = self._lines.with_suffix(".json")
        self.rows: list[ScoredVideo] = []

    def add(self, source: LabelledSource, result: VideoResult) -> None:
        """Take one video's result."""
        entry = JournalEntry(name=source.name, truth=source.label, groups=source.groups, result=result)
        self._stream.write(json.dumps(entry.model_dump(mode="json")) + "\n")
        self._stream.flush()
        self.rows.append(scored_video(result, truth=source.label, name=source.name, groups=source.groups))

    def finish(self, evaluation: Evaluation, metadata: Mapping[str, Any]) -> Path:
        """Write the whole file; the lines beside it go."""
        self._stream.close()
        blocks = {
            "metrics": _metrics(evaluation),
            "metadata": dict(metadata),
            "video": _columns(self.rows),
            "evaluation": evaluation.model_dump(mode="json"),
        }
        with (
            written_whole(self.path) as partial,
            partial.open("w", encoding="ascii") as whole,
            self._lines.open(encoding="ascii") as lines,
        ):
            whole.write(json.dumps(blocks).removesuffix("}") + ', "results": [')
            for number, line in enumerate(lines):
                result = json.dumps(json.loads(line)["result"])
                whole.write(("," if number else "") + "\n" + result)
            whole.write("\n]}\n")
        self._lines.unlink()
        return self.path

    def close(self) -> None:
        """Leave the lines as they are; a file without any goes."""
        self._stream.close()
        if not self.rows:
            self._lines.unlink(missing_ok=True)


def _reserve(folder: Path, stem: str) -> tuple[Path, TextIO]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, _MOST_OF_A_NAME):
            lines = folder / f"{stem}{f'-{number}' if number > 1 else ''}.jsonl"
            if lines.with_suffix(".json").exists():
                continue
            try:
                return lines, lines.open("x", encoding="ascii")
            except FileExistsError:
                continue
    except OSError as error:
        raise ConfigError(f"--out {str(folder)!r} cannot be written: {error.strerror}; give another folder") from error
    raise ConfigError(f"--out {os.fspath(folder)!r} holds {_MOST_OF_A_NAME} files called {stem}; give another folder")


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
