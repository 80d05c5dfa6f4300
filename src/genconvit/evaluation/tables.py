"""Evaluations as tables: the same cells for a terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from genconvit.evaluation.evaluation import Evaluation
from genconvit.left_out import LeftOut
from genconvit.metrics.intervals import Measure
from genconvit.metrics.measures import MEASURES
from genconvit.text import printable

HEADLINE = ("accuracy", "roc_auc", "f1", "real_accuracy", "fake_accuracy")
MOST_NAMES = 10
"""So many videos that were left out are named in a table; JSON names all."""


@dataclass(frozen=True)
class Table:
    """Rows of printable cells; a line break in a cell parts a number from its interval."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    """How many columns hold texts rather than numbers, from the left."""


@dataclass
class Report:
    """What is to be shown: tables, then footnotes by their number, then lines of text."""

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
        report.tables.append(_by_measure("Faces", with_faces, names, lambda each: each.face_measures, report))
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
    return Table(
        "Results",
        ("file", "videos", "fakes", *(MEASURES[name].title for name in HEADLINE)),
        tuple(
            (
                printable(each.name) + (" (untrained)" if each.trained is False else ""),
                str(each.counts.videos),
                str(each.counts.fakes),
                *(report.cell(name, each.measures[name]) for name in HEADLINE),
            )
            for each in evaluations
        ),
    )


def _by_measure(
    title: str,
    evaluations: Sequence[Evaluation],
    names: Sequence[str],
    measures: Callable[[Evaluation], dict[str, Measure]],
    report: Report,
) -> Table:
    rows = [
        (MEASURES[name].title, *(report.cell(name, measures(each)[name]) for each in evaluations)) for name in names
    ]
    if title == "Faces":
        rows.insert(0, ("faces", *(str(each.faces) for each in evaluations)))
    return Table(title, ("measure", *(printable(each.name) for each in evaluations)), tuple(rows))


def _groups(evaluations: Sequence[Evaluation], report: Report) -> Table:
    """Every group but those that hold every video, which would repeat the results."""
    return Table(
        "Groups",
        ("file", "group", "videos", "fakes", *(MEASURES[name].title for name in HEADLINE)),
        tuple(
            (
                printable(each.name),
                group_name(group.group),
                str(group.videos),
                str(group.fakes),
                *(report.cell(name, group.measures[name]) for name in HEADLINE),
            )
            for each in evaluations
            for group in each.groups
            if group.videos < each.counts.measured
        ),
        texts=2,
    )


def group_name(group: dict[str, str]) -> str:
    """A group for people.

    Examples:
        >>> group_name({"method": "Deepfakes", "compression": "c23"})
        'method=Deepfakes, compression=c23'
    """
    return printable(", ".join(f"{key}={value}" for key, value in group.items()))


def _basis(evaluations: Sequence[Evaluation]) -> Table:
    header = (
        "file",
        "measured",
        "unknown label",
        "no face",
        "unreadable",
        "inconclusive",
        "without answer",
        "threshold",
    )
    confusion = ("fakes called FAKE", "fakes called REAL", "reals called FAKE", "reals called REAL")
    rows = []
    for each in evaluations:
        counts, matrix = each.counts, each.confusion
        left_out = (counts.unknown_label, counts.no_face, counts.unreadable, counts.inconclusive)
        target = "" if each.threshold_target is None else f" (fpr={each.threshold_target:g})"
        threshold = "labels as given" if each.threshold is None else f"{each.threshold:.6g}{target}"
        called = (matrix.fake_as_fake, matrix.fake_as_real, matrix.real_as_fake, matrix.real_as_real)
        cells = (str(counts.measured), *(str(len(names)) for names in left_out), each.no_face.value, threshold)
        rows.append((printable(each.name), *cells, *map(str, called)))
    return Table("What this rests on", (*header, *confusion), tuple(rows))


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
