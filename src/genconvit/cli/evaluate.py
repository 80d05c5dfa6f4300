"""``genconvit evaluate``: how good scores are, from files of results."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from genconvit.cli.destination import opened, refuse_inputs
from genconvit.cli.flags import OutputFlag
from genconvit.cli.output import console_for
from genconvit.errors import ConfigError, DatasetError
from genconvit.evaluation.no_face import NoFace
from genconvit.text import printable

if TYPE_CHECKING:
    from genconvit.data.base import Listing
    from genconvit.evaluation.conventions import EvaluationOptions
    from genconvit.evaluation.evaluation import Evaluation
    from genconvit.evaluation.scored import ScoredSet


class ReportFormat(str, Enum):
    """How an evaluation is written."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"

    @classmethod
    def of(cls, output: Path | None) -> ReportFormat:
        """The format that a file's suffix names; a table for any other, and for stdout."""
        suffix = output.suffix.lower() if output else ""
        return {".json": cls.json, ".csv": cls.csv, ".md": cls.markdown}.get(suffix, cls.table)


ResultsFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--results",
        help="A file of results: the reference's, this library's, or what predict wrote as JSON or JSON lines. May be "
        "followed by more, given more than once, or be a pattern in quotes.",
        metavar="FILE",
    ),
]
MoreFiles = Annotated[list[str] | None, typer.Argument(help="More files of results.", metavar="FILE")]
LabelsFlag = Annotated[
    Path | None,
    typer.Option(
        help="A CSV with the columns path and label, for results without labels of their own.", metavar="FILE.csv"
    ),
]
NoFaceFlag = Annotated[
    NoFace,
    typer.Option(help="What a video without a face, or an unreadable one, counts as. The reference's way is half."),
]
ThresholdFlag = Annotated[
    str | None,
    typer.Option(
        help="FAKE is what has a score above this number; or fpr=0.01, for at most one of a hundred real videos.",
        metavar="NUMBER|fpr=X",
        show_default="the labels as they were given",
    ),
]
ResamplesFlag = Annotated[
    int, typer.Option(help="Of the bootstrap that makes the intervals; 0 for none.", min=0, max=1_000_000, metavar="N")
]
SeedFlag = Annotated[int, typer.Option(help="Of the bootstrap.", min=0, max=2**32 - 1, metavar="N")]
ByFlag = Annotated[
    list[str] | None,
    typer.Option(help="Groups by this key only, such as method; may be repeated.", metavar="KEY", show_default="all"),
]
ReportFormatFlag = Annotated[
    ReportFormat | None,
    typer.Option(help="How the evaluation is written.", show_default="by the suffix of --output, or table"),
]


def evaluate(
    more: MoreFiles = None,
    results: ResultsFlag = None,
    labels: LabelsFlag = None,
    no_face: NoFaceFlag = NoFace.excluded,
    threshold: ThresholdFlag = None,
    resamples: ResamplesFlag = 1000,
    seed: SeedFlag = 0,
    by: ByFlag = None,
    format: ReportFormatFlag = None,  # noqa: A002 - the flag
    output: OutputFlag = None,
) -> None:
    """Measure how well scores agree with the truth: accuracy, ROC AUC and others, each with a 95 % interval.

    Exit status: 0 when everything was measured, 1 when a file cannot be read or holds no labels, 2 for a wrong option.
    """
    if not results:
        raise ConfigError("nothing to evaluate; give --results FILE")
    options = evaluation_options(no_face=no_face, threshold=threshold, resamples=resamples, seed=seed, by=by)
    files = expand_files([*results, *(more or ())])
    if output:
        refuse_inputs("--output", output, [*files, *filter(None, (labels,))])
    show_evaluations(read_sets(files, labels), options, format or ReportFormat.of(output), output)


def evaluation_options(
    *, no_face: NoFace, threshold: str | None, resamples: int, seed: int, by: Sequence[str] | None
) -> EvaluationOptions:
    """The options that the flags make.

    Raises:
        ConfigError: the threshold is none.
    """
    from genconvit.evaluation.conventions import EvaluationOptions
    from genconvit.metrics.intervals import Resampling
    from genconvit.threshold import parse_threshold

    return EvaluationOptions(
        no_face=no_face,
        threshold=None if threshold is None else parse_threshold(threshold),
        resampling=Resampling(resamples=resamples, seed=seed),
        by=tuple(by) if by else None,
    )


def expand_files(given: Iterable[str]) -> list[Path]:
    """The files that paths and patterns name, each once, a pattern's by name.

    Raises:
        DatasetError: a pattern matches nothing.
    """
    files: dict[Path, None] = {}
    for text in given:
        is_pattern = not Path(text).exists() and glob.has_magic(text)
        matches = sorted(glob.glob(text, recursive=True)) if is_pattern else [text]  # noqa: PTH207 - may be absolute
        if not matches:
            raise DatasetError(f"no file matches {text!r}; check the pattern")
        files.update(dict.fromkeys(map(Path, matches)))
    return list(files)


def read_sets(files: Sequence[Path], labels: Path | None, *, need_truth: bool = True) -> list[ScoredSet]:
    """The scored videos of each file.

    Raises:
        DatasetError: a file or the labels cannot be read, or a file holds no video whose truth is known although this
            is needed.
    """
    from genconvit.evaluation.results_file import read_results

    listing = _listing(labels) if labels else None
    sets = [read_results(file, listing) for file in files]
    for file, scored in zip(files, sets, strict=True):
        if need_truth and all(row.truth is None for row in scored.rows):
            why = f" ({'; '.join(scored.notes)})" if labels and scored.notes else ""
            raise DatasetError(
                f"{printable(str(file))} holds no video whose label is known{printable(why)}; give --labels FILE.csv "
                "with the columns path and label"
            )
    return sets


def _listing(labels: Path) -> Listing:
    from genconvit.data.select import list_dataset

    return list_dataset("csv", labels, None)


def show_evaluations(
    sets: Sequence[ScoredSet], options: EvaluationOptions, form: ReportFormat, output: Path | None
) -> None:
    """Evaluate each set and write the report.

    Raises:
        ConfigError: the output cannot be written, scikit-learn is missing, or a threshold cannot be found.
    """
    from genconvit.evaluation.evaluation import evaluate as evaluation_of

    with opened(output, keep_partial=False) as stream:
        write_report([evaluation_of(scored, options) for scored in sets], form, stream)


def write_report(evaluations: Sequence[Evaluation], form: ReportFormat, stream: TextIO) -> None:
    """Write evaluations in a format."""
    from genconvit.evaluation.report import print_report, write_csv, write_json, write_markdown
    from genconvit.evaluation.tables import report_of

    if form is ReportFormat.table:
        print_report(report_of(evaluations), console_for(stream))
    elif form is ReportFormat.markdown:
        write_markdown(report_of(evaluations), stream)
    else:
        {ReportFormat.json: write_json, ReportFormat.csv: write_csv}[form](evaluations, stream)
