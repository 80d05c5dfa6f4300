"""``genconvit annotate``: a copy of a video with what was found drawn over every frame."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.destination import check_writable, refuse_inputs
from genconvit.cli.detector_flags import CREDENTIALS, DetectorFlags, with_detector_flags
from genconvit.cli.flags import OUTPUT
from genconvit.cli.progress import progress_bar
from genconvit.cli.remote_flags import RemoteFlags, with_remote_flags
from genconvit.core.errors import ConfigError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.detector import Detector
    from genconvit.render.frames import SourceFrames
    from genconvit.render.overlays import Overlays
    from genconvit.results.heat_maps import ResultHeatMaps
    from genconvit.results.result import VideoResult

VideoArgument = Annotated[
    str, typer.Argument(help="A video file, or an https://, s3:// or gs:// address.", metavar="VIDEO")
]
AnnotatedFlag = Annotated[
    Path,
    typer.Option(
        "--output", "-o", help="The annotated video: .mp4, .mkv or .mov.", metavar="FILE", rich_help_panel=OUTPUT
    ),
]
OverlaysFlag = Annotated[
    str | None,
    typer.Option(
        help="What is drawn, with commas: boxes, people, probabilities, legend, heat_maps.",
        metavar="NAMES",
        show_default="all but heat_maps",
        rich_help_panel=OUTPUT,
    ),
]


@partial(with_detector_flags, without=CREDENTIALS)
@with_remote_flags
def annotate(
    video: VideoArgument,
    output: AnnotatedFlag,
    detector: DetectorFlags,
    remote: RemoteFlags,
    overlays: OverlaysFlag = None,
) -> None:
    """Score a video, and write a copy with boxes, people, fake probabilities and the verdict in every frame.

    Between searched frames boxes are interpolated, and dashed; --frames all scores each frame. The sound is copied.
    heat_maps adds Grad-CAM, which shows what speaks for FAKE, and is no mask of a manipulation.

    Exit status: 0 when the copy was written, 3 when the video is unreadable, 2 for a wrong option.
    """
    from genconvit.detector import Detector
    from genconvit.render.annotate import annotate as annotate_video
    from genconvit.render.annotate import check_video_path
    from genconvit.render.frames import SourceFrames
    from genconvit.video.names import is_folder

    if is_folder(video):
        raise ConfigError(f"{video!r} is a folder; annotate takes one video file: name a file in it")
    chosen = _overlays(overlays)
    check_video_path(output)
    check_writable("--output", output)
    config = detector.config()
    refuse_inputs("--output", output, [video, *detector.inputs(config)])
    with remote.files() as files, SourceFrames(config) as frames:
        source = files.here(video)
        with Detector(config) as opened:
            result = opened.predict(source)
            typer.echo(printable(str(result)))
            result = result.model_copy(update={"source": os.fspath(source)})  # where its frames are read again
            maps = _heat_maps(result, opened, frames) if chosen.heat_maps else None
        count = result.provenance.frame_count or 1
        notes = annotate_video(
            result,
            output,
            frames,
            chosen,
            heat_maps=maps,
            watch=lambda each: progress_bar(each, count, "drawing"),
        )
    for note in notes:
        typer.echo(f"note: {printable(note)}", err=True)


def _heat_maps(result: VideoResult, detector: Detector, frames: SourceFrames) -> ResultHeatMaps:
    from genconvit.render.heat_maps import grad_cam_maps

    count = len({face.frame_index for face in result.faces})
    return grad_cam_maps(result, detector, frames, watch=lambda each: progress_bar(each, count, "heat maps"))


def _overlays(names: str | None) -> Overlays:
    from genconvit.render.overlays import Overlays

    if names is None:
        return Overlays()
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    if not chosen:
        raise ConfigError(f"--overlays is {names!r}; name at least one of {', '.join(Overlays.model_fields)}")
    return Overlays.named(chosen)
