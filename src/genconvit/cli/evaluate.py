"""``genconvit evaluate``: how good scores are, of a data set or of files of results."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from genconvit.cli.dataset_flags import DatasetFlag, SplitFlag, listing_of
from genconvit.cli.destination import opened, refuse_inputs
from genconvit.cli.detector_flags import CREDENTIALS, DetectorFlags, with_detector_flags
from genconvit.cli.evaluation_flags import (
    ByFlag,
    LabelsFlag,
    NoFaceFlag,
    OutFlag,
    ReportFormat,
    ReportFormatFlag,
    ResamplesFlag,
    ResultsFlag,
    SeedFlag,
    ThresholdFlag,
    evaluation_options,
)
from genconvit.cli.flags import OutputFlag
from genconvit.cli.output import console_for
from genconvit.cli.progress import progress_bar
from genconvit.cli.remote_flags import RemoteFlags, with_remote_flags
from genconvit.cli.result_files import expand_files, read_sets
from genconvit.cli.run_flags import IdentityFlag, ResumeFlag, RetryFlag, resuming_of
from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.text import printable
from genconvit.evaluation.no_face import NoFace

if TYPE_CHECKING:
    from genconvit.evaluation.evaluation import Evaluation

Paths = Annotated[
    list[str] | None,
    typer.Argument(help="A data set's folder or file; or, after --results, more files.", metavar="PATH"),
]


@partial(with_detector_flags, without=("threshold", *CREDENTIALS))
@with_remote_flags
def evaluate(
    paths: Paths = None,
    dataset: DatasetFlag = None,
    split: SplitFlag = None,
    results: ResultsFlag = None,
    labels: LabelsFlag = None,
    out: OutFlag = Path("result"),
    no_face: NoFaceFlag = NoFace.excluded,
    threshold: ThresholdFlag = None,
    resamples: ResamplesFlag = 1000,
    seed: SeedFlag = 0,
    by: ByFlag = None,
    format: ReportFormatFlag = None,  # noqa: A002 - the flag
    output: OutputFlag = None,
    resume: ResumeFlag = False,
    retry: RetryFlag = False,
    identity: IdentityFlag = None,
    *,
    detector: DetectorFlags,
    remote: RemoteFlags,
) -> None:
    """Measure how well scores agree with the truth: accuracy, ROC AUC and others, each with a 95 % interval.

    With --results, from files. Else the videos at PATH are scored first, by the detector that the flags make, and
    everything is kept in --out as prediction_<dataset>_<mode>_<architecture>_<time>.json. With --resume results are
    kept there as they are finished, in prediction_<dataset>_<mode>_<architecture>.jsonl, and the same command goes on.

    Exit status: 0 when everything was measured, 3 when a video was unreadable, 1 when a file cannot be read or holds no
    labels, 2 for a wrong option.
    """
    from genconvit.compare.comparison import compare_variants
    from genconvit.compare.variants import variant_of
    from genconvit.evaluation.evaluation import evaluate as evaluation_of

    options = evaluation_options(no_face=no_face, threshold=threshold, resamples=resamples, seed=seed, by=by)
    form = format or ReportFormat.of(output)
    resuming = resuming_of(identity, resume=resume, retry=retry)
    if results:
        if dataset or split or resuming:
            raise ConfigError(
                "--results evaluates files that exist; leave out --dataset, --split and --resume, or --results"
            )
        files = expand_files([*results, *(paths or [])])
        if output:
            refuse_inputs("--output", output, [*files, *filter(None, (labels,))])
        sets = read_sets(files, labels)
        with opened(output, keep_partial=False) as stream:
            _write([evaluation_of(scored, options) for scored in sets], form, stream)
        return
    if labels:
        raise ConfigError(
            "--labels is for files of results; give --results FILE, or the labels as PATH with --dataset csv"
        )
    config = detector.config()
    listing = listing_of(paths or [], dataset, split, need_labels=True)
    if output:
        refuse_inputs("--output", output, [*(source.path for source in listing.sources), *detector.inputs(config)])
    with opened(output, keep_partial=False) as stream:
        (run,) = compare_variants(listing, [variant_of(config)], out, options, progress_bar, resuming, remote.options())
        _write([run.evaluated.evaluation], form, stream)
    typer.echo(f"wrote {printable(str(run.file))}", err=True)
    if run.evaluated.evaluation.counts.unreadable:
        sys.exit(SourceError.exit_status)


def _write(evaluations: Sequence[Evaluation], form: ReportFormat, stream: TextIO) -> None:
    from genconvit.evaluation.report import print_report, write_csv, write_json, write_markdown
    from genconvit.evaluation.tables import report_of

    if form is ReportFormat.table:
        print_report(report_of(evaluations), console_for(stream))
    elif form is ReportFormat.markdown:
        write_markdown(report_of(evaluations), stream)
    else:
        {ReportFormat.json: write_json, ReportFormat.csv: write_csv}[form](evaluations, stream)
