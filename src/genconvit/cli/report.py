"""``genconvit report``: a page to look at for each video, and an index of several."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.destination import check_writable, refuse_inputs
from genconvit.cli.detector_flags import DetectorFlags, with_detector_flags
from genconvit.cli.flags import OUTPUT
from genconvit.cli.left_out import say_left_out
from genconvit.cli.progress import Standing, progress_bar
from genconvit.cli.remote_flags import RemoteFlags, with_remote_flags
from genconvit.cli.report_folder import INDEX, RESULTS, check_folder, go_on_with_folder, write_folder, write_page
from genconvit.cli.run_flags import IdentityFlag, ResumeFlag, RetryFlag, resuming_of
from genconvit.core.addresses import is_remote
from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.text import printable, shell_word
from genconvit.video.given import GivenSource

if TYPE_CHECKING:
    from genconvit.detector import Detector
    from genconvit.inputs.fetch import RemoteFiles
    from genconvit.journal.journal import Journal
    from genconvit.journal.resuming import Resuming
    from genconvit.results.result import VideoResult
    from genconvit.video.names import Source

PAGE_SUFFIXES = (".html", ".htm")
RESULT_SUFFIXES = (".jsonl", ".json")

Sources = Annotated[
    list[str],
    typer.Argument(
        help="Videos, images, folders, globs, addresses; or one file of results.", metavar="VIDEO...|RESULTS.jsonl"
    ),
]
PageFlag = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        help="The page, .html; for several videos a new folder, with a page each and an index.",
        metavar="FILE|DIR",
        rich_help_panel=OUTPUT,
    ),
]
HeatMapsFlag = Annotated[
    bool,
    typer.Option(
        "--heat-maps/--no-heat-maps",
        help="Show heat maps of the most and least suspicious faces; for a file of results they take --weights.",
        rich_help_panel=OUTPUT,
    ),
]
PicturesFlag = Annotated[
    bool,
    typer.Option(
        "--pictures/--no-pictures", help="Show faces and frames, read again from the source.", rich_help_panel=OUTPUT
    ),
]


@dataclass(frozen=True)
class _Sources:
    """Sources that were named, or the results that a file has of them.

    Attributes:
        given: arguments as they were typed.
        paths: sources, or the file of results.
        results: results of the file; None for sources.
    """

    given: Sequence[str]
    paths: Sequence[str]
    results: Sequence[VideoResult] | None

    @property
    def count(self) -> int:
        return len(self.paths if self.results is None else self.results)


@with_detector_flags
@with_remote_flags
def report(
    sources: Sources,
    output: PageFlag,
    detector: DetectorFlags,
    remote: RemoteFlags,
    heat_maps: HeatMapsFlag = True,
    pictures: PicturesFlag = True,
    resume: ResumeFlag = False,
    retry: RetryFlag = False,
    identity: IdentityFlag = None,
) -> None:
    """Score videos and write a page for each that a person can look at; or write the pages of a file of results.

    A page works offline and holds all that it shows: the verdict with its limits, a timeline, faces with heat maps,
    Content Credentials, and how to repeat it and contest it. Pictures need the file as it was scored. With --resume the
    folder keeps each page and its result, in results.jsonl, as they are finished, and the same command goes on.

    Exit status: 0 when every page was written, 3 when a source was unreadable (its page says so), 2 for a wrong option,
    1 when the weights cannot be had.
    """
    from genconvit.render.page import result_page

    named = _named(sources)
    is_page = output.suffix.lower() in PAGE_SUFFIXES
    resuming = resuming_of(identity, resume=resume, retry=retry)
    _refuse_other_outputs(named, output, resuming, is_page=is_page)
    config = detector.config()
    refuse_inputs("--output", output, [*named.paths, *detector.inputs(config)])
    if is_page:
        check_writable("--output", output)
    else:
        check_folder("--output", output, resume=resume)
    statuses: set[str] = set()
    with ExitStack() as stack:
        opened: Detector | None = None
        if named.results is None or (heat_maps and detector.names_weights):
            from genconvit.detector import Detector

            opened = stack.enter_context(Detector(config))
        journal = None
        if resuming and opened:
            from genconvit.journal.journal import Journal

            settings = {**opened.settings, "pictures": pictures, "heat_maps": heat_maps}
            journal = stack.enter_context(Journal(output / RESULTS, settings, resuming))
        found = _found(named, opened, stack.enter_context(remote.files()), journal, stack)
        standing = (lambda: Standing(journal.kept)) if journal else Standing
        results = progress_bar(found, named.count, "reporting", standing)
        command = detector.words() if named.results is None else None
        page = partial(result_page, detector=opened, config=config, heat_maps=heat_maps)
        pages = _pages(results, statuses, page, command, pictures=pictures)
        if is_page:
            for result, text in pages:
                write_page(output, text)
                typer.echo(printable(str(result)))
        else:
            count = go_on_with_folder(output, pages, journal) if journal else write_folder(output, pages)
            typer.echo(f"{count} pages, listed in {printable(str(output / INDEX))}")
        failed = journal.tally.failed if journal else "unreadable" in statuses
    if failed:
        sys.exit(SourceError.exit_status)


def _refuse_other_outputs(named: _Sources, output: Path, resuming: Resuming | None, *, is_page: bool) -> None:
    if is_page and named.count != 1:
        raise ConfigError(f"--output {str(output)!r} is one page, and there are {named.count}; name a folder")
    if resuming and (is_page or named.results is not None):
        got = "one page" if is_page else "a file of results"
        raise ConfigError(f"--resume goes on with a folder of pages of videos, got {got}; leave it out")


def _named(sources: Sequence[str]) -> _Sources:
    files = [path for path in sources if Path(path).suffix.lower() in RESULT_SUFFIXES]
    if files and len(sources) > 1:
        raise ConfigError(f"{files[0]!r} is a file of results, which comes alone; got {len(sources)} arguments")
    if files:
        from genconvit.evaluation.results_file import results_of

        return _Sources(sources, sources, results_of(Path(files[0])))
    from genconvit.inputs.expand import expand_paths

    expanded = expand_paths(sources)
    say_left_out(expanded.left_out)
    return _Sources(sources, expanded.sources, None)


Found = tuple["VideoResult", str | None]
"""A result, and the path where its source is read again; None is the result's own."""


def _found(
    named: _Sources, detector: Detector | None, files: RemoteFiles, journal: Journal | None, stack: ExitStack
) -> Generator[Found, None, None]:
    if named.results is not None or detector is None:
        yield from ((result, None) for result in named.results or ())
        return
    # A list of one source is read in this process; what came out of a folder or a pattern never is.
    paths = list(named.paths)
    one = paths if paths == list(named.given) and len(paths) == 1 and not (journal or is_remote(paths[0])) else []
    taken: deque[Source] = deque(one)
    missing = journal.pending(files.told(paths, journal.knows)) if journal else paths
    each = one or _noted(files.each(missing), taken)
    for result in stack.enter_context(closing(detector.predict_many(each))):
        source = taken.popleft()  # what it leases lives until the page is made
        yield result, source.path if isinstance(source, GivenSource) and source.remote else None


def _noted(sources: Iterable[Source], taken: deque[Source]) -> Iterator[Source]:
    for source in sources:
        taken.append(source)
        yield source


def _pages(
    results: Iterable[Found],
    statuses: set[str],
    page: Callable[..., str],
    words: Sequence[str] | None,
    *,
    pictures: bool,
) -> Iterator[tuple[VideoResult, str]]:
    """Make the page of each result, and note the statuses."""
    for result, path in results:
        statuses.add(result.status)
        command = None if words is None else _command(result.source, words)
        yield result, page(result, source=path if pictures else "", command=command)


def _command(source: str, words: Sequence[str]) -> str:
    """The command that scores a source with the flags that were typed."""
    path = f"./{source}" if source.startswith("-") else source
    return " ".join(map(shell_word, ["genconvit", "predict", path, *words]))
