"""Results that the tests draw, and videos with sound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from genconvit.core.files import sha256_of_file
from genconvit.core.types import Box
from genconvit.results.result import BranchProbability, FaceResult, TrackResult, VideoResult
from scored import result

RATE = 25
BOX: Box = (10.0, 8.0, 30.0, 28.0)


def face(frame_index: int, *, track: int = 0, probability: float = 0.75, box: Box = BOX) -> FaceResult:
    branches = {
        "ed": BranchProbability(fake=probability, real=1 - probability),
        "vae": BranchProbability(fake=probability, real=1 - probability),
    }
    return FaceResult(
        frame_index=frame_index,
        pts_seconds=frame_index / RATE,
        box=box,
        crop=box,
        confidence=0.9,
        fake_probability=probability,
        branches=branches,
        track=track,
    )


def made_result(
    faces: Sequence[FaceResult], searched: Iterable[int], *, source: Path | str = "a.mp4", **fields: Any
) -> VideoResult:
    """A result with these faces, in the order of the frames, of a source that may be there."""
    trained = fields.pop("trained", True)
    found = result(str(source), 0.75, trained=trained)
    known = {
        "frame_indices": tuple(searched),
        "frame_count": fields.pop("frame_count", 40),
        "source_sha256": sha256_of_file(source) if isinstance(source, Path) and source.is_file() else None,
    }
    provenance = found.provenance.model_copy(update=known)
    given = {"faces": faces, "tracks": tracks_of(faces), "provenance": provenance, **fields}
    return VideoResult.model_validate({**dict(found), **given})


def tracks_of(faces: Sequence[FaceResult]) -> tuple[TrackResult, ...]:
    members: dict[int, list[FaceResult]] = {}
    for each in faces:
        members.setdefault(each.track, []).append(each)
    return tuple(
        TrackResult(
            track=number,
            first_frame_index=seen[0].frame_index,
            last_frame_index=seen[-1].frame_index,
            first_pts_seconds=seen[0].pts_seconds,
            last_pts_seconds=seen[-1].pts_seconds,
            faces=len(seen),
            fake_probability=0.75,
            one_off=False,
        )
        for number, seen in members.items()
    )


def with_sound(
    path: Path, frames: Sequence[npt.NDArray[np.uint8]], *, codec: str, container: str | None = None, start: int = 0
) -> Path:
    """Write frames at 25 a second with a tone that begins with them, both later by ``start`` frames."""
    with av.open(str(path), "w", format=container) as out:
        video: Any = out.add_stream("libx264", rate=RATE)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = "yuv420p"
        audio: Any = out.add_stream(codec, rate=48_000)
        for number, image in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = number + start, Fraction(1, RATE)
            out.mux(video.encode(picture))
        samples = np.arange(48_000 * len(frames) // RATE)
        tone = (0.3 * np.sin(samples * 2 * np.pi * 440 / 48_000)).astype(np.float32)
        resampler = av.AudioResampler(format=audio.codec_context.format, layout="mono", rate=48_000, frame_size=1024)
        for first in range(0, len(tone), 1024):
            part = av.AudioFrame.from_ndarray(tone[None, first : first + 1024], format="fltp", layout="mono")
            part.sample_rate, part.pts, part.time_base = 48_000, first + start * 48_000 // RATE, Fraction(1, 48_000)
            for made in resampler.resample(part):
                out.mux(audio.encode(made))
        out.mux(video.encode())
        out.mux(audio.encode())
    return path
