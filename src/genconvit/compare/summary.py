"""A comparison as tables: who is best, what each one costs, by how much they differ, and on which videos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from genconvit.core.text import printable
from genconvit.evaluation.evaluated import Evaluated
from genconvit.evaluation.evaluation import Evaluation
from genconvit.evaluation.paired import PairedComparison, matched
from genconvit.evaluation.scored import ScoredVideo
from genconvit.evaluation.tables import Report, Table, report_of
from genconvit.metrics.intervals import Difference
from genconvit.metrics.measures import MEASURES

RANKED_BY = "roc_auc"
COMPARED = ("accuracy", "roc_auc", "f1")
MOST_VIDEOS = 20
"""Most videos that are named in a table; the CSV has all."""


def ranks(sets: Sequence[Evaluated]) -> list[int | None]:
    """The place of each set by its ROC AUC, 1 for the best; equal ones share a place.

    None where weights are untrained or the area is not defined, and for all where they are not of the same videos.
    """
    if not _same_videos(sets):
        return [None] * len(sets)
    values = [_ranked_value(each) for each in sets]
    known = [value for value in values if value is not None]
    return [None if value is None else 1 + sum(other > value for other in known) for value in values]


def summary_of(sets: Sequence[Evaluated], pairs: Sequence[PairedComparison]) -> Report:
    """Everything that a reader should see: variants, differences, disagreements, then each set's evaluation.

    Args:
        sets: evaluated sets, at least one.
        pairs: each set but the first against the first.
    """
    if not any_measured(sets):
        return _without_labels(sets)
    report = report_of([each.evaluation for each in sets])
    own = [_variants(sets, report)]
    if pairs:
        own += [_differences(pairs, report), *_disagreements(sets)]
        report.lines += [printable(f"{pair.one} against {pair.other}: {note}") for pair in pairs for note in pair.notes]
    report.tables[:0] = own
    if not _same_videos(sets):
        report.lines.insert(0, "these are not the same videos, so that nothing has a rank")
    if any(each.scored.trained is False for each in sets):
        report.lines.insert(0, "a variant that is marked as untrained gives no verdict and has no rank")
    return report


def any_measured(sets: Sequence[Evaluated]) -> bool:
    """Tell whether there is a video with a known label, so that there is something to measure."""
    return any(each.evaluation.counts.measured for each in sets)


def _without_labels(sets: Sequence[Evaluated]) -> Report:
    """Say what can be said of videos whose labels are not known: what they cost, and what they scored."""
    report = Report()
    variants = _variants(sets, report, measures=())
    scores = [(0.0, _video_cells(found)) for found in aligned(sets)]
    report.tables += [variants, _video_table("Scores", sets, scores), *_disagreements(sets)]
    report.lines.append(
        "no label is known (--dataset gives labels), so that nothing is measured and nothing has a rank"
    )
    notes = dict.fromkeys(f"{each.scored.name}: {note}" for each in sets for note in each.evaluation.notes)
    report.lines += map(printable, notes)
    return report


def _same_videos(sets: Sequence[Evaluated]) -> bool:
    """Tell whether all sets hold the same videos with the same truths, in whatever order."""
    videos = [Counter((row.name, row.truth) for row in each.scored.rows) for each in sets]
    return all(each == videos[0] for each in videos)


def _ranked_value(each: Evaluated) -> float | None:
    return None if each.scored.trained is False else each.evaluation.measures[RANKED_BY].value


def _variants(sets: Sequence[Evaluated], report: Report, measures: Sequence[str] = COMPARED) -> Table:
    order = sorted(zip(ranks(sets), range(len(sets)), strict=True), key=lambda item: (item[0] is None, item))
    costs: dict[str, Callable[[Evaluated], str]] = {
        "faces": lambda each: _of(each, "faces", "{:.0f}"),
        "loading s": lambda each: _of(each, "load_seconds", "{:.2f}"),
        "scoring s": lambda each: _of(each, "score_seconds", "{:.2f}"),
        "peak MB": lambda each: _of(each, "peak_mb", "{:.0f}"),
    }
    return Table(
        "Variants",
        ("rank", "variant", "remark", "videos", *(MEASURES[name].title for name in measures), *costs),
        tuple(
            (
                "" if rank is None else str(rank),
                printable(sets[place].scored.name),
                sets[place].mark,
                str(sets[place].evaluation.counts.videos),
                *(report.cell(name, sets[place].evaluation.measures[name]) for name in measures),
                *(show(sets[place]) for show in costs.values()),
            )
            for rank, place in order
        ),
        texts=3,
    )


def _of(each: Evaluated, name: str, form: str) -> str:
    value = each.scored.metadata.get(name)
    return form.format(value) if isinstance(value, (int, float)) else "not known"


def _differences(pairs: Sequence[PairedComparison], report: Report) -> Table:
    return Table(
        "Differences over the same videos",
        ("variant", "less", "videos", *(MEASURES[name].title for name in COMPARED)),
        tuple(
            (
                printable(pair.one),
                printable(pair.other),
                str(pair.videos),
                *(_difference(name, pair.differences[name], report) for name in COMPARED),
            )
            for pair in pairs
        ),
        texts=2,
    )


def _difference(name: str, difference: Difference, report: Report) -> str:
    cell = report.cell(name, difference)
    side = difference.other_side
    return cell if side is None else f"{cell}\nother side {100 * side:.1f} %"


def aligned(sets: Sequence[Evaluated]) -> list[tuple[ScoredVideo | None, ...]]:
    """Give each video of the first set its row in every set; None where a set does not have it."""
    first, *others = sets
    places = [dict(matched(first.scored, other.scored)) for other in others]
    found: list[tuple[ScoredVideo | None, ...]] = []
    for position, row in enumerate(first.scored.rows):
        rest = [
            other.scored.rows[at[position]] if position in at else None
            for other, at in zip(others, places, strict=True)
        ]
        found.append((row, *rest))
    return found


def _disagreements(sets: Sequence[Evaluated]) -> list[Table]:
    """The videos that not all sets put on one side, those that are furthest apart first; nothing without any."""
    apart = []
    for found in aligned(sets):
        scores = [each.score for each in found if each is not None and each.score is not None]
        sides = {_side(each, of.evaluation) for each, of in zip(found, sets, strict=True)} - {None}
        if len(sides) > 1:
            apart.append((max(scores) - min(scores), _video_cells(found)))
    return [_video_table("Videos on different sides of the threshold", sets, apart)] if apart else []


def _video_table(title: str, sets: Sequence[Evaluated], rows: list[tuple[float, tuple[str, ...]]]) -> Table:
    """Videos with their scores, those with the highest number first."""
    rows = sorted(rows, key=lambda item: -item[0])
    more = f", the first {MOST_VIDEOS}" if len(rows) > MOST_VIDEOS else ""
    header = ("video", "truth", *(printable(each.scored.name) for each in sets))
    shown = tuple(cells for _, cells in rows[:MOST_VIDEOS])
    return Table(f"{title} ({len(rows)}{more})", header, shown, texts=2)


def _video_cells(found: Sequence[ScoredVideo | None]) -> tuple[str, ...]:
    first = next(each for each in found if each is not None)
    cells = ("" if each is None else _score(each) for each in found)
    return (printable(first.name), first.truth or "unknown", *cells)


def _side(row: ScoredVideo | None, evaluation: Evaluation) -> bool | None:
    if row is None or row.score is None:
        return None
    return row.score > evaluation.boundary


def _score(row: ScoredVideo) -> str:
    return row.status.replace("_", " ") if row.score is None else f"{row.score:.3f}"
