"""``genconvit predict``: score videos, images and folders."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.destination import opened, refuse_inputs
from genconvit.cli.detector_flags import DetectorFlags, with_detector_flags
from genconvit.cli.flags import FormatFlag, OutputFlag, Paths
from genconvit.cli.left_out import say_left_out
from genconvit.cli.output import Format, write_results
from genconvit.cli.progress import progress_bar
from genconvit.core.errors import SourceError

if TYPE_CHECKING:
    from genconvit.results.result import VideoResult

StrictFlag = Annotated[
    bool, typer.Option("--strict/--no-strict", help="Score nothing where something in a folder would be left out.")
]


@with_detector_flags
def predict(
    paths: Paths,
    detector: DetectorFlags,
    format: FormatFlag = None,  # noqa: A002 - the flag
    output: OutputFlag = None,
    strict: StrictFlag = False,
) -> None:
    """Score videos, images and folders of frames.

    What lies in a folder and is not scored is named on stderr, with the reason.

    Exit status: 0 when every source was answered (no face is an answer), 3 when one was unreadable, 2 for a wrong
    option, 1 when the weights cannot be had, or with --strict when something is left out, 130 when interrupted (143 by
    SIGTERM, 129 by SIGHUP). Then --output holds what was finished.
    """
    from genconvit.detector import Detector
    from genconvit.inputs.expand import expand_paths

    config = detector.config()
    expanded = expand_paths(paths)
    say_left_out(expanded.left_out, strict=strict)
    sources = list(expanded.sources)
    if output:
        refuse_inputs("--output", output, [*sources, *detector.inputs(config)])
    form = format or Format.of(output)
    statuses: set[str] = set()
    # A list of one source is read in this process; what came out of a folder or a pattern never is.
    given = sources if sources == paths else iter(sources)
    with (
        opened(output, keep_partial=True) as stream,
        Detector(config) as opened_detector,
        closing(opened_detector.predict_many(given)) as found,
    ):
        answers = _noting_status(progress_bar(found, len(sources), "scoring"), statuses)
        write_results(answers, form, stream, expanded.left_out)
    if "unreadable" in statuses:
        sys.exit(SourceError.exit_status)


def _noting_status(results: Iterable[VideoResult], statuses: set[str]) -> Iterator[VideoResult]:
    for result in results:
        statuses.add(result.status)
        yield result
