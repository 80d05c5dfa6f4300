"""``genconvit serve``: a page to drop videos on, and an API that a platform can call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genconvit.cli.detector_flags import DetectorFlags, with_detector_flags
from genconvit.core.errors import ConfigError
from genconvit.core.optional import require
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.serve.config import ServeConfig
    from genconvit.settings import DetectorConfig

SERVICE, KEEPING = "Service", "Jobs"


def _option(text: str, flag: str, metavar: str, title: str, default: str | bool = False) -> Any:  # noqa: ANN401
    return typer.Option(flag, help=text, metavar=metavar, show_default=default, rich_help_panel=title)


HostFlag = Annotated[
    str | None,
    _option(
        "Where to listen; elsewhere than on loopback with --auth and --origin.",
        "--host",
        "ADDRESS",
        SERVICE,
        "127.0.0.1",
    ),
]
PortFlag = Annotated[int | None, _option("Port; 0 takes a free one.", "--port", "N", SERVICE, "8000")]
AuthFlag = Annotated[Path | None, _option("Ask for keys, by a file of genconvit keys add.", "--auth", "FILE", SERVICE)]
OriginFlag = Annotated[
    str | None, _option("Under which browsers reach it, as https://check.example.org.", "--origin", "URL", SERVICE)
]
RootFlag = Annotated[Path | None, _option("Folder whose files may be named by path.", "--root", "DIR", SERVICE)]
AlsoFlag = Annotated[
    list[Path] | None,
    _option(
        "Another architecture that may be chosen: a detector's config as JSON. May come again.",
        "--also",
        "FILE",
        SERVICE,
    ),
]
ChoiceFlag = Annotated[
    list[str] | None,
    _option(
        "A threshold that may be chosen beside --threshold. May come again.",
        "--threshold-choice",
        "NUMBER|fpr=X",
        SERVICE,
    ),
]
WebhookFlag = Annotated[
    list[str] | None,
    _option(
        "Where webhooks may go; a private address with its port. May come again.",
        "--webhook-host",
        "HOST[:PORT]",
        SERVICE,
    ),
]
DataFlag = Annotated[
    Path | None, _option("Folder of the jobs and their files.", "--data", "DIR", KEEPING, "genconvit-serve")
]
UploadFlag = Annotated[int | None, _option("Largest upload.", "--most-upload", "MB", KEEPING, "512")]
JobSecondsFlag = Annotated[
    float | None, _option("How long one source may be read.", "--job-limit", "SECONDS", KEEPING, "1800")
]
QueueFlag = Annotated[int | None, _option("Jobs that may wait.", "--queue", "N", KEEPING, "1000")]
QueueOfKeyFlag = Annotated[
    int | None, _option("Jobs of one key that may wait.", "--queue-of-key", "N", KEEPING, "as --queue")
]
KeepUploadFlag = Annotated[
    float | None, _option("How long an upload is kept after its job.", "--keep-upload", "HOURS", KEEPING, "0")
]
KeepResultFlag = Annotated[
    float | None, _option("How long a result and its report are kept.", "--keep-result", "HOURS", KEEPING, "24")
]
ReportsFlag = Annotated[
    str | None,
    _option(
        "Reports: with pictures of frames and faces, plain, or none.",
        "--reports",
        "pictures|plain|none",
        KEEPING,
        "pictures",
    ),
]


@with_detector_flags
def serve(
    detector: DetectorFlags,
    host: HostFlag = None,
    port: PortFlag = None,
    auth: AuthFlag = None,
    origin: OriginFlag = None,
    root: RootFlag = None,
    also: AlsoFlag = None,
    threshold_choice: ChoiceFlag = None,
    webhook_host: WebhookFlag = None,
    data: DataFlag = None,
    most_upload: UploadFlag = None,
    job_limit: JobSecondsFlag = None,
    queue: QueueFlag = None,
    queue_of_key: QueueOfKeyFlag = None,
    keep_upload: KeepUploadFlag = None,
    keep_result: KeepResultFlag = None,
    reports: ReportsFlag = None,
) -> None:
    """Serve a page to drop videos on, and an API, with predict's flags as the defaults of every job.

    It listens on this machine alone. Uploads are deleted with the end of their job, results after a day. Needs the
    extra serve.

    Exit status: 0 or 128 and the signal's number when it was told to end, 2 for a wrong option, 1 when the weights
    cannot be had.
    """
    for module, package in (("fastapi", "fastapi"), ("uvicorn", "uvicorn"), ("python_multipart", "python-multipart")):
        require(module, package=package, extra="serve", purpose="serving")
    config = _serve_config(
        host=host,
        port=port,
        keys=auth,
        origin=origin,
        root=root,
        thresholds=tuple(threshold_choice) if threshold_choice else None,
        webhook_hosts=tuple(webhook_host) if webhook_host else None,
        data=data,
        most_upload_mb=most_upload,
        job_seconds=job_limit,
        queue=queue,
        queue_of_key=queue_of_key,
        keep_upload_hours=keep_upload,
        keep_result_hours=keep_result,
        reports=reports,
    )
    from genconvit.serve.server import serve as run

    run(config, [detector.config(), *map(_detector_of, also or [])], _say)


def _say(address: str) -> None:
    typer.echo(f"serving at {printable(address)} (Ctrl-C ends it)", err=True)


def _serve_config(**given: object) -> ServeConfig:
    from pydantic import ValidationError

    from genconvit.core.config import validation_message
    from genconvit.serve.config import ServeConfig

    try:
        return ServeConfig.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise ConfigError(validation_message(error)) from error


def _detector_of(file: Path) -> DetectorConfig:
    from genconvit.cli.options import detector_config

    return detector_config(file, {}, None)
