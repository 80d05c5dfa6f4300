"""Evaluations as tables: the same cells for a terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from genconvit.core.left_out import LeftOut
from genconvit.core.text import printable
from genconvit.evaluation.evaluation import Evaluation
from genconvit.metrics.intervals import Measure
from genconvit.metrics.measures import MEASURES

HEADLINE = ("accuracy", "roc_auc", "f1", "real_accuracy", "fake_accuracy")
MOST_NAMES = 10
"""Most videos that were left out and are named in a table; JSON names all."""


@dataclass(frozen=True)
class Table:
    """Rows of printable cells; a line break in a cell parts a number from its interval."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    """Number of columns that hold texts rather than numbers, from the left."""


@dataclass
class Report:
    """Tables to show, then footnotes by their number, then lines of text."""

    tables: list[Table] = field(default_factory=list)
    footnotes: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def cell(self, name: str, measure: Measure) -> str:
        """A measure with its interval; a footnote says why one of them is missing."""
        if measure.value is None:
            return f"not defined {self._mark(measure.why_not or 'no reason given')}"
        if measure.low is None or measure.high is None:
            return f"{number(name, measure.value)} {self._mark(f'no interval: {measure.why_no_interval}')}"
        percent = MEASURES[name].percent
        ends = [f"{100 * end:.3f}" if percent else f"{end:.4f}" for end in (measure.low, measure.high)]
        return f"{number(name, measure.value)}\n({ends[0]} to {ends[1]})"

    def _mark(self, reason: str) -> str:
        return f"({self.footnotes.setdefault(reason, len(self.footnotes) + 1)})"


def number(name: str, value: float) -> str:
    """A measure's value for people.

    Examples:
        >>> number("accuracy", 0.985), number("roc_auc", 0.99944)
        ('98.500 %', '0.9994')
    """
    return f"{100 * value:.3f} %" if MEASURES[name].percent else f"{value:.4f}"


def report_of(evaluations: Sequence[Evaluation]) -> Report:
    """The tables of one or several evaluations: results, other measures, faces, groups, and what they rest on."""
    report = Report()
    report.tables.append(_results(evaluations, report))
    others = [name for name in MEASURES if name not in HEADLINE and name != "recall"]
    report.tables.append(_by_measure("Other measures", evaluations, others, lambda each: each.measures, report))
    with_faces = [each for each in evaluations if each.face_measures]
    if with_faces:
        names = [name for name in MEASURES if name != "recall"]
        faces = ("faces", *(str(each.faces) for each in with_faces))
        report.tables.append(_by_measure("Faces", with_faces, names, lambda each: each.face_measures, report, [faces]))
    groups = _groups(evaluations, report)
    if groups.rows:
        report.tables.append(groups)
    report.tables.append(_basis(evaluations))
    for each in evaluations:
        report.lines += _lines(each)
    resampling = evaluations[0].resampling
    if resampling.resamples:
        report.lines.append(
            f"95 % intervals in brackets: percentile bootstrap over videos, {resampling.resamples} resamples, "
            f"seed {resampling.seed}"
        )
    return report


def _results(evaluations: Sequence[Evaluation], report: Report) -> Table:
    counts = [
        ("videos", *(str(each.counts.videos) for each in evaluations)),
        ("fakes", *(str(each.counts.fakes) for each in evaluations)),
    ]
    return _by_measure("Results", evaluations, HEADLINE, lambda each: each.measures, report, counts)


def _by_measure(
    title: str,
    evaluations: Sequence[Evaluation],
    names: Sequence[str],
    measures: Callable[[Evaluation], dict[str, Measure]],
    report: Report,
    first: Sequence[tuple[str, ...]] = (),
) -> Table:
    """A row for each measure and a column for each file, below some first rows."""
    rows = [
        (MEASURES[name].title, *(report.cell(name, measures(each)[name]) for each in evaluations)) for name in names
    ]
    return Table(title, ("measure", *map(_name, evaluations)), (*first, *rows))


def _name(evaluation: Evaluation) -> str:
    return printable(evaluation.name) + (" (untrained)" if evaluation.trained is False else "")


def _groups(evaluations: Sequence[Evaluation], report: Report) -> Table:
    """Every group but those that hold every video, which would repeat the results."""
    texts = ("file", "group") if len(evaluations) > 1 else ("group",)
    return Table(
        "Groups",
        (*texts, "videos", "fakes", *(MEASURES[name].title for name in HEADLINE)),
        tuple(
            (
                *(printable(each.name), group_name(group.group))[-len(texts) :],
                str(group.videos),
                str(group.fakes),
                *(report.cell(name, group.measures[name]) for name in HEADLINE),
            )
            for each in evaluations
            for group in each.groups
            if group.videos < each.counts.measured
        ),
        texts=len(texts),
    )


def group_name(group: dict[str, str]) -> str:
    """A group for people.

    Examples:
        >>> group_name({"method": "Deepfakes", "compression": "c23"})
        'method=Deepfakes, compression=c23'
    """
    return printable(", ".join(f"{key}={value}" for key, value in group.items()))


def _basis(evaluations: Sequence[Evaluation]) -> Table:
    columns = [_basis_of(each) for each in evaluations]
    rows = tuple((name, *(column[name] for column in columns)) for name in columns[0])
    return Table("What this rests on", ("", *map(_name, evaluations)), rows)


def _basis_of(evaluation: Evaluation) -> dict[str, str]:
    counts, matrix = evaluation.counts, evaluation.confusion
    target = "" if evaluation.threshold_target is None else f" (fpr={evaluation.threshold_target:g})"
    return {
        "measured": str(counts.measured),
        "unknown label": str(len(counts.unknown_label)),
        "no face": str(len(counts.no_face)),
        "unreadable": str(len(counts.unreadable)),
        "inconclusive": str(len(counts.inconclusive)),
        "without answer": evaluation.no_face.value,
        "threshold": "labels as given" if evaluation.threshold is None else f"{evaluation.threshold:.6g}{target}",
        "fakes called FAKE": str(matrix.fake_as_fake),
        "fakes called REAL": str(matrix.fake_as_real),
        "reals called FAKE": str(matrix.real_as_fake),
        "reals called REAL": str(matrix.real_as_real),
    }


def _lines(evaluation: Evaluation) -> list[str]:
    counts = evaluation.counts
    kinds = {
        "unknown label": counts.unknown_label,
        "no face": counts.no_face,
        "unreadable": counts.unreadable,
        "inconclusive": counts.inconclusive,
    }
    lines = [f"{kind}: {_named(kind, left_out)}" for kind, left_out in kinds.items() if left_out]
    return [printable(f"{evaluation.name}: {line}") for line in (*lines, *evaluation.notes)]


def _named(kind: str, left_out: Sequence[LeftOut]) -> str:
    reasons = kind == "unreadable"
    shown = [f"{each.name} ({each.reason})" if reasons else each.name for each in left_out[:MOST_NAMES]]
    more = len(left_out) - MOST_NAMES
    return ", ".join(shown) + (f", and {more} more" if more > 0 else "")
