"""``genconvit submit``: send files to a service, and print its results."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.destination import opened, refuse_inputs
from genconvit.cli.flags import FormatFlag, OutputFlag
from genconvit.cli.output import Format, write_results
from genconvit.cli.progress import share_bar
from genconvit.core.errors import ConfigError, ServiceError, SourceError
from genconvit.core.text import first_line, printable

if TYPE_CHECKING:
    from genconvit.results.result import VideoResult
    from genconvit.serve.client import Client
    from genconvit.serve.models import Job

Files = Annotated[list[Path], typer.Argument(help="Videos and images.")]
ToFlag = Annotated[str, typer.Option("--to", help="Address of the service.", metavar="URL")]
KeyFileFlag = Annotated[
    Path | None,
    typer.Option(
        help="A file with the key, for a service that asks for one.", metavar="FILE", envvar="GENCONVIT_KEY_FILE"
    ),
]
ArchFlag = Annotated[str | None, typer.Option("--arch", help="Of those that the service offers.", metavar="NAME")]
ThresholdFlag = Annotated[
    str | None, typer.Option("--threshold", help="Of those that the service offers.", metavar="NUMBER|fpr=X")
]
ReportFlag = Annotated[
    Path | None, typer.Option("--report", help="Where the report of a single file is written.", metavar="FILE.html")
]
WaitFlag = Annotated[float, typer.Option("--wait", help="How long a result is waited for.", metavar="SECONDS")]


def submit(
    files: Files,
    to: ToFlag,
    key_file: KeyFileFlag = None,
    arch: ArchFlag = None,
    threshold: ThresholdFlag = None,
    report: ReportFlag = None,
    wait: WaitFlag = 3600.0,
    format: FormatFlag = None,  # noqa: A002 - the flag
    output: OutputFlag = None,
) -> None:
    """Send videos and images to genconvit serve, wait, and print the results as predict does. Needs the extra serve.

    Exit status: 0 when every source was answered, 3 when one was unreadable, 2 for a wrong option, 1 when the service
    cannot be reached or refuses.
    """
    from genconvit.serve.client import Client

    if report is not None and len(files) != 1:
        raise ConfigError(f"--report is for a single file, got {len(files)}; leave it out, or send one")
    for option, path in (("--output", output), ("--report", report)):
        if path is not None:
            refuse_inputs(option, path, files)
    form = format or Format.of(output)
    statuses: set[str] = set()
    with Client(to, _key(key_file)) as client, opened(output, keep_partial=True) as stream:
        jobs = [(_submitted(client, file, arch, threshold), file.name) for file in files]
        write_results(_results(client, jobs, wait, statuses), form, stream)
        if report is not None:
            with opened(report, keep_partial=False) as page:
                page.write(client.report(jobs[0][0]))
    if "unreadable" in statuses:
        sys.exit(SourceError.exit_status)


def _submitted(client: Client, file: Path, arch: str | None, threshold: str | None) -> str:
    """Send a file, and again where the service is busy and says when to come."""
    while True:
        try:
            with share_bar(f"sending {printable(file.name)}") as move:
                return client.submit(
                    file,
                    architecture=arch,
                    threshold=threshold,
                    progress=None if move is None else lambda sent, size: move(sent / size, _megabytes(sent, size)),
                )
        except ServiceError as error:
            if error.problem != "busy" or error.retry_after_seconds is None:
                raise
            time.sleep(error.retry_after_seconds)


def _megabytes(sent: int, size: int) -> str:
    return f"{sent / 1e6:.1f} of {size / 1e6:.1f} MB"


def _results(client: Client, jobs: list[tuple[str, str]], seconds: float, statuses: set[str]) -> Iterator[VideoResult]:
    for job_id, name in jobs:
        with share_bar(printable(name)) as move:
            job = client.wait(
                job_id,
                seconds=seconds,
                progress=None if move is None else lambda job: move(job.progress, job.state),
            )
        result = _result_of(job)
        statuses.add(result.status)
        yield result


def _result_of(job: Job) -> VideoResult:
    if job.result is None:
        reason = job.error.reason if job.error else f"it is {job.state}"
        raise ServiceError(f"{job.name} has no result: {reason}")
    return job.result


def _key(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"--key-file {str(file)!r} cannot be read: {first_line(error)}; give another") from error
