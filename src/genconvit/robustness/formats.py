"""A measurement as it is written: for a terminal, as Markdown, CSV or JSON. No text of a file can steer any."""

from __future__ import annotations

import csv
import json
from typing import TextIO

from genconvit.core.text import printable
from genconvit.evaluation.robustness import SPREAD, RobustnessReport, StepSummary
from genconvit.evaluation.tables import MOST_NAMES, Report, Table
from genconvit.results.result import UNTRAINED

CSV_COLUMNS = (
    "degradation",
    "strength",
    "unit",
    "videos",
    "faces",
    "roc_auc",
    "roc_auc_low",
    "roc_auc_high",
    "why_no_roc_auc",
    "mean_score",
    "mean_change",
    "low_change",
    "high_change",
    "mean_distance",
    "max_distance",
    "labels_changed",
    "seconds",
    "weights",
)
_HEADER = (
    "degradation",
    "strength",
    "videos",
    "faces",
    "ROC AUC",
    "mean change",
    f"change, {SPREAD[0]} % to {SPREAD[1]} %",
    "mean distance",
    "largest",
    "labels changed",
    "seconds",
)
_COPIED = ("videos", "faces", "mean_score", "mean_change", "low_change", "high_change", "mean_distance", "max_distance")


def report_of(measured: RobustnessReport) -> Report:
    """One table with a row for each step, and what it rests on."""
    report = Report()
    title = "Robustness" if measured.trained else f"Robustness ({UNTRAINED})"
    report.tables.append(
        Table(title, _HEADER, tuple(_row(step, report) for step in measured.steps), texts=1),
    )
    left_out = [f"{name}: no face" for name in measured.no_face]
    left_out += [f"{each.name}: unreadable ({each.reason})" for each in measured.unreadable]
    counts = f"{len(measured.videos)} videos with a face, {len(left_out)} left out"
    report.lines = [
        f"data set {measured.dataset}, split {measured.split}, frames {measured.frames}: {counts}",
        "faces are found in the clean frames; a change is a score less that of the clean frames",
        *(f"left out: {each}" for each in left_out[:MOST_NAMES]),
    ]
    more = len(left_out) - MOST_NAMES
    report.lines += [f"left out: {more} more, which JSON names"] if more > 0 else []
    report.lines += [*measured.notes, measured.provenance.summary]
    report.lines = list(map(printable, report.lines))
    return report


def write_json(measured: RobustnessReport, stream: TextIO) -> None:
    """Write the whole ``RobustnessReport``, in ASCII."""
    stream.write(json.dumps(measured.model_dump(mode="json"), indent=2) + "\n")


def write_csv(measured: RobustnessReport, stream: TextIO) -> None:
    """Write one row for each step; a cell is empty where a number is not defined."""
    writer = csv.DictWriter(stream, CSV_COLUMNS)
    writer.writeheader()
    for step in measured.steps:
        writer.writerow(
            {
                **{name: getattr(step, name) for name in _COPIED},
                "degradation": step.degradation,
                "strength": "" if step.strength is None else f"{step.strength:g}",
                "unit": step.unit,
                "roc_auc": step.roc_auc.value,
                "roc_auc_low": step.roc_auc.low,
                "roc_auc_high": step.roc_auc.high,
                "why_no_roc_auc": step.roc_auc.why_not or "",
                "labels_changed": step.labels_changed,
                "seconds": round(step.seconds, 3),
                "weights": "trained" if measured.trained else UNTRAINED,
            }
        )


def _row(step: StepSummary, report: Report) -> tuple[str, ...]:
    spread = "" if step.low_change is None else f"{_signed(step.low_change)} to {_signed(step.high_change)}"
    return (
        f"{step.label}, {step.unit}" if step.unit else step.label,
        "" if step.strength is None else f"{step.strength:g}",
        str(step.videos),
        str(step.faces),
        report.cell("roc_auc", step.roc_auc),
        _signed(step.mean_change),
        spread,
        "" if step.mean_distance is None else f"{step.mean_distance:.4f}",
        "" if step.max_distance is None else f"{step.max_distance:.4f}",
        "not defined" if step.labels_changed is None else f"{100 * step.labels_changed:.1f} %",
        f"{step.seconds:.1f}",
    )


def _signed(value: float | None) -> str:
    return "" if value is None else f"{round(value, 4) + 0.0:+.4f}"  # no minus before a zero
