"""``genconvit compare``: several variants on the same faces, or several files of results, side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.dataset_flags import DatasetFlag, SplitFlag, listing_of
from genconvit.cli.detector_flags import CREDENTIALS, DetectorFlags, with_detector_flags
from genconvit.cli.evaluation_flags import (
    ByFlag,
    LabelsFlag,
    NoFaceFlag,
    OutFlag,
    ResamplesFlag,
    ResultsFlag,
    SeedFlag,
    ThresholdFlag,
    evaluation_options,
)
from genconvit.cli.output import console_for
from genconvit.cli.progress import progress_bar
from genconvit.cli.remote_flags import RemoteFlags, with_remote_flags
from genconvit.cli.result_files import expand_files, read_sets
from genconvit.cli.run_flags import IdentityFlag, ResumeFlag, RetryFlag, resuming_of
from genconvit.compare import DEFAULT_VARIANTS
from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.optional import require
from genconvit.core.text import printable
from genconvit.evaluation.no_face import NoFace

if TYPE_CHECKING:
    from genconvit.evaluation.conventions import EvaluationOptions
    from genconvit.evaluation.evaluated import Evaluated
    from genconvit.inputs.options import RemoteOptions
    from genconvit.journal.resuming import Resuming

Paths = Annotated[
    list[str] | None, typer.Argument(help="Videos, folders or globs; or more files of results.", show_default=False)
]
VariantFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--variant",
        help="An architecture, and options after a colon: v2:no-attention,precision=bf16. May be repeated; the others "
        "are held against the first.",
        metavar="NAME[:OPTIONS]",
        show_default=" ".join(DEFAULT_VARIANTS),
    ),
]
PlotsFlag = Annotated[bool, typer.Option("--plots/--no-plots", help="Draw pictures; takes matplotlib.")]


@partial(with_detector_flags, without=("architecture", "attention", "residual", "threshold", *CREDENTIALS))
@with_remote_flags
def compare(
    paths: Paths = None,
    variant: VariantFlag = None,
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
    plots: PlotsFlag = True,
    resume: ResumeFlag = False,
    retry: RetryFlag = False,
    identity: IdentityFlag = None,
    *,
    detector: DetectorFlags,
    remote: RemoteFlags,
) -> None:
    """Compare variants on the same faces of the same videos, or files of results.

    Videos are decoded and their faces found once. Each variant gets a file prediction_<dataset>_<mode>_<variant>_<time>
    in --out, and all of them a folder comparison_<dataset>_<time> with a summary, tables and pictures. Nothing is
    overwritten. The flags of the detector are for all variants. With --resume the results of each variant are kept in
    --out as they are finished, in prediction_<dataset>_<mode>_<variant>.jsonl, and the same command goes on.

    Exit status: 0 when every video was answered, 3 when one was unreadable, 2 for a wrong option, 1 for other errors.
    """
    require("sklearn", package="scikit-learn", extra="metrics", purpose="a comparison")
    if plots:
        require("matplotlib", package="matplotlib", extra="plots", purpose="a plot (--no-plots leaves it out)")
    options = evaluation_options(no_face=no_face, threshold=threshold, resamples=resamples, seed=seed, by=by)
    resuming = resuming_of(identity, resume=resume, retry=retry)
    if results:
        if variant or dataset or resuming:
            raise ConfigError(
                "--results compares files that exist; leave out --variant, --dataset and --resume, or --results"
            )
        sets, name = _from_files([*results, *(paths or [])], labels, options), "results"
    else:
        sets, name = _from_videos(
            paths or [], variant, dataset, split, out, options, detector, resuming, remote.options()
        )
    _report(sets, options, out, name, plots=plots)
    if any(row.status == "unreadable" for each in sets for row in each.scored.rows):
        sys.exit(SourceError.exit_status)


def _from_files(files: Sequence[str], labels: Path | None, options: EvaluationOptions) -> list[Evaluated]:
    from genconvit.compare.variant_names import with_own_names
    from genconvit.evaluation.evaluated import Evaluated
    from genconvit.evaluation.evaluation import evaluate

    return [
        Evaluated(scored, evaluate(scored, options))
        for scored in with_own_names(read_sets(expand_files(files), labels, need_truth=False))
    ]


def _from_videos(
    paths: list[str],
    variant: list[str] | None,
    dataset: str | None,
    split: str | None,
    out: Path,
    options: EvaluationOptions,
    detector: DetectorFlags,
    resuming: Resuming | None,
    remote: RemoteOptions,
) -> tuple[list[Evaluated], str]:
    from genconvit.compare.comparison import compare_variants
    from genconvit.compare.variants import parse_variants

    variants = parse_variants(variant or DEFAULT_VARIANTS, detector.options())
    listing = listing_of(paths, dataset, split)
    runs = compare_variants(listing, variants, out, options, progress_bar, resuming, remote)
    for run in runs:
        typer.echo(f"wrote {printable(str(run.file))}", err=True)
    return [run.evaluated for run in runs], listing.dataset


def _report(sets: Sequence[Evaluated], options: EvaluationOptions, out: Path, name: str, *, plots: bool) -> None:
    from genconvit.compare.comparison_folder import new_folder, write_comparison
    from genconvit.evaluation.report import print_report

    folder = new_folder(out, name, datetime.now().astimezone())
    print_report(write_comparison(sets, options, folder, plots=plots), console_for(sys.stdout))
    typer.echo(f"wrote {printable(str(folder))}", err=True)
