"""Sizes of the parts of gpu.sh: on a GPU, and in a rehearsal, where the CPU takes its place."""

import sys
from dataclasses import dataclass
from typing import Any, Literal

from genconvit.core.device import Precision


@dataclass(frozen=True)
class Setting:
    """The sizes of all parts.

    Attributes:
        device: device that the networks run on.
        precision: precision of the networks.
        size: size of the networks, as the architectures name it.
        compiled: forms of the networks part: what the scorer is given besides running as it is.
        faces: number of faces in a batch.
        repeats: number of times that the networks are measured.
        clips: number of distinct clips that are made.
        clip_frames: number of frames of each clip.
        frames: number of frames that are looked at in each clip.
        videos: number of videos that the library scores, some of them the same file.
        plain_videos: number of videos that the plain loop scores.
        profiled_videos: number of videos that the library scores under the profiler.
        memory_limit: number of faces at once above which memory is said to be full; None waits until it is.
        steps: number of steps of a training.
    """

    device: Literal["cuda", "cpu"] = "cuda"
    precision: Precision = "bf16"
    size: Literal["nano", "tiny"] = "tiny"
    compiled: tuple[dict[str, Any], ...] = ({"cuda_graphs": True}, {"compile": True})
    faces: int = 128
    repeats: int = 10
    clips: int = 2
    clip_frames: int = 300
    frames: int = 15
    videos: int = 32
    plain_videos: int = 3
    profiled_videos: int = 8
    memory_limit: int | None = None
    steps: int = 40


GPU = Setting()
REHEARSAL = Setting(
    device="cpu",
    precision="fp32",
    size="nano",
    compiled=({"compile": True},),
    faces=2,
    repeats=1,
    clip_frames=6,
    frames=2,
    videos=3,
    plain_videos=1,
    profiled_videos=1,
    memory_limit=5,
    steps=3,
)


def chosen() -> Setting:
    """The rehearsal's where ``--rehearse`` is among the arguments, else the GPU's."""
    return REHEARSAL if "--rehearse" in sys.argv else GPU
