"""Measures how many whole videos a second the library scores, and how many a plain loop does.

Run it: python -m benchmarks.gpu.videos CLIPS [--rehearse]
"""

import sys
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu.clips import clips
from benchmarks.gpu.outcome import tell
from benchmarks.gpu.plain_loop import PlainLoop
from benchmarks.gpu.setting import Setting, chosen
from genconvit import Detector
from genconvit.models.original import Original
from genconvit.weights.load import load_model

WARM_UP = 2


def library(setting: Setting, videos: list[Path], **options: Any) -> float:  # noqa: ANN401 - the detector's own
    """Videos a second from the library, once it is warm."""
    shared: dict[str, Any] = {"size": setting.size, "weights": "random", "face_detector": "mtcnn"}
    chosen_ones: dict[str, Any] = {"device": setting.device, "precision": setting.precision, "frames": setting.frames}
    with Detector("original", **shared, **chosen_ones, **options) as detector:
        list(detector.predict_many(videos[:WARM_UP]))
        start = time.perf_counter()
        results = list(detector.predict_many(videos))
        seconds = time.perf_counter() - start
    if {result.status for result in results} != {"ok"}:
        raise SystemExit(f"not every video was scored: {', '.join(map(str, results))}")
    tell(
        by="library",
        options=options,
        videos=len(videos),
        faces=sum(len(result.faces) for result in results),
        seconds=seconds,
        videos_a_second=len(videos) / seconds,
        decoder=results[0].provenance.decoder,
        notes=sorted({note for result in results for note in result.notes}),
    )
    return len(videos) / seconds


def plain(setting: Setting, videos: list[Path]) -> float:
    """Videos a second from the plain loop, once it is warm."""
    device = torch.device(setting.device)
    model = load_model("original", Original, {"size": setting.size}, "random").model.to(device)
    loop = PlainLoop(model, device, setting.frames)
    loop.run(videos[:1])
    start = time.perf_counter()
    scores = loop.run(videos)
    seconds = time.perf_counter() - start
    faces = sum(count for _, count in scores)
    tell(by="plain loop", videos=len(videos), faces=faces, seconds=seconds, videos_a_second=len(videos) / seconds)
    return len(videos) / seconds


def main() -> None:
    """Measure the library, the loop, and the library without worker processes."""
    setting = chosen()
    videos = clips(Path(sys.argv[1]))
    fast = library(setting, videos)
    slow = plain(setting, videos[: setting.plain_videos])
    tell(library_over_plain_loop=fast / slow)
    library(setting, videos, isolate=False)


if __name__ == "__main__":
    main()
