"""A comparison as a folder: a summary to read, tables for a spreadsheet, and pictures."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genconvit.compare.summary import aligned, any_measured, ranks, summary_of
from genconvit.core.errors import ConfigError
from genconvit.core.text import csv_cell
from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.evaluation.evaluated import Evaluated
from genconvit.evaluation.paired import compare_sets
from genconvit.evaluation.report import write_markdown
from genconvit.evaluation.tables import Report
from genconvit.metrics.measures import MEASURES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COSTS = ("faces", "find_seconds", "load_seconds", "score_seconds", "peak_mb")


def new_folder(parent: Path, dataset: str, time: datetime) -> Path:
    """A fresh folder ``comparison_<dataset>_<time>`` for a report; nothing is overwritten.

    Raises:
        ConfigError: it cannot be made.
    """
    stem = f"comparison_{dataset}_{time:%Y-%m-%d_%H-%M-%S}"
    for number in range(1, 1000):
        folder = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise ConfigError(f"{str(folder)!r} cannot be made: {error.strerror}; give another --out") from error
        return folder
    raise ConfigError(f"{str(parent)!r} holds too many folders called {stem}; give another --out")


def write_comparison(sets: Sequence[Evaluated], options: EvaluationOptions, folder: Path, *, plots: bool) -> Report:
    """Write ``summary.md``, ``summary.json``, ``variants.csv``, ``videos.csv`` and the pictures into a folder.

    Args:
        sets: sets to compare, at least one; the others are held against the first.
        options: options that they were evaluated with.
        folder: an existing one.
        plots: draw pictures; takes matplotlib.

    Returns:
        The tables of the summary.

    Raises:
        ConfigError: a package is missing, or a file cannot be written.
    """
    first, *others = sets
    pairs = [compare_sets(other.scored, first.scored, options) for other in others]
    report = summary_of(sets, pairs)
    drawn = draw(sets, folder) if plots else []
    with (folder / "summary.md").open("x", encoding="utf-8") as stream:
        stream.write("# Comparison\n\n")
        write_markdown(report, stream)
        stream.writelines(f"\n![{Path(name).stem}]({name})\n" for name in drawn)
    found = {
        "evaluations": [each.evaluation.model_dump(mode="json") for each in sets],
        "metadata": {each.scored.name: each.scored.metadata for each in sets},
        "ranks": {each.scored.name: rank for each, rank in zip(sets, ranks(sets), strict=True)},
        "differences": [pair.model_dump(mode="json") for pair in pairs],
    }
    (folder / "summary.json").write_text(json.dumps(found, indent=2) + "\n", encoding="ascii")
    _write_csv(folder / "variants.csv", _variant_rows(sets))
    _write_csv(folder / "videos.csv", _video_rows(sets))
    return report


def draw(sets: Sequence[Evaluated], folder: Path) -> list[str]:
    """Draw every picture that these sets allow, and return the files' names."""
    from genconvit.plots.agreement import plot_agreement
    from genconvit.plots.confusion import plot_confusion
    from genconvit.plots.curves import plot_curves
    from genconvit.plots.measures import plot_measures
    from genconvit.plots.scores import plot_scores
    from genconvit.plots.style import save

    plots: list[Callable[[Sequence[Evaluated]], Figure]] = [plot_scores]
    if any_measured(sets):
        plots = [plot_measures, plot_confusion, plot_curves, *plots]
    if len(sets) > 1:
        plots.append(plot_agreement)
    names = []
    for plot in plots:
        name = f"{plot.__name__.removeprefix('plot_')}.png"
        save(plot(sets), folder / name)
        names.append(name)
    return names


def _variant_rows(sets: Sequence[Evaluated]) -> list[dict[str, Any]]:
    rows = []
    for each, rank in zip(sets, ranks(sets), strict=True):
        counts = each.evaluation.counts
        row: dict[str, Any] = {
            "variant": csv_cell(each.scored.name),
            "rank": rank,
            "remark": each.mark,
            "videos": counts.videos,
            "measured": counts.measured,
            "measured_fakes": counts.measured_fakes,
        }
        for name in MEASURES:
            measure = each.evaluation.measures[name]
            row |= {name: measure.value, f"{name}_low": measure.low, f"{name}_high": measure.high}
        rows.append(row | {name: each.scored.metadata.get(name) for name in COSTS})
    return rows


def _video_rows(sets: Sequence[Evaluated]) -> list[dict[str, Any]]:
    keys = dict.fromkeys(key for row in sets[0].scored.rows for key in row.groups)
    rows = []
    for first, found in zip(sets[0].scored.rows, aligned(sets), strict=True):
        row: dict[str, Any] = {"video": csv_cell(first.name), "truth": first.truth or "unknown"}
        row |= {f"group {csv_cell(key)}": csv_cell(first.groups.get(key, "")) for key in keys}
        for each, scored in zip(sets, found, strict=True):
            name = csv_cell(each.scored.name)
            row[f"{name} score"] = None if scored is None else scored.score
            row[f"{name} label"] = None if scored is None else scored.predicted or scored.status
        rows.append(row)
    return rows


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("x", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)
