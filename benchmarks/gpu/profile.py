"""Profiles the networks on full batches, and whole videos: where a GPU's time goes, and how busy it is.

Run it: python -m benchmarks.gpu.profile CLIPS [--rehearse]
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu.clips import clips
from benchmarks.gpu.networks import random_faces, scorer_of
from benchmarks.gpu.outcome import tell
from benchmarks.gpu.setting import Setting, chosen
from benchmarks.gpu.trace import busy_microseconds, copies, milliseconds_by_kind, read_trace
from genconvit import Detector

BATCHES = 5
LONGEST_KERNELS = 12


def profiled(setting: Setting, what: str, work: Callable[[], object]) -> None:
    """Tell what a piece of work, done once before, does on the device."""
    on_gpu = setting.device == "cuda"
    work()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace.json")
        with profile(activities=[ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU]) as profiler:
            start = time.perf_counter()
            work()
            if on_gpu:
                torch.cuda.synchronize()
            seconds = time.perf_counter() - start
        profiler.export_chrome_trace(str(path))
        events = read_trace(path, ["kernel", "gpu_memcpy", "gpu_memset"] if on_gpu else ["cpu_op"])
    kernels = [event for event in events if event.kind in ("kernel", "cpu_op")]
    longest: dict[str, float] = {}
    for event in kernels:
        longest[event.name] = longest.get(event.name, 0.0) + event.duration / 1000
    tell(
        of=what,
        seconds=seconds,
        busy_share=busy_microseconds(events) / 1e6 / seconds,
        kernels=len(kernels),
        milliseconds_by_kind=milliseconds_by_kind(kernels),
        copies=copies(event for event in events if event.kind == "gpu_memcpy"),
        milliseconds_by_kernel={
            name[:120]: value for name, value in sorted(longest.items(), key=lambda item: -item[1])[:LONGEST_KERNELS]
        },
    )


def batches(setting: Setting) -> Callable[[], None]:
    """Make what scores full batches."""
    scorer = scorer_of(setting, "original")
    faces = random_faces(scorer, setting.faces)

    def run() -> None:
        for _ in range(BATCHES):
            scorer.score(faces)

    return run


def main() -> None:
    """Profile the networks, and then videos."""
    setting = chosen()
    profiled(setting, f"{BATCHES} batches of {setting.faces} faces", batches(setting))
    videos = clips(Path(sys.argv[1]))[: setting.profiled_videos]
    options: dict[str, Any] = {"size": setting.size, "weights": "random", "face_detector": "mtcnn"}
    options |= {"device": setting.device, "precision": setting.precision, "frames": setting.frames}
    with Detector("original", **options) as detector:
        profiled(setting, f"{len(videos)} videos", lambda: list(detector.predict_many(iter(videos))))


if __name__ == "__main__":
    main()
