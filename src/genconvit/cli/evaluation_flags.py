"""The flags by which scores are evaluated, and how an evaluation is written."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.output import format_of
from genconvit.evaluation.no_face import NoFace

if TYPE_CHECKING:
    from genconvit.evaluation.conventions import EvaluationOptions


class ReportFormat(str, Enum):
    """Formats in which an evaluation is written."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"

    @classmethod
    def of(cls, output: Path | None) -> ReportFormat:
        """The format that a file's suffix names; a table for stdout, and where there is no suffix.

        Raises:
            ConfigError: no format has this suffix.
        """
        return format_of(output, {".json": cls.json, ".csv": cls.csv, ".md": cls.markdown, ".txt": cls.table})


ResultsFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--results",
        help="A file of results: the reference's, this library's, or what predict wrote as JSON or JSON lines. May be "
        "followed by more, given more than once, or be a pattern in quotes.",
        metavar="FILE",
    ),
]
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
OutFlag = Annotated[Path, typer.Option(help="Where results are kept; made where it is not there.", metavar="DIR")]


def evaluation_options(
    *, no_face: NoFace, threshold: str | None, resamples: int, seed: int, by: Sequence[str] | None
) -> EvaluationOptions:
    """The options that the flags make.

    Raises:
        ConfigError: the threshold is none.
    """
    from genconvit.evaluation.conventions import EvaluationOptions
    from genconvit.metrics.intervals import Resampling
    from genconvit.verdict.threshold import parse_threshold

    return EvaluationOptions(
        no_face=no_face,
        threshold=None if threshold is None else parse_threshold(threshold),
        resampling=Resampling(resamples=resamples, seed=seed),
        by=tuple(by) if by else None,
    )
