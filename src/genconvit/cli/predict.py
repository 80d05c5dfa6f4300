"""``genconvit predict``: score videos, images and folders."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from genconvit.cli.destination import opened, refuse_inputs
from genconvit.cli.detector_flags import DetectorFlags, with_detector_flags
from genconvit.cli.flags import FormatFlag, OutputFlag
from genconvit.cli.native_output import native_output_in
from genconvit.cli.output import Format, write_parquet_beside, write_results
from genconvit.cli.progress import progress_bar
from genconvit.cli.ray_flags import AddressFlag, Engine, EngineFlag, RayFlag, scale_options
from genconvit.cli.remote_flags import RemoteFlags, with_remote_flags
from genconvit.cli.run_flags import (
    IdentityFlag,
    LogFlag,
    MaxFailuresFlag,
    ResumeFlag,
    RetryFlag,
    RunOptions,
)
from genconvit.cli.source_flags import (
    ManifestFlag,
    NullFlag,
    SourcePaths,
    Sources,
)
from genconvit.cli.watch import LogFormat, Watch
from genconvit.core.errors import SourceError

if TYPE_CHECKING:
    from genconvit.inputs.fetch import RemoteFiles
    from genconvit.journal.tally import Finished
    from genconvit.results.result import VideoResult
    from genconvit.scale.run import RayRun
    from genconvit.settings import DetectorConfig

F = TypeVar("F", bound="Finished")

StrictFlag = Annotated[
    bool, typer.Option("--strict/--no-strict", help="Score nothing where something in a folder would be left out.")
]


@with_detector_flags
@with_remote_flags
def predict(
    detector: DetectorFlags,
    remote: RemoteFlags,
    paths: SourcePaths = None,
    manifest: ManifestFlag = None,
    null: NullFlag = False,
    format: FormatFlag = None,  # noqa: A002 - the flag
    output: OutputFlag = None,
    strict: StrictFlag = False,
    resume: ResumeFlag = False,
    retry: RetryFlag = False,
    identity: IdentityFlag = None,
    max_failures: MaxFailuresFlag = None,
    log: LogFlag = LogFormat.bar,
    engine: EngineFlag = Engine.local,
    address: AddressFlag = None,
    ray: RayFlag = None,
) -> None:
    """Score videos, images and folders of frames, here or on other machines.

    What lies in a folder and is not scored is named on stderr, with the reason; with --output a summary by status and
    reason follows. With --resume each result is kept for good as it is finished, and the same command goes on. With
    --engine ray the machines of a Ray cluster share the work.

    Exit status: 0 when every source was answered (no face is an answer), 3 when one was unreadable, 4 when more were
    than --max-failures allows, 2 for a wrong option, 1 when the weights cannot be had, the disk is full, or with
    --strict when something is left out, 130 when interrupted (143 by SIGTERM, 129 by SIGHUP). Then --output holds what
    was finished.
    """
    run = RunOptions.of(resume=resume, retry=retry, identity=identity, max_failures=max_failures, log=log)
    config = detector.config()
    options = remote.options()
    sources = Sources.of(paths, manifest, null=null)
    inputs = [*(paths or ()), *detector.inputs(config), *filter(None, (manifest,))]
    if output:
        refuse_inputs("--output", output, inputs)
    scale = scale_options(engine, address, ray, output)
    if scale is None:
        run.check_output(output, format)
    if run.resuming and output and format is Format.parquet:
        refuse_inputs("--format parquet", output.with_suffix(".parquet"), inputs)
    sources.survey(output, strict=strict)
    form = format or Format.of(output)
    with remote.files() as files:
        if scale is not None and output:
            from genconvit.scale.run import RayRun

            ray_run = RayRun(Path(f"{output}.parts"), config, scale, resuming=run.resuming, remote=options)
            failed = _score_on_ray(ray_run, sources, files, run, output, form)
        elif run.resuming and output:
            failed = _go_on(config, sources, files, output, run)
            if format is Format.parquet:
                write_parquet_beside(output)
        else:
            with opened(output, keep_partial=True) as stream:
                write = partial(write_results, form=form, stream=stream, below=sources.left_out.lines())
                failed = _score(config, sources, files, write, run, output)
    if failed:
        sys.exit(SourceError.exit_status)


def _score(
    config: DetectorConfig,
    sources: Sources,
    files: RemoteFiles,
    write: Callable[[Iterable[VideoResult]], None],
    run: RunOptions,
    output: Path | None,
) -> int:
    """Score sources, write their results, and give the number of those that could not be read."""
    from genconvit.detector import Detector
    from genconvit.journal.tally import Tally

    tally = Tally()
    given = sources.read(output)
    # A list of one source is read in this process; what came out of anything else never is.
    fetched = given if isinstance(given, list) else files.each(given)
    with Detector(config) as detector, closing(detector.predict_many(fetched)) as found:
        watch = Watch(tally, sources.count, limit=run.limit)
        with closing(_watched(watch, tally.counted(found), sources.count, run, output)) as answers:
            write(answers)
    return tally.failed


def _go_on(config: DetectorConfig, sources: Sources, files: RemoteFiles, output: Path, run: RunOptions) -> int:
    """Score the sources that are missing in a journal, and give the number of all in it that could not be read."""
    from genconvit.detector import Detector
    from genconvit.journal.journal import Journal

    given = sources.read(output)
    with (
        Detector(config) as detector,
        Journal(output, detector.settings, run.resuming) as journal,
        closing(detector.predict_many(files.each(journal.pending(files.told(given, journal.knows))))) as found,
    ):
        watch = Watch(journal.tally, sources.count, lambda: journal.kept, run.limit)
        with closing(_watched(watch, journal.keep(found), sources.count, run, output)) as answers:
            deque(answers, maxlen=0)
        journal.finish()
        return journal.tally.failed


def _score_on_ray(
    ray_run: RayRun, sources: Sources, files: RemoteFiles, run: RunOptions, output: Path, form: Format
) -> int:
    """Score sources on Ray, join the results in the order of the sources, and give the number of unreadable ones."""
    watch = Watch(ray_run.tally, sources.count, lambda: ray_run.kept, run.limit)
    scored = ray_run.scored(files.told(sources.read(output)))
    with (
        native_output_in(ray_run.folder.log),
        closing(_watched(watch, scored, sources.count, run, output)) as answers,
    ):
        deque(answers, maxlen=0)
    with opened(output, keep_partial=False) as stream:
        write_results(ray_run.results(), form, stream, sources.left_out.lines())
    return ray_run.tally.failed


def _watched(
    watch: Watch, results: Generator[F, None, None], count: int | None, run: RunOptions, output: Path | None
) -> Generator[F, None, None]:
    shown = results if run.log is LogFormat.json else progress_bar(results, count, "scoring", watch.standing)
    return watch.follow(shown, run.log, run.endings_with_a_summary(output))
