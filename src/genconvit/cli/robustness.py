"""``genconvit robustness``: how scores change when videos get worse."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from genconvit.cli.dataset_flags import DatasetFlag, SplitFlag, listing_of
from genconvit.cli.destination import check_writable, opened, refuse_inputs
from genconvit.cli.detector_flags import CREDENTIALS, DetectorFlags, with_detector_flags
from genconvit.cli.evaluation_flags import ReportFormat, ReportFormatFlag, ResamplesFlag, SeedFlag
from genconvit.cli.flags import OutputFlag, Paths
from genconvit.cli.output import console_for
from genconvit.cli.progress import progress_bar
from genconvit.cli.remote_flags import RemoteFlags, with_remote_flags
from genconvit.cli.run_flags import IdentityFlag, ResumeFlag, RetryFlag, resuming_of
from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.evaluation.robustness import RobustnessReport

DegradeFlag = Annotated[
    list[str] | None,
    typer.Option(
        help="jpeg, h264, rescale, blur, noise or brightness; may be repeated.", metavar="NAME", show_default="all"
    ),
]
PlotFlag = Annotated[
    Path | None, typer.Option(help="Draw a picture as well; takes matplotlib.", metavar="FILE.png|svg|pdf")
]


@partial(with_detector_flags, without=CREDENTIALS)
@with_remote_flags
def robustness(
    paths: Paths,
    detector: DetectorFlags,
    remote: RemoteFlags,
    dataset: DatasetFlag = None,
    split: SplitFlag = None,
    degrade: DegradeFlag = None,
    resamples: ResamplesFlag = 1000,
    seed: SeedFlag = 0,
    plot: PlotFlag = None,
    format: ReportFormatFlag = None,  # noqa: A002 - the flag
    output: OutputFlag = None,
    resume: ResumeFlag = False,
    retry: RetryFlag = False,
    identity: IdentityFlag = None,
) -> None:
    """Score the same faces clean, compressed, scaled, blurred, noisy, dark and bright.

    Faces are found once, in the clean frames. With labels (--dataset) each strength gets its ROC AUC; without, how far
    scores move. With --resume each video is kept as it is finished, in a file of the name of --output that ends in
    .videos.jsonl, and the same command goes on.

    Exit status: 0 when every video was answered (no face is an answer), 3 when one was unreadable, 2 for a wrong
    option, 1 when the weights cannot be had.
    """
    from genconvit.metrics.intervals import Resampling
    from genconvit.plots.style import check_picture
    from genconvit.robustness.degrade import degradations_named
    from genconvit.robustness.measurement import measure_robustness

    resuming = resuming_of(identity, resume=resume, retry=retry)
    if resuming and (output is None or not output.name):
        raise ConfigError("--resume keeps what is finished beside the report; give --output FILE as well")
    kept_in = output.with_suffix(".videos.jsonl") if resuming and output else None
    config = detector.config()
    degradations = degradations_named(degrade or ())
    listing = listing_of(paths, dataset, split)
    files = (path for path in paths if Path(path).is_file())
    inputs = [*files, *(source.path for source in listing.sources), *detector.inputs(config)]
    if plot:
        check_picture(plot)
        refuse_inputs("--plot", plot, inputs)
        check_writable("--plot", plot)
    if output:
        refuse_inputs("--output", output, [*inputs, *filter(None, (plot,))])
    form = format or ReportFormat.of(output)
    with opened(output, keep_partial=False) as stream:
        measured = measure_robustness(
            config,
            listing,
            degradations,
            Resampling(resamples=resamples, seed=seed),
            progress_bar,
            kept_in,
            resuming,
            remote.options(),
        )
        write_measured(measured, form, stream)
    if plot:
        from genconvit.plots.robustness import plot_robustness
        from genconvit.plots.style import save

        save(plot_robustness(measured), plot)
        typer.echo(f"wrote {printable(str(plot))}", err=True)
    if measured.unreadable:
        sys.exit(SourceError.exit_status)


def write_measured(measured: RobustnessReport, form: ReportFormat, stream: TextIO) -> None:
    """Write a measurement in a format."""
    from genconvit.evaluation.report import print_report, write_markdown
    from genconvit.robustness.formats import report_of, write_csv, write_json

    if form is ReportFormat.table:
        print_report(report_of(measured), console_for(stream))
    elif form is ReportFormat.markdown:
        write_markdown(report_of(measured), stream)
    else:
        {ReportFormat.json: write_json, ReportFormat.csv: write_csv}[form](measured, stream)
