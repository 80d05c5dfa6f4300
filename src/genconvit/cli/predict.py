"""``genconvit predict``: score videos, images and folders."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.destination import opened, refuse_inputs
from genconvit.cli.detector_flags import DetectorFlags, with_detector_flags
from genconvit.cli.flags import FormatFlag, OutputFlag
from genconvit.cli.output import Format, write_results
from genconvit.cli.progress import progress_bar
from genconvit.cli.source_flags import (
    AllowHostFlag,
    ManifestFlag,
    NullFlag,
    RemoteCacheFlag,
    RemoteCacheLimitFlag,
    RemoteSizeLimitFlag,
    RemoteTimeLimitFlag,
    SourcePaths,
    Sources,
    remote_options,
)
from genconvit.core.errors import SourceError

if TYPE_CHECKING:
    from genconvit.results.result import VideoResult

StrictFlag = Annotated[
    bool, typer.Option("--strict/--no-strict", help="Score nothing where something in a folder would be left out.")
]


@with_detector_flags
def predict(
    detector: DetectorFlags,
    paths: SourcePaths = None,
    manifest: ManifestFlag = None,
    null: NullFlag = False,
    allow_host: AllowHostFlag = None,
    remote_cache: RemoteCacheFlag = None,
    remote_cache_limit: RemoteCacheLimitFlag = None,
    remote_size_limit: RemoteSizeLimitFlag = None,
    remote_time_limit: RemoteTimeLimitFlag = None,
    format: FormatFlag = None,  # noqa: A002 - the flag
    output: OutputFlag = None,
    strict: StrictFlag = False,
) -> None:
    """Score videos, images and folders of frames, here or on other machines.

    What lies in a folder and is not scored is named on stderr, with the reason.

    Exit status: 0 when every source was answered (no face is an answer), 3 when one was unreadable, 2 for a wrong
    option, 1 when the weights cannot be had, or with --strict when something is left out, 130 when interrupted (143 by
    SIGTERM, 129 by SIGHUP). Then --output holds what was finished.
    """
    from genconvit.detector import Detector
    from genconvit.inputs.fetch import RemoteFiles

    config = detector.config()
    remote = remote_options(allow_host, remote_cache, remote_cache_limit, remote_size_limit, remote_time_limit)
    sources = Sources.of(paths, manifest, null=null)
    if output:
        refuse_inputs("--output", output, [*detector.inputs(config), *filter(None, (manifest,))])
    sources.survey(output, strict=strict)
    form = format or Format.of(output)
    statuses: set[str] = set()
    with opened(output, keep_partial=True) as stream, Detector(config) as opened_detector, RemoteFiles(remote) as files:
        given = sources.read(output)
        # A list of one source is read in this process; what came out of anything else never is.
        with closing(opened_detector.predict_many(given if isinstance(given, list) else files.each(given))) as found:
            answers = _noting_status(progress_bar(found, sources.count, "scoring"), statuses)
            write_results(answers, form, stream, sources.left_out.lines())
    if "unreadable" in statuses:
        sys.exit(SourceError.exit_status)


def _noting_status(results: Iterable[VideoResult], statuses: set[str]) -> Iterator[VideoResult]:
    for result in results:
        statuses.add(result.status)
        yield result
