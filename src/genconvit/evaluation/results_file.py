"""Scored videos from files: the reference's, this library's, and what ``genconvit predict`` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import JsonValue, ValidationError

from genconvit.core.config import FrozenConfig, validation_message
from genconvit.core.errors import DatasetError
from genconvit.core.text import first_line, printable
from genconvit.evaluation.columns import rows_of_columns
from genconvit.evaluation.labels import Labels, with_labels
from genconvit.evaluation.scored import ScoredSet, ScoredVideo
from genconvit.results.result import Label, VideoResult
from genconvit.verdict.calibration import ScoreBasis
from genconvit.video.names import source_name

MOST_BYTES = 1 << 30
_Model = TypeVar("_Model", bound=FrozenConfig)
_KINDS = (
    "give a result file with a block 'video', what genconvit predict wrote with --format json or jsonl, or a journal"
)


class JournalEntry(FrozenConfig):
    """One line of a journal: a result beside what its data set says of the video."""

    name: str
    """Name in the data set."""

    truth: Label | None
    """Label of the video; None where it is not known."""

    groups: dict[str, str]
    """Groups that it belongs to."""

    result: VideoResult
    """Result of the detector."""


def read_results(path: Path, labels: Labels | None = None) -> ScoredSet:
    """The scored videos of a file.

    Args:
        path: file of the reference's layout or this library's; a list or lines of ``VideoResult``; or lines of
            ``JournalEntry``.
        labels: labels of videos whose truth the file does not tell.

    Raises:
        DatasetError: the file cannot be read, is too large, or is none of these; names the row.
    """
    file, name = printable(str(path)), Path(source_name(path)).stem
    read = _read(path, file)
    if isinstance(read, dict) and "video" in read:
        scored = _of_blocks(read, name, file)
    elif isinstance(read, list):
        scored = _of_results(read, name, file)
    else:
        raise DatasetError(f"{file} holds no results; {_KINDS}")
    if labels is not None:
        rows, notes = with_labels(scored.rows, labels)
        scored = scored.model_copy(update={"rows": tuple(rows), "notes": (*scored.notes, *notes)})
    return scored


def results_of(path: Path) -> list[VideoResult]:
    """The whole results of a file that holds them.

    Args:
        path: list or lines of ``VideoResult``, lines of ``JournalEntry``, or a file with a block ``results``.

    Raises:
        DatasetError: the file cannot be read, is too large, or holds none; names the row.
    """
    file = printable(str(path))
    read = _read(path, file)
    values = read.get("results") if isinstance(read, dict) else read
    if not isinstance(values, list):
        raise DatasetError(f"{file} holds no results with their faces; {_KINDS}")
    return [
        _validated(JournalEntry, value, f"{file}: row {position}").result
        if isinstance(value, dict) and "result" in value
        else _validated(VideoResult, value, f"{file}: row {position}")
        for position, value in enumerate(values)
    ]


def scored_video(
    result: VideoResult, *, truth: Label | None, name: str | None = None, groups: Mapping[str, str] | None = None
) -> ScoredVideo:
    """A result beside its truth; its score is the calibrated probability where there is one.

    Args:
        result: result of a detector.
        truth: label of the video; None where it is not known.
        name: name to call it by; left out, the result's source.
        groups: groups that it belongs to.
    """
    calibrated = result.calibrated_probability
    return ScoredVideo(
        name=source_name(result.source if name is None else name),
        truth=truth,
        status=result.status,
        score=result.fake_probability if calibrated is None else calibrated,
        uncalibrated=_uncalibrated(result),
        predicted=result.label,
        groups=dict(groups or {}),
        faces=tuple(face.fake_probability for face in result.faces),
        reason=result.reason,
    )


def _read(path: Path, file: str) -> object:
    """The file's content; lines of JSON become a list."""
    try:
        if not path.is_file():
            raise DatasetError(f"{file} is {'no file' if path.exists() else 'not there'}; {_KINDS}")
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} cannot be read: {first_line(error)}; check the path and its permissions") from error
    if len(content) > MOST_BYTES:
        raise DatasetError(f"{file} has more than {MOST_BYTES >> 20} MiB; split it, or leave out the faces")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file} is no JSON: {first_line(error)}; {_KINDS}") from None
    if path.suffix.lower() == ".jsonl":
        return [
            _parse(line, f"{file}: line {number}") for number, line in enumerate(text.split("\n"), 1) if line.strip()
        ]
    return _parse(text, file)


def _parse(text: str, where: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where} is no JSON: {first_line(error)}; {_KINDS}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _of_blocks(read: dict[str, Any], name: str, file: str) -> ScoredSet:
    rows, notes = rows_of_columns(read["video"], file)
    results = _results_beside(rows, read["results"], file) if "results" in read else []
    if results:
        rows = [_with_faces(row, result) for row, result in zip(rows, results, strict=True)]
    metadata = read.get("metadata", {})
    if not isinstance(metadata, dict):
        raise DatasetError(f"{file}: 'metadata' is no object; write the file anew")
    trained = metadata.get("trained")
    return ScoredSet(
        name=name,
        trained=trained if isinstance(trained, bool) else None,
        rows=tuple(rows),
        notes=tuple(notes),
        metadata=metadata,
        bases=_bases(results),
    )


def _results_beside(rows: Sequence[ScoredVideo], results: object, file: str) -> list[VideoResult]:
    """The results of the rows, which are in the same order."""
    if not isinstance(results, list) or len(results) != len(rows):
        got = f"{len(results)} results" if isinstance(results, list) else "no list of results"
        raise DatasetError(f"{file}: 'results' holds {got} and 'video' {len(rows)} rows; write the file anew")
    made = []
    for position, (row, value) in enumerate(zip(rows, results, strict=True)):
        result = _validated(VideoResult, value, f"{file}: row {position} of 'results'")
        if result.status != row.status:
            raise DatasetError(
                f"{file}: row {position} has the status {row.status!r} in 'video' and {result.status!r} in 'results'; "
                "write the file anew"
            )
        made.append(result)
    return made


def _with_faces(row: ScoredVideo, result: VideoResult) -> ScoredVideo:
    faces = tuple(face.fake_probability for face in result.faces)
    return row.model_copy(update={"faces": faces, "reason": result.reason, "uncalibrated": _uncalibrated(result)})


def _uncalibrated(result: VideoResult) -> float | None:
    return None if result.calibrated_probability is None else result.fake_probability


def _bases(results: Sequence[VideoResult]) -> tuple[ScoreBasis, ...]:
    """Give the bases that the scores of results depend on, each different one once."""
    found: dict[str, ScoreBasis] = {}
    for result in results:
        if result.fake_probability is not None:
            basis = ScoreBasis.of(result.provenance, result.person, result.score_rule)
            found.setdefault(basis.model_dump_json(), basis)
    return tuple(found.values())


def _of_results(values: Sequence[object], name: str, file: str) -> ScoredSet:
    rows, results = [], []
    for position, value in enumerate(values):
        where = f"{file}: row {position}"
        if isinstance(value, dict) and "result" in value:
            entry = _validated(JournalEntry, value, where)
            results.append(entry.result)
            rows.append(scored_video(entry.result, truth=entry.truth, name=entry.name, groups=entry.groups))
        else:
            results.append(_validated(VideoResult, value, where))
            rows.append(scored_video(results[-1], truth=None))
    detectors = {(each.provenance.architecture, str(each.provenance.weights)): each.provenance for each in results}
    notes = [f"the results are of {len(detectors)} different detectors"] if len(detectors) > 1 else []
    trained = all(each.provenance.weights.trained for each in results) if results else None
    metadata: dict[str, JsonValue] = {}
    if len(detectors) == 1:
        (detector,) = detectors.values()
        metadata = {"architecture": detector.architecture, "weights_origin": detector.weights.origin}
    return ScoredSet(
        name=name,
        trained=trained,
        rows=tuple(rows),
        notes=tuple(notes),
        metadata=metadata,
        bases=_bases(results),
    )


def _validated(kind: type[_Model], value: object, where: str) -> _Model:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise DatasetError(f"{where} is no {kind.__name__}: {_short(error)}; {_KINDS}") from None


def _short(error: ValidationError) -> str:
    message = printable(validation_message(error))
    return message if len(message) <= 300 else message[:297] + "..."
